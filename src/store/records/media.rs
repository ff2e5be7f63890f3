//! The file of a message, as the log stores it.

use serde::{Deserialize, Serialize};

use crate::domain::media::{BlobId, Media, MediaKind, MediaStatus};
use crate::domain::secret::Secret;

/// Everything after `filename` is absent in entries of versions that fetched no files.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredMedia {
    mimetype: String,
    size: Option<u64>,
    filename: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration_s: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pages: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thumbnail: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    view_once: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

impl From<Media> for StoredMedia {
    fn from(media: Media) -> Self {
        let Media {
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
            status,
        } = media;
        Self {
            mimetype,
            size,
            filename,
            kind: kind.map(|kind| kind.name().to_owned()),
            duration_s,
            width,
            height,
            pages,
            sha256: sha256.map(|id| id.to_string()),
            thumbnail: thumbnail.map(Secret::into_revealed),
            view_once,
            status: Some(status.name().to_owned()),
        }
    }
}

impl From<StoredMedia> for Media {
    fn from(stored: StoredMedia) -> Self {
        let StoredMedia {
            mimetype,
            size,
            filename,
            kind,
            duration_s,
            width,
            height,
            pages,
            sha256,
            thumbnail,
            view_once,
            status,
        } = stored;
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
            // The page may still hold the file of an entry that an earlier version stored.
            status: status.as_deref().and_then(MediaStatus::from_name).unwrap_or(MediaStatus::OnRequest),
        }
    }
}
