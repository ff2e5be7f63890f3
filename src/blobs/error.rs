//! Why a file cannot be kept.

use std::io;
use std::path::PathBuf;

use crate::host::disk;

#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("{}", disk::explained(path, source))]
    Io { path: PathBuf, source: io::Error },
    /// The rest of the disk is reserved for messages.
    #[error("the disk of {} is nearly full, and the rest is kept for messages: free some space", path.display())]
    NoRoom { path: PathBuf },
    #[error("the files that are in use take all of MEDIA_QUOTA_MB ({} MB): raise it, or wait until they are sent", quota >> 20)]
    Quota { quota: u64 },
    #[error("the file is larger than {max} bytes")]
    TooLarge { max: u64 },
    #[error("the service is stopping")]
    Stopped,
}

impl BlobError {
    /// Whether the same file can be kept once there is room on the disk.
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::Io { source, .. } => disk::is_full(source),
            Self::NoRoom { .. } => true,
            Self::Quota { .. } | Self::TooLarge { .. } | Self::Stopped => false,
        }
    }
}
