//! The log as the API and its clients read it.

use tokio::sync::watch;

use crate::domain::event::Event;
use crate::domain::log::{EventPage, LogEntry, LogExtent, LogPage, LogQuery, Sum};
use crate::domain::message::MessageId;
use crate::store::{Store, StoreError};

/// Reads the log. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    store: Store,
}

impl Journal {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The place of the newest entry. A task that follows the log waits for this value to change.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.store.newest()
    }

    /// Messages, oldest first.
    pub async fn page(&self, query: LogQuery) -> Result<LogPage, JournalError> {
        Ok(self.store.logged(query).await?)
    }

    /// All events after a place, oldest first.
    pub async fn events(&self, after: u64, limit: usize) -> Result<EventPage, JournalError> {
        Ok(self.store.events(after, limit).await?)
    }

    pub async fn event(&self, cursor: u64) -> Result<Option<Event>, JournalError> {
        Ok(self.store.event(cursor).await?)
    }

    /// The extent of the log.
    pub async fn extent(&self) -> Result<LogExtent, JournalError> {
        Ok(self.store.log_extent().await?)
    }

    /// Each person's present reaction to a message, and vote in a poll.
    pub async fn sum(&self, message: MessageId) -> Result<Sum, JournalError> {
        Ok(self.store.sum(message).await?)
    }

    /// A message of the log. One that was handed to the Cloud API has its place there once the Cloud API has taken it; until
    /// then it is found by the service's own reference, at place 0, without an ack.
    pub async fn message(&self, id: MessageId) -> Result<Option<LogEntry>, JournalError> {
        let entry = self.store.logged_message(id.clone()).await?;
        if entry.is_some() || !id.is_reference() {
            return Ok(entry);
        }
        let pending = self.store.unconfirmed_by_cloud(id).await?;
        Ok(pending.map(|message| LogEntry { cursor: 0, message }))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the log of messages cannot be read at the moment: {0}")]
pub struct JournalError(#[from] StoreError);
