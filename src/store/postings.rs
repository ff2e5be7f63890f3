//! An index of the messages: for each chat, phone number, client and direction, the places of its messages, in order.
//! Table `postings`: a list's name and the first place of a part of it (big-endian) → the places of that part, each as
//! its distance to the place before (LEB128).
//!
//! A list's name is a letter, the value preceded by its length, and the direction, so that no name is the beginning of
//! another. A query over several lists walks them side by side. The table is derived from the entries and can be
//! rebuilt.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::StoreError;
use super::engine::Engine;
use super::table::Table;
use crate::domain::log::{Direction, LogQuery, LoggedMessage};

const NAME: &str = "postings";
/// The most places in a part: some 100 bytes, which is all that the change of one place writes.
const PART: usize = if cfg!(test) { 4 } else { 64 };

/// The most lists whose last part is held in memory, some 600 bytes each; beyond that, all are dropped and read again.
const TAILS: usize = if cfg!(test) { 3 } else { 4096 };

/// A part's key, and its places.
type Part = (Vec<u8>, Vec<u64>);

pub(super) struct Postings {
    table: Table,
    /// The last parts of lists that grew recently. Only the writer sees them; every batch writes them.
    tails: Mutex<HashMap<Vec<u8>, Tail>>,
}

#[derive(Default)]
struct Tail {
    places: Vec<u64>,
    is_written: bool,
}

