//! What of another table is how old: milliseconds since the epoch (big-endian) and its key → nothing. So those past their time
//! are found without looking at the others.
//!
//! The entry by age is written first and removed last: one without its counterpart costs nothing, while what has none would
//! stay for ever. What was written anew since may have an older entry besides its own, which says nothing any more.

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

    pub(super) fn remove(&self, since: Timestamp, key: &[u8]) -> Result<(), StoreError> {
        self.0.remove(&age_key(since, key))
    }

    /// Gives everything from before a time to `forget`, at most `limit`; how many those were.
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
