//! The last reported state of each reaction, each vote in a poll and each notice, because the page reports the same state
//! again and again. Table `addons`: `r` or `v`, the message's id, a zero byte and the sender → the time of the reaction or
//! vote and the time of the report (milliseconds since the epoch, both big-endian), a hash of the content, and the
//! place of the event in the log. A reaction has one such key for each name of the sender: the id, and the phone digits, by which
//! the Cloud API names people. The message's id is that of the log's entry. Notices have
//! the key `c` and a call's id, `g` with the group and the id of its change, or `n` and a person; a call has the rank of its
//! status in the place of the time. Table
//! `addons_by_age`: see `age`.

use sha2::{Digest, Sha256};

use super::StoreError;
use super::age::ByAge;
use super::engine::Engine;
use super::table::Table;
use crate::domain::message::{MessageId, Reaction, Vote};
use crate::domain::notice::Notice;
use crate::domain::time::Timestamp;

const NAME: &str = "addons";
/// Where in a value the place in the log begins.
const PLACE: usize = 48;
/// The most people whose reactions or votes of one message are read.
const PEOPLE_MAX: usize = 1024;

#[derive(Clone, Copy)]
pub(super) enum Addon {
    Reaction,
    Vote,
}

impl Addon {
    fn letter(self) -> char {
        match self {
            Self::Reaction => 'r',
            Self::Vote => 'v',
        }
    }
}

pub(super) struct Addons {
    table: Table,
    by_age: ByAge,
}

impl Addons {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self { table: engine.table(NAME)?, by_age: ByAge::open(engine, "addons_by_age")? })
    }

    /// Whether the reaction is news; it is stored as known. `phone` is that of who reacted, where it is known, and `told_as` the id
    /// by which the message was named.
    pub(super) fn is_new_reaction(
        &self,
        reaction: &Reaction,
        phone: Option<&str>,
        told_as: &MessageId,
        at: (Timestamp, u64),
    ) -> Result<bool, StoreError> {
        let key = |message: &MessageId, who: &str| format!("r{message}\0{who}");
        let phone = phone.map(|phone| key(&reaction.message_id, phone));
        let keys: Vec<_> = [key(&reaction.message_id, &reaction.sender)].into_iter().chain(phone).collect();
        // A reaction that came before its message, and those of earlier versions.
        let of_before = key(told_as, &reaction.sender);
        let known = self.newest(keys.iter().chain([&of_before]))?;
        self.note(&keys, known, reaction.t_ms, std::iter::once(reaction.emoji.as_str()), at)
    }

    /// The newest value of these keys.
    fn newest<'a>(&self, keys: impl Iterator<Item = &'a String>) -> Result<Option<Vec<u8>>, StoreError> {
        let values = keys.map(|key| self.table.get(key.as_bytes())).collect::<Result<Vec<_>, _>>()?;
        Ok(values.into_iter().flatten().max_by_key(|value| time_of(value)))
    }

    /// Whether the vote is news; it is stored as known.
    pub(super) fn is_new_vote(&self, vote: &Vote, at: Timestamp, place: u64) -> Result<bool, StoreError> {
        let key = format!("v{}\0{}", vote.message_id, vote.sender);
        self.is_new(&key, vote.t_ms, vote.options.iter().map(|option| option.reveal()), (at, place))
    }

    /// Whether the notice is news; it is stored as known. A call is news with each later status, a change of a group
    /// once, a name whenever it differs from the last one. Every chat that is read is news.
    pub(super) fn is_new_notice(&self, notice: &Notice, at: Timestamp, place: u64) -> Result<bool, StoreError> {
        match notice {
            Notice::Call(call) => {
                let key = format!("c{}", call.id);
                self.is_new(&key, call.status.rank(), std::iter::once(call.status.name()), (at, place))
            }
            Notice::Group(change) => {
                // The notice and the page's own record of a change have the same id, and differ in the rest of the key.
                let id = change.id.own_part();
                self.is_new(&format!("g{}\0{id}", change.group), 0, std::iter::once(id), (at, place))
            }
            Notice::Contact(change) => {
                let person = change.lid.as_deref().unwrap_or(&change.id);
                self.is_new(&format!("n{person}"), change.t, std::iter::once(change.pushname.as_str()), (at, place))
            }
            Notice::Read(_) => Ok(true),
        }
    }

    fn is_new<'a>(
        &self,
        key: &str,
        t_ms: u64,
        words: impl Iterator<Item = &'a str>,
        at: (Timestamp, u64),
    ) -> Result<bool, StoreError> {
        let known = self.table.get(key.as_bytes())?;
        self.note(&[key.to_owned()], known, t_ms, words, at)
    }

    /// Whether this differs from what is known; then it is stored under each key.
    fn note<'a>(
        &self,
        keys: &[String],
        known: Option<Vec<u8>>,
        t_ms: u64,
        words: impl Iterator<Item = &'a str>,
        (at, place): (Timestamp, u64),
    ) -> Result<bool, StoreError> {
        let mut hash = Sha256::new();
        let mut is_empty = true;
        for word in words.filter(|word| !word.is_empty()) {
            is_empty = false;
            hash.update(word.len().to_be_bytes());
            hash.update(word);
        }
        let hash = hash.finalize();
        let is_new = match &known {
            Some(known) => t_ms >= time_of(known) && known.get(16..PLACE) != Some(hash.as_slice()),
            // A reaction or vote that was taken back before the service knew of it is not reported.
            None => !is_empty,
        };
        if is_new {
            let value = [&t_ms.to_be_bytes()[..], &at.as_millis().to_be_bytes(), &hash, &place.to_be_bytes()].concat();
            for key in keys {
                self.by_age.put(at, key.as_bytes())?;
                self.table.put(key.as_bytes(), &value)?;
            }
        }
        Ok(is_new)
    }

    /// The places in the log of what is known last of a message, one for each name of a person: its reactions, or its votes.
    pub(super) fn places(&self, kind: Addon, message: &MessageId) -> Result<Vec<u64>, StoreError> {
        let prefix = format!("{}{message}\0", kind.letter()).into_bytes();
        let (mut found, mut after) = (Vec::new(), prefix.clone());
        while let Some((key, value)) = self.table.next(Some(&after))?.filter(|(key, _)| key.starts_with(&prefix)) {
            // Versions before this one stored no place.
            let place = value.get(PLACE..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes);
            found.extend(place);
            if found.len() >= PEOPLE_MAX {
                break;
            }
            after = key;
        }
        Ok(found)
    }

    /// Removes what was reported before `end`, at most `limit` records. Returns how many.
    pub(super) fn sweep(&self, end: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.by_age.sweep(end, limit, |key| {
            let is_old =
                |value: &Vec<u8>| value.get(8..16).is_none_or(|at| at < end.as_millis().to_be_bytes().as_slice());
            if self.table.get(key)?.is_some_and(|value| is_old(&value)) { self.table.remove(key) } else { Ok(()) }
        })
    }
}

/// The time in a value.
fn time_of(value: &[u8]) -> u64 {
    value.get(..8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes)
}