impl Postings {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self { table: engine.table(NAME)?, tails: Mutex::default() })
    }

    /// Adds the message at this place to its lists. `before` is its earlier form: only lists that this form lacks are
    /// written.
    pub(super) fn put(
        &self,
        place: u64,
        before: Option<&LoggedMessage>,
        message: &LoggedMessage,
    ) -> Result<(), StoreError> {
        let known = before.map(lists_of).unwrap_or_default();
        lists_of(message).iter().filter(|list| !known.contains(list)).try_for_each(|list| self.insert(list, place))
    }

    pub(super) fn remove(&self, place: u64, message: &LoggedMessage) -> Result<(), StoreError> {
        lists_of(message).iter().try_for_each(|list| {
            self.settle(list)?;
            let Some((key, mut places)) = self.part(list, place)? else { return Ok(()) };
            places.retain(|known| *known != place);
            self.write(list, &[&places], Some(key))
        })
    }

    fn insert(&self, list: &[u8], place: u64) -> Result<(), StoreError> {
        let mut tails = self.tails();
        if !tails.contains_key(list) {
            let places = self.part(list, u64::MAX)?.map(|(_, places)| places).unwrap_or_default();
            tails.insert(list.to_vec(), Tail { places, is_written: true });
        }
        let Some(tail) = tails.get_mut(list) else { return Ok(()) };
        if tail.places.last().is_some_and(|last| *last >= place) {
            drop(tails);
            self.settle(list)?;
            return self.insert_within(list, place);
        }
        if tail.places.len() >= PART {
            self.write_tail(list, tail)?;
            tail.places.clear();
        }
        tail.places.push(place);
        tail.is_written = false;
        Ok(())
    }

    /// Writes the parts that grew since the last batch.
    pub(super) fn write_tails(&self) -> Result<(), StoreError> {
        let mut tails = self.tails();
        tails.iter_mut().try_for_each(|(list, tail)| self.write_tail(list, tail))?;
        if tails.len() > TAILS {
            tails.clear();
        }
        Ok(())
    }

    fn write_tail(&self, list: &[u8], tail: &mut Tail) -> Result<(), StoreError> {
        if !tail.is_written
            && let Some(first) = tail.places.first()
        {
            self.table.put(&part_key(list, *first), &encode(&tail.places))?;
            tail.is_written = true;
        }
        Ok(())
    }

    /// Writes the last part of a list, and drops it from memory.
    fn settle(&self, list: &[u8]) -> Result<(), StoreError> {
        let tail = self.tails().remove(list);
        tail.map_or(Ok(()), |mut tail| self.write_tail(list, &mut tail))
    }

    fn tails(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Tail>> {
        self.tails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Inserts a place that is not behind the last place of its list.
    fn insert_within(&self, list: &[u8], place: u64) -> Result<(), StoreError> {
        let mut places = self.part(list, place)?.map(|(_, places)| places).unwrap_or_default();
        let Err(at) = places.binary_search(&place) else { return Ok(()) };
        places.insert(at, place);
        let later = match places.len() {
            0..=PART => Vec::new(),
            // Nearly all places come at the end, so a part that overflows there stays full; in the middle it is
            // halved.
            length => places.split_off(if at + 1 == length { at } else { PART / 2 }),
        };
        self.write(list, &[&places, &later], None)
    }

    /// Writes parts in one batch: a crash leaves all of them or none.
    fn write(&self, list: &[u8], parts: &[&[u64]], removed: Option<Vec<u8>>) -> Result<(), StoreError> {
        let parts = parts.iter().filter_map(|places| Some((part_key(list, *places.first()?), encode(places))));
        let parts: Vec<_> = parts.collect();
        let puts = parts.iter().map(|(key, value)| (key.clone(), value.as_slice()));
        let is_kept = |removed: &Vec<u8>| !parts.iter().any(|(key, _)| key == removed);
        self.table.change(puts, removed.filter(is_kept).into_iter())
    }

    /// The part of a list that contains a place, or would contain it.
    fn part(&self, list: &[u8], place: u64) -> Result<Option<Part>, StoreError> {
        let found = self.table.at_or_before(&part_key(list, place))?;
        Ok(found.filter(|(key, _)| is_of(key, list)).map(|(key, value)| {
            let places = decode(&key, &value);
            (key, places)
        }))
    }

    /// The part after a place.
    fn part_after(&self, list: &[u8], place: u64) -> Result<Option<Vec<u64>>, StoreError> {
        let found = self.table.next(Some(&part_key(list, place)))?;
        Ok(found.filter(|(key, _)| is_of(key, list)).map(|(key, value)| decode(&key, &value)))
    }

    /// The places of the messages that a query selects.
    pub(super) fn matching(&self, query: &LogQuery) -> Matching<'_> {
        let directions =
            query.direction.map_or_else(|| vec![Direction::In, Direction::Out], |direction| vec![direction]);
        let lists = |letters: &[u8], value: &str| {
            let named = letters.iter().flat_map(|letter| directions.iter().map(|way| list_name(*letter, value, *way)));
            Any(named.map(|name| List { postings: self, name, part: Vec::new() }).collect())
        };
        let wanted = [
            (!query.chats.is_empty()).then(|| Any(query.chats.iter().flat_map(|chat| lists(b"cp", chat).0).collect())),
            query.cliente_id.as_deref().map(|cliente| lists(b"k", cliente)),
        ];
        let mut all: Vec<_> = wanted.into_iter().flatten().collect();
        if all.is_empty() {
            all.push(lists(b"a", ""));
        }
        Matching(all)
    }

    /// The place of the newest message.
    pub(super) fn newest(&self) -> Result<Option<u64>, StoreError> {
        let mut newest = None;
        for direction in [Direction::In, Direction::Out] {
            let part = self.part(&list_name(b'a', "", direction), u64::MAX)?;
            newest = newest.max(part.and_then(|(_, places)| places.last().copied()));
        }
        Ok(newest)
    }

    pub(super) fn clear(&self) -> Result<(), StoreError> {
        self.table.clear()
    }
}

/// Places that are in each of several lists.
pub(super) struct Matching<'a>(Vec<Any<'a>>);

impl Matching<'_> {
    /// The first place after `place`. When long lists share few places, the search ends after `steps` steps: the error
    /// is then the place up to which there is no match.
    pub(super) fn after(&mut self, place: u64, steps: &mut usize) -> Result<Option<Result<u64, u64>>, StoreError> {
        let mut from = place.saturating_add(1);
        loop {
            let mut furthest = from;
            for any in &mut self.0 {
                let Some(next) = any.from(furthest)? else { return Ok(None) };
                furthest = next;
            }
            if furthest == from {
                // Every list has this place: the search started here and no list moved it.
                return Ok(Some(Ok(from)));
            }
            from = furthest;
            *steps = steps.saturating_sub(1);
            if *steps == 0 {
                return Ok(Some(Err(from - 1)));
            }
        }
    }
}

impl Matching<'_> {
    /// The last place before `place`, with the same bound as [`Self::after`]: the error is then the place from which on
    /// there is no match.
    pub(super) fn before(&mut self, place: u64, steps: &mut usize) -> Result<Option<Result<u64, u64>>, StoreError> {
        let Some(mut upto) = place.checked_sub(1) else { return Ok(None) };
        loop {
            let mut furthest = upto;
            for any in &mut self.0 {
                let Some(previous) = any.upto(furthest)? else { return Ok(None) };
                furthest = previous;
            }
            if furthest == upto {
                return Ok(Some(Ok(upto)));
            }
            upto = furthest;
            *steps = steps.saturating_sub(1);
            if *steps == 0 {
                return Ok(Some(Err(upto + 1)));
            }
        }
    }
}

