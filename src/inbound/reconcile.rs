//! Asks the page for what came while nobody listened, part by part, oldest first; and how far those messages of ours got
//! of which nobody heard.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::domain::message::{Ack, MessageId, PageMessage};
use crate::domain::state::State;
use crate::session::{Handle, SessionError};
use crate::store::{Store, StoreError};

use super::Stay;

/// Asked for again before the newest known message: the order of arrival is not quite that of WhatsApp's times.
pub(super) const OVERLAP_S: u64 = 600;
/// Messages asked for at a time: about a megabyte.
const PART: usize = 1000;
/// The page may have to load earlier messages of many chats, on which it spends 30 s.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two tries of a page that does not answer, or is not there yet; doubled each time up to the maximum.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);

pub(super) enum Missed {
    Messages(Vec<PageMessage>),
    Ack(MessageId, Ack),
    End(Stay, Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Whole,
    /// The page cannot tell all now.
    Unknown,
    /// READY ended first: the next one asks again.
    Interrupted,
}

/// Finds what is missing since the newest message that is known, or since the first link, which is now where there was
/// none before.
pub(super) async fn run(store: Store, session: Handle, stay: Stay, tries: Duration, found: mpsc::Sender<Missed>) {
    let asking = Asking { store, session, tries, found };
    let mut outcome = asking.run(stay).await;
    if outcome != Outcome::Interrupted && asking.acks().await.is_err() {
        outcome = Outcome::Interrupted;
    }
    let _ = asking.found.send(Missed::End(stay, outcome)).await;
}

struct Asking {
    store: Store,
    session: Handle,
    /// For how long.
    tries: Duration,
    found: mpsc::Sender<Missed>,
}

/// Why it was not told.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("READY is over, or nobody wants to know any more")]
    Over,
    #[error("some chats did not load")]
    Partial,
    #[error(transparent)]
    Page(SessionError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotReady(_) | SessionError::Stopped => Self::Over,
            error => Self::Page(error),
        }
    }
}

impl Asking {
    async fn run(&self, stay: Stay) -> Outcome {
        let started = Instant::now();
        let mut pause = PAUSE;
        loop {
            // A later stay asks for itself.
            let session = self.session.snapshot();
            if (session.since, session.documents) != stay {
                return Outcome::Interrupted;
            }
            match self.all(stay).await {
                Ok(()) => return Outcome::Whole,
                Err(Failure::Over) => return Outcome::Interrupted,
                Err(why) if started.elapsed() > self.tries => {
                    tracing::warn!(%why, "the page did not tell all that was missed");
                    return Outcome::Unknown;
                }
                Err(why) => tracing::info!(%why, "the page did not tell all that was missed; asking again"),
            }
            tokio::time::sleep(pause).await;
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    async fn all(&self, stay: Stay) -> Result<(), Failure> {
        let since = self.store.missed_since(stay.0.as_millis() / 1000, OVERLAP_S).await?;
        let (mut skip, mut partial) = (0, false);
        loop {
            let page = self.session.page(State::Ready)?;
            let part = page.history(since, skip, PART, DEADLINE).await.map_err(SessionError::from)?;
            skip = part.next;
            partial |= part.partial;
            self.tell(Missed::Messages(part.messages)).await?;
            if !part.more {
                return if partial { Err(Failure::Partial) } else { Ok(()) };
            }
        }
    }

    /// What was sent under a key and may have left: looked up by its id. That the page does not know it proves nothing, nor
    /// does it that it cannot say: it is asked again in the next READY.
    async fn acks(&self) -> Result<(), Failure> {
        let unsettled = self.store.unsettled_sends().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "sends that are not settled cannot be looked up");
            Vec::new()
        });
        for (_, record) in unsettled {
            let page = self.session.page(State::Ready)?;
            match page.ack(&record.message_id).await.map_err(SessionError::from) {
                Ok(Some(ack)) => self.tell(Missed::Ack(record.message_id, ack)).await?,
                Ok(None) => {}
                // It is of no use to ask for this one again.
                Err(SessionError::Refused(why)) => tracing::warn!(why, "the page cannot look up a message by its id"),
                Err(SessionError::NotReady(_) | SessionError::Stopped) => return Err(Failure::Over),
                Err(error) => {
                    tracing::warn!(%error, "the page did not tell whether a message had left");
                    break;
                }
            }
        }
        Ok(())
    }

    async fn tell(&self, missed: Missed) -> Result<(), Failure> {
        self.found.send(missed).await.map_err(|_| Failure::Over)
    }
}
