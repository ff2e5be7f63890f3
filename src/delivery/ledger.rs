//! The store as a dispatcher uses it; a trait, so that tests can simulate crashes between any two writes.

use tokio::sync::watch;

use crate::domain::dead_letter::{DeadLetter, DeadLetterId};
use crate::domain::event::Event;
use crate::domain::log::EventPage;
use crate::store::{Store, StoreError};

/// A write that has returned Ok survives a crash.
pub(super) trait Ledger: Clone + Send + Sync + 'static {
    fn newest(&self) -> watch::Receiver<u64>;
    fn events(&self, after: u64, limit: usize) -> impl Future<Output = Result<EventPage, StoreError>> + Send;
    fn event(&self, cursor: u64) -> impl Future<Output = Result<Option<Event>, StoreError>> + Send;
    fn advance(
        &self,
        target: String,
        position: u64,
        aside: Option<DeadLetter>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    fn keep_letters(
        &self,
        target: String,
        letters: Vec<DeadLetter>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    fn drop_letter(&self, id: DeadLetterId) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl Ledger for Store {
    fn newest(&self) -> watch::Receiver<u64> {
        Self::newest(self)
    }

    async fn events(&self, after: u64, limit: usize) -> Result<EventPage, StoreError> {
        Self::events(self, after, limit).await
    }

    async fn event(&self, cursor: u64) -> Result<Option<Event>, StoreError> {
        Self::event(self, cursor).await
    }

    async fn advance(&self, target: String, position: u64, aside: Option<DeadLetter>) -> Result<(), StoreError> {
        Self::advance(self, target, position, aside).await
    }

    async fn keep_letters(&self, target: String, letters: Vec<DeadLetter>) -> Result<(), StoreError> {
        Self::keep_letters(self, target, letters).await
    }

    async fn drop_letter(&self, id: DeadLetterId) -> Result<(), StoreError> {
        Self::drop_letter(self, id).await
    }
}
