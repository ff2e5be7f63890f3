//! The log as others read it.

use tokio::sync::watch;

use crate::domain::event::Event;
use crate::domain::message::MessageId;
use crate::store::{EventPage, LogEntry, LogExtent, LogPage, LogQuery, Store, StoreError};

/// Cheap to clone.
#[derive(Clone)]
pub struct Inbound {
    store: Store,
    reconciling: watch::Receiver<bool>,
}

impl Inbound {
    pub(super) fn new(store: Store, reconciling: watch::Receiver<bool>) -> Self {
        Self { store, reconciling }
    }

    /// Whether what was missed is still being fetched.
    pub fn is_reconciling(&self) -> bool {
        *self.reconciling.borrow()
    }

    /// The newest entry's place, as it moves: whoever follows the log waits here.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.store.newest()
    }

    /// Messages, oldest first.
    pub async fn page(&self, query: LogQuery) -> Result<LogPage, LogError> {
        Ok(self.store.logged(query).await?)
    }

    /// Everything that happened after a place, oldest first.
    pub async fn events(&self, after: u64, limit: usize) -> Result<EventPage, LogError> {
        Ok(self.store.events(after, limit).await?)
    }

    pub async fn event(&self, cursor: u64) -> Result<Option<Event>, LogError> {
        Ok(self.store.event(cursor).await?)
    }

    /// What there is of the log.
    pub async fn extent(&self) -> Result<LogExtent, LogError> {
        Ok(self.store.log_extent().await?)
    }

    pub async fn message(&self, id: MessageId) -> Result<Option<LogEntry>, LogError> {
        Ok(self.store.logged_message(id).await?)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the log of messages cannot be read at the moment: {0}")]
pub struct LogError(#[from] StoreError);
