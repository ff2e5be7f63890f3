//! Why a message was not sent, or may not have been.

use std::time::Duration;

use crate::domain::idempotency::Cause;
use crate::domain::message::MessageId;
use crate::domain::state::{NotReady, State};
use crate::domain::via::Via;
use crate::transport::{NothingLeft, cloud};

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("this service does not send for the client named in cliente_id")]
    ClienteNotAllowed,
    #[error("sending is switched off (SEND_MODE=off)")]
    Disabled,
    #[error("{}; try again when GET /status says so", NotReady(*.0))]
    NotReady(State),
    #[error("the service is stopping")]
    Stopping,
    /// `why` says which limit is reached.
    #[error("{why}; try again after the seconds that Retry-After names")]
    RateLimited { why: &'static str, retry_after: Duration },
    #[error("{0}")]
    Unavailable(String),
    #[error("the number is not on WhatsApp")]
    NotOnWhatsApp,
    #[error("the message is not known to WhatsApp Web, so nothing was sent")]
    MessageAbsent,
    #[error("WhatsApp lets nobody answer this message ({0}); nothing was sent")]
    ReplyNotPossible(String),
    #[error("WhatsApp lets nobody pass this message on ({0}); nothing was sent")]
    ForwardNotPossible(String),
    #[error("WhatsApp takes no edit of this message: {0}")]
    EditNotPossible(String),
    #[error("WhatsApp does not delete this message for everyone: {0}")]
    RevokeNotPossible(String),
    #[error("the chat is not known to WhatsApp Web")]
    ChatUnknown,
    #[error("WhatsApp Web did not do it: {0}")]
    NotDone(String),
    #[error("{0}")]
    NothingToMark(&'static str),
    /// An act may be repeated, other than a message.
    #[error("WhatsApp did not confirm it in time; it may still follow, and may be asked for again")]
    ActUnconfirmed { message_id: Option<MessageId> },
    #[error("somebody whom the text mentions is not on WhatsApp ({0}); nothing was sent")]
    MentionUnknown(String),
    #[error("WhatsApp Web refused the message, nothing was sent: {0}")]
    Refused(String),
    #[error(
        "WhatsApp takes at most {limit} bytes for this kind of file: send a smaller one, or send it as a document by WhatsApp Web"
    )]
    FileTooLarge { limit: u64 },
    #[error("WhatsApp does not take this file, nothing was sent: {0}")]
    FileRefused(String),
    /// The id of a file that was removed, or was never there.
    #[error("there is no file of this id, or it was kept for 24 hours and is gone: upload it again")]
    FileNotFound,
    #[error("the file could not be uploaded to WhatsApp ({0}); nothing was sent, try again")]
    NotUploaded(String),
    /// The page died, or was loaded again, before a message with its upload was dispatched.
    #[error("the upload of the file broke off ({0}); nothing was sent, try again")]
    UploadLost(String),
    /// WhatsApp itself says that the message will never arrive.
    #[error("WhatsApp refused the message ({})", cause.as_ref().map_or("it gave no reason".to_owned(), Cause::to_string))]
    Failed { message_id: MessageId, cause: Option<Cause> },
    /// The Cloud API took the message, and then said that it will never arrive: for a reason that has a name of its own.
    #[error("{why}")]
    FailedAs { message_id: MessageId, code: i64, why: Box<SendError> },
    #[error("WhatsApp does not let this account begin new chats for now; those who wrote to it can be answered")]
    NewChatsRestricted { retry_after: Duration },
    #[error("{0}, so nothing can be written there")]
    ChatReadOnly(String),
    #[error("this account has blocked the contact: unblock it on the phone to write to it")]
    ContactBlocked,
    /// The page did not answer before anything had left.
    #[error(
        "the session was READY, but WhatsApp did not answer when the recipient was looked up; nothing was sent, try again"
    )]
    NoAnswer,
    #[error(
        "WhatsApp's server did not acknowledge the message in time; it may still arrive: do not send it again blindly"
    )]
    Unconfirmed { message_id: MessageId },
    #[error("the idempotency key was used for another message; use a new key for each message")]
    KeyConflict,
    #[error("the session has too much to do at the moment; try again in a few seconds")]
    Busy,
    #[error(
        "via is cloud, and Meta's Cloud API is not configured: set CLOUD_API_TOKEN and the rest, or send with via web"
    )]
    ViaNotConfigured,
    /// The way can never send this.
    #[error("{why}")]
    NotPossible { via: Via, why: String },
    #[error(
        "message has {length} characters, and the Cloud API takes at most {limit} here: send it in parts, or with via web"
    )]
    TextTooLong { length: usize, limit: usize },
    #[error(
        "more than 24 hours have passed since the recipient wrote, so the Cloud API takes only a template: send one; nothing was sent"
    )]
    TemplateRequired,
    #[error("the Cloud API refused the template, nothing was sent: {0}")]
    TemplateInvalid(String),
    #[error("nothing was sent: {0}; give the service a valid token")]
    CloudUnauthorized(String),
    #[error("{0}; nothing was sent")]
    Unreachable(&'static str),
    #[error("the Cloud API refused the message, nothing was sent ({0})")]
    RefusedAs(Cause),
    #[error("the recipient asked for no further messages (opt-out), so nothing is sent to them")]
    OptedOut,
}

