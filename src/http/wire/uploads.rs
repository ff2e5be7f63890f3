//! A file that was uploaded.

use serde::Serialize;
use utoipa::ToSchema;

use super::Timestamp;
use crate::domain::upload::Upload;

#[derive(Serialize, ToSchema)]
pub struct Uploaded {
    pub ok: bool,
    /// For `media.id` of `/send`.
    pub id: String,
    /// Of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub size: u64,
    /// The type that the file has by its bytes, or else the declared one.
    pub mimetype: String,
    /// From then on the id is unknown.
    pub expires_at: Timestamp,
}

impl From<Upload> for Uploaded {
    fn from(upload: Upload) -> Self {
        let Upload { id, sha256, size, mimetype, filename: _, expires_at } = upload;
        let (id, sha256) = (id.to_string(), sha256.to_string());
        Self { ok: true, id, sha256, size, mimetype, expires_at: expires_at.into() }
    }
}
