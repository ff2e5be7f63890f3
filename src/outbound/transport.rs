//! What a transport to WhatsApp does for a send. A trait, so that tests can use a transport that fails.

use std::time::Duration;

use crate::domain::address::ChatId;
use crate::domain::message::{Ack, MessageId};
use crate::domain::secret::Secret;
use crate::domain::state::State;
use crate::transport::web::session::{Handle, SessionError};
use crate::transport::web::whatsapp::{Known, Prepared, Resent};

/// The page's part of a send.
pub(super) trait Transport: Clone + Send + Sync + 'static {
    fn known(&self, to: ChatId) -> impl Future<Output = Result<Known, SessionError>> + Send;
    fn prepare(&self, to: ChatId, patience: Duration) -> impl Future<Output = Result<Prepared, SessionError>> + Send;
    fn typing(&self, to: Prepared) -> impl Future<Output = Result<(), SessionError>> + Send;
    fn dispatch(
        &self,
        to: Prepared,
        text: Secret,
        patience: Duration,
    ) -> impl Future<Output = Result<Ack, SessionError>> + Send;
    fn resend(&self, message: MessageId) -> impl Future<Output = Result<(Resent, Ack), SessionError>> + Send;
    /// Reports that WhatsApp's server acknowledged none of the last sends.
    fn sends_unconfirmed(&self);
}

/// The page sends again within milliseconds, after it has read a message that is only in its table.
const RESEND: Duration = Duration::from_secs(15);

impl Transport for Handle {
    async fn known(&self, to: ChatId) -> Result<Known, SessionError> {
        Ok(self.page(State::Ready)?.known(&to).await?)
    }

    async fn prepare(&self, to: ChatId, patience: Duration) -> Result<Prepared, SessionError> {
        Ok(self.page(State::Ready)?.prepare(&to, patience).await?)
    }

    async fn typing(&self, to: Prepared) -> Result<(), SessionError> {
        Ok(self.page(State::Ready)?.typing(&to).await?)
    }

    async fn dispatch(&self, to: Prepared, text: Secret, patience: Duration) -> Result<Ack, SessionError> {
        Ok(self.page(State::Ready)?.dispatch(&to, &text, patience).await?)
    }

    async fn resend(&self, message: MessageId) -> Result<(Resent, Ack), SessionError> {
        Ok(self.page(State::Ready)?.resend(&message, RESEND).await?)
    }

    fn sends_unconfirmed(&self) {
        Self::sends_unconfirmed(self);
    }
}
