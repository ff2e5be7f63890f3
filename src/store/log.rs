//! The log of messages as others use it.

use std::sync::Arc;

use super::messages::{LogChange, LogEntry};
use super::{Store, StoreError};
use crate::domain::log::{Direction, LoggedMessage};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Entries after this one.
    pub after: u64,
    pub limit: usize,
    pub direction: Option<Direction>,
    /// `user@server`, or the other side's phone digits.
    pub chat: Option<String>,
}

impl LogQuery {
    fn wants(&self, message: &LoggedMessage) -> bool {
        let direction = self.direction.is_none_or(|direction| direction == message.direction);
        let chat = self.chat.as_ref().is_none_or(|chat| *chat == message.chat || Some(chat) == message.phone.as_ref());
        direction && chat
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct LogPage {
    /// Oldest first.
    pub items: Vec<LogEntry>,
    /// Where the next page begins.
    pub next: u64,
}

impl Store {
    /// Applies a batch and makes it durable; gives the cursor of the newest entry.
    pub async fn log(&self, changes: Arc<Vec<LogChange>>) -> Result<u64, StoreError> {
        self.with(move |tables| {
            let newest = tables.messages.apply(&changes)?;
            tables.engine.flush()?;
            Ok(newest)
        })
        .await
    }

    pub async fn logged(&self, query: LogQuery) -> Result<LogPage, StoreError> {
        self.with(move |tables| {
            let (items, next) = tables.messages.after(query.after, query.limit, &|message| query.wants(message))?;
            Ok(LogPage { items, next })
        })
        .await
    }

    pub async fn logged_message(&self, id: MessageId) -> Result<Option<LogEntry>, StoreError> {
        self.with(move |tables| {
            let Some(cursor) = tables.messages.find(&id)? else { return Ok(None) };
            Ok(tables.messages.read(cursor)?.map(|message| LogEntry { cursor, message }))
        })
        .await
    }

    /// The newest entry there is.
    pub async fn newest_logged(&self) -> Result<Option<LogEntry>, StoreError> {
        self.with(|tables| {
            let cursor = tables.messages.newest();
            Ok(tables.messages.read(cursor)?.map(|message| LogEntry { cursor, message }))
        })
        .await
    }

    /// When the account was first linked, in seconds since the epoch; `now` where that is only just known.
    pub async fn first_link(&self, now: u64) -> Result<u64, StoreError> {
        self.with(move |tables| match tables.messages.first_link()? {
            Some(mark) => Ok(mark),
            None => {
                tables.messages.set_first_link(now)?;
                tables.engine.flush()?;
                Ok(now)
            }
        })
        .await
    }

    /// Removes up to `limit` entries that arrived before `end`; gives how many.
    pub async fn sweep_log(&self, end: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.with(move |tables| {
            let swept = tables.messages.sweep(end, limit)?;
            tables.engine.flush()?;
            Ok(swept)
        })
        .await
    }
}

#[cfg(test)]
mod tests;
