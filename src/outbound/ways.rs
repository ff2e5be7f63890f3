//! The ways out: the page, and the Cloud API. The way of a message is chosen when its send begins; a key keeps the way with
//! which it was reserved.

use std::path::Path;
use std::time::Duration;

use super::SendError;
use super::sender::Sender;
use crate::domain::address::{ChatId, Server};
use crate::domain::content::{Attachment, Outgoing};
use crate::domain::message::MessageId;
use crate::domain::via::Via;
use crate::host::config::SendVia;
use crate::store::Store;
use crate::transport::cloud;
use crate::transport::web::session::Handle;
use crate::transport::{Dispatched, NothingLeft, Progress, Recipient, Resent, Reservation, SendFailure, Transport};

/// A transport. Few of them, known beforehand: no boxed trait.
#[derive(Clone)]
pub(super) enum Way {
    Web(Handle),
    Cloud(cloud::Client),
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Ways {
    pub web: Sender<Way, Store>,
    pub cloud: Option<(cloud::Client, Sender<Way, Store>)>,
    pub default: SendVia,
}

impl Ways {
    /// The way of sends that name none and that both could make.
    pub(super) fn usual(&self) -> Via {
        match self.default {
            SendVia::Web => Via::Web,
            SendVia::Cloud => Via::Cloud,
            SendVia::Auto if self.cloud.is_some() => Via::Cloud,
            SendVia::Auto => Via::Web,
        }
    }

    /// The ways that a message to this recipient may go, as far as that is known without its content.
    pub(super) fn possible(&self, to: &ChatId, named: Option<Via>) -> Vec<Via> {
        let is_free = named.is_none() && self.default == SendVia::Auto && self.cloud.is_some();
        match to.server() {
            Server::Phone if is_free => vec![Via::Cloud, Via::Web],
            Server::Group | Server::Lid if is_free => vec![Via::Web],
            _ => vec![named.unwrap_or_else(|| self.usual())],
        }
    }

    /// Chooses the way of a message. `named` is the way that the caller names, or that its key was reserved with.
    ///
    /// # Errors
    /// The way cannot send this message.
    pub(super) fn choose(&self, message: &Outgoing, named: Option<Via>) -> Result<Via, SendError> {
        let is_free = named.is_none() && self.default == SendVia::Auto;
        let via = named.unwrap_or_else(|| self.usual());
        let taken = self.sender(via)?.transport.takes(message);
        match taken {
            Ok(()) => Ok(via),
            // The other way may be able to.
            Err(why) if is_free && via == Via::Cloud => {
                self.web.transport.takes(message).map(|()| Via::Web).map_err(|_| refusal(via, why))
            }
            Err(why) => Err(refusal(via, why)),
        }
    }

    pub(super) fn sender(&self, via: Via) -> Result<&Sender<Way, Store>, SendError> {
        match via {
            Via::Web => Ok(&self.web),
            Via::Cloud => self.cloud.as_ref().map(|(_, sender)| sender).ok_or(SendError::ViaNotConfigured),
        }
    }
}

fn refusal(via: Via, why: NothingLeft) -> SendError {
    match why {
        NothingLeft::NotPossible(why) => SendError::NotPossible { via, why },
        why => why.into(),
    }
}

impl Transport for Way {
    fn via(&self) -> Via {
        match self {
            Self::Web(web) => web.via(),
            Self::Cloud(cloud) => cloud.via(),
        }
    }

    fn account(&self) -> Option<String> {
        match self {
            Self::Web(web) => web.account(),
            Self::Cloud(cloud) => cloud.account(),
        }
    }

    fn takes(&self, message: &Outgoing) -> Result<(), NothingLeft> {
        match self {
            Self::Web(web) => web.takes(message),
            Self::Cloud(cloud) => cloud.takes(message),
        }
    }

    async fn recipient(&self, to: &ChatId) -> Result<Recipient, NothingLeft> {
        match self {
            Self::Web(web) => web.recipient(to).await,
            Self::Cloud(cloud) => cloud.recipient(to).await,
        }
    }

    async fn reserve(&self, to: &ChatId, patience: Duration) -> Result<Reservation, NothingLeft> {
        match self {
            Self::Web(web) => web.reserve(to, patience).await,
            Self::Cloud(cloud) => cloud.reserve(to, patience).await,
        }
    }

    async fn typing(&self, to: &Reservation) -> Result<(), NothingLeft> {
        match self {
            Self::Web(web) => web.typing(to).await,
            Self::Cloud(cloud) => cloud.typing(to).await,
        }
    }

    async fn upload(
        &self,
        to: &Reservation,
        file: &Attachment,
        path: &Path,
        progress: &Progress,
    ) -> Result<(), NothingLeft> {
        match self {
            Self::Web(web) => web.upload(to, file, path, progress).await,
            Self::Cloud(cloud) => Transport::upload(cloud, to, file, path, progress).await,
        }
    }

    async fn forwards_file(&self, of: &MessageId, largest: u64) -> Result<bool, NothingLeft> {
        match self {
            Self::Web(web) => web.forwards_file(of, largest).await,
            Self::Cloud(cloud) => cloud.forwards_file(of, largest).await,
        }
    }

    async fn bring_forward(
        &self,
        to: &Reservation,
        of: &MessageId,
        largest: u64,
        patience: Duration,
    ) -> Result<(), NothingLeft> {
        match self {
            Self::Web(web) => web.bring_forward(to, of, largest, patience).await,
            Self::Cloud(cloud) => cloud.bring_forward(to, of, largest, patience).await,
        }
    }

    fn forget_upload(&self, to: &Reservation) {
        match self {
            Self::Web(web) => web.forget_upload(to),
            Self::Cloud(cloud) => cloud.forget_upload(to),
        }
    }

    async fn recovered(&self) -> bool {
        match self {
            Self::Web(web) => web.recovered().await,
            Self::Cloud(cloud) => Transport::recovered(cloud).await,
        }
    }

    async fn dispatch(
        &self,
        to: &Reservation,
        message: &Outgoing,
        patience: Duration,
    ) -> Result<Dispatched, SendFailure> {
        match self {
            Self::Web(web) => web.dispatch(to, message, patience).await,
            Self::Cloud(cloud) => cloud.dispatch(to, message, patience).await,
        }
    }

    async fn resend(&self, message: &MessageId) -> Result<Resent, NothingLeft> {
        match self {
            Self::Web(web) => web.resend(message).await,
            Self::Cloud(cloud) => cloud.resend(message).await,
        }
    }

    fn sends_unconfirmed(&self) {
        match self {
            Self::Web(web) => Transport::sends_unconfirmed(web),
            Self::Cloud(cloud) => cloud.sends_unconfirmed(),
        }
    }
}
