//! Queries of the log, and the parts of the log that answer them.

use super::{Direction, LoggedMessage};
use crate::domain::event::{Event, LogId};

/// A message with its place in the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// Counts up from 1 in order of arrival.
    pub cursor: u64,
    pub message: LoggedMessage,
}

/// Where a query begins, and which way it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// From the entry after this place towards the newest.
    After(u64),
    /// From the entry before this place towards the oldest.
    Before(u64),
}

impl Default for Span {
    fn default() -> Self {
        Self::After(0)
    }
}

/// The filter of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    pub span: Span,
    pub limit: usize,
    pub direction: Option<Direction>,
    /// Messages of any of these: `user@server`, or the other side's phone digits. Empty: of every chat.
    pub chats: Vec<String>,
    /// The client the messages were sent for.
    pub cliente_id: Option<String>,
}

impl LogQuery {
    /// Whether the filter accepts a message, regardless of its place.
    pub fn wants(&self, message: &LoggedMessage) -> bool {
        let direction = self.direction.is_none_or(|direction| direction == message.direction);
        let is_of = |chat: &String| *chat == message.chat || Some(chat) == message.phone.as_ref();
        let chat = self.chats.is_empty() || self.chats.iter().any(is_of);
        let cliente = self.cliente_id.as_ref().is_none_or(|wanted| message.cliente_id() == Some(wanted));
        direction && chat && cliente
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    /// Oldest first.
    pub items: Vec<LogEntry>,
    /// The newer messages are those after this place.
    pub next: u64,
    /// The older messages are those before this place; None if there are none.
    pub previous: Option<u64>,
}

/// A part of the log with events of every kind.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPage {
    /// Oldest first.
    pub items: Vec<Event>,
    /// The cursor of the next page.
    pub next: u64,
}

/// The extent of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogExtent {
    pub log: LogId,
    /// The first place that retention left, and the last place. In an empty log `oldest` is `newest + 1`.
    pub oldest: u64,
    pub newest: u64,
    /// Messages logged since the store was opened.
    pub received: u64,
    pub sent: u64,
}
