//! The log: messages, and events of messages and of the session, in one sequence of `entries`. Two indexes are derived
//! from the entries: `ids` finds the message of an id, and `postings` lists the messages of a chat, a number, a client
//! or a direction. Table `sealed`: the ids of undecrypted messages that may still open → nothing.
//!
//! sled loses only a suffix of the unflushed writes, across all tables. A crash can therefore leave the last entries
//! without ids and postings, which the next opening adds; or an edit event without the changed message, which the page
//! reports again.

mod cloud;
mod departed;
mod search;
mod sum;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rand::Rng;

use self::departed::Departed;
use super::StoreError;
use super::addons::Addons;
use super::changes::LogChange;
use super::cloud_sends::CloudSends;
use super::engine::Engine;
use super::entries::{Entries, Record};
use super::files::Files;
use super::ids::Ids;
use super::marks::Marks;
use super::origins::Origins;
use super::postings::Postings;
use super::table::Table;
use crate::domain::event::{Happening, LogId, happenings};
use crate::domain::log::{CIPHERTEXT, Direction, LogEntry, LoggedMessage, told_by};
use crate::domain::message::MessageId;
use crate::domain::state::State;
use crate::domain::time::Timestamp;

const UNDECRYPTED: &str = "sealed";

/// The most entries that one read looks at: some 100 ms, so that no other call waits long.
const LOOKED_AT: usize = 10_000;

/// Messages to the Cloud API that a process which died may have handed over a moment before.
const AFTER_A_CRASH: usize = 64;

pub(super) struct Messages {
    entries: Entries,
    ids: Ids,
    postings: Postings,
    undecrypted: Table,
    marks: Marks,
    origins: Origins,
    addons: Addons,
    cloud_sends: CloudSends,
    departed: Departed,
    /// Files of messages.
    files: Files,
    log: AtomicU32,
    /// Messages received and sent since the store was opened.
    added: [AtomicU64; 2],
    /// The next sequence number; its lock makes a batch one step.
    next: Mutex<u64>,
}

