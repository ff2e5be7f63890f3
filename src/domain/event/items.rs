//! The subjects of events in the form that API clients see.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::log::{Direction, LoggedMessage};
use crate::domain::message::{Ack, Details, Media, MessageId};
use crate::domain::state::{Reason, State};
use crate::domain::time::Timestamp;

/// A message as API clients see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageItem<'a> {
    /// WhatsApp's id of the message.
    pub id: &'a MessageId,
    pub direction: Direction,
    pub chat_id: &'a str,
    /// The other side's phone digits, where WhatsApp knows them.
    pub phone: Option<&'a str>,
    /// The LID of the other side of a direct chat, where WhatsApp knows it.
    pub lid: Option<&'a str>,
    /// Who wrote the message, in groups.
    pub author: Option<&'a str>,
    /// The author's phone digits, in groups, where WhatsApp knows them.
    pub author_phone: Option<&'a str>,
    /// The author's LID, in groups, where WhatsApp knows it.
    pub author_lid: Option<&'a str>,
    pub name: Option<&'a str>,
    /// WhatsApp's type: `chat`, `image`, `location`, `poll_creation`… `ciphertext` is not decrypted yet; `view_once`,
    /// `bot_unavailable` and `hosted_unavailable` can only be read on the phone.
    pub r#type: &'a str,
    /// Only of a message that could not be read: the reason, in WhatsApp's word.
    pub subtype: Option<&'a str>,
    /// The text, wherever WhatsApp keeps it: a caption, the button that was pressed, the question of a poll.
    pub body: &'a str,
    /// The content beside the text, by type: `location`, `contacts`, `poll`, `event`, `button`, `list`, `interactive`.
    #[schema(value_type = Option<Object>)]
    pub data: Option<&'a Details>,
    pub media: Option<&'a Media>,
    pub quoted_id: Option<&'a str>,
    /// The time given by WhatsApp's server, in whole seconds.
    pub timestamp: Timestamp,
    pub received_at: Timestamp,
    /// The message arrived while the service was not connected.
    pub recovered: bool,
    /// The message was sent through `/send`.
    pub sent_by_api: bool,
    pub cliente_id: Option<&'a str>,
    pub ack: Ack,
    /// With an `ack` of -1: the number of the refusal by WhatsApp's server, if it gave one.
    pub error_code: Option<i64>,
    /// Oldest first; at most eight.
    pub ack_history: Vec<AckAt>,
    pub edited_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

impl<'a> MessageItem<'a> {
    pub fn new(message: &'a LoggedMessage) -> Self {
        Self {
            id: &message.id,
            direction: message.direction,
            chat_id: &message.chat,
            phone: message.phone.as_deref(),
            lid: message.lid.as_deref(),
            author: message.author.as_deref(),
            author_phone: message.author_phone.as_deref(),
            author_lid: message.author_lid.as_deref(),
            name: message.name.as_deref(),
            r#type: &message.kind,
            subtype: message.subtype.as_deref(),
            body: message.body.reveal(),
            data: message.data.as_ref(),
            media: message.media.as_ref(),
            quoted_id: message.quoted.as_deref(),
            timestamp: message.timestamp,
            received_at: message.received_at,
            recovered: message.recovered,
            sent_by_api: message.sent_by_us.is_some(),
            cliente_id: message.cliente_id(),
            ack: message.ack,
            error_code: message.error_code,
            ack_history: message.acks.iter().map(|&(ack, at)| AckAt { ack, at }).collect(),
            edited_at: message.edited_at,
            revoked_at: message.revoked_at,
        }
    }
}

/// An ack that a message got, and when.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct AckAt {
    pub ack: Ack,
    pub at: Timestamp,
}

/// How far a message got.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageAck)]
pub struct AckItem<'a> {
    pub id: &'a MessageId,
    pub chat_id: &'a str,
    pub phone: Option<&'a str>,
    pub cliente_id: Option<&'a str>,
    pub ack: Ack,
    /// With an `ack` of -1: the number of the refusal by WhatsApp's server, if it gave one.
    pub error_code: Option<i64>,
}

/// A reaction to a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageReaction)]
pub struct ReactionItem<'a> {
    /// WhatsApp's id of the reaction.
    pub id: &'a MessageId,
    /// The message that the reaction is to.
    pub message_id: &'a MessageId,
    pub chat_id: &'a str,
    /// Who reacted.
    pub sender: &'a str,
    /// The phone digits of the person who reacted, where WhatsApp knows them.
    pub sender_phone: Option<&'a str>,
    /// This account reacted.
    pub from_me: bool,
    /// Empty if the reaction was taken back.
    pub emoji: &'a str,
    /// When the person reacted.
    pub timestamp: Timestamp,
}

/// A choice in a poll.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageVote)]
pub struct VoteItem<'a> {
    /// WhatsApp's id of the vote.
    pub id: &'a MessageId,
    /// The poll.
    pub message_id: &'a MessageId,
    pub chat_id: &'a str,
    /// Who voted.
    pub sender: &'a str,
    /// The voter's phone digits, where WhatsApp knows them.
    pub sender_phone: Option<&'a str>,
    /// This account voted.
    pub from_me: bool,
    /// Every option that is chosen now; empty if the vote was taken back.
    pub options: Vec<&'a str>,
    /// When the person voted.
    pub timestamp: Timestamp,
}

/// A transition of the session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StateChange)]
pub struct StateItem<'a> {
    pub state: State,
    pub before: State,
    pub reason: Option<Reason>,
    pub detail: &'a str,
}

/// A new code to scan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CodeChange)]
pub struct CodeItem {
    pub attempt: u32,
    pub generated_at: Timestamp,
    pub expires_at: Timestamp,
    /// The picture that the phone scans, as a data URL. Only with `WEBHOOK_QR=true`, and only while it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qr: Option<String>,
}
