//! The transports to WhatsApp, and what every one of them does for a send.
//!
//! ```text
//! recipient ──► reserve (the chat is found, an id is fixed) ──► dispatch under that id ──► WhatsApp has it, or the message
//!    nothing leaves before the dispatch                                                    may have left, or nothing left
//! ```

pub mod cloud;
pub mod web;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::domain::address::ChatId;
use crate::domain::content::{Attachment, Outgoing};
use crate::domain::message::{Ack, MessageId};
use crate::domain::state::{NotReady, State};
use crate::domain::via::Via;

/// What a transport knows of a recipient without asking WhatsApp's server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recipient {
    /// The recipient's chat is known: no look-up is needed.
    pub is_known: bool,
    /// The chat holds earlier messages.
    pub talked: bool,
    /// The limit of WhatsApp on first messages that applies now.
    pub restricted: Option<Restriction>,
}

/// A limit of WhatsApp on first messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// The end of the limit, in seconds since the epoch.
    pub until_s: Option<u64>,
}

/// A message whose chat and id are fixed, before anything has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    pub message_id: MessageId,
    /// The transport's own part of the id, which its dispatch needs.
    pub raw_id: String,
    /// The chat that the message goes to, `user@server`: mostly under a LID.
    pub chat_id: String,
    /// The recipient's phone digits, where the transport knows them.
    pub phone: Option<String>,
    /// What is known of the recipient now.
    pub recipient: Recipient,
}

/// Why nothing has left, and nothing will.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NothingLeft {
    #[error("the session has too much to do at the moment; try again in a few seconds")]
    Busy,
    #[error("the service is stopping")]
    Stopping,
    #[error("{}", NotReady(*.0))]
    NotReady(State),
    #[error("the number is not on WhatsApp")]
    NotOnWhatsApp,
    #[error("{0}")]
    ChatReadOnly(String),
    #[error("this account has blocked the contact")]
    ContactBlocked,
    /// The transport cannot send at all; the sentence says what to do.
    #[error("{0}")]
    Unavailable(String),
    /// No answer came before anything was handed over.
    #[error("WhatsApp Web did not answer")]
    NoAnswer,
    /// The transport does not have the message that is answered or passed on.
    #[error("the message that this one answers or passes on is not known")]
    MessageAbsent,
    #[error("{0}")]
    ReplyNotPossible(String),
    #[error("{0}")]
    ForwardNotPossible(String),
    #[error("somebody whom the text mentions is not on WhatsApp: {0}")]
    MentionUnknown(String),
    #[error("{0}")]
    Refused(String),
    /// WhatsApp takes no file of this kind that is so large; in bytes.
    #[error("WhatsApp takes at most {limit} bytes for this kind of file")]
    FileTooLarge { limit: u64 },
    #[error("{0}")]
    FileRefused(String),
    #[error("the file could not be uploaded to WhatsApp: {0}")]
    NotUploaded(String),
    /// The upload was lost with the page: it may be repeated.
    #[error("the upload of the file broke off: {0}")]
    UploadLost(String),
    /// The transport cannot send this at all; the sentence says why.
    #[error("{0}")]
    NotPossible(String),
    #[error("the text has {length} characters")]
    TextTooLong { length: usize, limit: usize },
    /// Only a template opens a conversation with the recipient.
    #[error("more than 24 hours have passed since the recipient wrote")]
    TemplateRequired,
    #[error("{0}")]
    TemplateInvalid(String),
    /// The token or its permissions do not suffice.
    #[error("{0}")]
    Unauthorized(String),
    #[error("{why}")]
    RateLimited { why: &'static str, retry_after: Duration },
    /// Messages cannot be brought to the recipient; the sentence says why.
    #[error("{0}")]
    Unreachable(&'static str),
    /// A refusal that WhatsApp names by a number.
    #[error("{0}")]
    RefusedAs(crate::domain::idempotency::Cause),
}

/// What a dispatch that failed means for the message: the one distinction that decides whether it may be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendFailure {
    NothingLeft(NothingLeft),
    /// The message may have left: only an ack tells.
    Unknown,
}

/// Why an act on a message or a chat was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActFailure {
    NothingLeft(NothingLeft),
    /// WhatsApp does not allow this with this message: the text says why.
    NotPossible(String),
    /// It may have been done, or may still be.
    Unknown,
}

