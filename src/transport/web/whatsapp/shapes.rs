//! The forms in which the adapter writes messages and what else the domain has types for. `report` and `answers` read their
//! fields through these, so that a rename in the domain changes nothing of what is understood of the page.

mod media;
mod notices;

use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::account::Account;
use crate::domain::limits::{Limits, NewChats, NewChatsStatus, Timelock};
use crate::domain::media::Media;
use crate::domain::message::{Ack, Details, MessageId, Outcome, PageMessage, Reaction, Vote};
use crate::domain::secret::Secret;
use media::MediaShape;
pub(super) use notices::NoticeShape;
use notices::RevokerShape;

/// Reads a `Shape` and gives the type of the domain that it stands for.
pub(super) fn one<'de, D, Shape, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    Shape: Deserialize<'de> + Into<T>,
{
    Shape::deserialize(deserializer).map(Into::into)
}

/// As [`one`], of a value that may be null. A field that may also be absent needs `default` beside this.
pub(super) fn maybe<'de, D, Shape, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    Shape: Deserialize<'de> + Into<T>,
{
    Option::<Shape>::deserialize(deserializer).map(|found| found.map(Into::into))
}

/// As [`one`], of each element of a list.
pub(super) fn each<'de, D, Shape, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    Shape: Deserialize<'de> + Into<T>,
{
    Vec::<Shape>::deserialize(deserializer).map(|found| found.into_iter().map(Into::into).collect())
}

/// A text that the domain has a type for.
pub(super) fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| D::Error::custom("it is not what it should be"))
}

/// As [`one`], for a field that holds its value in a box.
pub(super) fn boxed<'de, D, Shape, T>(deserializer: D) -> Result<Box<T>, D::Error>
where
    D: Deserializer<'de>,
    Shape: Deserialize<'de> + Into<T>,
{
    one::<D, Shape, T>(deserializer).map(Box::new)
}

#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct IdShape(String);

#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct AckShape(i8);

#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct SecretShape(String);

impl From<IdShape> for MessageId {
    fn from(IdShape(id): IdShape) -> Self {
        Self::new(id)
    }
}

impl From<AckShape> for Ack {
    fn from(AckShape(level): AckShape) -> Self {
        Self::new(level)
    }
}

impl From<SecretShape> for Secret {
    fn from(SecretShape(text): SecretShape) -> Self {
        Self::new(text)
    }
}

/// `kind` is WhatsApp's word for the type, `t` and `revoked_s` are seconds and `edited_ms` milliseconds since the epoch.
#[derive(Deserialize)]
pub(super) struct MessageShape {
    id: String,
    from_me: bool,
    chat: String,
    #[serde(default)]
    lid: Option<String>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    author_phone: Option<String>,
    #[serde(default)]
    author_lid: Option<String>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    kind: String,
    #[serde(default)]
    subtype: Option<String>,
    body: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    media: Option<MediaShape>,
    #[serde(default)]
    quoted: Option<String>,
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    edited_ms: Option<u64>,
    #[serde(default)]
    edit_open: bool,
    #[serde(default)]
    revoked_s: Option<u64>,
    #[serde(default)]
    revoked_by: Option<RevokerShape>,
    /// Only of what is no message.
    #[serde(default)]
    notice: Option<NoticeShape>,
    #[serde(default)]
    row: Option<u64>,
    t: u64,
    ack: i8,
    is_new: bool,
}

