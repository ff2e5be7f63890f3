//! Parts of the log, as it is read.

use super::{Direction, LoggedMessage};
use crate::domain::event::{Event, LogId};

/// An entry with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// Counts up from 1 in order of arrival.
    pub cursor: u64,
    pub message: LoggedMessage,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Entries after this one.
    pub after: u64,
    pub limit: usize,
    pub direction: Option<Direction>,
    /// `user@server`, or the other side's phone digits.
    pub chat: Option<String>,
    /// Whom they were sent for.
    pub cliente_id: Option<String>,
}

impl LogQuery {
    /// Whether a message is one of them, wherever it is in the log.
    pub fn wants(&self, message: &LoggedMessage) -> bool {
        let direction = self.direction.is_none_or(|direction| direction == message.direction);
        let chat = self.chat.as_ref().is_none_or(|chat| *chat == message.chat || Some(chat) == message.phone.as_ref());
        let cliente = self.cliente_id.as_ref().is_none_or(|wanted| message.cliente_id() == Some(wanted));
        direction && chat && cliente
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    /// Oldest first.
    pub items: Vec<LogEntry>,
    /// Where the next page begins.
    pub next: u64,
}

/// A part of everything that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPage {
    /// Oldest first.
    pub items: Vec<Event>,
    /// Where the next page begins.
    pub next: u64,
}

/// What there is of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogExtent {
    pub log: LogId,
    /// The first place that retention left, and the last; the first is one further where there is none.
    pub oldest: u64,
    pub newest: u64,
    /// Messages since the store was opened.
    pub received: u64,
    pub sent: u64,
}
