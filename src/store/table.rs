//! One tree of the store, and the limits on its values.

use std::path::{Path, PathBuf};

use super::StoreError;

/// The largest value in bytes; a longer value must be spread over several keys.
///
/// sled moves a whole page of more than 128 KiB (a quarter of its log's segment) into a file under `blobs/` that it
/// never syncs. A page splits above 16 entries and may carry 10 changes more until it is rewritten: 27 values of 4 KiB
/// fit with their keys, while three of 64 KiB are too many.
pub(super) const VALUE_LIMIT: usize = 4 * 1024;

/// A key and its value.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

pub(super) struct Table {
    name: String,
    tree: sled::Tree,
    /// The folder of the store, for error messages.
    path: PathBuf,
}

impl Table {
    pub(super) fn new(name: &str, tree: sled::Tree, path: &Path) -> Self {
        Self { name: name.to_owned(), tree, path: path.to_owned() }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.tree.get(key).map_err(|error| self.failed(error))?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// Only this method and `change` write values, so that every size is checked and no page grows into a file of its
    /// own.
    pub(super) fn put(&self, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.check(value)?;
        self.tree.insert(key, value).map(drop).map_err(|error| self.failed(error))
    }

    /// Writes and removes several values: a crash leaves all of these changes or none.
    pub(super) fn change<'a>(
        &self,
        puts: impl Iterator<Item = (Vec<u8>, &'a [u8])>,
        removals: impl Iterator<Item = Vec<u8>>,
    ) -> Result<(), StoreError> {
        let (puts, removals): (Vec<_>, Vec<_>) = (puts.collect(), removals.collect());
        // A sled batch takes several times as long as a single change.
        match (puts.as_slice(), removals.as_slice()) {
            ([], []) => return Ok(()),
            ([(key, value)], []) => return self.put(key, value),
            ([], [key]) => return self.remove(key),
            _ => {}
        }
        let mut batch = sled::Batch::default();
        for (key, value) in puts {
            self.check(value)?;
            batch.insert(key, value);
        }
        removals.into_iter().for_each(|key| batch.remove(key));
        self.tree.apply_batch(batch).map_err(|error| self.failed(error))
    }

    fn check(&self, value: &[u8]) -> Result<(), StoreError> {
        if value.len() <= VALUE_LIMIT {
            return Ok(());
        }
        Err(StoreError::ValueTooLarge { table: self.name.clone(), bytes: value.len(), limit: VALUE_LIMIT })
    }

    pub(super) fn remove(&self, key: &[u8]) -> Result<(), StoreError> {
        self.tree.remove(key).map(drop).map_err(|error| self.failed(error))
    }

    /// The first entry whose key sorts after `after`, or the first of all.
    pub(super) fn next(&self, after: Option<&[u8]>) -> Result<Option<Entry>, StoreError> {
        let found = match after {
            Some(key) => self.tree.get_gt(key),
            None => self.tree.first(),
        };
        let found = found.map_err(|error| self.failed(error))?;
        Ok(found.map(|(key, value)| (key.to_vec(), value.to_vec())))
    }

    /// The last entry whose key equals `key` or sorts before it.
    pub(super) fn at_or_before(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        let found = match self.tree.get(key).map_err(|error| self.failed(error))? {
            Some(value) => Some((key.to_vec(), value.to_vec())),
            None => {
                let before = self.tree.get_lt(key).map_err(|error| self.failed(error))?;
                before.map(|(key, value)| (key.to_vec(), value.to_vec()))
            }
        };
        Ok(found)
    }

    /// Removes everything.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        self.tree.clear().map_err(|error| self.failed(error))
    }

    /// All entries, from the greatest key down.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = Result<(sled::IVec, sled::IVec), StoreError>> {
        self.tree.iter().rev().map(|entry| entry.map_err(|error| self.failed(error)))
    }

    /// The keys below `end`, in order.
    pub(super) fn keys_below(&self, end: &[u8]) -> impl Iterator<Item = Result<sled::IVec, StoreError>> {
        self.tree.range(..end.to_vec()).keys().map(|key| key.map_err(|error| self.failed(error)))
    }

    /// Reads every entry.
    pub(super) fn verify(&self) -> Result<(), StoreError> {
        self.tree.iter().try_for_each(|entry| entry.map(drop)).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: sled::Error) -> StoreError {
        StoreError::sled(&self.path, error)
    }
}
