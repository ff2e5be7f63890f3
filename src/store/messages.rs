//! The log of messages. Table `messages`: sequence number and part (both big-endian, so that they sort) → a part of the
//! entry as JSON; an entry may be longer than a value may be. Table `message_ids`: WhatsApp's id → sequence number.
//!
//! sled loses only a suffix of what was not flushed, across tables: what a crash can leave is a last entry without its
//! id, which is mended at the next opening.

use std::sync::{Mutex, PoisonError};

use super::StoreError;
use super::engine::Engine;
use super::table::{Table, VALUE_LIMIT};
use crate::domain::log::LoggedMessage;
use crate::domain::message::{Ack, MessageId, PageMessage};
use crate::domain::time::Timestamp;

const NAME: &str = "messages";
const IDS: &str = "message_ids";
const MARKS: &str = "marks";
const FIRST_LINK: &[u8] = b"first_link";
/// The next sequence number, where retention removed the entries that would tell.
const NEXT: &[u8] = b"next";
/// Entries at the end whose ids are looked at when the store opens: more than one batch writes between two flushes.
const MENDED: usize = 1024;

/// What one batch does to the log.
#[derive(Clone, Debug)]
pub enum LogChange {
    Add(Box<LoggedMessage>),
    Amend(Box<PageMessage>, Timestamp),
    Ack(MessageId, Ack, Timestamp),
}

/// An entry with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEntry {
    /// Counts up from 1 in order of arrival.
    pub cursor: u64,
    pub message: LoggedMessage,
}

pub(super) struct Messages {
    entries: Table,
    ids: Table,
    marks: Table,
    /// The next sequence number; the lock keeps a batch in one piece.
    next: Mutex<u64>,
}

