//! What is written to the log, and what it holds.

use serde::{Deserialize, Serialize};

use super::marks::Place;
use crate::domain::event::Happening;
use crate::domain::log::LoggedMessage;
use crate::domain::message::{Ack, MessageId, PageMessage, Reaction, Vote};
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