impl SendError {
    /// The error for a message of which WhatsApp says that it will never arrive. A number of the Cloud API means the same,
    /// whether it comes as the answer to the call or overtakes it as a report.
    pub(super) fn failed(message_id: MessageId, cause: Option<Cause>) -> Self {
        let is_of_cloud = message_id.is_reference() || message_id.is_wamid();
        match cause {
            Some(Cause::Number(code)) if is_of_cloud && let Some(why) = cloud::final_refusal(code) => {
                Self::FailedAs { message_id, code, why: Box::new(why.into()) }
            }
            cause => Self::Failed { message_id, cause },
        }
    }
}

impl From<NothingLeft> for SendError {
    fn from(why: NothingLeft) -> Self {
        match why {
            NothingLeft::Busy => Self::Busy,
            NothingLeft::Stopping => Self::Stopping,
            NothingLeft::NotReady(state) => Self::NotReady(state),
            NothingLeft::NotOnWhatsApp => Self::NotOnWhatsApp,
            NothingLeft::ChatReadOnly(why) => Self::ChatReadOnly(why),
            NothingLeft::ContactBlocked => Self::ContactBlocked,
            NothingLeft::Unavailable(why) => Self::Unavailable(why),
            NothingLeft::NoAnswer => Self::NoAnswer,
            NothingLeft::MessageAbsent => Self::MessageAbsent,
            NothingLeft::ReplyNotPossible(why) => Self::ReplyNotPossible(why),
            NothingLeft::ForwardNotPossible(why) => Self::ForwardNotPossible(why),
            NothingLeft::MentionUnknown(why) => Self::MentionUnknown(why),
            NothingLeft::Refused(why) => Self::Refused(why),
            NothingLeft::FileTooLarge { limit } => Self::FileTooLarge { limit },
            NothingLeft::FileRefused(why) => Self::FileRefused(why),
            NothingLeft::NotUploaded(why) => Self::NotUploaded(why),
            NothingLeft::UploadLost(why) => Self::UploadLost(why),
            NothingLeft::NotPossible(why) => Self::Refused(why),
            NothingLeft::TextTooLong { length, limit } => Self::TextTooLong { length, limit },
            NothingLeft::TemplateRequired => Self::TemplateRequired,
            NothingLeft::TemplateInvalid(why) => Self::TemplateInvalid(why),
            NothingLeft::Unauthorized(why) => Self::CloudUnauthorized(why),
            NothingLeft::RateLimited { why, retry_after } => Self::RateLimited { why, retry_after },
            NothingLeft::Unreachable(why) => Self::Unreachable(why),
            NothingLeft::RefusedAs(cause) => Self::RefusedAs(cause),
        }
    }
}
