//! The form in which the adapter writes what a message says of its file.

use serde::Deserialize;

use crate::domain::media::{BlobId, Media, MediaKind, MediaStatus};
use crate::domain::secret::Secret;

#[derive(Deserialize)]
pub(super) struct MediaShape {
    #[serde(default)]
    kind: Option<String>,
    mimetype: String,
    size: Option<u64>,
    filename: Option<String>,
    #[serde(default)]
    duration_s: Option<u32>,
    #[serde(default)]
    width: Option<u32>,
    #[serde(default)]
    height: Option<u32>,
    #[serde(default)]
    pages: Option<u32>,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    thumbnail: Option<String>,
    #[serde(default)]
    view_once: bool,
    /// The message says where the file is and how to decrypt it.
    #[serde(default)]
    fetchable: bool,
}

impl From<MediaShape> for Media {
    fn from(shape: MediaShape) -> Self {
        let MediaShape {
            kind,
            mimetype,
            size,
            filename,
            duration_s,
            width,
            height,
            pages,
            sha256,
            thumbnail,
            view_once,
            fetchable,
        } = shape;
        Self {
            kind: kind.as_deref().and_then(MediaKind::from_name),
            mimetype,
            size,
            filename,
            duration_s,
            width,
            height,
            pages,
            sha256: sha256.and_then(|id| id.parse::<BlobId>().ok()),
            thumbnail: thumbnail.map(Secret::new),
            view_once,
            status: if fetchable { MediaStatus::Pending } else { MediaStatus::Unavailable },
        }
    }
}
