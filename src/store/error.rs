//! The errors of the store, by what has to be done about them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use migrations::MigrationError;

use crate::host::disk;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The stored bytes are not the bytes that were written. `Store::open` sets such a store aside and never returns
    /// this.
    #[error("the store is damaged ({0}): restart the service, which sets it aside and starts a new one")]
    Damaged(String),
    /// A later version wrote the store. It is left untouched.
    #[error(transparent)]
    Newer(MigrationError),
    #[error("{}", disk::explained(path, source))]
    DiskFull { path: PathBuf, source: io::Error },
    #[error("{}", disk::explained(path, source))]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is held by another process: stop it first", .0.display())]
    InUse(PathBuf),
    #[error("a value of {bytes} bytes for {table} is too large: the limit is {limit}")]
    ValueTooLarge { table: String, bytes: usize, limit: usize },
    #[error("an entry for {table} cannot be encoded")]
    Encoding { table: &'static str, source: serde_json::Error },
    #[error("{limit} idempotency keys of the last 24 hours are known already: send without one, or wait")]
    TooManyKeys { limit: usize },
    /// The change may still happen later.
    #[error("the disk did not answer within {} s: check it, and restart the service if this stays", waited.as_secs())]
    NoAnswer { waited: Duration },
    #[error("too many writes wait for the disk: try again in a few seconds")]
    Busy,
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the disk is full: the same call works again once there is space.
    pub fn is_disk_full(&self) -> bool {
        matches!(self, Self::DiskFull { .. })
    }

    /// A copy for another caller of the same batch. Only errors that break the engine reach other callers.
    pub(super) fn again(&self) -> Self {
        let copy = |source: &io::Error| io::Error::new(source.kind(), source.to_string());
        match self {
            Self::Damaged(why) => Self::Damaged(why.clone()),
            Self::DiskFull { path, source } => Self::DiskFull { path: path.clone(), source: copy(source) },
            Self::Io { path, source } => Self::Io { path: path.clone(), source: copy(source) },
            Self::InUse(path) => Self::InUse(path.clone()),
            Self::Closed => Self::Closed,
            other => Self::Damaged(other.to_string()),
        }
    }

    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if disk::is_full(&source) { Self::DiskFull { path, source } } else { Self::Io { path, source } }
    }

    pub(super) fn sled(path: &Path, error: sled::Error) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match error {
            // A file that ends too early or holds invalid data is damage, not a failing disk.
            sled::Error::Io(source) if !matches!(source.kind(), InvalidData | InvalidInput | UnexpectedEof) => {
                Self::io(path, source)
            }
            other => Self::Damaged(other.to_string()),
        }
    }

    pub(super) fn migration(path: &Path, error: MigrationError) -> Self {
        match error {
            MigrationError::Newer { .. } => Self::Newer(error),
            MigrationError::Unstamped | MigrationError::UnreadableStamp(_) => Self::Damaged(error.to_string()),
            MigrationError::Access(cause) => match cause.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(other) => Self::io(path, io::Error::other(other)),
            },
        }
    }

    /// Whether the engine is unusable: sled refuses every call after its first failed write.
    pub(super) fn breaks_the_engine(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::DiskFull { .. } | Self::Io { .. })
    }
}