impl Messages {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        let (entries, ids, marks) = (engine.table(NAME)?, engine.table(IDS)?, engine.table(MARKS)?);
        let newest = entries.newest_first().next().transpose()?;
        let after_newest = newest.and_then(|(key, _)| sequence(&key)).map_or(1, |sequence| sequence.saturating_add(1));
        let next = number(&marks, NEXT)?.map_or(after_newest, |next| next.max(after_newest));
        let messages = Self { entries, ids, marks, next: Mutex::new(next) };
        messages.mend(next)?;
        Ok(messages)
    }

    fn mend(&self, next: u64) -> Result<(), StoreError> {
        let first = next.saturating_sub(MENDED as u64);
        for cursor in first..next {
            if let Some(message) = self.read(cursor)? {
                self.ids.put(message.id.as_str().as_bytes(), &cursor.to_be_bytes())?;
            }
        }
        Ok(())
    }

    /// Applies a batch; gives the cursor of the newest entry. What is known by its id is not added again.
    pub(super) fn apply(&self, changes: &[LogChange]) -> Result<u64, StoreError> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            match change {
                LogChange::Add(message) => {
                    if self.find(&message.id)?.is_none() {
                        self.write(*next, message)?;
                        self.ids.put(message.id.as_str().as_bytes(), &next.to_be_bytes())?;
                        *next += 1;
                    }
                }
                LogChange::Amend(page, at) => self.change(&page.id, |message| message.amend(page, *at))?,
                LogChange::Ack(id, ack, at) => self.change(id, |message| message.acknowledge(*ack, *at))?,
            }
        }
        Ok(*next - 1)
    }

    fn change(&self, id: &MessageId, change: impl FnOnce(&mut LoggedMessage) -> bool) -> Result<(), StoreError> {
        let Some(cursor) = self.find(id)? else { return Ok(()) };
        let Some(mut message) = self.read(cursor)? else { return Ok(()) };
        if change(&mut message) { self.write(cursor, &message) } else { Ok(()) }
    }

    pub(super) fn newest(&self) -> u64 {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) - 1
    }

    pub(super) fn find(&self, id: &MessageId) -> Result<Option<u64>, StoreError> {
        number(&self.ids, id.as_str().as_bytes())
    }

    pub(super) fn read(&self, cursor: u64) -> Result<Option<LoggedMessage>, StoreError> {
        let mut bytes = Vec::new();
        for part in 0..=u16::MAX {
            match self.entries.get(&key(cursor, part))? {
                Some(value) => bytes.extend(value),
                None => break,
            }
        }
        Ok(if bytes.is_empty() { None } else { decode(cursor, &bytes) })
    }

    /// The entries after a cursor that are wanted, oldest first, at most `limit`; and how far was looked.
    pub(super) fn after(
        &self,
        cursor: u64,
        limit: usize,
        wanted: &dyn Fn(&LoggedMessage) -> bool,
    ) -> Result<(Vec<LogEntry>, u64), StoreError> {
        let (mut found, newest) = (Vec::new(), self.newest());
        let mut looked = cursor;
        while found.len() < limit && looked < newest {
            // Retention leaves a gap at the front: the next key there is says how far it goes.
            let Some((next, _)) = self.entries.next(Some(&key(looked, u16::MAX)))? else { break };
            let Some(at) = sequence(&next) else { break };
            looked = at;
            if let Some(message) = self.read(at)?.filter(|message| wanted(message)) {
                found.push(LogEntry { cursor: at, message });
            }
        }
        Ok((found, looked))
    }

    /// Removes the entries that arrived before `end`, from the front; at most `limit` of them. Gives how many.
    pub(super) fn sweep(&self, end: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.marks.put(NEXT, &next.to_be_bytes())?;
        let mut swept = 0;
        while swept < limit {
            let Some(cursor) = self.entries.next(None)?.and_then(|(key, _)| sequence(&key)) else { break };
            let message = self.read(cursor)?;
            if message.as_ref().is_some_and(|message| message.received_at >= end) {
                break;
            }
            if let Some(message) = message {
                self.ids.remove(message.id.as_str().as_bytes())?;
            }
            self.cut(cursor, 0)?;
            swept += 1;
        }
        Ok(swept)
    }

    /// When the account was first linked, in seconds since the epoch: nothing older is news.
    pub(super) fn first_link(&self) -> Result<Option<u64>, StoreError> {
        number(&self.marks, FIRST_LINK)
    }

    pub(super) fn set_first_link(&self, seconds: u64) -> Result<(), StoreError> {
        self.marks.put(FIRST_LINK, &seconds.to_be_bytes())
    }

    fn write(&self, cursor: u64, message: &LoggedMessage) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(message).map_err(|source| StoreError::Encoding { table: NAME, source })?;
        let mut parts = 0;
        for (part, chunk) in (0..=u16::MAX).zip(bytes.chunks(VALUE_LIMIT)) {
            self.entries.put(&key(cursor, part), chunk)?;
            parts = part + 1;
        }
        // A shorter form leaves the end of a longer one.
        self.cut(cursor, parts)
    }

    fn cut(&self, cursor: u64, from: u16) -> Result<(), StoreError> {
        for part in from..=u16::MAX {
            let key = key(cursor, part);
            if self.entries.get(&key)?.is_none() {
                break;
            }
            self.entries.remove(&key)?;
        }
        Ok(())
    }
}

fn number(table: &Table, key: &[u8]) -> Result<Option<u64>, StoreError> {
    Ok(table.get(key)?.and_then(|bytes| bytes.as_slice().try_into().ok()).map(u64::from_be_bytes))
}

fn key(cursor: u64, part: u16) -> [u8; 10] {
    let mut key = [0; 10];
    key[..8].copy_from_slice(&cursor.to_be_bytes());
    key[8..].copy_from_slice(&part.to_be_bytes());
    key
}

fn sequence(key: &[u8]) -> Option<u64> {
    key.get(..8)?.try_into().ok().map(u64::from_be_bytes)
}

/// An entry that cannot be read costs that entry.
fn decode(cursor: u64, bytes: &[u8]) -> Option<LoggedMessage> {
    serde_json::from_slice(bytes)
        .inspect_err(|error| tracing::warn!(cursor, kind = ?error.classify(), "skipped a message of the log that cannot be read"))
        .ok()
}
