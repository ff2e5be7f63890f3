//! The page, as the inbound task asks it for missed messages.

use std::time::Duration;

use crate::domain::message::{Ack, MessageId};
use crate::domain::state::State;
use crate::transport::web::session::{Handle, SessionError};
use crate::transport::web::whatsapp::{Addons, ById, History, Rows, RowsBack};

use super::Stay;

/// The page may have to load the earlier messages of many chats, which takes it up to 30 s, and at the same time it
/// handles the messages of an absence.
const DEADLINE: Duration = Duration::from_secs(60);

pub(super) trait Source: Clone + Send + Sync + 'static {
    /// The current stay in READY; a reading of another stay ends.
    fn stay(&self) -> Stay;
    fn rows(&self, after: Option<u64>, limit: usize) -> impl Future<Output = Result<Rows, SessionError>> + Send;
    fn recent(
        &self,
        since_s: u64,
        before: Option<u64>,
        limit: usize,
    ) -> impl Future<Output = Result<RowsBack, SessionError>> + Send;
    fn older(
        &self,
        newer_than_s: u64,
        before: Option<u64>,
        limit: usize,
    ) -> impl Future<Output = Result<RowsBack, SessionError>> + Send;
    fn by_id(&self, ids: Vec<MessageId>) -> impl Future<Output = Result<ById, SessionError>> + Send;
    fn addons(&self, since_s: u64) -> impl Future<Output = Result<Addons, SessionError>> + Send;
    fn ask_resend(&self, ids: Vec<MessageId>) -> impl Future<Output = Result<(), SessionError>> + Send;
    fn history(
        &self,
        since_s: u64,
        skip: usize,
        limit: usize,
    ) -> impl Future<Output = Result<History, SessionError>> + Send;
    fn ack(&self, id: MessageId) -> impl Future<Output = Result<Option<Ack>, SessionError>> + Send;
}

impl Source for Handle {
    fn stay(&self) -> Stay {
        let session = self.snapshot();
        (session.since, session.documents)
    }

    async fn rows(&self, after: Option<u64>, limit: usize) -> Result<Rows, SessionError> {
        Ok(self.page(State::Ready)?.rows(after, limit, DEADLINE).await?)
    }

    async fn recent(&self, since_s: u64, before: Option<u64>, limit: usize) -> Result<RowsBack, SessionError> {
        Ok(self.page(State::Ready)?.recent(since_s, before, limit, DEADLINE).await?)
    }

    async fn older(&self, newer_than_s: u64, before: Option<u64>, limit: usize) -> Result<RowsBack, SessionError> {
        Ok(self.page(State::Ready)?.older(newer_than_s, before, limit, DEADLINE).await?)
    }

    async fn by_id(&self, ids: Vec<MessageId>) -> Result<ById, SessionError> {
        Ok(self.page(State::Ready)?.by_id(&ids, DEADLINE).await?)
    }

    async fn addons(&self, since_s: u64) -> Result<Addons, SessionError> {
        Ok(self.page(State::Ready)?.addons(since_s, DEADLINE).await?)
    }

    async fn ask_resend(&self, ids: Vec<MessageId>) -> Result<(), SessionError> {
        Ok(self.page(State::Ready)?.ask_resend(&ids).await?)
    }

    async fn history(&self, since_s: u64, skip: usize, limit: usize) -> Result<History, SessionError> {
        Ok(self.page(State::Ready)?.history(since_s, skip, limit, DEADLINE).await?)
    }

    async fn ack(&self, id: MessageId) -> Result<Option<Ack>, SessionError> {
        Ok(self.page(State::Ready)?.ack(&id).await?)
    }
}
