//! An index of another table by age: milliseconds since the epoch (big-endian) and the key in that table → nothing. It
//! finds expired records without reading the others.
//!
//! The index entry is written before the record and removed after it: an index entry without a record does no harm,
//! but a record without an index entry would stay for ever. A record that was rewritten may have an older index entry
//! besides its current one; the older entry has no meaning.

use super::StoreError;
use super::engine::Engine;
use super::table::Table;
use crate::domain::time::Timestamp;

pub(super) struct ByAge(Table);

impl ByAge {
    pub(super) fn open(engine: &Engine, name: &str) -> Result<Self, StoreError> {
        Ok(Self(engine.table(name)?))
    }

    pub(super) fn put(&self, since: Timestamp, key: &[u8]) -> Result<(), StoreError> {
        self.0.put(&age_key(since, key), &[])
    }

    /// The keys, the newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = Result<Vec<u8>, StoreError>> {
        self.0.newest_first().map(|entry| entry.map(|(key, _)| key.get(8..).unwrap_or_default().to_vec()))
    }

    pub(super) fn remove(&self, since: Timestamp, key: &[u8]) -> Result<(), StoreError> {
        self.0.remove(&age_key(since, key))
    }

    /// Passes every key from before `end` to `forget`, at most `limit`; returns how many.
    pub(super) fn sweep(
        &self,
        end: Timestamp,
        limit: usize,
        mut forget: impl FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<usize, StoreError> {
        let mut swept = 0;
        for past in self.0.keys_below(&end.as_millis().to_be_bytes()).take(limit) {
            let past = past?;
            if let Some(key) = past.get(8..) {
                forget(key)?;
            }
            self.0.remove(&past)?;
            swept += 1;
        }
        Ok(swept)
    }
}

fn age_key(since: Timestamp, key: &[u8]) -> Vec<u8> {
    [&since.as_millis().to_be_bytes()[..], key].concat()
}
