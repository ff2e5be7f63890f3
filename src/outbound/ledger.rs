//! Where sends are remembered. A trait, so that crashes between any two writes can be tried.

use crate::domain::idempotency::{Departure, SendKey, SendRecord};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError};

/// Where sends are remembered. What it says it keeps survives a crash.
pub(super) trait Ledger: Clone + Send + Sync + 'static {
    fn keep(
        &self,
        key: SendKey,
        record: SendRecord,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    fn departs(&self, departure: Departure) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Only where the record is of this message: another send under the key may have begun meanwhile.
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
