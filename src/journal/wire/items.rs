//! What events are about.

use serde::Serialize;
use utoipa::ToSchema;

use super::media::Media;
use super::values::{Ack, Direction, MessageId, Reason, Source, State, Timestamp};
use crate::domain::event::CodeShown;
use crate::domain::log::{LoggedMessage, Origin};
use crate::domain::message::{self, Details};
use crate::domain::secret::Secret;
use crate::domain::state::Transition;
use crate::domain::time;

/// A message as API clients see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Message<'a> {
    /// WhatsApp's id of the message.
    pub id: MessageId,
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
    /// The content beside the text, by type: `location`, `contacts`, `poll`, `event`, `button`, `list`, `interactive`; and
    /// `mentions`, the people whom the text mentions, each with `phone` and `lid`.
    #[schema(value_type = Option<Object>)]
    pub data: Option<&'a serde_json::Value>,
    pub media: Option<Media<'a>>,
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
    /// The way by which the service learned of the message first.
    pub source: Source,
}

impl<'a> From<&'a LoggedMessage> for Message<'a> {
    fn from(message: &'a LoggedMessage) -> Self {
        let LoggedMessage {
            id,
            direction,
            chat,
            phone,
            author,
            name,
            kind,
            body,
            media,
            quoted,
            lid,
            author_phone,
            author_lid,
            subtype,
            data,
            edited_ms: _,
            error_code,
            timestamp,
            received_at,
            recovered,
            ack,
            acks,
            edited_at,
            revoked_at,
            // `/messages/{id}` tells it.
            history: _,
            account: _,
            sent_by_us,
            source,
        } = message;
        Self {
            id: id.into(),
            direction: (*direction).into(),
            chat_id: chat,
            phone: phone.as_deref(),
            lid: lid.as_deref(),
            author: author.as_deref(),
            author_phone: author_phone.as_deref(),
            author_lid: author_lid.as_deref(),
            name: name.as_deref(),
            r#type: kind,
            subtype: subtype.as_deref(),
            body: body.reveal(),
            data: data.as_ref().map(|Details(data)| data),
            media: media.as_ref().map(|media| Media::new(id, media)),
            quoted_id: quoted.as_deref(),
            timestamp: (*timestamp).into(),
            received_at: (*received_at).into(),
            recovered: *recovered,
            sent_by_api: sent_by_us.is_some(),
            cliente_id: sent_by_us.as_ref().and_then(|Origin { cliente_id }| cliente_id.as_deref()),
            ack: (*ack).into(),
            error_code: *error_code,
            ack_history: acks.iter().map(AckAt::from).collect(),
            edited_at: edited_at.map(Timestamp::from),
            revoked_at: revoked_at.map(Timestamp::from),
            source: (*source).into(),
        }
    }
}

/// An ack that a message got, and when.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct AckAt {
    pub ack: Ack,
    pub at: Timestamp,
}

impl From<&(message::Ack, time::Timestamp)> for AckAt {
    fn from((ack, at): &(message::Ack, time::Timestamp)) -> Self {
        Self { ack: (*ack).into(), at: (*at).into() }
    }
}

/// How far a message got.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageAck<'a> {
    pub id: MessageId,
    pub chat_id: &'a str,
    pub phone: Option<&'a str>,
    pub cliente_id: Option<&'a str>,
    pub ack: Ack,
    /// With an `ack` of -1: the number of the refusal by WhatsApp's server, if it gave one.
    pub error_code: Option<i64>,
}

impl<'a> MessageAck<'a> {
    /// `ack` is the one that the event tells. The message may have a later one by now.
    pub fn new(message: &'a LoggedMessage, ack: message::Ack) -> Self {
        Self {
            id: (&message.id).into(),
            chat_id: &message.chat,
            phone: message.phone.as_deref(),
            cliente_id: message.cliente_id(),
            ack: ack.into(),
            error_code: message.error_code.filter(|_| ack.is_failure()),
        }
    }
}

/// A reaction to a message.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageReaction)]
pub struct Reaction<'a> {
    /// WhatsApp's id of the reaction.
    pub id: MessageId,
    /// The message that the reaction is to.
    pub message_id: MessageId,
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

impl<'a> From<&'a message::Reaction> for Reaction<'a> {
    fn from(reaction: &'a message::Reaction) -> Self {
        let message::Reaction { id, message_id, chat, sender, sender_phone, from_me, emoji, t_ms } = reaction;
        Self {
            id: id.into(),
            message_id: message_id.into(),
            chat_id: chat,
            sender,
            sender_phone: sender_phone.as_deref(),
            from_me: *from_me,
            emoji,
            timestamp: time::Timestamp::from_millis(*t_ms).into(),
        }
    }
}

/// A choice in a poll.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MessageVote)]
pub struct Vote<'a> {
    /// WhatsApp's id of the vote.
    pub id: MessageId,
    /// The poll.
    pub message_id: MessageId,
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

impl<'a> From<&'a message::Vote> for Vote<'a> {
    fn from(vote: &'a message::Vote) -> Self {
        let message::Vote { id, message_id, chat, sender, sender_phone, from_me, options, t_ms } = vote;
        Self {
            id: id.into(),
            message_id: message_id.into(),
            chat_id: chat,
            sender,
            sender_phone: sender_phone.as_deref(),
            from_me: *from_me,
            options: options.iter().map(Secret::reveal).collect(),
            timestamp: time::Timestamp::from_millis(*t_ms).into(),
        }
    }
}

/// A transition of the session.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateChange<'a> {
    pub state: State,
    pub before: State,
    pub reason: Option<Reason>,
    pub detail: &'a str,
}

impl<'a> From<&'a Transition> for StateChange<'a> {
    fn from(step: &'a Transition) -> Self {
        let Transition { at: _, from, to, reason, detail } = step;
        Self { state: (*to).into(), before: (*from).into(), reason: reason.map(Reason::from), detail }
    }
}

/// A new code to scan.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CodeChange)]
pub struct Code<'a> {
    pub attempt: u32,
    pub generated_at: Timestamp,
    pub expires_at: Timestamp,
    /// The picture that the phone scans, as a data URL. Only with `WEBHOOK_QR=true`, and only while it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qr: Option<&'a str>,
}

impl<'a> Code<'a> {
    pub fn new(shown: &CodeShown, qr: Option<&'a str>) -> Self {
        let CodeShown { attempt, generated_at, expires_at } = shown;
        Self { attempt: *attempt, generated_at: (*generated_at).into(), expires_at: (*expires_at).into(), qr }
    }
}
