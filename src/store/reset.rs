//! The marker that the store was started anew after damage. Nothing is sent until an operator agrees: the keys of
//! messages already sent are lost, and a repeated request would send its message twice.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::StoreError;

fn marker(dir: &Path) -> PathBuf {
    dir.join("store.reset")
}

/// Whether sending waits for an operator. If the disk cannot be read, sending waits.
pub(super) fn is_pending(dir: &Path) -> bool {
    marker(dir).try_exists().unwrap_or(true)
}

/// Writes the marker durably, with `why` for the person who reads it.
///
/// # Errors
/// [`StoreError::Io`] or [`StoreError::DiskFull`] if the marker cannot be written.
pub(super) fn announce(dir: &Path, why: &str) -> Result<(), StoreError> {
    leave(dir, &marker(dir), why)
}

/// Writes the marker for a store that is about to be restored from a backup. The restored log will assign places again
/// that clients know for other entries, so the log gets a new id when it is next opened.
///
/// # Errors
/// As [`announce`].
pub fn announce_restored(dir: &Path, why: &str) -> Result<(), StoreError> {
    announce(dir, why)?;
    leave(dir, &restored(dir), why)
}

/// Whether the store was restored from a backup since it was last opened.
pub(super) fn is_restored(dir: &Path) -> bool {
    restored(dir).exists()
}

pub(super) fn forget_restored(dir: &Path) -> io::Result<()> {
    fs::remove_file(restored(dir)).and_then(|()| sync_folder(dir))
}

/// Makes the next opening read the whole store of `dir`.
pub fn check_all(dir: &Path) {
    suspect(dir, "everything is to be read");
}

/// Writes the marker that a part of the store could not be read: the next start reads all of it.
pub(super) fn suspect(dir: &Path, why: &str) {
    if let Err(error) = leave(dir, &suspicion(dir), why) {
        tracing::warn!(%error, "that the store may be damaged could not be noted");
    }
}

pub(super) fn is_suspect(dir: &Path) -> bool {
    suspicion(dir).exists()
}

/// Removes the marker after the store was read whole, or was set aside.
pub(super) fn forget_suspicion(dir: &Path) -> io::Result<()> {
    match fs::remove_file(suspicion(dir)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn suspicion(dir: &Path) -> PathBuf {
    dir.join("store.suspect")
}

fn restored(dir: &Path) -> PathBuf {
    dir.join("store.restored")
}

fn leave(dir: &Path, path: &Path, why: &str) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create(path)?;
        writeln!(file, "{why}")?;
        file.sync_all()?;
        sync_folder(dir)
    };
    write().map_err(|source| StoreError::io(path, source))
}

/// Accepts for `session-manager store accept` that the store in `DATA_DIR` was started anew: a running service sends
/// again from its next request on. Returns whether there was a marker to remove.
///
/// # Errors
/// [`StoreError::Io`] if the marker cannot be removed.
pub fn accept_reset(dir: &Path) -> Result<bool, StoreError> {
    let path = marker(dir);
    let removed = match fs::remove_file(&path) {
        Ok(()) => sync_folder(dir).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    };
    removed.map_err(|source| StoreError::io(&path, source))
}

/// Makes creations, renames and removals in `dir` durable.
pub(super) fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