impl Messages {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        let entries = Entries::open(engine)?;
        let marks = Marks::open(engine)?;
        let end = entries.end()?;
        let next = marks.next()?.map_or(end, |next| next.max(end));
        let log = match marks.log_id()? {
            Some(log) => log,
            None => {
                let log = LogId(rand::rng().random());
                marks.set_log_id(log)?;
                log
            }
        };
        let messages = Self {
            entries,
            ids: Ids::open(engine)?,
            postings: Postings::open(engine)?,
            undecrypted: engine.table(UNDECRYPTED)?,
            marks,
            origins: Origins::open(engine)?,
            addons: Addons::open(engine)?,
            cloud_sends: CloudSends::open(engine)?,
            departed: Departed::default(),
            files: Files::open(engine)?,
            log: AtomicU32::new(log.0),
            added: Default::default(),
            next: Mutex::new(next),
        };
        messages.index(next)?;
        messages.cloud_sends.open_ones(AFTER_A_CRASH)?.iter().for_each(|message| messages.departed.begin(message));
        Ok(messages)
    }

    /// Adds ids and postings to entries that a crash or an earlier format left without them.
    fn index(&self, next: u64) -> Result<(), StoreError> {
        let mut reader = self.entries.reader();
        let mut at = match self.marks.indexed()? {
            Some(indexed) => indexed.saturating_sub(1),
            None => {
                self.postings.clear()?;
                0
            }
        };
        while let Some(place) = reader.after(at)? {
            if let Some(Record::Message(message)) = reader.read(place)? {
                self.ids.put(&message.id, place)?;
                self.put_key(&message, place)?;
                self.postings.put(place, None, &message)?;
            }
            at = place;
        }
        self.postings.write_tails()?;
        self.marks.set_indexed(next)
    }

    /// Runs after every batch, before its flush.
    pub(super) fn settle(&self) -> Result<u64, StoreError> {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.entries.pack(*next - 1)?;
        self.postings.write_tails()?;
        if self.marks.indexed()? != Some(*next) {
            self.marks.set_indexed(*next)?;
        }
        Ok(*next - 1)
    }

    pub(super) fn id(&self) -> LogId {
        LogId(self.log.load(Ordering::Relaxed))
    }

    /// Gives the log a new id: the log will assign places again that clients know for other entries.
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

    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    pub(super) fn origins(&self) -> &Origins {
        &self.origins
    }

    pub(super) fn departed(&self) -> &Departed {
        &self.departed
    }

    pub(super) fn cloud_sends(&self) -> &CloudSends {
        &self.cloud_sends
    }

    /// Applies a batch. A message whose id is known is not added again.
    pub(super) fn apply(&self, changes: &[LogChange]) -> Result<(), StoreError> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            match change {
                LogChange::Add(message) => self.add(&mut next, message)?,
                LogChange::Amend(page, at) => {
                    self.change(&mut next, &page.id, *at, |message| message.amend(page, *at))?;
                }
                LogChange::Ack(id, ack, code, at) => {
                    self.change(&mut next, id, *at, |message| {
                        message.acknowledge(*ack, *code, told_by(id), *at);
                    })?;
                }
                LogChange::Withdrawn(id, at) => {
                    self.change(&mut next, id, *at, |message| message.withdraw(*at))?;
                }
                LogChange::Reacted(reaction, at) => self.react(&mut next, reaction, *at)?,
                LogChange::Voted(vote, at) => {
                    if self.addons.is_new_vote(vote, *at, *next)? {
                        let (vote, at) = (vote.clone(), *at);
                        self.append(&mut next, &Record::Happening(Happening::Voted { vote, at }))?;
                    }
                }
                LogChange::Noticed(notice, at) => {
                    if self.addons.is_new_notice(notice, *at, *next)? {
                        let (notice, at) = ((**notice).clone(), *at);
                        self.append(&mut next, &Record::Happening(Happening::Noticed { notice, at }))?;
                    }
                }
                LogChange::File(id, status, sha256, at) => {
                    self.change(&mut next, id, *at, |message| message.file(*status, *sha256))?;
                }
                LogChange::FileTooLarge(id, size, at) => {
                    let mark = |message: &mut LoggedMessage| {
                        message.media.iter_mut().for_each(|media| media.set_too_large(*size))
                    };
                    self.change(&mut next, id, *at, mark)?;
                }
                LogChange::Read(place) => self.marks.set_place(place)?,
                LogChange::Phone(id, digits) => {
                    let at = Timestamp::from_millis(0);
                    self.change(&mut next, id, at, |message| message.phone = Some(digits.clone()))?;
                }
                LogChange::Accepted { reference, id, phone, at } => {
                    self.accept(&mut next, reference, id, phone.as_deref(), *at)?;
                }
                LogChange::Happened(happening) => {
                    match happening {
                        Happening::State(step) if step.to == State::QrRequired => self.marks.set_asked_for_phone()?,
                        Happening::Limits(told) => self.marks.set_limits(told)?,
                        _ => {}
                    }
                    self.append(&mut next, &Record::Happening(happening.clone()))?;
                }
            }
        }
        Ok(())
    }

    fn add(&self, next: &mut u64, message: &LoggedMessage) -> Result<(), StoreError> {
        if self.find(&message.id)?.is_some() || self.is_known_otherwise(next, message)? {
            return Ok(());
        }
        let mut message = message.clone();
        message.sent_by_us = self.origin_of(&message)?;
        let (id, place, undecrypted) = (message.id.clone(), *next, message.kind == CIPHERTEXT);
        let direction = usize::from(message.direction == Direction::Out);
        self.files.begin(place, message.media.as_ref())?;
        let record = Record::Message(Box::new(message));
        self.append(next, &record)?;
        if let Record::Message(message) = &record {
            self.ids.put(&id, place)?;
            self.put_key(message, place)?;
            self.postings.put(place, None, message)?;
        }
        if undecrypted {
            self.undecrypted.put(id.as_str().as_bytes(), &[])?;
        }
        self.added[direction].fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn append(&self, next: &mut u64, record: &Record) -> Result<(), StoreError> {
        self.entries.write(*next, record)?;
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
        let Some(LogEntry { cursor, message: before }) = self.find_by_either_id(*next, id)? else { return Ok(()) };
        let mut after = before.clone();
        change(&mut after);
        // The event is written first: after a crash between the two writes the page reports the change again, so no
        // event is lost.
        for happening in happenings(cursor, &before, &after, at) {
            self.append(next, &Record::Happening(happening))?;
        }
        if after == before {
            return Ok(());
        }
        if before.kind == CIPHERTEXT && (after.kind != CIPHERTEXT || after.revoked_at.is_some()) {
            self.undecrypted.remove(before.id.as_str().as_bytes())?;
        }
        self.postings.put(cursor, Some(&before), &after)?;
        self.files.begin(cursor, after.media.as_ref())?;
        let media = after.media.clone();
        self.entries.write(cursor, &Record::Message(Box::new(after)))?;
        self.files.end(cursor, before.media.as_ref(), media.as_ref())
    }

    /// The undecrypted messages that may still open and are not older than `since`.
    pub(super) fn undecrypted(&self, since: Timestamp) -> Result<Vec<MessageId>, StoreError> {
        let mut found = Vec::new();
        let mut after: Option<Vec<u8>> = None;
        while let Some((key, _)) = self.undecrypted.next(after.as_deref())? {
            let id = MessageId::new(String::from_utf8_lossy(&key));
            match self.find(&id)? {
                Some(entry) if entry.message.timestamp < since => {}
                Some(_) => found.push(id),
                // Retention removed the message.
                None => self.undecrypted.remove(&key)?,
            }
            after = Some(key);
        }
        Ok(found)
    }

    /// The newest place that was assigned.
    pub(super) fn newest(&self) -> u64 {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) - 1
    }

    pub(super) fn find(&self, id: &MessageId) -> Result<Option<LogEntry>, StoreError> {
        for cursor in self.ids.find(id)? {
            // A crash may leave an id without its entry, and two ids may have the same hash bytes.
            if let Some(message) = self.message(cursor)?.filter(|message| message.id.is_same_message(id)) {
                return Ok(Some(LogEntry { cursor, message }));
            }
        }
        Ok(None)
    }

    pub(super) fn message(&self, cursor: u64) -> Result<Option<LoggedMessage>, StoreError> {
        Ok(match self.entries.read(cursor)? {
            Some(Record::Message(message)) => Some(*message),
            _ => None,
        })
    }

    /// The entries after a cursor and up to `newest` for which `wanted` gives a value, oldest first, at most `limit`;
    /// and the last place that was looked at. It looks at no more than [`LOOKED_AT`] entries.
    pub(super) fn after<T>(
        &self,
        cursor: u64,
        newest: u64,
        limit: usize,
        wanted: impl Fn(u64, Record) -> Result<Option<T>, StoreError>,
    ) -> Result<(Vec<T>, u64), StoreError> {
        let mut reader = self.entries.reader();
        let (mut found, mut looked) = (Vec::new(), cursor);
        for _ in 0..LOOKED_AT {
            if found.len() >= limit || looked >= newest {
                break;
            }
            // Retention leaves a gap at the front.
            let Some(at) = reader.after(looked)?.filter(|at| *at <= newest) else {
                looked = newest;
                break;
            };
            looked = at;
            if let Some(record) = reader.read(at)? {
                found.extend(wanted(at, record)?);
            }
        }
        Ok((found, looked))
    }

    /// The place of the oldest entry; in an empty log the next place.
    pub(super) fn oldest(&self) -> Result<u64, StoreError> {
        Ok(self.entries.first()?.unwrap_or_else(|| self.newest() + 1))
    }

    /// The newest message.
    pub(super) fn newest_message(&self) -> Result<Option<LogEntry>, StoreError> {
        let Some(cursor) = self.postings.newest()? else { return Ok(None) };
        Ok(self.message(cursor)?.map(|message| LogEntry { cursor, message }))
    }

    /// Removes the entries from before `end` and up to place `through`, from the front, at most `limit`; also up to
    /// `limit` origins and add-ons each. Returns the largest of these counts.
    pub(super) fn sweep(&self, end: Timestamp, through: u64, limit: usize) -> Result<usize, StoreError> {
        self.marks.set_next(self.newest() + 1)?;
        let beside = self.origins.sweep(end, limit)?.max(self.addons.sweep(end, limit)?);
        let beside = beside.max(self.cloud_sends.sweep(end, limit)?);
        let mut reader = self.entries.reader();
        let (mut last, mut messages, mut swept) = (0, Vec::new(), 0);
        while swept < limit
            && let Some(place) = reader.after(last)?.filter(|place| *place <= through)
        {
            let record = reader.read(place)?;
            if record.as_ref().is_some_and(|record| record.kept_since() >= end) {
                break;
            }
            (last, swept) = (place, swept + 1);
            if let Some(Record::Message(message)) = record {
                messages.push((place, message));
            }
        }
        // The entries go first: an entry that a crash leaves without its id would be added a second time.
        self.entries.remove_through(last)?;
        for (place, message) in messages {
            self.ids.remove(&message.id, place)?;
            self.remove_key(&message, place)?;
            self.postings.remove(place, &message)?;
            self.files.end(place, message.media.as_ref(), None)?;
        }
        Ok(swept.max(beside))
    }
}
