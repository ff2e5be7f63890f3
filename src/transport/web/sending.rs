//! Sending by the page of WhatsApp Web.

mod acts;
mod forwards;
mod people;
mod unfinished;
mod uploads;

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use super::session::{Handle, SessionError, Snapshot};
use super::whatsapp::{self, Known, PageError, Payload, Prepared, Typing};
use crate::domain::address::ChatId;
use crate::domain::content::{Attachment, Content, Outgoing};
use crate::domain::message::MessageId;
use crate::domain::state::State;
use crate::domain::via::Via;
use crate::domain::wamid::Wamid;
use crate::transport::{
    Dispatched, NothingLeft, Progress, Recipient, Resent, Reservation, Restriction, SendFailure, Transport,
};

/// The page sends again within milliseconds, after it has read a message that is only in its table.
const RESEND: Duration = Duration::from_secs(15);

/// What is said of a template.
const TEMPLATE: &str = "templates go by the Cloud API only: send with via cloud";

impl Transport for Handle {
    fn via(&self) -> Via {
        Via::Web
    }

    fn takes(&self, message: &Outgoing) -> Result<(), NothingLeft> {
        match &message.content {
            Content::Text { .. }
            | Content::File(_)
            | Content::Location(_)
            | Content::Contacts(_)
            | Content::Poll(_)
            | Content::Forward { .. }
            | Content::GroupInvite(_) => Ok(()),
            Content::Template(_) => Err(NothingLeft::NotPossible(TEMPLATE.to_owned())),
        }
    }

    async fn recipient(&self, to: &ChatId) -> Result<Recipient, NothingLeft> {
        let known = async { Ok(self.page(State::Ready)?.known(to).await?) };
        let Known { chat_id, talked, restricted, .. } = known.await.map_err(nothing_left)?;
        Ok(Recipient { is_known: chat_id.is_some(), talked, restricted: restricted.map(Restriction::from) })
    }

    async fn reserve(&self, to: &ChatId, patience: Duration) -> Result<Reservation, NothingLeft> {
        let prepared = async { Ok(self.page(State::Ready)?.prepare(to, patience).await?) };
        let Prepared { message_id, raw_id, chat_id, talked, phone, restricted } =
            prepared.await.map_err(nothing_left)?;
        let recipient = Recipient { is_known: true, talked, restricted: restricted.map(Restriction::from) };
        Ok(Reservation { message_id, raw_id, chat_id, phone, recipient })
    }

    async fn typing(&self, to: &Reservation) -> Result<(), NothingLeft> {
        let typing = async { Ok(self.page(State::Ready)?.typing(&to.chat_id, Typing::Text).await?) };
        typing.await.map_err(nothing_left)
    }

    async fn upload(
        &self,
        to: &Reservation,
        file: &Attachment,
        path: &Path,
        progress: &Progress,
    ) -> Result<(), NothingLeft> {
        let page = self.page(State::Ready).map_err(nothing_left)?;
        uploads::upload(&page, &to.chat_id, &to.raw_id, file, path, progress).await
    }

    async fn forwards_file(&self, of: &MessageId, largest: u64) -> Result<bool, NothingLeft> {
        let page = self.page(State::Ready).map_err(nothing_left)?;
        forwards::has_file(&page, of, largest).await
    }

    async fn bring_forward(
        &self,
        to: &Reservation,
        of: &MessageId,
        largest: u64,
        patience: Duration,
    ) -> Result<(), NothingLeft> {
        let page = self.page(State::Ready).map_err(nothing_left)?;
        forwards::bring_file(&page, of, &to.raw_id, largest, patience).await
    }

    async fn dispatch(
        &self,
        to: &Reservation,
        message: &Outgoing,
        patience: Duration,
    ) -> Result<Dispatched, SendFailure> {
        let page = self.page(State::Ready).map_err(|error| SendFailure::NothingLeft(nothing_left(error)))?;
        let id = &to.raw_id;
        let Some(message) = known_here(message, &to.chat_id) else {
            return Err(SendFailure::NothingLeft(NothingLeft::MessageAbsent));
        };
        // The id of the message names its upload.
        let Some(payload) = Payload::new(&message, id) else {
            return Err(SendFailure::NothingLeft(NothingLeft::NotPossible(TEMPLATE.to_owned())));
        };
        let dispatched = page.dispatch(&to.chat_id, id, &payload, patience).await;
        let dispatched = dispatched.map_err(|error| failure(error, &message.content));
        if matches!(message.content, Content::Forward { .. }) && !matches!(dispatched, Err(SendFailure::Unknown)) {
            forwards::forget(&page, id).await;
        }
        if matches!(message.content, Content::File(_)) && !matches!(dispatched, Err(SendFailure::Unknown)) {
            uploads::forget(&page, id).await;
        }
        dispatched.map(Dispatched::Acked)
    }

