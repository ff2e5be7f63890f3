//! Asks the page for what came while nobody listened, part by part, oldest first.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::domain::message::PageMessage;
use crate::domain::time::Timestamp;
use crate::session::{Handle, SessionError};
use crate::store::Store;

use super::Stay;

/// Asked for again before the newest known message: the order of arrival is not quite that of WhatsApp's times.
const OVERLAP_S: u64 = 600;
/// Messages asked for at a time: about a megabyte.
const PART: usize = 1000;
/// The page may have to load earlier messages of many chats.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two tries of a page that does not answer, or is not there yet.
const PAUSE: Duration = Duration::from_millis(500);

/// The page defines its modules for up to 20 s; what is missing after this stays missing.
const LACKING_MAX: Duration = Duration::from_secs(30);

pub(super) enum Missed {
    Messages(Vec<PageMessage>),
    /// `complete` is false where READY ended first: the next one asks again.
    End {
        stay: Stay,
        complete: bool,
    },
}

/// Finds what is missing since the newest message that is known, or since the first link, which is now where there was
/// none before.
pub(super) async fn run(store: Store, session: Handle, stay: Stay, found: mpsc::Sender<Missed>) {
    let started = Instant::now();
    let complete = loop {
        match search(&store, &session, stay.0, &found).await {
            Search::Done => break true,
            Search::Over => break false,
            Search::Lacking(modules) if started.elapsed() > LACKING_MAX => {
                tracing::warn!(modules, "the page lacks what is needed to look for missed messages");
                break true;
            }
            Search::Lacking(_) | Search::Failed => tokio::time::sleep(PAUSE).await,
        }
    };
    let _ = found.send(Missed::End { stay, complete }).await;
}

enum Search {
    Done,
    /// READY is over, or nobody wants to know any more.
    Over,
    /// The page has no modules for it, or not yet.
    Lacking(String),
    Failed,
}

async fn search(store: &Store, session: &Handle, ready_since: Timestamp, found: &mpsc::Sender<Missed>) -> Search {
    let first_link = match store.first_link(ready_since.as_millis() / 1000).await {
        Ok(mark) => mark,
        Err(error) => {
            tracing::warn!(%error, "what was missed cannot be looked for");
            return Search::Failed;
        }
    };
    let newest = store.newest_logged().await.ok().flatten();
    let known = newest.map_or(0, |entry| entry.message.timestamp.as_millis() / 1000);
    let since = known.saturating_sub(OVERLAP_S).max(first_link);
    let mut skip = 0;
    loop {
        let part = match session.history(since, skip, PART, DEADLINE).await {
            Ok(part) => part,
            Err(SessionError::NotReady(_) | SessionError::Stopped) => return Search::Over,
            Err(SessionError::PageLacks(modules)) => return Search::Lacking(modules),
            Err(error) => {
                tracing::warn!(%error, "the page did not tell what was missed; asking again");
                return Search::Failed;
            }
        };
        skip += part.messages.len();
        if found.send(Missed::Messages(part.messages)).await.is_err() {
            return Search::Over;
        }
        if !part.more {
            return Search::Done;
        }
    }
}
