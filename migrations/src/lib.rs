//! The versions of the store's format and the steps between them.
//!
//! This crate does not know the database: a step works through [`Raw`], which `session-manager` implements over its
//! engine and the tests over a `BTreeMap`.
//!
//! ```text
//!   version 1 ── big_endian_history ──► version 2 ── by_age ──► version 3 = CURRENT
//! ```
//!
//! A new version is a new function in `steps`, one line in `STEPS`, and a test on the bytes of the form before it. The
//! stamp (`meta` / `format`) keeps its place and its encoding in every version, because it identifies the version.

mod steps;
#[cfg(test)]
mod tests;

use std::error::Error;

/// The tree of facts about the store itself.
pub const META: &str = "meta";
/// The key in [`META`] under which the version is kept, as four big-endian bytes.
pub const FORMAT: &[u8] = b"format";

/// The format that this version reads and writes.
pub const CURRENT: u32 = FIRST + STEPS.len() as u32;

const FIRST: u32 = 1;

/// A step from one version to the next. It may be interrupted anywhere and is then run again from its start, so
/// running it on data that it has already changed, completely or in part, must produce the same bytes.
type Step = fn(&dyn Raw) -> Result<(), Cause>;

/// The step at index `i` leads from version `FIRST + i` to the one after it.
const STEPS: &[Step] = &[steps::big_endian_history, steps::by_age];

/// The error of the engine.
pub type Cause = Box<dyn Error + Send + Sync>;

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// The access to the bytes that a step needs. A tree exists as soon as it is named; keys sort as bytes.
pub trait Raw {
    /// The names of the trees; some may be empty.
    fn trees(&self) -> Result<Vec<String>, Cause>;
    fn get(&self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>, Cause>;
    fn insert(&self, tree: &str, key: &[u8], value: &[u8]) -> Result<(), Cause>;
    fn remove(&self, tree: &str, key: &[u8]) -> Result<(), Cause>;
    /// The first entry after the key `after`, or the first of all: this allows a walk that holds one entry at a time
    /// and changes entries on the way.
    fn next(&self, tree: &str, after: Option<&[u8]>) -> Result<Option<Entry>, Cause>;
    /// Returns when everything written so far is on the disk.
    fn flush(&self) -> Result<(), Cause>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The store was empty and now carries the stamp of [`CURRENT`].
    Created,
    /// There was nothing to do.
    UpToDate,
    /// All steps from this version to [`CURRENT`] were run.
    Migrated { from: u32 },
}

#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error(
        "the store has format {found} and this version knows only up to {known}: \
         install the newer version again, or restore a backup made by this one"
    )]
    Newer { found: u32, known: u32 },
    #[error("the store has entries but no stamp of its format")]
    Unstamped,
    #[error("the stamp of the store's format cannot be read: {0:02x?}")]
    UnreadableStamp(Vec<u8>),
    #[error("the store failed while its format was being read or migrated")]
    Access(#[from] Cause),
}

/// Brings the store to [`CURRENT`], step by step.
///
/// Each step is flushed before its stamp is written, and the stamp before the next step, so a crash resumes at the
/// interrupted step.
///
/// # Errors
/// [`MigrationError::Newer`] for a store of a later version, which is left untouched; `Unstamped` and
/// `UnreadableStamp` mean damage; `Access` is an error of the engine.
pub fn migrate(store: &dyn Raw) -> Result<Outcome, MigrationError> {
    let Some(found) = read_stamp(store)? else {
        if !is_empty(store)? {
            return Err(MigrationError::Unstamped);
        }
        stamp(store, CURRENT)?;
        return Ok(Outcome::Created);
    };
    if found == CURRENT {
        return Ok(Outcome::UpToDate);
    }
    for (version, step) in (FIRST..).zip(STEPS).skip_while(|(version, _)| *version < found) {
        step(store)?;
        store.flush()?;
        stamp(store, version + 1)?;
    }
    Ok(Outcome::Migrated { from: found })
}

fn read_stamp(store: &dyn Raw) -> Result<Option<u32>, MigrationError> {
    let Some(bytes) = store.get(META, FORMAT)? else { return Ok(None) };
    let Ok(digits) = <[u8; 4]>::try_from(bytes.as_slice()) else {
        return Err(MigrationError::UnreadableStamp(bytes));
    };
    match u32::from_be_bytes(digits) {
        found if found < FIRST => Err(MigrationError::UnreadableStamp(bytes)),
        found if found > CURRENT => Err(MigrationError::Newer { found, known: CURRENT }),
        found => Ok(Some(found)),
    }
}

fn stamp(store: &dyn Raw, version: u32) -> Result<(), Cause> {
    store.insert(META, FORMAT, &version.to_be_bytes())?;
    store.flush()
}

fn is_empty(store: &dyn Raw) -> Result<bool, Cause> {
    for tree in store.trees()? {
        if store.next(&tree, None)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
