//! A file that a caller uploaded: table `uploads`.

use serde::{Deserialize, Serialize};

use super::values::StoredTime;
use crate::domain::media::BlobId;
use crate::domain::secret::Secret;
use crate::domain::upload::{Upload, UploadId};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredUpload {
    sha256: [u8; 32],
    size: u64,
    mimetype: String,
    filename: Option<String>,
    expires_at: StoredTime,
}

impl StoredUpload {
    /// The key of the record, and the record.
    pub(in crate::store) fn of(upload: Upload) -> (UploadId, Self) {
        let Upload { id, sha256, size, mimetype, filename, expires_at } = upload;
        let filename = filename.map(Secret::into_revealed);
        let stored = Self { sha256: *sha256.as_bytes(), size, mimetype, filename, expires_at: expires_at.into() };
        (id, stored)
    }

    pub(in crate::store) fn under(self, id: UploadId) -> Upload {
        let Self { sha256, size, mimetype, filename, expires_at } = self;
        let filename = filename.map(Secret::new);
        Upload { id, sha256: BlobId::from_bytes(sha256), size, mimetype, filename, expires_at: expires_at.into() }
    }
}