/// What became of a message that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispatched {
    /// The ack may be [`Ack::PENDING`]: then a later one tells.
    Acked(Ack),
    /// The transport gave the message an id of its own.
    Accepted {
        id: MessageId,
        /// The number under which WhatsApp knows the recipient.
        phone: Option<String>,
    },
}

/// The result of a request to send a message again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resent {
    /// The transport sends the message again or is sending it, under the same id.
    UnderWay,
    /// WhatsApp's server has the message, or has refused it.
    Ended(Ack),
    /// The transport does not hold the message, which proves nothing.
    Absent,
}

/// How far an upload is, in bytes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<[AtomicU64; 2]>);

impl Progress {
    pub fn note(&self, done: u64, total: u64) {
        self.0[0].store(done, Ordering::Relaxed);
        self.0[1].store(total, Ordering::Relaxed);
    }

    /// The bytes that WhatsApp's server has, and all bytes.
    pub fn now(&self) -> (u64, u64) {
        (self.0[0].load(Ordering::Relaxed), self.0[1].load(Ordering::Relaxed))
    }
}

/// A way to send. A trait, so that tests can use a transport that fails.
pub trait Transport: Clone + Send + Sync + 'static {
    fn via(&self) -> Via;
    /// The phone digits of the account, where the transport alone knows them.
    fn account(&self) -> Option<String> {
        None
    }
    /// Refuses what this transport can never send to this recipient, before anything is asked.
    fn takes(&self, message: &Outgoing) -> Result<(), NothingLeft>;
    /// Looks up what is known of a recipient; WhatsApp's server is not asked.
    fn recipient(&self, to: &ChatId) -> impl Future<Output = Result<Recipient, NothingLeft>> + Send;
    /// Resolves the recipient and reserves a message id.
    fn reserve(&self, to: &ChatId, patience: Duration)
    -> impl Future<Output = Result<Reservation, NothingLeft>> + Send;
    /// Shows the recipient that somebody is typing.
    fn typing(&self, to: &Reservation) -> impl Future<Output = Result<(), NothingLeft>> + Send;
    /// Brings a file to WhatsApp's server, so that a message can point to it; nobody sees that, and it may be repeated.
    /// If the future is dropped, the upload is cancelled. The dispatch of the same reservation uses what was uploaded.
    fn upload(
        &self,
        to: &Reservation,
        file: &Attachment,
        path: &Path,
        progress: &Progress,
    ) -> impl Future<Output = Result<(), NothingLeft>> + Send;
    /// Whether a message that is passed on has a file, which has to be brought to where its receivers find it. Refuses a message
    /// that cannot be passed on, and a file of more than `largest` bytes.
    fn forwards_file(&self, _of: &MessageId, _largest: u64) -> impl Future<Output = Result<bool, NothingLeft>> + Send {
        async { Ok(false) }
    }
    /// Brings the file of a message that is passed on to where its receivers find it. As of [`Transport::upload`], nobody sees it,
    /// it may be repeated, and it ends if the future is dropped. It takes no longer than `patience`.
    fn bring_forward(
        &self,
        _to: &Reservation,
        _of: &MessageId,
        _largest: u64,
        _patience: Duration,
    ) -> impl Future<Output = Result<(), NothingLeft>> + Send {
        async { Ok(()) }
    }
    /// Forgets what was uploaded for a message that is not dispatched any more.
    fn forget_upload(&self, _to: &Reservation) {}
    /// Waits until messages can be sent again; false if that needs a person.
    fn recovered(&self) -> impl Future<Output = bool> + Send;
    /// Hands a message over, at most once for a reservation.
    fn dispatch(
        &self,
        to: &Reservation,
        message: &Outgoing,
        patience: Duration,
    ) -> impl Future<Output = Result<Dispatched, SendFailure>> + Send;
    /// Has a message sent again that was dispatched and that WhatsApp's server may not have.
    fn resend(&self, message: &MessageId) -> impl Future<Output = Result<Resent, NothingLeft>> + Send;
    /// Reports that WhatsApp's server acknowledged none of the last sends.
    fn sends_unconfirmed(&self);
}
