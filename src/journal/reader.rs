//! The log as routes and clients read it.

use tokio::sync::watch;

use crate::domain::event::Event;
use crate::domain::log::{EventPage, LogEntry, LogExtent, LogPage, LogQuery};
use crate::domain::message::MessageId;
use crate::store::{Store, StoreError};

/// The log's reading end. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    store: Store,
}

impl Journal {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The newest entry's place, as it moves: whoever follows the log waits here.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.store.newest()
    }

    /// Messages, oldest first.
    pub async fn page(&self, query: LogQuery) -> Result<LogPage, JournalError> {
        Ok(self.store.logged(query).await?)
    }

    /// Everything that happened after a place, oldest first.
    pub async fn events(&self, after: u64, limit: usize) -> Result<EventPage, JournalError> {
        Ok(self.store.events(after, limit).await?)
    }

    pub async fn event(&self, cursor: u64) -> Result<Option<Event>, JournalError> {
        Ok(self.store.event(cursor).await?)
    }

    /// What there is of the log.
    pub async fn extent(&self) -> Result<LogExtent, JournalError> {
        Ok(self.store.log_extent().await?)
    }

    pub async fn message(&self, id: MessageId) -> Result<Option<LogEntry>, JournalError> {
        Ok(self.store.logged_message(id).await?)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the log of messages cannot be read at the moment: {0}")]
pub struct JournalError(#[from] StoreError);
