//! Files that messages carry: their kinds, their identity, and what becomes of a file that arrives.

use std::fmt;
use std::str::FromStr;

use super::secret::Secret;

/// WhatsApp takes no larger file: 2,000 MiB, and only as a document.
pub const FILE_MAX: u64 = 2000 << 20;

/// What a file is to WhatsApp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MediaKind {
    Image,
    Video,
    Audio,
    /// A voice note.
    Voice,
    /// A round video that is recorded like a voice note.
    VideoNote,
    Document,
    Sticker,
    /// A video without sound that plays again and again.
    Gif,
}

impl MediaKind {
    pub const ALL: [Self; 8] =
        [Self::Image, Self::Video, Self::Audio, Self::Voice, Self::VideoNote, Self::Document, Self::Sticker, Self::Gif];

    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::VideoNote => "video_note",
            Self::Document => "document",
            Self::Sticker => "sticker",
            Self::Gif => "gif",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for MediaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The identity of a file: the SHA-256 of its bytes, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId([u8; 32]);

impl BlobId {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BlobId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(()),
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() || !rest.is_empty() {
            return Err(());
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

/// What is known of the file of a message. The caption is the body of the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// None for a type of message whose file the service does not fetch, and in entries of earlier versions.
    pub kind: Option<MediaKind>,
    pub mimetype: String,
    /// Bytes, as the sender says; more if the sender said less than `MEDIA_MAX_MB` of a file that is larger.
    pub size: Option<u64>,
    pub filename: Option<String>,
    pub duration_s: Option<u32>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub pages: Option<u32>,
    /// As the sender says; a file that was stored has been checked against it.
    pub sha256: Option<BlobId>,
    /// A small JPEG in base64 that came with the message.
    pub thumbnail: Option<Secret>,
    pub view_once: bool,
    pub status: MediaStatus,
}

impl Media {
    /// A later report of the page, with what became of the file meanwhile.
    #[must_use]
    pub fn amended(self, later: &Self) -> Self {
        let status = match self.status {
            // A file that was still being uploaded elsewhere can be fetched later.
            MediaStatus::Unavailable => later.status,
            status => status,
        };
        let size = if status == MediaStatus::TooLarge { self.size.max(later.size) } else { later.size };
        Self { status, size, sha256: self.sha256.or(later.sha256), ..later.clone() }
    }

    /// The file has at least so many bytes, whatever its sender says: it is not fetched again while that is too much.
    pub fn set_too_large(&mut self, size: u64) {
        self.status = MediaStatus::TooLarge;
        self.size = self.size.max(Some(size));
    }
}

/// What became of a file that arrived.
///
/// ```text
/// Pending ──► Stored ──► OnRequest (evicted by the quota) ──► Pending (asked for again)
///    │  └───► Gone | Broken | TooLarge
/// OnRequest ──► Pending (asked for)         Unavailable, Off: stay
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaStatus {
    /// The file is being fetched, or will be.
    Pending,
    /// The file is fetched when somebody asks for it.
    OnRequest,
    /// The file is on the disk.
    Stored,
    /// The file is larger than the service fetches.
    TooLarge,
    /// Neither WhatsApp nor the phone has the file any more.
    Gone,
    /// The bytes that arrived are not those that the sender announced.
    Broken,
    /// WhatsApp gives the file to no linked device, as with pictures that open once.
    Unavailable,
    /// The service does not fetch files of this kind.
    Off,
}

impl MediaStatus {
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::OnRequest,
        Self::Stored,
        Self::TooLarge,
        Self::Gone,
        Self::Broken,
        Self::Unavailable,
        Self::Off,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::OnRequest => "on_request",
            Self::Stored => "stored",
            Self::TooLarge => "too_large",
            Self::Gone => "gone",
            Self::Broken => "broken",
            Self::Unavailable => "unavailable",
            Self::Off => "off",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether followers of the log are told when a file reaches this status.
    pub fn is_told(self) -> bool {
        matches!(self, Self::Stored | Self::TooLarge | Self::Gone | Self::Broken)
    }
}

/// Whether files of a kind are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchMode {
    /// As soon as the message is stored.
    Auto,
    /// When somebody asks for the file.
    Ask,
    /// Never.
    Off,
}

/// Which files are fetched: `MEDIA_FETCH` and `MEDIA_MAX_MB`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchPolicy {
    /// For each kind, in the order of [`MediaKind::ALL`].
    pub modes: [FetchMode; MediaKind::ALL.len()],
    /// The largest file that is fetched, in bytes.
    pub max: u64,
}