    async fn recovered(&self) -> bool {
        let mut snapshots = self.watch();
        let waits = |session: &Snapshot| match session.state {
            State::Ready => !session.line_up,
            State::QrRequired | State::Disconnected | State::Error => false,
            State::Init | State::Authenticated | State::Reconnecting => true,
        };
        snapshots.wait_for(|session| !waits(session)).await.is_ok_and(|session| session.state == State::Ready)
    }

    async fn resend(&self, message: &MessageId) -> Result<Resent, NothingLeft> {
        let resent = async { Ok(self.page(State::Ready)?.resend(message, RESEND).await?) };
        let (resent, ack) = resent.await.map_err(nothing_left)?;
        Ok(match resent {
            whatsapp::Resent::Resent | whatsapp::Resent::Pending => Resent::UnderWay,
            whatsapp::Resent::Sent => Resent::Ended(ack),
            whatsapp::Resent::Absent | whatsapp::Resent::FileLost => Resent::Absent,
        })
    }

    fn sends_unconfirmed(&self) {
        Self::sends_unconfirmed(self);
    }
}

/// The message with the ids of others as WhatsApp Web has them. The chat of a message that the Cloud API names is this one. None
/// if an id cannot be one of WhatsApp Web.
fn known_here<'a>(message: &'a Outgoing, chat_id: &str) -> Option<Cow<'a, Outgoing>> {
    if let Content::Forward { of } = &message.content {
        of.parts()?;
    }
    let Some(reply_to) = &message.reply_to else { return Some(Cow::Borrowed(message)) };
    if reply_to.parts().is_some() {
        return Some(Cow::Borrowed(message));
    }
    let Wamid { from_me, key, .. } = Wamid::decode(reply_to.as_str())?;
    let reply_to = MessageId::new(format!("{from_me}_{chat_id}_{key}"));
    Some(Cow::Owned(Outgoing { reply_to: Some(reply_to), ..message.clone() }))
}

impl From<whatsapp::Restricted> for Restriction {
    fn from(restricted: whatsapp::Restricted) -> Self {
        Self { until_s: restricted.until_s }
    }
}

fn failure(error: PageError, content: &Content) -> SendFailure {
    SendFailure::NothingLeft(match error {
        // The page no longer has the upload.
        PageError::MediaUploadFailed(why) => NothingLeft::UploadLost(why),
        PageError::MessageAbsent => NothingLeft::MessageAbsent,
        PageError::NotPossible(why) if matches!(content, Content::Forward { .. }) => {
            NothingLeft::ForwardNotPossible(why)
        }
        PageError::NotPossible(why) => NothingLeft::ReplyNotPossible(why),
        PageError::MentionUnknown(why) => NothingLeft::MentionUnknown(why),
        error => match SessionError::from(error) {
            // The page took the message, or may have.
            SessionError::NoAnswer(_) | SessionError::Stopped => return SendFailure::Unknown,
            error => nothing_left(error),
        },
    })
}

/// The meaning of an error before anything has left, or when the page said that nothing did.
fn nothing_left(error: SessionError) -> NothingLeft {
    match error {
        SessionError::Busy => NothingLeft::Busy,
        SessionError::Stopped => NothingLeft::Stopping,
        SessionError::NotReady(state) => NothingLeft::NotReady(state),
        SessionError::NotOnWhatsApp => NothingLeft::NotOnWhatsApp,
        SessionError::ChatReadOnly(why) => NothingLeft::ChatReadOnly(why),
        SessionError::ContactBlocked => NothingLeft::ContactBlocked,
        error @ SessionError::PageLacks(_) => NothingLeft::Unavailable(error.to_string()),
        SessionError::NoAnswer(_) => NothingLeft::NoAnswer,
        SessionError::Refused(why) => NothingLeft::Refused(why),
        error => NothingLeft::Refused(error.to_string()),
    }
}
