//! The durable log of messages.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Message, Reaction, Timestamp, Vote};
use crate::domain::{log, receipt, time};

/// A message with its place in the log.
#[derive(Serialize, ToSchema)]
pub struct LoggedMessage<'a> {
    #[schema(pattern = "^[0-9]{1,19}$")]
    pub cursor: String,
    #[serde(flatten)]
    pub message: Message<'a>,
}

#[derive(Serialize, ToSchema)]
pub struct Messages<'a> {
    pub ok: bool,
    pub items: Vec<LoggedMessage<'a>>,
    /// To be handed back as `after`, for what is newer.
    #[schema(pattern = "^[0-9]{1,19}$")]
    pub next: String,
    /// To be handed back as `before`, for what is older; null where nothing is.
    #[schema(pattern = "^[0-9]{1,19}$")]
    pub previous: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct OneMessage<'a> {
    pub ok: bool,
    #[serde(flatten)]
    pub item: LoggedMessage<'a>,
    /// The present reaction of each person, in the order of time.
    pub reactions: Vec<Reaction<'a>>,
    /// The present vote of each person in a poll, in the order of time.
    pub votes: Vec<Vote<'a>>,
    /// The texts that edits replaced, oldest first; the present one is `body`.
    pub edits: Vec<Version<'a>>,
    /// Who deleted the message for everybody.
    pub revoked_by: Option<Revocation<'a>>,
    /// Only with `receipts=true`: each receiver of a message of this account. Null where WhatsApp Web does not know them: of
    /// other messages, of those of the Cloud API, of what it keeps no more, and while the session is not READY.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Receipt>>, required = false)]
    pub receipts: Option<Option<Vec<Receipt>>>,
}

/// What became of a message at one of its receivers. Each time is null as long as WhatsApp has not told it.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageReceipt)]
pub struct Receipt {
    /// The phone's digits, where WhatsApp Web knows them.
    pub phone: Option<String>,
    /// `user@lid`, where WhatsApp Web knows it.
    pub lid: Option<String>,
    pub delivered_at: Option<Timestamp>,
    /// People may keep this to themselves.
    pub read_at: Option<Timestamp>,
    /// Of voice notes, and of what can be seen once.
    pub played_at: Option<Timestamp>,
}

impl From<receipt::Receipt> for Receipt {
    fn from(receipt: receipt::Receipt) -> Self {
        let receipt::Receipt { phone, lid, delivered, read, played } = receipt;
        let [delivered_at, read_at, played_at] = [delivered, read, played].map(|at| at.map(Timestamp::from));
        Self { phone, lid, delivered_at, read_at, played_at }
    }
}

/// A text that an edit replaced.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageVersion)]
pub struct Version<'a> {
    pub body: &'a str,
    /// When its author wrote it as an edit; null of the first text.
    pub edited_at: Option<Timestamp>,
}

/// A deletion for everybody.
#[derive(Serialize, ToSchema)]
#[schema(as = MessageRevocation)]
pub struct Revocation<'a> {
    /// An admin of the group deleted somebody's message.
    pub admin: bool,
    pub id: Option<&'a str>,
    pub phone: Option<&'a str>,
    pub lid: Option<&'a str>,
    /// By WhatsApp's clock; null where it is not known.
    pub at: Option<Timestamp>,
}

impl<'a> OneMessage<'a> {
    pub fn new(cursor: u64, message: &'a log::LoggedMessage, sum: &'a log::Sum) -> Self {
        let log::Sum { reactions, votes } = sum;
        let edited_at = |ms: Option<u64>| ms.map(|ms| time::Timestamp::from_millis(ms).into());
        let versions = message.history.versions.iter();
        let edits = versions.map(|one| Version { body: one.body.reveal(), edited_at: edited_at(one.edited_ms) });
        let revoked_by = message.history.revocation.as_ref().map(|revocation| Revocation {
            admin: revocation.by_admin,
            id: revocation.by.as_ref().map(|by| by.id.as_str()),
            phone: revocation.by.as_ref().and_then(|by| by.phone.as_deref()),
            lid: revocation.by.as_ref().and_then(|by| by.lid.as_deref()),
            at: revocation.at.map(Timestamp::from),
        });
        Self {
            ok: true,
            item: LoggedMessage::new(cursor, message),
            reactions: reactions.iter().map(Reaction::from).collect(),
            votes: votes.iter().map(Vote::from).collect(),
            edits: edits.collect(),
            revoked_by,
            receipts: None,
        }
    }
}

impl<'a> LoggedMessage<'a> {
    pub fn new(cursor: u64, message: &'a log::LoggedMessage) -> Self {
        Self { cursor: cursor.to_string(), message: message.into() }
    }
}
