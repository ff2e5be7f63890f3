//! The entries of the log by their place. The newest entries are stored separately, which makes them cheap to change:
//! table `messages`, place and part number (both big-endian, so that they sort) → a part of the entry as JSON, because
//! an entry may be longer than a value may be. Older entries are packed: table `packed`, place of the first entry
//! (big-endian) → a block.
//!
//! An entry that changes after it was packed is stored in `messages` again, which is read first. A block is written
//! before its entries are removed from `messages`: a crash between the two leaves both, with the same content.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use super::StoreError;
use super::block::{Block, Packable};
use super::engine::Engine;
use super::records::StoredEntry;
use super::table::{Table, VALUE_LIMIT};
use crate::domain::event::Happening;
use crate::domain::log::LoggedMessage;
use crate::domain::time::Timestamp;

const NAME: &str = "messages";
const PACKED: &str = "packed";
/// How many of the newest entries stay separate: an ack mostly changes an entry within minutes.
const ALONE: u64 = if cfg!(test) { 3 } else { 128 };
/// How many more entries must accumulate before packing starts.
const PACKED_AT: u64 = if cfg!(test) { 4 } else { 64 };
/// The most entries in a block.
const BLOCK: usize = if cfg!(test) { 3 } else { 32 };

/// An entry of the log.
#[derive(Clone, Debug, PartialEq)]
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

pub(super) struct Entries {
    alone: Table,
    packed: Table,
    /// Lets readers see either all old parts or all new parts of an entry.
    parts: RwLock<()>,
    /// Every entry up to this place is packed, or too large to pack.
    packed_to: AtomicU64,
    /// How many entries the last block took: the next block will take about as many.
    fitted: AtomicUsize,
}

impl Entries {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        let (alone, packed) = (engine.table(NAME)?, engine.table(PACKED)?);
        let newest = packed.newest_first().next().transpose()?;
        let packed_to = newest.map(|(_, value)| Block::unpack(&value)).transpose()?.map_or(0, |block| block.last());
        let (packed_to, fitted) = (AtomicU64::new(packed_to), AtomicUsize::new(BLOCK));
        Ok(Self { alone, packed, parts: RwLock::default(), packed_to, fitted })
    }

    /// The place after the newest entry.
    pub(super) fn end(&self) -> Result<u64, StoreError> {
        let alone = self.alone.newest_first().next().transpose()?.and_then(|(key, _)| sequence(&key)).unwrap_or(0);
        Ok(alone.max(self.packed_to.load(Ordering::Relaxed)).saturating_add(1))
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { entries: self, block: None }
    }

    pub(super) fn read(&self, place: u64) -> Result<Option<Record>, StoreError> {
        self.reader().read(place)
    }

    /// The place of the oldest entry.
    pub(super) fn first(&self) -> Result<Option<u64>, StoreError> {
        self.reader().after(0)
    }

    pub(super) fn write(&self, place: u64, record: &Record) -> Result<(), StoreError> {
        let stored = StoredEntry::from(record.clone());
        let bytes = serde_json::to_vec(&stored).map_err(|source| StoreError::Encoding { table: NAME, source })?;
        self.write_alone(place, &bytes)
    }

    fn write_alone(&self, place: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let parts =
            (0..=u16::MAX).zip(bytes.chunks(VALUE_LIMIT)).map(|(part, chunk)| (key(place, part).to_vec(), chunk));
        let count = u16::try_from(bytes.len().div_ceil(VALUE_LIMIT)).unwrap_or(u16::MAX);
        // If the entry became shorter, the last parts of its longer form must go.
        let surplus = self.parts_from(place, count)?;
        let _whole = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        self.alone.change(parts, surplus.into_iter())
    }

    /// Removes all entries up to a place.
    pub(super) fn remove_through(&self, place: u64) -> Result<(), StoreError> {
        while let Some((key, value)) = self.packed.next(None)? {
            let block = Block::unpack(&value)?;
            if block.first() > place {
                break;
            }
            let rest = block.from(place.saturating_add(1));
            let (value, count) = Block::pack(&rest, rest.len())?;
            for (place, bytes) in rest.iter().skip(count) {
                self.write_alone(*place, bytes)?;
            }
            if let Some((first, _)) = rest.first().filter(|_| count > 0) {
                self.packed.put(&first.to_be_bytes(), &value)?;
            }
            self.packed.remove(&key)?;
        }
        while let Some(first) =
            self.alone.next(None)?.and_then(|(key, _)| sequence(&key)).filter(|first| *first <= place)
        {
            self.remove_alone(first)?;
        }
        Ok(())
    }

    /// Packs the older part of the separate entries.
    pub(super) fn pack(&self, newest: u64) -> Result<(), StoreError> {
        loop {
            let packed_to = self.packed_to.load(Ordering::Relaxed);
            if newest.saturating_sub(packed_to) < ALONE + PACKED_AT {
                return Ok(());
            }
            let (entries, looked) = self.unpacked(packed_to, newest - ALONE)?;
            let (value, count) = Block::pack(&entries, self.fitted.load(Ordering::Relaxed).min(BLOCK))?;
            let reached = match entries.get(..count).and_then(|packed| packed.first().zip(packed.last())) {
                Some(((first, _), (last, _))) => {
                    self.packed.put(&first.to_be_bytes(), &value)?;
                    let has_room = value.len() < VALUE_LIMIT * 7 / 8;
                    self.fitted.store(if has_room { count + 2 } else { count }, Ordering::Relaxed);
                    *last
                }
                // There is nothing to pack, or the first entry is too large for a block and stays separate.
                None => entries.first().map_or(looked, |(first, _)| *first),
            };
            // Set before the entries are removed: a reader that finds no separate entry then looks into the blocks.
            self.packed_to.store(reached, Ordering::SeqCst);
            for (place, _) in entries.iter().take(count) {
                self.remove_alone(*place)?;
            }
        }
    }

    /// The separate entries after a place, as many as a block may take, and the last place that was looked at.
    fn unpacked(&self, after: u64, until: u64) -> Result<(Vec<Packable>, u64), StoreError> {
        let (mut found, mut size, mut looked) = (Vec::new(), 0, after);
        while found.len() < BLOCK {
            let next = self.alone.next(Some(&key(looked, u16::MAX)))?.and_then(|(key, _)| sequence(&key));
            let Some(place) = next.filter(|place| *place <= until) else { return Ok((found, until)) };
            let bytes = self.bytes_alone(place)?;
            size += bytes.len();
            if size > super::block::UNPACKED_MAX && !found.is_empty() {
                break;
            }
            found.push((place, bytes));
            looked = place;
        }
        Ok((found, looked))
    }

    fn bytes_alone(&self, place: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        let _whole = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        for part in 0..=u16::MAX {
            match self.alone.get(&key(place, part))? {
                Some(value) => bytes.extend(value),
                None => break,
            }
        }
        Ok(bytes)
    }

    fn remove_alone(&self, place: u64) -> Result<(), StoreError> {
        let parts = self.parts_from(place, 0)?;
        let _whole = self.parts.write().unwrap_or_else(PoisonError::into_inner);
        self.alone.change(std::iter::empty(), parts.into_iter())
    }

    /// The keys of an entry's parts from part `from` on.
    fn parts_from(&self, place: u64, from: u16) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = Vec::new();
        for part in from..=u16::MAX {
            let key = key(place, part);
            if self.alone.get(&key)?.is_none() {
                break;
            }
            found.push(key.to_vec());
        }
        Ok(found)
    }

    /// The block that holds an entry if the entry is packed.
    fn block_of(&self, place: u64) -> Result<Option<Block>, StoreError> {
        let found = self.packed.at_or_before(&place.to_be_bytes())?;
        found.map(|(_, value)| Block::unpack(&value)).transpose()
    }
}

