//! Asks the page for what came while nobody listened, part by part, oldest first.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::domain::message::PageMessage;
use crate::domain::time::Timestamp;
use crate::session::{Handle, SessionError};
use crate::store::Store;

/// Asked for again before the newest known message: the order of arrival is not quite that of WhatsApp's times.
const OVERLAP_S: u64 = 600;
/// Messages asked for at a time: about a megabyte.
const PART: usize = 1000;
/// The page may have to load earlier messages of many chats.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two tries of a page that does not answer.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) enum Missed {
    Messages(Vec<PageMessage>),
    /// `complete` is false where the page stopped answering.
    End {
        complete: bool,
    },
}

/// Finds what is missing since the newest message that is known, or since the first link, which `ready_since` is where
/// there was none before.
pub(super) async fn run(store: Store, session: Handle, ready_since: Timestamp, found: mpsc::Sender<Missed>) {
    let complete = search(&store, &session, ready_since, &found).await;
    if !complete {
        tokio::time::sleep(PAUSE).await;
    }
    let _ = found.send(Missed::End { complete }).await;
}

async fn search(store: &Store, session: &Handle, ready_since: Timestamp, found: &mpsc::Sender<Missed>) -> bool {
    let first_link = match store.first_link(ready_since.as_millis() / 1000).await {
        Ok(mark) => mark,
        Err(error) => {
            tracing::warn!(%error, "what was missed cannot be looked for");
            return false;
        }
    };
    let newest = store.newest_logged().await.ok().flatten();
    let known = newest.map_or(0, |entry| entry.message.timestamp.as_millis() / 1000);
    let mut since = known.saturating_sub(OVERLAP_S).max(first_link);
    loop {
        let part = match session.history(since, PART, DEADLINE).await {
            Ok(part) => part,
            // The next READY asks again.
            Err(SessionError::NotReady(_) | SessionError::Stopped) => return true,
            Err(SessionError::PageLacks(modules)) => {
                tracing::warn!(modules, "the page lacks what is needed to look for missed messages");
                return true;
            }
            Err(error) => {
                tracing::warn!(%error, "the page did not tell what was missed; asking again");
                return false;
            }
        };
        let last = part.messages.last().map(|message| message.t);
        if found.send(Missed::Messages(part.messages)).await.is_err() {
            return true;
        }
        match last.filter(|_| part.more) {
            // A whole part of one second: the next second is what can be asked for.
            Some(last) => since = last.max(since + 1),
            None => return true,
        }
    }
}
