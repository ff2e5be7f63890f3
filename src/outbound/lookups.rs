//! The look-ups of people whom a message or a group names. They share the limit of all look-ups that somebody asks for. The
//! look-up of a send's recipient is none of them: it keeps the pace of sends.

use std::time::Duration;

use tokio::time::Instant;

use super::{Outbound, SendError};
use crate::domain::content::Content;

const USED_UP: &str = "as many numbers as a minute allows were looked up at WhatsApp";

impl Outbound {
    /// Takes the look-ups of a piece of work that cannot be done in part. It goes through while one of the minute's is free;
    /// what it takes beyond that is charged to the minutes that follow.
    pub(super) fn take_lookups(&self, count: usize) -> Result<(), SendError> {
        let taken = self.lookups.take_all(count, Instant::now());
        taken.map_err(|retry_after| SendError::RateLimited { why: USED_UP, retry_after })
    }

    /// Looks up those whom a text mentions and the page does not know, before the message has an id.
    pub(super) async fn look_up_mentions(&self, content: &Content, patience: Duration) -> Result<(), SendError> {
        let Content::Text { mentions, .. } = content else { return Ok(()) };
        if mentions.is_empty() {
            return Ok(());
        }
        let unknown = self.session.unknown(mentions).await?;
        if unknown.is_empty() {
            return Ok(());
        }
        self.take_lookups(unknown.len())?;
        let found = self.session.look_up(&unknown, patience).await?;
        let absent = unknown.iter().zip(found).find(|(_, is_there)| !is_there).map(|(person, _)| person);
        let place = absent.and_then(|absent| mentions.iter().position(|mention| mention == absent));
        match place {
            Some(place) => Err(SendError::MentionUnknown(format!("number {} of those mentioned", place + 1))),
            None => Ok(()),
        }
    }
}