/// Reads entries one after the other and unpacks each block only once.
pub(super) struct Reader<'a> {
    entries: &'a Entries,
    block: Option<Block>,
}

impl Reader<'_> {
    pub(super) fn read(&mut self, place: u64) -> Result<Option<Record>, StoreError> {
        let alone = self.entries.bytes_alone(place)?;
        if !alone.is_empty() {
            return Ok(decode(place, &alone));
        }
        let has = |block: &Block| block.first() <= place && place <= block.last();
        if !self.block.as_ref().is_some_and(has) {
            self.block = self.entries.block_of(place)?;
        }
        Ok(self.block.as_ref().and_then(|block| block.get(place)).and_then(|bytes| decode(place, bytes)))
    }

    /// The place of the first entry after `place`.
    pub(super) fn after(&mut self, place: u64) -> Result<Option<u64>, StoreError> {
        let alone = self.entries.alone.next(Some(&key(place, u16::MAX)))?.and_then(|(key, _)| sequence(&key));
        Ok(alone.into_iter().chain(self.packed_after(place)?).min())
    }

    fn packed_after(&mut self, place: u64) -> Result<Option<u64>, StoreError> {
        if place >= self.entries.packed_to.load(Ordering::SeqCst) {
            return Ok(None);
        }
        let within = |block: &Block| (block.first() <= place).then(|| block.after(place)).flatten();
        if let Some(next) = self.block.as_ref().and_then(within) {
            return Ok(Some(next));
        }
        if let Some(block) = self.entries.block_of(place)?
            && let Some(next) = block.after(place)
        {
            self.block = Some(block);
            return Ok(Some(next));
        }
        let next = self.entries.packed.next(Some(&place.to_be_bytes()))?;
        Ok(next.and_then(|(key, _)| sequence(&key)))
    }
}

fn key(place: u64, part: u16) -> [u8; 10] {
    let mut key = [0; 10];
    key[..8].copy_from_slice(&place.to_be_bytes());
    key[8..].copy_from_slice(&part.to_be_bytes());
    key
}

fn sequence(key: &[u8]) -> Option<u64> {
    key.get(..8)?.try_into().ok().map(u64::from_be_bytes)
}

/// An entry that cannot be decoded is skipped; the others stay readable.
fn decode(place: u64, bytes: &[u8]) -> Option<Record> {
    let stored = serde_json::from_slice::<StoredEntry>(bytes).inspect_err(
        |error| tracing::warn!(place, kind = ?error.classify(), "skipped an entry of the log that cannot be read"),
    );
    stored.ok().map(Record::from)
}
