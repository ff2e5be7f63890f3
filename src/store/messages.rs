//! The log: messages, and what happened to them and to the session, in one sequence. Table `messages`: sequence number
//! and part (both big-endian, so that they sort) → a part of the entry as JSON; an entry may be longer than a value may
//! be. Table `message_ids`: WhatsApp's id → sequence number. Table `sealed`: the ids of those that may still open →
//! nothing.
//!
//! sled loses only a suffix of what was not flushed, across tables: what a crash can leave is a last entry without its
//! id, which is mended at the next opening; or that a message was edited and the message not changed yet, which the page
//! says again.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

use rand::Rng;

use super::StoreError;
use super::addons::Addons;
use super::engine::Engine;
use super::marks::Marks;
use super::origins::Origins;
use super::records::{LogChange, Record};
use super::table::{Table, VALUE_LIMIT};
use crate::domain::event::{Happening, LogId, happenings};
use crate::domain::log::{CIPHERTEXT, Direction, LogEntry, LoggedMessage};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

const NAME: &str = "messages";
const IDS: &str = "message_ids";
const UNDECRYPTED: &str = "sealed";
/// Entries at the end whose ids are looked at when the store opens: more than one batch writes between two flushes.
const MENDED: usize = 1024;

/// Entries looked at in one go: some 100 ms, in which no other call waits long.
const LOOKED_AT: usize = 10_000;

pub(super) struct Messages {
    entries: Table,
    ids: Table,
    undecrypted: Table,
    marks: Marks,
    origins: Origins,
    addons: Addons,
    log: AtomicU32,
    /// Received and sent, since the store was opened.
    added: [AtomicU64; 2],
    /// The next sequence number; the lock keeps a batch in one piece.
    next: Mutex<u64>,
    /// Keeps the parts of an entry together for those who read while it is written anew.
    parts: RwLock<()>,
}