impl FetchPolicy {
    pub fn mode(&self, kind: MediaKind) -> FetchMode {
        let place = MediaKind::ALL.iter().position(|one| *one == kind);
        place.and_then(|place| self.modes.get(place)).copied().unwrap_or(FetchMode::Off)
    }

    /// The status of a file whose message has just arrived.
    pub fn first(&self, media: &Media) -> MediaStatus {
        if media.status != MediaStatus::Pending {
            return media.status;
        }
        let is_off = || self.modes.iter().all(|mode| *mode == FetchMode::Off);
        let unknown = || if is_off() { FetchMode::Off } else { FetchMode::Auto };
        match media.kind.map_or_else(unknown, |kind| self.mode(kind)) {
            FetchMode::Off => MediaStatus::Off,
            FetchMode::Auto | FetchMode::Ask if media.size.is_some_and(|size| size > self.max) => MediaStatus::TooLarge,
            FetchMode::Auto => MediaStatus::Pending,
            FetchMode::Ask => MediaStatus::OnRequest,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn media(kind: MediaKind) -> Media {
        Media {
            kind: Some(kind),
            mimetype: "image/jpeg".to_owned(),
            size: Some(7),
            filename: None,
            duration_s: None,
            width: None,
            height: None,
            pages: None,
            sha256: None,
            thumbnail: None,
            view_once: false,
            status: MediaStatus::Pending,
        }
    }

    #[test]
    fn an_id_is_64_lower_case_digits() {
        let text = format!("{:02x}{}", 0xa5, "0f".repeat(31));
        let id: Result<BlobId, ()> = text.parse();
        assert_eq!(id.map(|id| id.to_string()), Ok(text.clone()));
        for wrong in ["", "a5", &text.to_uppercase(), &format!("{text}00"), &format!("g{}", &text[1..]), &text[1..]] {
            assert_eq!(wrong.parse::<BlobId>(), Err(()), "{wrong}");
        }
    }

    #[test]
    fn names_lead_back() {
        assert!(MediaKind::ALL.into_iter().all(|kind| MediaKind::from_name(kind.name()) == Some(kind)));
        assert!(MediaStatus::ALL.into_iter().all(|status| MediaStatus::from_name(status.name()) == Some(status)));
    }

    #[test]
    fn a_later_report_leaves_what_became_of_the_file() {
        let report = media(MediaKind::Image);
        let after = |status| Media { status, ..media(MediaKind::Image) }.amended(&report).status;
        assert_eq!(after(MediaStatus::Stored), MediaStatus::Stored);
        assert_eq!(after(MediaStatus::Unavailable), MediaStatus::Pending, "its upload has ended");
        let mut large = media(MediaKind::Image);
        large.set_too_large(99);
        let later = large.amended(&report);
        assert_eq!((later.status, later.size), (MediaStatus::TooLarge, Some(99)));
    }

    #[test]
    fn the_policy_decides_what_is_fetched_at_once() {
        let mut policy = FetchPolicy { modes: [FetchMode::Auto; 8], max: 10 };
        policy.modes[1] = FetchMode::Ask;
        policy.modes[2] = FetchMode::Off;
        let first = |kind, size| policy.first(&Media { size, ..media(kind) });
        assert_eq!(first(MediaKind::Image, Some(10)), MediaStatus::Pending);
        assert_eq!(first(MediaKind::Image, None), MediaStatus::Pending);
        assert_eq!(first(MediaKind::Image, Some(11)), MediaStatus::TooLarge);
        assert_eq!(first(MediaKind::Video, Some(10)), MediaStatus::OnRequest);
        assert_eq!(first(MediaKind::Audio, Some(11)), MediaStatus::Off);
        let closed = Media { status: MediaStatus::Unavailable, ..media(MediaKind::Image) };
        assert_eq!(policy.first(&closed), MediaStatus::Unavailable);
        let earlier = |size| Media { kind: None, size, ..media(MediaKind::Image) };
        assert_eq!(policy.first(&earlier(Some(10))), MediaStatus::Pending);
        assert_eq!(policy.first(&earlier(Some(11))), MediaStatus::TooLarge);
        policy.modes = [FetchMode::Off; 8];
        assert_eq!(policy.first(&earlier(Some(10))), MediaStatus::Off);
    }
}
