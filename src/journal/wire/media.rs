//! The file of a message.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::media;
use crate::domain::message;

/// The file of a message. The caption is the message's `body`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Media<'a> {
    /// Null for types of messages whose file is not fetched.
    kind: Option<MediaKind>,
    mimetype: &'a str,
    /// Bytes, as the sender says.
    size: Option<u64>,
    /// As the sender wrote it: never a safe name for a file of yours.
    filename: Option<&'a str>,
    duration_s: Option<u32>,
    width: Option<u32>,
    height: Option<u32>,
    pages: Option<u32>,
    /// The SHA-256 of the file's bytes, in hexadecimal digits.
    sha256: Option<String>,
    /// The picture, film or voice note opens only once.
    view_once: bool,
    status: MediaStatus,
    /// Where this service has the file; null if it never will.
    url: Option<String>,
    /// A small picture, as a data URL.
    thumbnail: Option<String>,
}

/// What the file is to WhatsApp.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    Voice,
    VideoNote,
    Document,
    Sticker,
    Gif,
}

/// What became of the file: `pending` (it is being fetched), `on_request` (asking for it fetches it), `stored`, `too_large`
/// (over MEDIA_MAX_MB), `gone` (neither WhatsApp nor the phone has it any more), `broken` (its bytes are not those that were
/// announced), `unavailable` (WhatsApp gives it to no linked device), `off` (MEDIA_FETCH).
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaStatus {
    Pending,
    OnRequest,
    Stored,
    TooLarge,
    Gone,
    Broken,
    Unavailable,
    Off,
}

impl<'a> Media<'a> {
    pub fn new(id: &message::MessageId, media: &'a media::Media) -> Self {
        let media::Media {
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
        use media::MediaStatus::{OnRequest, Pending, Stored};
        let is_to_be_had = matches!(status, Pending | OnRequest | Stored);
        Self {
            kind: kind.map(MediaKind::from),
            mimetype,
            size: *size,
            filename: filename.as_deref(),
            duration_s: *duration_s,
            width: *width,
            height: *height,
            pages: *pages,
            sha256: sha256.map(|id| id.to_string()),
            view_once: *view_once,
            status: (*status).into(),
            // Ids of the Cloud API may have a slash.
            url: is_to_be_had.then(|| format!("/messages/{}/media", id.as_str().replace('/', "%2F"))),
            thumbnail: thumbnail.as_ref().map(|picture| format!("data:image/jpeg;base64,{}", picture.reveal())),
        }
    }
}

impl From<media::MediaKind> for MediaKind {
    fn from(kind: media::MediaKind) -> Self {
        match kind {
            media::MediaKind::Image => Self::Image,
            media::MediaKind::Video => Self::Video,
            media::MediaKind::Audio => Self::Audio,
            media::MediaKind::Voice => Self::Voice,
            media::MediaKind::VideoNote => Self::VideoNote,
            media::MediaKind::Document => Self::Document,
            media::MediaKind::Sticker => Self::Sticker,
            media::MediaKind::Gif => Self::Gif,
        }
    }
}

impl From<media::MediaStatus> for MediaStatus {
    fn from(status: media::MediaStatus) -> Self {
        match status {
            media::MediaStatus::Pending => Self::Pending,
            media::MediaStatus::OnRequest => Self::OnRequest,
            media::MediaStatus::Stored => Self::Stored,
            media::MediaStatus::TooLarge => Self::TooLarge,
            media::MediaStatus::Gone => Self::Gone,
            media::MediaStatus::Broken => Self::Broken,
            media::MediaStatus::Unavailable => Self::Unavailable,
            media::MediaStatus::Off => Self::Off,
        }
    }
}
