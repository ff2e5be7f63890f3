//! Files that callers uploaded: table `uploads`, id → JSON. `outbound::uploads` removes those that have run out.

use super::engine::Engine;
use super::records::StoredUpload;
use super::table::Table;
use super::{Store, StoreError};
use crate::domain::upload::{Upload, UploadId};

const NAME: &str = "uploads";

pub(super) struct Uploads(Table);

impl Uploads {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self(engine.table(NAME)?))
    }

    /// A record that cannot be read is left out: its file can be uploaded again.
    fn all(&self) -> Result<Vec<Upload>, StoreError> {
        let read = |key: &[u8], value: &[u8]| {
            let id = UploadId::from_bytes(key.try_into().ok()?);
            Some(serde_json::from_slice::<StoredUpload>(value).ok()?.under(id))
        };
        let mut found = Vec::new();
        for entry in self.0.newest_first() {
            let (key, value) = entry?;
            found.extend(read(&key, &value));
        }
        Ok(found)
    }
}

impl Store {
    /// Every upload, also those that have run out.
    pub async fn uploads(&self) -> Result<Vec<Upload>, StoreError> {
        self.read(|tables| tables.uploads.all()).await
    }

    /// Stores an upload; returns once that is durable.
    pub async fn keep_upload(&self, upload: Upload) -> Result<(), StoreError> {
        self.write(move |tables| {
            let (id, stored) = StoredUpload::of(upload);
            let bytes = serde_json::to_vec(&stored).map_err(|source| StoreError::Encoding { table: NAME, source })?;
            tables.uploads.0.put(id.as_bytes(), &bytes)
        })
        .await
    }

    /// Removes uploads; returns once that is durable.
    pub async fn drop_uploads(&self, ids: Vec<UploadId>) -> Result<(), StoreError> {
        self.write(move |tables| ids.iter().try_for_each(|id| tables.uploads.0.remove(id.as_bytes()))).await
    }
}
