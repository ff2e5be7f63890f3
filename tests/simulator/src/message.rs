//! Messages: as a caller asks for one, and as it travels to the page.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A message from somebody to the account. Built with [`Incoming::text`] and the methods after it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incoming {
    /// The sender's phone number, digits only. It need not exist yet: whoever writes is on WhatsApp.
    pub from: String,
    /// The text; empty for messages that have none.
    #[serde(default)]
    pub body: String,
    /// The page's type: `chat`, `image`, `gp2`, `e2e_notification`, ….
    #[serde(rename = "type", default = "Incoming::chat")]
    pub kind: String,
    /// The group it is written in (`…@g.us`), or none for a one-to-one chat.
    #[serde(default)]
    pub group: Option<String>,
    /// The name the sender goes by.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether the page is told the sender's phone number with the message.
    #[serde(default = "Incoming::yes")]
    pub phone_known: bool,
    /// The page is told the phone number only so many milliseconds after the message.
    #[serde(default)]
    pub phone_after_ms: Option<u64>,
    /// The message is `ciphertext` for so many milliseconds before it is itself; `u64::MAX` = for good.
    #[serde(default)]
    pub ciphertext_ms: Option<u64>,
    /// Unix seconds; none = now.
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

    /// Of another type than `chat`.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = kind.into();
        self
    }

    /// From somebody called `name`.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The page never learns the sender's phone number.
    #[must_use]
    pub fn phone_unknown(mut self) -> Self {
        self.phone_known = false;
        self
    }

    /// The page learns the sender's phone number `ms` milliseconds after the message.
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

/// A message as the page's model has it, with its key in parts. Wids are strings (`…@lid`).
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
    /// Who is who among those named in the message, as far as the page may know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Identity>,
    /// When the page learns `known`, in milliseconds after the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_after_ms: Option<u64>,
    /// How long the page cannot decrypt it, in milliseconds.
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

/// A person on WhatsApp: the LID is how the page knows them, the phone may be hidden from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `…@lid`
    pub lid: String,
    /// `…@c.us`
    pub phone: String,
    /// The name they go by.
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
    /// The other's phone number (digits), unless it is a group.
    pub phone: Option<String>,
    /// The other's name, where one is known.
    pub name: Option<String>,
    /// Oldest first.
    pub messages: Vec<Message>,
}
