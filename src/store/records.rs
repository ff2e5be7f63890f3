//! What is written to the log, and what it holds.

use serde::{Deserialize, Serialize};

use super::marks::Place;
use crate::domain::event::Happening;
use crate::domain::log::LoggedMessage;
use crate::domain::message::{Ack, Details, MessageId, PageMessage, Reaction, Vote};
use crate::domain::time::Timestamp;

/// What one batch does to the log.
#[derive(Clone, Debug)]
pub enum LogChange {
    Add(Box<LoggedMessage>),
    Amend(Box<PageMessage>, Timestamp),
    /// With the number of the server's refusal, where there is one.
    Ack(MessageId, Ack, Option<i64>, Timestamp),
    /// The page took it away: what is undecrypted was no message.
    Withdrawn(MessageId, Timestamp),
    Reacted(Reaction, Timestamp),
    Voted(Vote, Timestamp),
    /// Everything up to there is in the log, with the changes before this one.
    Read(Place),
    /// The phone digits behind a message's chat became known.
    Phone(MessageId, String),
    /// Something that is not about a message.
    Happened(Happening),
}

impl LogChange {
    /// About how many bytes of memory it takes.
    pub fn size(&self) -> usize {
        match self {
            Self::Add(message) => {
                message.body.reveal().len() + message.data.as_ref().map_or(0, Details::size) + CHANGE_SIZE
            }
            Self::Amend(message, _) => message.size(),
            _ => CHANGE_SIZE,
        }
    }
}

/// What a change takes beside words: ids, chats, names.
const CHANGE_SIZE: usize = 1024;

/// An entry as it is stored. What happened has the field `event`, which no message has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Record {
    Happening(Happening),
    Message(Box<LoggedMessage>),
}

impl Record {
    pub(super) fn kept_since(&self) -> Timestamp {
        match self {
            Self::Happening(happening) => happening.at(),
            Self::Message(message) => message.received_at,
        }
    }
}
