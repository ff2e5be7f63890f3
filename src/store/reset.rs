//! The marker that the store was started anew after damage, so that nothing is sent until an operator has agreed:
//! the keys of messages already sent are forgotten, and repeating one would double it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::StoreError;

fn marker(dir: &Path) -> PathBuf {
    dir.join("store.reset")
}

/// Whether sending waits for an operator. A marker that cannot be looked for counts as one.
pub(super) fn is_pending(dir: &Path) -> bool {
    marker(dir).try_exists().unwrap_or(true)
}

/// Leaves the marker, durably, with `why` for whoever looks into it.
///
/// # Errors
/// [`StoreError::Io`] or [`StoreError::DiskFull`] when it cannot be written.
pub(super) fn announce(dir: &Path, why: &str) -> Result<(), StoreError> {
    leave(dir, &marker(dir), why)
}

/// Leaves the marker for a store that is about to be put back from a backup: places of its log that were given since
/// are given again, so the log gets another id when it is opened next.
///
/// # Errors
/// As [`announce`].
pub fn announce_restored(dir: &Path, why: &str) -> Result<(), StoreError> {
    announce(dir, why)?;
    leave(dir, &restored(dir), why)
}

/// Whether the store was put back from a backup since it was opened last.
pub(super) fn is_restored(dir: &Path) -> bool {
    restored(dir).exists()
}

pub(super) fn forget_restored(dir: &Path) -> io::Result<()> {
    fs::remove_file(restored(dir)).and_then(|()| sync_folder(dir))
}

/// Has the store of `dir` read whole when it is opened next.
pub fn check_all(dir: &Path) {
    suspect(dir, "everything is to be read");
}

/// Leaves the marker that something of the store could not be read: the next start reads all of it.
pub(super) fn suspect(dir: &Path, why: &str) {
    if let Err(error) = leave(dir, &suspicion(dir), why) {
        tracing::warn!(%error, "that the store may be damaged could not be noted");
    }
}

pub(super) fn is_suspect(dir: &Path) -> bool {
    suspicion(dir).exists()
}

/// The store was read whole, or is set aside.
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

/// Accepts that the store in `DATA_DIR` was started anew, for `session-manager store accept`: a running service sends
/// again from its next request on. Returns whether there was anything to accept.
///
/// # Errors
/// [`StoreError::Io`] when the marker cannot be removed.
pub fn accept_reset(dir: &Path) -> Result<bool, StoreError> {
    let path = marker(dir);
    let removed = match fs::remove_file(&path) {
        Ok(()) => sync_folder(dir).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    };
    removed.map_err(|source| StoreError::io(&path, source))
}

/// Makes what was created, renamed or removed in `dir` durable.
pub(super) fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
