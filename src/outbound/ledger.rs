//! Where sends are stored. A trait, so that tests can simulate crashes between any two writes.

use std::sync::Arc;

use crate::domain::idempotency::{Departure, SendKey, SendRecord};
use crate::domain::log::{LogQuery, LoggedMessage, Span};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
use crate::store::{LogChange, Store, StoreError};

/// Where sends are stored. A write that has returned Ok survives a crash.
pub(super) trait Ledger: Clone + Send + Sync + 'static {
    fn keep(
        &self,
        key: SendKey,
        record: SendRecord,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    fn departs(&self, departure: Departure) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Puts a message into the log that the Cloud API took.
    fn accepted(
        &self,
        reference: MessageId,
        id: MessageId,
        phone: Option<String>,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// A message waits for its file to be uploaded to the Cloud API.
    fn waits(&self, message: LoggedMessage, at: Timestamp) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Nothing left of a message to the Cloud API.
    fn nothing_left(&self, reference: MessageId) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Whether somebody under one of these names wants no further messages.
    fn has_opted_out(&self, names: Vec<String>) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// Whether the log has a message to or from somebody under one of these names.
    fn has_talked(&self, names: Vec<String>) -> impl Future<Output = Result<bool, StoreError>> + Send;
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

    async fn accepted(
        &self,
        reference: MessageId,
        id: MessageId,
        phone: Option<String>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.log(Arc::new(vec![LogChange::Accepted { reference, id, phone, at }])).await
    }

    async fn waits(&self, message: LoggedMessage, at: Timestamp) -> Result<(), StoreError> {
        self.waits_for_upload(message, at).await
    }

    async fn nothing_left(&self, reference: MessageId) -> Result<(), StoreError> {
        self.nothing_left_by_cloud(reference).await
    }

    async fn has_opted_out(&self, names: Vec<String>) -> Result<bool, StoreError> {
        Self::has_opted_out(self, names).await
    }

    async fn has_talked(&self, names: Vec<String>) -> Result<bool, StoreError> {
        let query = LogQuery { span: Span::Before(u64::MAX), limit: 1, chats: names, ..LogQuery::default() };
        Ok(!self.logged(query).await?.items.is_empty())
    }

    async fn forget(&self, key: SendKey, message: MessageId) -> Result<(), StoreError> {
        self.forget_send(key, message).await
    }
}
