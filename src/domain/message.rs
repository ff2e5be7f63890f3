//! Messages: their ids, how far they got, and what the page says of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::secret::Secret;

/// WhatsApp's id of a message: `fromMe_chat_HEX`, in groups with `_participant`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct MessageId(String);

impl MessageId {
    pub fn new(serialized: impl Into<String>) -> Self {
        Self(serialized.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a message of ours got, as WhatsApp counts it: -1 error, 0 not left, 1 server, 2 delivered, 3 read, 4 played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Ack(i8);

impl Ack {
    /// The page shows a clock: it has not left.
    pub const PENDING: Self = Self(0);
    /// WhatsApp's server has it.
    pub const SERVER: Self = Self(1);

    pub fn new(level: i8) -> Self {
        Self(level)
    }

    pub fn level(self) -> i8 {
        self.0
    }

    pub fn is_failure(self) -> bool {
        self.0 < 0
    }

    pub fn is_sent(self) -> bool {
        self >= Self::SERVER
    }
}

/// A message as the page reports it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PageMessage {
    pub id: MessageId,
    pub from_me: bool,
    /// The chat, `user@server`.
    pub chat: String,
    /// Who wrote it in a group.
    #[serde(default)]
    pub author: Option<String>,
    /// Absent on some system messages.
    #[serde(default)]
    pub from: Option<String>,
    #[serde(default)]
    pub to: Option<String>,
    /// The sender's (received) or recipient's (`from_me`) phone digits, where the page knows them.
    #[serde(default)]
    pub phone: Option<String>,
    /// `chat` is text; `ciphertext` is not decrypted yet.
    #[serde(rename = "kind")]
    pub kind: String,
    pub body: Secret,
    /// The name the sender gave themselves.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub media: Option<Media>,
    /// WhatsApp's own part of the id of the message this one answers.
    #[serde(default)]
    pub quoted: Option<String>,
    /// Seconds since the epoch, by WhatsApp's server.
    pub t: u64,
    pub ack: Ack,
    /// False for history that the page replays after a load.
    pub is_new: bool,
}

/// What there is to know of a picture or a file without fetching it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Media {
    pub mimetype: String,
    /// Bytes.
    pub size: Option<u64>,
    pub filename: Option<String>,
}

/// What happens to messages, in the order the page saw it.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageEvent {
    Added(Box<PageMessage>),
    /// Decrypted, edited or revoked since it was added.
    Changed(Box<PageMessage>),
    Acked(MessageId, Ack),
}
