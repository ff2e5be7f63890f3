//! The marks of chats, which the account sees on all its devices.

use std::time::Duration;

use super::{Chat, Directory, DirectoryError, Known, absent};
use crate::domain::address::ChatId;
use crate::domain::state::State;
use crate::domain::time::Timestamp;

/// The page stores a mark, and waits for its turn to tell the other devices.
const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Archived(bool),
    Pinned(bool),
    /// Until a time, or for ever.
    Muted(Option<Timestamp>),
    NotMuted,
}

impl Directory {
    /// Marks a chat, and returns it as the page's state then shows it. Where it is marked so already, nothing is sent.
    pub async fn mark(&self, id: &ChatId, mark: Mark) -> Result<Known<Chat>, DirectoryError> {
        let page = self.session.page(State::Ready)?;
        let marked = match mark {
            Mark::Archived(on) => page.archive(id, on, DEADLINE).await,
            Mark::Pinned(on) => page.pin(id, on, DEADLINE).await,
            Mark::Muted(until) => page.mute(id, until.map(|until| until.as_millis() / 1000), DEADLINE).await,
            Mark::NotMuted => page.mute(id, Some(0), DEADLINE).await,
        };
        Ok(self.now(marked.map_err(absent)?.into()))
    }
}
