//! The answers of the page to calls.

pub mod directory;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::shapes;
use crate::domain::media::BlobId;
use crate::domain::message::{MessageId, PageMessage, Reaction, Vote};

/// A message whose chat and id are fixed, before anything has left.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Prepared {
    #[serde(deserialize_with = "shapes::one::<_, shapes::IdShape, _>")]
    pub message_id: MessageId,
    /// WhatsApp's own part of the id, which `dispatch` needs.
    pub raw_id: String,
    /// The chat that the message goes to, `user@server`: mostly under a LID.
    pub chat_id: String,
    /// The chat holds earlier messages.
    #[serde(default)]
    pub talked: bool,
    /// The recipient's phone digits, where the page knows them.
    #[serde(default)]
    pub phone: Option<String>,
    /// The limit of WhatsApp that applies to this chat now.
    #[serde(default)]
    pub restricted: Option<Restricted>,
}

/// What the page knows of a recipient without asking WhatsApp's server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Known {
    /// None if the number must be looked up.
    pub chat_id: Option<String>,
    #[serde(default)]
    pub talked: bool,
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub restricted: Option<Restricted>,
}

/// A limit of WhatsApp on first messages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Restricted {
    /// `new_chats` or `timelock`.
    pub kind: String,
    /// The end of the limit, in seconds since the epoch.
    #[serde(default)]
    pub until_s: Option<u64>,
}

/// The result of a request to send a message again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resent {
    /// The page sends the message again, under the same id.
    Resent,
    /// WhatsApp's server has the message already.
    Sent,
    /// The page is sending the message.
    Pending,
    /// The page does not hold the message, which proves nothing.
    Absent,
    /// The page holds the message, but no longer all of what describes its file: it is not sent again, and nothing is
    /// proved.
    FileLost,
}

/// The answer to a look-up.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Found {
    /// None if the number is not on WhatsApp.
    pub chat_id: Option<String>,
    #[serde(default)]
    pub lid: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
    /// WhatsApp's server said nothing about the number, which may be on WhatsApp.
    #[serde(default)]
    pub no_answer: bool,
}

/// A person, by what the page has in memory.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Person {
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub lid: Option<String>,
    /// The name in the account's address book.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub pushname: Option<String>,
    #[serde(default)]
    pub verified_name: Option<String>,
    #[serde(default)]
    pub business: bool,
    #[serde(default)]
    pub blocked: bool,
    /// It is the account itself.
    #[serde(default)]
    pub me: bool,
}

/// A row of the page's table of messages. `message` is None for a notice, or if the row cannot be read.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Row {
    pub row: u64,
    #[serde(deserialize_with = "shapes::one::<_, shapes::IdShape, _>")]
    pub id: MessageId,
    #[serde(default, deserialize_with = "shapes::maybe::<_, shapes::MessageShape, _>")]
    pub message: Option<PageMessage>,
}

/// The newest row, and the device that the table belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Head {
    pub device: Option<String>,
    pub row: Option<u64>,
    #[serde(default, deserialize_with = "shapes::maybe::<_, shapes::IdShape, _>")]
    pub id: Option<MessageId>,
}

/// Rows in order, after a given row.
#[derive(Clone, Debug, Deserialize)]
pub struct Rows {
    pub device: Option<String>,
    /// The given row itself, as it is now.
    pub first: Option<RowKey>,
    pub rows: Vec<Row>,
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RowKey {
    pub row: u64,
    #[serde(deserialize_with = "shapes::one::<_, shapes::IdShape, _>")]
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
    #[serde(deserialize_with = "shapes::each::<_, shapes::MessageShape, _>")]
    pub messages: Vec<PageMessage>,
    #[serde(deserialize_with = "shapes::each::<_, shapes::IdShape, _>")]
    pub missing: Vec<MessageId>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Addons {
    #[serde(deserialize_with = "shapes::each::<_, shapes::ReactionShape, _>")]
    pub reactions: Vec<Reaction>,
    #[serde(deserialize_with = "shapes::each::<_, shapes::VoteShape, _>")]
    pub votes: Vec<Vote>,
}

/// A part of the messages that the page remembers in its chats: used only if its table cannot be read.
#[derive(Clone, Debug, Deserialize)]
pub struct History {
    #[serde(deserialize_with = "shapes::each::<_, shapes::MessageShape, _>")]
    pub messages: Vec<PageMessage>,
    /// Where the next part begins, if there is more.
    pub next: usize,
    pub more: bool,
    /// Some messages could not be loaded or described; they may belong before those in `messages`.
    pub partial: bool,
}

/// The capabilities that the service needs of the page, and the module in which each was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Table {
    pub version: Option<String>,
    pub entries: Vec<Entry>,
    /// The functions of the page that the adapter has wrapped, because the page has no event for what they do.
    #[serde(default)]
    pub wrapped: Vec<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    pub name: String,
    /// The feature that fails without this capability.
    pub breaks: String,
    /// The module in which it was found; None if it is missing.
    pub found: Option<String>,
    /// The page fetches it only when somebody uses it: before that its absence is no fault.
    #[serde(default)]
    pub on_demand: bool,
    /// The modules in which the adapter looks for it, in this order.
    pub modules: Vec<String>,
}

/// A file that the page has fetched and keeps.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fetched {
    /// Bytes.
    pub size: u64,
    /// As the message announces it; the page has compared the bytes with it.
    #[serde(deserialize_with = "shapes::parsed")]
    pub sha256: BlobId,
    pub mimetype: Option<String>,
}

/// The end of a request to the account's phone to upload a file again.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Reupload {
    /// The file is there again, at this path of WhatsApp's host.
    Uploaded {
        direct_path: String,
    },
    /// The phone has lost the file, or cannot decrypt the request.
    NotOnPhone,
    Failed,
    /// The phone has not answered in time. It may do so later: a second request waits for the same answer.
    NoAnswer,
}

/// The path is signed: whoever has it can fetch the encrypted file.
impl fmt::Debug for Reupload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uploaded { .. } => "Uploaded",
            Self::NotOnPhone => "NotOnPhone",
            Self::Failed => "Failed",
            Self::NoAnswer => "NoAnswer",
        })
    }
}
