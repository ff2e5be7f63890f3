//! The events of the log. `store/records` has the form in which they are stored, `journal/wire` the form in which
//! webhooks, `/events` and `/messages` tell them.
//!
//! An event that concerns a message carries the message as it is when the event is read, so an event that is delivered
//! late may already show a later edit.

use super::limits::LimitsChange;
use super::log::LoggedMessage;
use super::media::MediaStatus;
use super::message::{Ack, Reaction, Vote};
use super::notice::Notice;
use super::state::Transition;
use super::time::Timestamp;

/// An entry of the log that is not a message. `of` is the place in the log of the message that the event concerns.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// A message that was stored undecrypted is now readable.
    Opened {
        of: u64,
        at: Timestamp,
    },
    Edited {
        of: u64,
        at: Timestamp,
    },
    Revoked {
        of: u64,
        at: Timestamp,
    },
    Acked {
        of: u64,
        ack: Ack,
        at: Timestamp,
    },
    /// Somebody reacted to a message, or took a reaction back.
    Reacted {
        reaction: Reaction,
        at: Timestamp,
    },
    /// Somebody voted in a poll.
    Voted {
        vote: Vote,
        at: Timestamp,
    },
    /// What the page tells besides messages.
    Noticed {
        notice: Notice,
        at: Timestamp,
    },
    /// The file of a message is there, or will never be.
    File {
        of: u64,
        at: Timestamp,
    },
    Limits(LimitsChange),
    State(Transition),
    Code(CodeShown),
}

impl Happening {
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Opened { at, .. }
            | Self::Edited { at, .. }
            | Self::Revoked { at, .. }
            | Self::Acked { at, .. }
            | Self::Reacted { at, .. }
            | Self::Voted { at, .. }
            | Self::Noticed { at, .. }
            | Self::File { at, .. } => *at,
            Self::Limits(change) => change.at,
            Self::State(step) => step.at,
            Self::Code(code) => code.generated_at,
        }
    }
}

/// A code was shown for scanning. The code itself is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeShown {
    pub attempt: u32,
    pub generated_at: Timestamp,
    pub expires_at: Timestamp,
}

fn is_file_news(before: &LoggedMessage, after: &LoggedMessage) -> bool {
    let status = |message: &LoggedMessage| message.media.as_ref().map(|media| media.status);
    status(before) != status(after) && status(after).is_some_and(MediaStatus::is_told)
}

/// The events that a change of the message at place `of` means for those who follow the log.
pub fn happenings(of: u64, before: &LoggedMessage, after: &LoggedMessage, at: Timestamp) -> Vec<Happening> {
    let opened = before.is_sealed() && !after.is_sealed() && after.revoked_at.is_none();
    let revoked = before.revoked_at.is_none() && after.revoked_at.is_some();
    let found = [
        opened.then_some(Happening::Opened { of, at }),
        (before.edited_at != after.edited_at).then_some(Happening::Edited { of, at }),
        revoked.then_some(Happening::Revoked { of, at }),
        is_file_news(before, after).then_some(Happening::File { of, at }),
        (before.ack != after.ack).then_some(Happening::Acked { of, ack: after.ack, at }),
    ];
    found.into_iter().flatten().collect()
}

/// Distinguishes the logs of two stores: after a damaged store is set aside, the new store counts places from 1 again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogId(pub u32);

/// An event with its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub log: LogId,
    pub cursor: u64,
    pub at: Timestamp,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Message(Box<LoggedMessage>),
    Edited(Box<LoggedMessage>),
    Revoked(Box<LoggedMessage>),
    Acked(Box<LoggedMessage>, Ack),
    Reacted(Box<Reaction>),
    Voted(Box<Vote>),
    Noticed(Box<Notice>),
    File(Box<LoggedMessage>),
    Limits(Box<LimitsChange>),
    State(Transition),
    Code(CodeShown),
}

impl Event {
    /// The same at every delivery of this event, and never reused for another event.
    pub fn id(&self) -> String {
        EventCursor { log: self.log, cursor: self.cursor }.to_string()
    }

    /// Every type of event.
    pub const TYPES: [&'static str; 14] = [
        "message",
        "message.edited",
        "message.revoked",
        "message.ack",
        "message.reaction",
        "message.vote",
        "message.media",
        "call",
        "group.changed",
        "contact.changed",
        "chat.read",
        "limits.changed",
        "session.state",
        "session.qr",
    ];

    pub fn kind(&self) -> &'static str {
        match &self.what {
            What::Message(_) => "message",
            What::Edited(_) => "message.edited",
            What::Revoked(_) => "message.revoked",
            What::Acked(..) => "message.ack",
            What::Reacted(_) => "message.reaction",
            What::Voted(_) => "message.vote",
            What::Noticed(notice) => match &**notice {
                Notice::Call(_) => "call",
                Notice::Group(_) => "group.changed",
                Notice::Contact(_) => "contact.changed",
                Notice::Read(_) => "chat.read",
            },
            What::File(_) => "message.media",
            What::Limits(_) => "limits.changed",
            What::State(_) => "session.state",
            What::Code(_) => "session.qr",
        }
    }

    /// The chat that the event belongs to; None for an event of the session.
    pub fn chat(&self) -> Option<&str> {
        match &self.what {
            What::Reacted(reaction) => Some(&reaction.chat),
            What::Voted(vote) => Some(&vote.chat),
            What::Noticed(notice) => notice.chat(),
            _ => self.message().map(|message| message.chat.as_str()),
        }
    }

    /// The message that the event is about; None for reactions, votes, what is no message, and events of the session.
    pub fn message(&self) -> Option<&LoggedMessage> {
        match &self.what {
            What::Message(message)
            | What::Edited(message)
            | What::Revoked(message)
            | What::Acked(message, _)
            | What::File(message) => Some(message),
            What::Reacted(_) | What::Voted(_) | What::Noticed(_) | What::Limits(_) | What::State(_) | What::Code(_) => {
                None
            }
        }
    }
}

/// A place in one log, as callers send it back: `evt_` with the log's id and the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventCursor {
    pub log: LogId,
    pub cursor: u64,
}

impl std::fmt::Display for EventCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "evt_{:08x}_{}", self.log.0, self.cursor)
    }
}

impl std::str::FromStr for EventCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (log, cursor) = text.strip_prefix("evt_").and_then(|rest| rest.split_once('_')).ok_or(())?;
        let log = u32::from_str_radix(log, 16).map(LogId).map_err(|_| ())?;
        Ok(Self { log, cursor: cursor.parse().map_err(|_| ())? })
    }
}

#[cfg(test)]
mod tests;
