//! Asks the page for what came while nobody listened, part by part, oldest first; and how far those messages of ours got
//! of which nobody heard.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::domain::message::{Ack, MessageId, PageMessage};
use crate::session::{Handle, SessionError};
use crate::store::Store;

use super::Stay;

/// Asked for again before the newest known message: the order of arrival is not quite that of WhatsApp's times.
pub(super) const OVERLAP_S: u64 = 600;
/// Messages asked for at a time: about a megabyte.
const PART: usize = 1000;
/// The page may have to load earlier messages of many chats, on which it spends 30 s.
const DEADLINE: Duration = Duration::from_secs(60);
/// Between two tries of a page that does not answer, or is not there yet; doubled each time up to the maximum.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The page defines its modules for up to 20 s; what is missing after this stays missing.
const LACKING_MAX: Duration = Duration::from_secs(30);
/// What has not been loaded after this the phone may not have to give now; the next READY asks for it again.
const PARTIAL_MAX: Duration = Duration::from_secs(120);

pub(super) enum Missed {
    /// Since when is settled: what is stored from now on does not hide what is older.
    Begins(Stay),
    Messages(Vec<PageMessage>),
    Ack(MessageId, Ack),
    End(Stay, Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Whole,
    /// The page cannot tell all: a later one, or another adapter, may.
    Unknown,
    /// READY ended first: the next one asks again.
    Interrupted,
}

/// Finds what is missing since the newest message that is known, or since the first link, which is now where there was
/// none before.
pub(super) async fn run(store: Store, session: Handle, stay: Stay, found: mpsc::Sender<Missed>) {
    let asking = Asking { store, session, found };
    let mut outcome = asking.run(stay).await;
    if outcome != Outcome::Interrupted && asking.acks().await.is_err() {
        outcome = Outcome::Interrupted;
    }
    let _ = asking.found.send(Missed::End(stay, outcome)).await;
}

struct Asking {
    store: Store,
    session: Handle,
    found: mpsc::Sender<Missed>,
}

/// Why it was not told.
enum Failure {
    /// READY is over, or nobody wants to know any more.
    Over,
    /// The page has no modules for it, or not yet.
    Lacking(String),
    /// Some chats take long to load.
    Partial,
    Failed,
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotReady(_) | SessionError::Stopped => Self::Over,
            SessionError::PageLacks(modules) => Self::Lacking(modules),
            error => {
                tracing::warn!(%error, "the page did not tell what was missed; asking again");
                Self::Failed
            }
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
                Err(Failure::Lacking(modules)) if started.elapsed() > LACKING_MAX => {
                    tracing::warn!(modules, "the page lacks what is needed to look for missed messages");
                    return Outcome::Unknown;
                }
                Err(Failure::Partial) if started.elapsed() > PARTIAL_MAX => {
                    tracing::warn!("some chats did not load; what they lack is asked for again with the next READY");
                    return Outcome::Unknown;
                }
                Err(Failure::Lacking(_) | Failure::Partial | Failure::Failed) => tokio::time::sleep(pause).await,
            }
            pause = PAUSE_MAX.min(pause * 2);
        }
    }

    async fn all(&self, stay: Stay) -> Result<(), Failure> {
        let since = self.store.missed_since(stay.0.as_millis() / 1000, OVERLAP_S).await.map_err(|error| {
            tracing::warn!(%error, "what was missed cannot be looked for");
            Failure::Failed
        })?;
        self.tell(Missed::Begins(stay)).await?;
        let (mut skip, mut partial) = (0, false);
        loop {
            let part = self.session.history(since, skip, PART, DEADLINE).await?;
            skip += part.messages.len();
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
            match self.session.ack(record.message_id.clone()).await {
                Ok(Some(ack)) => self.tell(Missed::Ack(record.message_id, ack)).await?,
                Ok(None) => {}
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
