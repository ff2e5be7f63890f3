//! Where sends are stored. A trait, so that tests can simulate crashes between any two writes.

use crate::domain::idempotency::{Departure, SendKey, SendRecord};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError};

/// Where sends are stored. A write that has returned Ok survives a crash.
pub(super) trait Ledger: Clone + Send + Sync + 'static {
    fn keep(
        &self,
        key: SendKey,
        record: SendRecord,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    fn departs(&self, departure: Departure) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Removes the record only if it is about this message: another send under the key may have begun meanwhile.
    fn forget(&self, key: SendKey, message: MessageId) -> impl Future<Output = Result<(), StoreError>> + Send;
}

impl Ledger for Store {
    async fn keep(&self, key: SendKey, record: SendRecord, now: Timestamp) -> Result<(), StoreError> {
        self.keep_send(key, record, now).await
    }

    async fn departs(&self, departure: Departure) -> Result<(), StoreError> {
        self.keep_departure(departure).await
    }

    async fn forget(&self, key: SendKey, message: MessageId) -> Result<(), StoreError> {
        self.forget_send(key, message).await
    }
}