/// Places that are in at least one of several lists.
struct Any<'a>(Vec<List<'a>>);

impl Any<'_> {
    /// The first place that is `place` or after it.
    fn from(&mut self, place: u64) -> Result<Option<u64>, StoreError> {
        let mut nearest = None;
        for list in &mut self.0 {
            let next = list.from(place)?;
            nearest = match (nearest, next) {
                (Some(a), Some(b)) => Some(u64::min(a, b)),
                (a, b) => a.or(b),
            };
        }
        Ok(nearest)
    }

    /// The last place that is `place` or before it.
    fn upto(&mut self, place: u64) -> Result<Option<u64>, StoreError> {
        let mut nearest = None;
        for list in &mut self.0 {
            nearest = nearest.max(list.upto(place)?);
        }
        Ok(nearest)
    }
}

struct List<'a> {
    postings: &'a Postings,
    name: Vec<u8>,
    /// The part that was read last.
    part: Vec<u64>,
}

impl List<'_> {
    fn from(&mut self, place: u64) -> Result<Option<u64>, StoreError> {
        let is_within =
            self.part.first().zip(self.part.last()).is_some_and(|(first, last)| *first <= place && place <= *last);
        if !is_within {
            self.part = self.postings.part(&self.name, place)?.map(|(_, places)| places).unwrap_or_default();
            if self.part.last().is_none_or(|last| *last < place) {
                self.part = self.postings.part_after(&self.name, place)?.unwrap_or_default();
            }
        }
        Ok(self.part.get(self.part.partition_point(|known| *known < place)).copied())
    }

    fn upto(&mut self, place: u64) -> Result<Option<u64>, StoreError> {
        let is_within =
            self.part.first().zip(self.part.last()).is_some_and(|(first, last)| *first <= place && place <= *last);
        if !is_within {
            self.part = self.postings.part(&self.name, place)?.map(|(_, places)| places).unwrap_or_default();
        }
        let upto = self.part.partition_point(|known| *known <= place);
        Ok(upto.checked_sub(1).and_then(|at| self.part.get(at)).copied())
    }
}

/// The lists that a message belongs to.
fn lists_of(message: &LoggedMessage) -> Vec<Vec<u8>> {
    let way = message.direction;
    let mut lists = vec![list_name(b'a', "", way), list_name(b'c', &message.chat, way)];
    lists.extend(message.phone.as_deref().map(|phone| list_name(b'p', phone, way)));
    lists.extend(message.cliente_id().map(|cliente| list_name(b'k', cliente, way)));
    lists
}

fn list_name(letter: u8, value: &str, direction: Direction) -> Vec<u8> {
    let way = match direction {
        Direction::In => b'i',
        Direction::Out => b'o',
    };
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[letter], &length[..], value.as_bytes(), &[way]].concat()
}

fn part_key(list: &[u8], first: u64) -> Vec<u8> {
    [list, &first.to_be_bytes()].concat()
}

/// Whether a key belongs to this list.
fn is_of(key: &[u8], list: &[u8]) -> bool {
    key.len() == list.len() + 8 && key.starts_with(list)
}

fn encode(places: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut before = places.first().copied().unwrap_or_default();
    for place in places.iter().skip(1) {
        let mut distance = place - before;
        while distance >= 0x80 {
            bytes.push(u8::try_from(distance & 0x7f).unwrap_or_default() | 0x80);
            distance >>= 7;
        }
        bytes.push(u8::try_from(distance).unwrap_or_default());
        before = *place;
    }
    bytes
}

/// The first place is stored in the key.
fn decode(key: &[u8], bytes: &[u8]) -> Vec<u64> {
    let first = key.last_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first));
    let (mut places, mut before, mut distance, mut shift) = (vec![first], first, 0_u64, 0_u32);
    for byte in bytes {
        distance |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        shift += 7;
        if byte & 0x80 == 0 {
            before = before.saturating_add(distance);
            places.push(before);
            (distance, shift) = (0, 0);
        }
    }
    places
}

#[cfg(test)]
mod tests;
