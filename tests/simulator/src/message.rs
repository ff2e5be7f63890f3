//! Messages: as a caller requests them, and as they travel to the page.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message from somebody to the account. Built with [`Incoming::text`] and the methods after it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incoming {
    /// The sender's phone number, digits only. An unknown number is added to WhatsApp.
    pub from: String,
    /// The text; empty for messages without one.
    #[serde(default)]
    pub body: String,
    /// The page's type: `chat`, `image`, `gp2`, `e2e_notification`, ….
    #[serde(rename = "type", default = "Incoming::chat")]
    pub kind: String,
    /// The group in which it is written (`…@g.us`); None for a one-to-one chat.
    #[serde(default)]
    pub group: Option<String>,
    /// The sender's name.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether the page gets the sender's phone number with the message.
    #[serde(default = "Incoming::yes")]
    pub phone_known: bool,
    /// The page gets the phone number only this many milliseconds after the message.
    #[serde(default)]
    pub phone_after_ms: Option<u64>,
    /// The message is `ciphertext` for this many milliseconds before it opens; `u64::MAX` = it never opens.
    #[serde(default)]
    pub ciphertext_ms: Option<u64>,
    /// Unix seconds; None = now.
    #[serde(default)]
    pub t: Option<u64>,
    /// More fields of the page's message model (`caption`, `mimetype`, `subtype`, `isForwarded`, …).
    #[serde(default)]
    pub fields: Map<String, Value>,
}

impl Incoming {
    fn chat() -> String {
        "chat".to_owned()
    }

    fn yes() -> bool {
        true
    }

    /// A text from `from` (digits).
    pub fn text(from: impl Into<String>, body: impl Into<String>) -> Self {
        Self {
            from: from.into(),
            body: body.into(),
            kind: Self::chat(),
            group: None,
            name: None,
            phone_known: true,
            phone_after_ms: None,
            ciphertext_ms: None,
            t: None,
            fields: Map::new(),
        }
    }

    /// Written in the group `…@g.us`.
    #[must_use]
    pub fn in_group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// With another type than `chat`.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = kind.into();
        self
    }

    /// With this sender's name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Without ever telling the page the sender's phone number.
    #[must_use]
    pub fn phone_unknown(mut self) -> Self {
        self.phone_known = false;
        self
    }

    /// With the sender's phone number following `ms` milliseconds after the message.
    #[must_use]
    pub fn phone_after(mut self, ms: u64) -> Self {
        self.phone_after_ms = Some(ms);
        self
    }

    /// Not decrypted for `ms` milliseconds (`u64::MAX` = never).
    #[must_use]
    pub fn ciphertext(mut self, ms: u64) -> Self {
        self.ciphertext_ms = Some(ms);
        self
    }

    /// Sent at `t`, in Unix seconds.
    #[must_use]
    pub fn at(mut self, t: u64) -> Self {
        self.t = Some(t);
        self
    }

    /// With one more field of the page's message model.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(name.into(), value.into());
        self
    }
}

/// A message as the page's model holds it, with its key in parts. Wids are strings (`…@lid`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The bare id, hexadecimal.
    pub id: String,
    /// Sent by the account.
    pub from_me: bool,
    /// The chat.
    pub remote: String,
    /// Who wrote it, in a group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<String>,
    /// The sender (the group itself for a received group message).
    pub from: String,
    /// The receiver.
    pub to: String,
    /// The page's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text.
    #[serde(default)]
    pub body: String,
    /// Unix seconds.
    pub t: u64,
    /// -1 error, 0 clock, 1 server, 2 delivered, 3 read.
    #[serde(default)]
    pub ack: i8,
    /// The sender's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_name: Option<String>,
    /// The identities of those named in the message, as far as the page may know them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Identity>,
    /// When the page gets `known`, in milliseconds after the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_after_ms: Option<u64>,
    /// How many milliseconds the page cannot decrypt the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ciphertext_ms: Option<u64>,
    /// Further fields of the page's model.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub fields: Map<String, Value>,
}

impl Message {
    /// The full key, as the page serializes it: `false_…@lid_HEX[_participant]`.
    pub fn key(&self) -> String {
        let mut key = format!("{}_{}_{}", self.from_me, self.remote, self.id);
        if let Some(participant) = &self.participant {
            key.push('_');
            key.push_str(participant);
        }
        key
    }
}

/// The bare id in a full key (or the bare id itself).
pub(crate) fn bare_id(key: &str) -> &str {
    key.split('_').nth(2).unwrap_or(key)
}

/// A person on WhatsApp: the page knows them by LID, and their phone number may be hidden from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `…@lid`
    pub lid: String,
    /// `…@c.us`
    pub phone: String,
    /// The person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An account on the simulator.
#[derive(Debug, Clone, Serialize)]
pub struct AccountView {
    /// Its phone number, digits only.
    pub phone: String,
    /// `…@lid`
    pub lid: String,
    /// The name it shows to others.
    pub name: Option<String>,
    /// How many devices are linked.
    pub devices: usize,
}

/// One chat of the account as its phone shows it.
#[derive(Debug, Clone, Serialize)]
pub struct ChatView {
    /// `…@lid` or `…@g.us`
    pub chat: String,
    /// The other person's phone number (digits), unless the chat is a group.
    pub phone: Option<String>,
    /// The other person's name, if it is known.
    pub name: Option<String>,
    /// Oldest first.
    pub messages: Vec<Message>,
}
