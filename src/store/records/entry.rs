//! An entry of the log: tables `messages` and `packed`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::happening::StoredHappening;
use super::history::{StoredRevocation, StoredVersion};
use super::media::StoredMedia;
use super::origin::StoredOrigin;
use super::values::{StoredTime, StoredVia};
use crate::domain::history::{History, Revocation, Version};
use crate::domain::log::{Direction, LoggedMessage};
use crate::domain::media::Media;
use crate::domain::message::{Ack, Details, MessageId};
use crate::domain::secret::Secret;
use crate::store::entries::Record;

/// An event has the field `event`, which no message has.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(in crate::store) enum StoredEntry {
    Happening(StoredHappening),
    Message(Box<StoredMessage>),
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredMessage {
    id: String,
    direction: StoredDirection,
    chat: String,
    phone: Option<String>,
    author: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    body: String,
    media: Option<StoredMedia>,
    quoted: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author_phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author_lid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subtype: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edited_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error_code: Option<i64>,
    timestamp: StoredTime,
    received_at: StoredTime,
    recovered: bool,
    ack: i8,
    acks: Vec<(i8, StoredTime)>,
    edited_at: Option<StoredTime>,
    revoked_at: Option<StoredTime>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    versions: Vec<StoredVersion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revocation: Option<StoredRevocation>,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    sent_by_us: Option<StoredOrigin>,
    #[serde(default, skip_serializing_if = "StoredVia::is_web")]
    source: StoredVia,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredDirection {
    In,
    Out,
}

impl From<Record> for StoredEntry {
    fn from(record: Record) -> Self {
        match record {
            Record::Happening(happening) => Self::Happening(happening.into()),
            Record::Message(message) => Self::Message(Box::new((*message).into())),
        }
    }
}

impl From<StoredEntry> for Record {
    fn from(stored: StoredEntry) -> Self {
        match stored {
            StoredEntry::Happening(happening) => Self::Happening(happening.into()),
            StoredEntry::Message(message) => Self::Message(Box::new((*message).into())),
        }
    }
}

impl From<LoggedMessage> for StoredMessage {
    fn from(message: LoggedMessage) -> Self {
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
            edited_ms,
            error_code,
            timestamp,
            received_at,
            recovered,
            ack,
            acks,
            edited_at,
            revoked_at,
            history: History { versions, revocation },
            account,
            sent_by_us,
            source,
        } = message;
        Self {
            id: id.into_string(),
            direction: direction.into(),
            chat,
            phone,
            author,
            name,
            kind,
            body: body.into_revealed(),
            media: media.map(StoredMedia::from),
            quoted,
            lid,
            author_phone,
            author_lid,
            subtype,
            data: data.map(|Details(data)| data),
            edited_ms,
            error_code,
            timestamp: timestamp.into(),
            received_at: received_at.into(),
            recovered,
            ack: ack.level(),
            acks: acks.into_iter().map(|(ack, at)| (ack.level(), at.into())).collect(),
            edited_at: edited_at.map(StoredTime::from),
            revoked_at: revoked_at.map(StoredTime::from),
            versions: versions.into_iter().map(StoredVersion::from).collect(),
            revocation: revocation.map(StoredRevocation::from),
            account,
            sent_by_us: sent_by_us.map(StoredOrigin::from),
            source: source.into(),
        }
    }
}

impl From<StoredMessage> for LoggedMessage {
    fn from(stored: StoredMessage) -> Self {
        let StoredMessage {
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
            edited_ms,
            error_code,
            timestamp,
            received_at,
            recovered,
            ack,
            acks,
            edited_at,
            revoked_at,
            versions,
            revocation,
            account,
            sent_by_us,
            source,
        } = stored;
        Self {
            id: MessageId::new(id),
            direction: direction.into(),
            chat,
            phone,
            author,
            name,
            kind,
            body: Secret::new(body),
            media: media.map(Media::from),
            quoted,
            lid,
            author_phone,
            author_lid,
            subtype,
            data: data.map(Details),
            edited_ms,
            error_code,
            timestamp: timestamp.into(),
            received_at: received_at.into(),
            recovered,
            ack: Ack::new(ack),
            acks: acks.into_iter().map(|(ack, at)| (Ack::new(ack), at.into())).collect(),
            edited_at: edited_at.map(Into::into),
            revoked_at: revoked_at.map(Into::into),
            history: History {
                versions: versions.into_iter().map(Version::from).collect(),
                revocation: revocation.map(Revocation::from),
            },
            account,
            sent_by_us: sent_by_us.map(Into::into),
            source: source.into(),
        }
    }
}

impl From<Direction> for StoredDirection {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::In => Self::In,
            Direction::Out => Self::Out,
        }
    }
}

impl From<StoredDirection> for Direction {
    fn from(stored: StoredDirection) -> Self {
        match stored {
            StoredDirection::In => Self::In,
            StoredDirection::Out => Self::Out,
        }
    }
}
