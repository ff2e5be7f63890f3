//! What the page tells besides messages: calls, changes of groups, new names of people, chats that were read.

use super::call::Call;
use super::message::MessageId;
use super::secret::Secret;

#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    Call(Call),
    Group(GroupChange),
    Contact(ContactChange),
    Read(ChatRead),
}

impl Notice {
    /// The chat that the notice belongs to; None for a person's name.
    pub fn chat(&self) -> Option<&str> {
        match self {
            Self::Call(call) => Some(call.group.as_deref().unwrap_or(&call.peer)),
            Self::Group(change) => Some(&change.group),
            Self::Contact(_) => None,
            Self::Read(read) => Some(&read.chat),
        }
    }

    /// Seconds since the epoch, by WhatsApp's server where it says so.
    pub fn t(&self) -> u64 {
        match self {
            Self::Call(call) => call.t,
            Self::Group(change) => change.t,
            Self::Contact(change) => change.t,
            Self::Read(read) => read.t,
        }
    }

    /// The approximate size of its texts in memory, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Group(change) => {
                change.value.as_ref().map_or(0, |value| value.reveal().len()) + change.people.len() * PERSON_SIZE
            }
            Self::Call(_) | Self::Contact(_) | Self::Read(_) => 0,
        }
    }
}

/// The size of a person's ids.
const PERSON_SIZE: usize = 128;

/// Somebody in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// As the group names the person, `user@server`.
    pub id: String,
    pub phone: Option<String>,
    pub lid: Option<String>,
}

/// Somebody changed a group, or who is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupChange {
    /// WhatsApp's id of the notice.
    pub id: MessageId,
    pub group: String,
    /// `add`, `remove`, `leave`, `join`, `promote`, `demote`, `subject`…
    pub what: String,
    /// None if WhatsApp itself made the change, or does not say who did.
    pub author: Option<Person>,
    /// Those whom it concerns.
    pub people: Vec<Person>,
    /// The new subject or description; `on` or `off` for a switch.
    pub value: Option<Secret>,
    pub t: u64,
}

/// Somebody chose another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactChange {
    /// `user@server`.
    pub id: String,
    pub phone: Option<String>,
    pub lid: Option<String>,
    pub pushname: String,
    pub t: u64,
}

/// A chat was read on a device of this account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRead {
    pub chat: String,
    pub phone: Option<String>,
    pub lid: Option<String>,
    /// How many messages are still unread.
    pub unread: u32,
    pub t: u64,
}
