//! Why the service does not start, and its exit code then.

use std::io;

use crate::blobs::BlobError;
use crate::delivery::DeliveryError;
use crate::host::disk;
use crate::host::instance::InstanceError;
use crate::host::listen::BindError;
use crate::store::StoreError;
use crate::transport::web::browser::ProfileError;

/// `EX_SOFTWARE`: the service did not end in order.
pub const INTERNAL: u8 = 70;

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Instance(#[from] InstanceError),
    #[error("TOKENS_DIR and DATA_DIR are the same folder: set two, or wiping the login wipes the messages")]
    OneFolder,
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blobs(#[from] BlobError),
    #[error("no client for the Cloud API: {0}")]
    Cloud(io::Error),
    #[error("no client for the files of other servers: {0}")]
    Fetcher(io::Error),
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    #[error("stopped while it waited for room on the disk")]
    Stopped,
    #[error("an internal task failed: {0}")]
    Internal(#[from] tokio::task::JoinError),
}

impl StartError {
    /// The exit code for whoever started the service (README, "Exit codes").
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Stopped => 0,
            Self::Bind(_) => 69,
            Self::Instance(InstanceError::Held { .. }) => 75,
            // Only a change of the settings helps against these errors; another attempt does not.
            Self::OneFolder
            | Self::Instance(InstanceError::Io { .. })
            | Self::Profile(_)
            | Self::Blobs(_)
            | Self::Store(StoreError::Newer { .. }) => 78,
            Self::Delivery(DeliveryError::Address(_)) => 78,
            Self::Store(_)
            | Self::Cloud(_)
            | Self::Fetcher(_)
            | Self::Delivery(_)
            | Self::Metrics(_)
            | Self::Internal(_) => INTERNAL,
        }
    }

    /// Whether the same start works once there is room on the disk.
    pub(in crate::app) fn is_disk_full(&self) -> bool {
        match self {
            Self::Store(error) => error.is_disk_full(),
            Self::Blobs(error) => error.is_disk_full(),
            Self::Profile(ProfileError::Io { source, .. }) => disk::is_full(source),
            _ => false,
        }
    }
}