impl Messages {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        let (entries, ids, undecrypted) = (engine.table(NAME)?, engine.table(IDS)?, engine.table(UNDECRYPTED)?);
        let marks = Marks::open(engine)?;
        let newest = entries.newest_first().next().transpose()?;
        let after_newest = newest.and_then(|(key, _)| sequence(&key)).map_or(1, |sequence| sequence.saturating_add(1));
        let next = marks.next()?.map_or(after_newest, |next| next.max(after_newest));
        let log = match marks.log_id()? {
            Some(log) => log,
            None => {
                let log = LogId(rand::rng().random());
                marks.set_log_id(log)?;
                log
            }
        };
        let (origins, addons) = (Origins::open(engine)?, Addons::open(engine)?);
        let messages = Self {
            entries,
            ids,
            undecrypted,
            marks,
            origins,
            addons,
            log: AtomicU32::new(log.0),
            added: Default::default(),
            next: Mutex::new(next),
            parts: RwLock::default(),
        };
        messages.mend(next)?;
        Ok(messages)
    }

    fn mend(&self, next: u64) -> Result<(), StoreError> {
        let first = next.saturating_sub(MENDED as u64);
        for cursor in first..next {
            if let Some(message) = self.message(cursor)? {
                self.ids.put(message.id.as_str().as_bytes(), &cursor.to_be_bytes())?;
            }
        }
        Ok(())
    }

    pub(super) fn id(&self) -> LogId {
        LogId(self.log.load(Ordering::Relaxed))
    }

    /// Gives the log another id: its places will be given to others than before.
    pub(super) fn becomes_another(&self) -> Result<(), StoreError> {
        let log = LogId(rand::rng().random());
        self.marks.set_log_id(log)?;
        self.log.store(log.0, Ordering::Relaxed);
        Ok(())
    }

    /// Messages received and sent since the store was opened.
    pub(super) fn added(&self) -> [u64; 2] {
        self.added.each_ref().map(|added| added.load(Ordering::Relaxed))
    }

    pub(super) fn marks(&self) -> &Marks {
        &self.marks
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Applies a batch. What is known by its id is not added again.
    pub(super) fn apply(&self, changes: &[LogChange]) -> Result<(), StoreError> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            match change {
                LogChange::Add(message) => self.add(&mut next, message)?,
                LogChange::Amend(page, at) => {
                    self.change(&mut next, &page.id, *at, |message| message.amend(page, *at))?;
                }
                LogChange::Ack(id, ack, code, at) => {
                    self.change(&mut next, id, *at, |message| message.acknowledge(*ack, *code, *at))?;
                }
                LogChange::Withdrawn(id, at) => {
                    self.change(&mut next, id, *at, |message| message.withdraw(*at))?;
                }
                LogChange::Reacted(reaction, at) => {
                    if self.addons.is_new_reaction(reaction, *at)? {
                        let (reaction, at) = (reaction.clone(), *at);
                        self.append(&mut next, &Record::Happening(Happening::Reacted { reaction, at }))?;
                    }
                }
                LogChange::Voted(vote, at) => {
                    if self.addons.is_new_vote(vote, *at)? {
                        let (vote, at) = (vote.clone(), *at);
                        self.append(&mut next, &Record::Happening(Happening::Voted { vote, at }))?;
                    }
                }
                LogChange::Read(place) => self.marks.set_place(place)?,
                LogChange::Phone(id, digits) => {
                    let at = Timestamp::from_millis(0);
                    self.change(&mut next, id, at, |message| message.phone = Some(digits.clone()))?;
                }
                LogChange::Happened(happening) => self.append(&mut next, &Record::Happening(happening.clone()))?,
            }
        }
        Ok(())
    }

    fn add(&self, next: &mut u64, message: &LoggedMessage) -> Result<(), StoreError> {
        // An id alone, without its entry, is no message.
        if let Some(known) = self.find(&message.id)?
            && self.message(known)?.is_some_and(|known| known.id == message.id)
        {
            return Ok(());
        }
        let mut message = message.clone();
        message.sent_by_us = self.origins.of(&message.id)?;
        let (id, place, undecrypted) = (message.id.clone(), *next, message.kind == CIPHERTEXT);
        let direction = usize::from(message.direction == Direction::Out);
        // The entry first: an id that a crash leaves alone would hide the message for ever.
        self.append(next, &Record::Message(Box::new(message)))?;
        self.ids.put(id.as_str().as_bytes(), &place.to_be_bytes())?;
        if undecrypted {
            self.undecrypted.put(id.as_str().as_bytes(), &[])?;
        }
        self.added[direction].fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn append(&self, next: &mut u64, record: &Record) -> Result<(), StoreError> {
        self.write(*next, record)?;
        *next += 1;
        Ok(())
    }

    fn change(
        &self,
        next: &mut u64,
        id: &MessageId,
        at: Timestamp,
        change: impl FnOnce(&mut LoggedMessage),
    ) -> Result<(), StoreError> {
        let Some(cursor) = self.find(id)? else { return Ok(()) };
        let Some(before) = self.message(cursor)? else { return Ok(()) };
        let mut after = before.clone();
        change(&mut after);
        // What happened first: a crash between the two has the page say it again, and nobody misses it.
        for happening in happenings(cursor, &before, &after, at) {
            self.append(next, &Record::Happening(happening))?;
        }
        if after == before {
            return Ok(());
        }
        if before.kind == CIPHERTEXT && (after.kind != CIPHERTEXT || after.revoked_at.is_some()) {
            self.undecrypted.remove(id.as_str().as_bytes())?;
        }
        self.write(cursor, &Record::Message(Box::new(after)))
    }

    /// The messages that may still open and are not older than `since`.
    pub(super) fn undecrypted(&self, since: Timestamp) -> Result<Vec<MessageId>, StoreError> {
        let mut found = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        while let Some((key, _)) = self.undecrypted.next(after.as_deref())? {
            let id = MessageId::new(String::from_utf8_lossy(&key));
            match self.find(&id)?.map(|cursor| self.message(cursor)).transpose()?.flatten() {
                Some(message) if message.timestamp < since => {}
                Some(_) => found.push(id),
                // Retention took it.
                None => self.undecrypted.remove(&key)?,
            }
            after = Some(key);
        }
        Ok(found)
    }

    pub(super) fn newest(&self) -> u64 {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) - 1
    }

    pub(super) fn find(&self, id: &MessageId) -> Result<Option<u64>, StoreError> {
        let bytes = self.ids.get(id.as_str().as_bytes())?;
        Ok(bytes.and_then(|bytes| bytes.as_slice().try_into().ok()).map(u64::from_be_bytes))
    }

    pub(super) fn message(&self, cursor: u64) -> Result<Option<LoggedMessage>, StoreError> {
        Ok(match self.read(cursor)? {
            Some(Record::Message(message)) => Some(*message),
            _ => None,
        })
    }

    fn read(&self, cursor: u64) -> Result<Option<Record>, StoreError> {
        let mut bytes = Vec::new();
        let whole = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        for part in 0..=u16::MAX {
            match self.entries.get(&key(cursor, part))? {
                Some(value) => bytes.extend(value),
                None => break,
            }
        }
        drop(whole);
        Ok(if bytes.is_empty() { None } else { decode(cursor, &bytes) })
    }

    /// What is wanted of the entries after a cursor and up to `newest`, oldest first, at most `limit`; and how far was
    /// looked. Not at more than [`LOOKED_AT`] of them.
    pub(super) fn after<T>(
        &self,
        cursor: u64,
        newest: u64,
        limit: usize,
        wanted: impl Fn(u64, Record) -> Result<Option<T>, StoreError>,
    ) -> Result<(Vec<T>, u64), StoreError> {
        let mut found = Vec::new();
        let mut looked = cursor;
        for _ in 0..LOOKED_AT {
            if found.len() >= limit || looked >= newest {
                break;
            }
            // Retention leaves a gap at the front: the next key there is says how far it goes.
            let next = self.entries.next(Some(&key(looked, u16::MAX)))?;
            let Some(at) = next.and_then(|(key, _)| sequence(&key)).filter(|at| *at <= newest) else {
                looked = newest;
                break;
            };
            looked = at;
            if let Some(record) = self.read(at)? {
                found.extend(wanted(at, record)?);
            }
        }
        Ok((found, looked))
    }

    /// The oldest entry there is; the next one where there is none.
    pub(super) fn oldest(&self) -> Result<u64, StoreError> {
        let first = self.entries.next(None)?.and_then(|(key, _)| sequence(&key));
        Ok(first.unwrap_or_else(|| self.newest() + 1))
    }

    /// The newest message there is.
    pub(super) fn newest_message(&self) -> Result<Option<LogEntry>, StoreError> {
        for entry in self.entries.newest_first() {
            if let Some(cursor) = sequence(&entry?.0)
                && let Some(message) = self.message(cursor)?
            {
                return Ok(Some(LogEntry { cursor, message }));
            }
        }
        Ok(None)
    }

    /// Removes the entries from before `end`, from the front; at most `limit` of them. Gives how many.
    pub(super) fn sweep(&self, end: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.marks.set_next(*next)?;
        self.origins.sweep(end)?;
        self.addons.sweep(end)?;
        let mut swept = 0;
        while swept < limit {
            let Some(cursor) = self.entries.next(None)?.and_then(|(key, _)| sequence(&key)) else { break };
            let record = self.read(cursor)?;
            if record.as_ref().is_some_and(|record| record.kept_since() >= end) {
                break;
            }
            if let Some(Record::Message(message)) = record {
                self.ids.remove(message.id.as_str().as_bytes())?;
            }
            self.remove(cursor)?;
            swept += 1;
        }
        Ok(swept)
    }

    fn write(&self, cursor: u64, record: &Record) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(record).map_err(|source| StoreError::Encoding { table: NAME, source })?;
        let parts =
            (0..=u16::MAX).zip(bytes.chunks(VALUE_LIMIT)).map(|(part, chunk)| (key(cursor, part).to_vec(), chunk));
        let count = u16::try_from(bytes.len().div_ceil(VALUE_LIMIT)).unwrap_or(u16::MAX);
        // A shorter form leaves the end of a longer one.
        let surplus = self.parts_from(cursor, count)?;
        let _whole = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        self.entries.change(parts, surplus.into_iter())
    }

    fn remove(&self, cursor: u64) -> Result<(), StoreError> {
        let parts = self.parts_from(cursor, 0)?;
        let _whole = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        self.entries.change(std::iter::empty(), parts.into_iter())
    }

    /// The keys of an entry's parts from one on.
    fn parts_from(&self, cursor: u64, from: u16) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = Vec::new();
        for part in from..=u16::MAX {
            let key = key(cursor, part);
            if self.entries.get(&key)?.is_none() {
                break;
            }
            found.push(key.to_vec());
        }
        Ok(found)
    }
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
fn decode(cursor: u64, bytes: &[u8]) -> Option<Record> {
    serde_json::from_slice(bytes)
        .inspect_err(
            |error| tracing::warn!(cursor, kind = ?error.classify(), "skipped an entry of the log that cannot be read"),
        )
        .ok()
}