impl From<MessageShape> for PageMessage {
    fn from(shape: MessageShape) -> Self {
        let MessageShape {
            id,
            from_me,
            chat,
            lid,
            author,
            author_phone,
            author_lid,
            from,
            to,
            phone,
            kind,
            subtype,
            body,
            name,
            media,
            quoted,
            data,
            edited_ms,
            edit_open,
            revoked_s,
            revoked_by,
            notice,
            row,
            t,
            ack,
            is_new,
        } = shape;
        Self {
            id: MessageId::new(id),
            from_me,
            chat,
            lid,
            author,
            author_phone,
            author_lid,
            from,
            to,
            phone,
            kind,
            subtype,
            body: Secret::new(body),
            name,
            media: media.map(Media::from),
            quoted,
            data: data.map(Details),
            edited_ms,
            edit_open,
            revoked_s,
            revoked_by: revoked_by.map(Into::into),
            notice: notice.map(|notice| Box::new(notice.into())),
            row,
            t,
            ack: Ack::new(ack),
            is_new,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct OutcomeShape {
    id: String,
    result: String,
    #[serde(default)]
    code: Option<i64>,
    #[serde(default)]
    certain: bool,
    #[serde(default)]
    message: String,
}

impl From<OutcomeShape> for Outcome {
    fn from(shape: OutcomeShape) -> Self {
        let OutcomeShape { id, result, code, certain, message } = shape;
        Self { id: MessageId::new(id), result, code, certain, message }
    }
}

#[derive(Deserialize)]
pub(super) struct ReactionShape {
    id: String,
    message_id: String,
    chat: String,
    sender: String,
    #[serde(default)]
    sender_phone: Option<String>,
    from_me: bool,
    emoji: String,
    t_ms: u64,
}

impl From<ReactionShape> for Reaction {
    fn from(shape: ReactionShape) -> Self {
        let ReactionShape { id, message_id, chat, sender, sender_phone, from_me, emoji, t_ms } = shape;
        let (id, message_id) = (MessageId::new(id), MessageId::new(message_id));
        Self { id, message_id, chat, sender, sender_phone, from_me, emoji, t_ms }
    }
}

#[derive(Deserialize)]
pub(super) struct VoteShape {
    id: String,
    message_id: String,
    chat: String,
    sender: String,
    #[serde(default)]
    sender_phone: Option<String>,
    from_me: bool,
    options: Vec<String>,
    t_ms: u64,
}

impl From<VoteShape> for Vote {
    fn from(shape: VoteShape) -> Self {
        let VoteShape { id, message_id, chat, sender, sender_phone, from_me, options, t_ms } = shape;
        let (id, message_id) = (MessageId::new(id), MessageId::new(message_id));
        let options = options.into_iter().map(Secret::new).collect();
        Self { id, message_id, chat, sender, sender_phone, from_me, options, t_ms }
    }
}

#[derive(Deserialize)]
pub(super) struct AccountShape {
    phone: Option<String>,
    lid: Option<String>,
    pushname: Option<String>,
    platform: Option<String>,
}

impl From<AccountShape> for Account {
    fn from(shape: AccountShape) -> Self {
        let AccountShape { phone, lid, pushname, platform } = shape;
        Self { phone, lid, pushname, platform }
    }
}

#[derive(Deserialize)]
pub(super) struct LimitsShape {
    #[serde(default)]
    new_chats: Option<NewChatsShape>,
    #[serde(default)]
    timelock: Option<TimelockShape>,
}

#[derive(Deserialize)]
struct NewChatsShape {
    status: NewChatsStatusShape,
    #[serde(default)]
    used: Option<u64>,
    #[serde(default)]
    quota: Option<u64>,
    #[serde(default)]
    until_s: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum NewChatsStatusShape {
    FirstWarning,
    SecondWarning,
    Capped,
    #[serde(other)]
    None,
}

#[derive(Deserialize)]
struct TimelockShape {
    kind: String,
    #[serde(default)]
    until_s: Option<u64>,
}

impl From<LimitsShape> for Limits {
    fn from(shape: LimitsShape) -> Self {
        let LimitsShape { new_chats, timelock } = shape;
        Self { new_chats: new_chats.map(NewChats::from), timelock: timelock.map(Timelock::from) }
    }
}

impl From<NewChatsShape> for NewChats {
    fn from(shape: NewChatsShape) -> Self {
        let NewChatsShape { status, used, quota, until_s } = shape;
        let status = match status {
            NewChatsStatusShape::FirstWarning => NewChatsStatus::FirstWarning,
            NewChatsStatusShape::SecondWarning => NewChatsStatus::SecondWarning,
            NewChatsStatusShape::Capped => NewChatsStatus::Capped,
            NewChatsStatusShape::None => NewChatsStatus::None,
        };
        Self { status, used, quota, until_s }
    }
}

impl From<TimelockShape> for Timelock {
    fn from(shape: TimelockShape) -> Self {
        let TimelockShape { kind, until_s } = shape;
        Self { kind, until_s }
    }
}
