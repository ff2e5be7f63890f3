//! What the page answers to calls.

use serde::{Deserialize, Serialize};

use crate::domain::message::{MessageId, PageMessage, Reaction, Vote};

/// A message with its place and its id, before anything has left.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Prepared {
    pub message_id: MessageId,
    /// WhatsApp's own part of the id, to dispatch under.
    pub raw_id: String,
    /// The chat it goes to, `user@server`: under a LID mostly.
    pub chat_id: String,
    /// Somebody has said something there before.
    #[serde(default)]
    pub talked: bool,
    /// The recipient's phone digits, where the page knows them.
    #[serde(default)]
    pub phone: Option<String>,
    /// WhatsApp's limit that holds for this chat now.
    #[serde(default)]
    pub restricted: Option<Restricted>,
}

/// What the page knows of a recipient without asking WhatsApp's server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Known {
    /// None: the number has to be looked up.
    pub chat_id: Option<String>,
    #[serde(default)]
    pub talked: bool,
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub restricted: Option<Restricted>,
}

/// A limit of WhatsApp's on first messages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Restricted {
    /// `new_chats` or `timelock`.
    pub kind: String,
    /// Its end, in seconds since the epoch.
    #[serde(default)]
    pub until_s: Option<u64>,
}

/// What became of a message that was to be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resent {
    /// The page sends it again, under the same id.
    Resent,
    /// WhatsApp's server has it already.
    Sent,
    /// The page is sending it.
    Pending,
    /// The page does not hold it, which proves nothing.
    Absent,
}

/// The answer to a look-up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Found {
    /// None: not on WhatsApp.
    pub chat_id: Option<String>,
    #[serde(default)]
    pub lid: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
}

/// A row of the page's table of messages. `message` is None for a notice, or where the row cannot be read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Row {
    pub row: u64,
    pub id: MessageId,
    #[serde(default)]
    pub message: Option<PageMessage>,
}

/// The newest row, and whose table it is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Head {
    pub device: Option<String>,
    pub row: Option<u64>,
    pub id: Option<MessageId>,
}

/// Rows in order, from after a place on.
#[derive(Clone, Debug, Deserialize)]
pub struct Rows {
    pub device: Option<String>,
    /// The row at the place itself, as it is now.
    pub first: Option<RowKey>,
    pub rows: Vec<Row>,
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RowKey {
    pub row: u64,
    pub id: MessageId,
}

/// Rows from the newest backwards.
#[derive(Clone, Debug, Deserialize)]
pub struct RowsBack {
    pub rows: Vec<Row>,
    pub more: bool,
    /// Where the next part begins.
    #[serde(default)]
    pub next: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ById {
    pub messages: Vec<PageMessage>,
    pub missing: Vec<MessageId>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Addons {
    pub reactions: Vec<Reaction>,
    pub votes: Vec<Vote>,
}

/// A part of what the page remembers in its chats: asked for only where its table cannot be read.
#[derive(Clone, Debug, Deserialize)]
pub struct History {
    pub messages: Vec<PageMessage>,
    /// Where the next part begins, if there is more.
    pub next: usize,
    pub more: bool,
    /// Not all of it could be loaded or told; what is missing may belong before what was told.
    pub partial: bool,
}

/// What the service needs of the page, and in which of its modules each was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Table {
    pub version: Option<String>,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub name: String,
    /// What does not work without it.
    pub breaks: String,
    /// The module it was found in; None where it is missing.
    pub found: Option<String>,
    /// The modules it is looked for in, in this order.
    pub modules: Vec<String>,
}
