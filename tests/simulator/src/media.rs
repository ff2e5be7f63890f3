//! Files: as a caller sends them, and as the host of files keeps them.
//!
//! The keys follow from a file's media key as on WhatsApp, and so do the sums: SHA-256 of the file and of what the host
//! keeps, and a cut HMAC at the end. The cipher between them is AES-GCM, which this program has, instead of AES-CBC:
//! only the simulated page opens these files.

use crate::error::Error;
use crate::message::{Incoming, Message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{aead, digest, hkdf, hmac};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The length of the cut HMAC at the end of a file.
const MAC: usize = 10;
/// The length of the IV, and of each of the two keys after it.
const IV: usize = 16;
const KEY: usize = 32;

const DAY_S: u64 = 24 * 3600;

/// The size of a file for which none is given.
const SIZE: usize = 100;

/// A file that somebody sends to the account. Built with [`Media::new`]; the other fields have defaults.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// The sender's phone number, digits only.
    pub from: String,
    /// What kind of file it is.
    pub kind: Kind,
    /// The bytes of the file, in base64; None = some that no other file has.
    #[serde(default)]
    pub bytes: Option<String>,
    /// How many bytes, if none are given.
    #[serde(default)]
    pub size: Option<usize>,
    /// The group in which it is sent (`…@g.us`).
    #[serde(default)]
    pub group: Option<String>,
    /// None = the usual one of the kind.
    #[serde(default)]
    pub mimetype: Option<String>,
    /// The text with the file: of images, videos and documents.
    #[serde(default)]
    pub caption: Option<String>,
    /// A document's name.
    #[serde(default)]
    pub filename: Option<String>,
    /// The length of sounds and videos.
    #[serde(default)]
    pub seconds: Option<u32>,
    #[serde(default)]
    pub width: Option<u32>,
    #[serde(default)]
    pub height: Option<u32>,
    /// A document's number of pages.
    #[serde(default)]
    pub pages: Option<u32>,
    /// A small JPEG of the file, in base64.
    #[serde(default)]
    pub thumbnail: Option<String>,
    /// The file may be looked at once: linked devices get no key to it.
    #[serde(default)]
    pub view_once: bool,
    /// What the message says wrongly of the file.
    #[serde(default)]
    pub wrong: Option<Wrong>,
    /// The path's signature has expired a minute ago; what the host answers does not depend on it.
    #[serde(default)]
    pub expired: bool,
    /// How many days ago the file's key was made.
    #[serde(default)]
    pub key_days: u32,
}

/// The kinds of files, named as the page's kinds of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Image,
    Video,
    /// A video that is played as a moving picture.
    Gif,
    /// A round video note.
    Ptv,
    Audio,
    /// A voice note.
    Ptt,
    Document,
    Sticker,
}

/// What a message says wrongly of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wrong {
    /// The media key is another one.
    #[serde(rename = "key")]
    Key,
    /// The hash of the file.
    #[serde(rename = "filehash")]
    FileHash,
    /// The hash of what the host keeps.
    #[serde(rename = "encFilehash")]
    EncFileHash,
    /// The file's own sum at its end.
    #[serde(rename = "mac")]
    Mac,
}

/// How the host of files answers for a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostAnswer {
    /// With the file.
    #[default]
    Serve,
    /// With the file, in parts with pauses between them.
    Slow,
    /// 404.
    Gone,
    /// 403, with WhatsApp's words for a path whose signature has expired.
    Expired,
    /// With half of the file; then the connection ends.
    Cut,
    /// Never.
    Hang,
    /// With this status.
    #[serde(untagged)]
    Status(u16),
}

/// A file that was sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// The full key of its message.
    pub message: String,
    /// The path that the message names, with its signature.
    pub path: String,
    /// What the message says, in base64.
    pub media_key: String,
    pub filehash: String,
    pub enc_filehash: String,
    pub size: usize,
}

impl Media {
    /// A file of this kind, with these bytes.
    pub fn new(from: impl Into<String>, kind: Kind, bytes: &[u8]) -> Self {
        Self {
            from: from.into(),
            kind,
            bytes: Some(STANDARD.encode(bytes)),
            size: None,
            group: None,
            mimetype: None,
            caption: None,
            filename: None,
            seconds: None,
            width: None,
            height: None,
            pages: None,
            thumbnail: None,
            view_once: false,
            wrong: None,
            expired: false,
            key_days: 0,
        }
    }

    /// The bytes of the file; without any given, `next` makes them, eight at a time.
    pub(crate) fn content(&self, mut next: impl FnMut() -> u64) -> Result<Vec<u8>, Error> {
        if let Some(text) = &self.bytes {
            let decoded = STANDARD.decode(text);
            return decoded.map_err(|error| Error::BadRequest(format!("bytes is not base64: {error}")));
        }
        let size = self.size.unwrap_or(SIZE);
        let made = std::iter::repeat_with(|| next().to_le_bytes()).flatten();
        Ok(made.take(size).collect())
    }

    /// The message with the file, as the page's model has it.
    pub(crate) fn message(&self, sent: &Sent, now_s: u64) -> Incoming {
        let mut message =
            Incoming::text(&self.from, self.thumbnail.as_deref().unwrap_or_default()).kind(self.kind.message());
        message.group.clone_from(&self.group);
        let mimetype = self.mimetype.as_deref().unwrap_or_else(|| self.kind.mimetype());
        message = message.field("mimetype", mimetype);
        if let Some(seconds) = self.kind.has_duration().then(|| self.seconds.unwrap_or_default()) {
            message = message.field("duration", seconds.to_string());
        }
        if self.kind.can_be_viewed_once() {
            message = message.field("isViewOnce", self.view_once);
            if self.view_once {
                return message;
            }
        }
        let mut fields = vec![
            ("filehash", json!(sent.filehash)),
            ("encFilehash", json!(sent.enc_filehash)),
            ("directPath", json!(sent.path)),
            ("deprecatedMms3Url", json!(format!("https://mmg.whatsapp.net{}&mms3=true", sent.path))),
            ("mediaKey", json!(sent.media_key)),
            ("mediaKeyTimestamp", json!(now_s.saturating_sub(u64::from(self.key_days) * DAY_S))),
            ("size", json!(sent.size)),
        ];
        if self.kind.has_size() {
            fields.extend([("width", json!(self.width.unwrap_or_default()))]);
            fields.extend([("height", json!(self.height.unwrap_or_default()))]);
        }
        match self.kind {
            Kind::Document => fields.extend(self.of_document()),
            Kind::Gif => fields.push(("isGif", json!(true))),
            _ => {}
        }
        let caption = self.caption.as_ref().filter(|_| matches!(self.kind, Kind::Image | Kind::Video | Kind::Gif));
        fields.extend(caption.map(|caption| ("caption", json!(caption))));
        fields.into_iter().fold(message, |message, (name, value)| message.field(name, value))
    }

    /// A document without a caption has its name as caption.
    fn of_document(&self) -> Vec<(&'static str, Value)> {
        let name = self.filename.as_deref().unwrap_or("document");
        let caption = self.caption.as_deref().filter(|caption| !caption.is_empty());
        vec![
            ("filename", json!(name)),
            ("caption", json!(caption.unwrap_or(name))),
            ("isCaptionByUser", json!(caption.is_some())),
            ("pageCount", json!(self.pages.unwrap_or_default())),
        ]
    }
}

impl Kind {
    /// The kind of the file of a message; None for a type without one.
    pub(crate) fn of_message(name: &str, is_gif: bool) -> Option<Self> {
        let all = [Self::Image, Self::Video, Self::Ptv, Self::Audio, Self::Ptt, Self::Document, Self::Sticker];
        let found = all.into_iter().find(|kind| kind.message() == name)?;
        Some(if found == Self::Video && is_gif { Self::Gif } else { found })
    }

    /// The type of the message.
    fn message(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video | Self::Gif => "video",
            Self::Ptv => "ptv",
            Self::Audio => "audio",
            Self::Ptt => "ptt",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }

    fn mimetype(self) -> &'static str {
        match self {
            Self::Image => "image/jpeg",
            Self::Video | Self::Gif | Self::Ptv => "video/mp4",
            Self::Audio => "audio/mpeg",
            Self::Ptt => "audio/ogg; codecs=opus",
            Self::Document => "application/pdf",
            Self::Sticker => "image/webp",
        }
    }

    /// The name from which the keys of a file follow.
    fn info(self) -> &'static str {
        match self {
            Self::Image | Self::Sticker => "WhatsApp Image Keys",
            Self::Video | Self::Gif | Self::Ptv => "WhatsApp Video Keys",
            Self::Audio | Self::Ptt => "WhatsApp Audio Keys",
            Self::Document => "WhatsApp Document Keys",
        }
    }

    fn has_duration(self) -> bool {
        matches!(self, Self::Video | Self::Gif | Self::Ptv | Self::Audio | Self::Ptt)
    }

    fn has_size(self) -> bool {
        matches!(self, Self::Image | Self::Video | Self::Gif | Self::Ptv | Self::Sticker)
    }

    fn can_be_viewed_once(self) -> bool {
        !matches!(self, Self::Document | Self::Sticker)
    }
}

/// A length of derived keys.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// The keys of a file, which follow from its media key: the IV, the cipher's, the sum's.
fn keys_of(media_key: &[u8], kind: Kind) -> Option<[u8; IV + 2 * KEY]> {
    let mut keys = [0; IV + 2 * KEY];
    let info = [kind.info().as_bytes()];
    let expanded = hkdf::Salt::new(hkdf::HKDF_SHA256, &[0; KEY]).extract(media_key);
    expanded.expand(&info, Length(keys.len())).and_then(|derived| derived.fill(&mut keys)).ok()?;
    Some(keys)
}

fn cipher(iv: &[u8], key: &[u8]) -> Option<(aead::LessSafeKey, aead::Nonce)> {
    let nonce = aead::Nonce::try_assume_unique_for_key(&iv[..aead::NONCE_LEN]).ok()?;
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).ok()?;
    Some((aead::LessSafeKey::new(key), nonce))
}

fn sum(iv: &[u8], file: &[u8], key: &[u8]) -> hmac::Tag {
    let mut sum = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    sum.update(iv);
    sum.update(file);
    sum.sign()
}

/// Encrypts a file as the host keeps it.
pub(crate) fn sealed(bytes: &[u8], media_key: &[u8], kind: Kind) -> Result<Vec<u8>, Error> {
    let failed = || Error::BadRequest("the file cannot be encrypted".to_owned());
    let keys = keys_of(media_key, kind).ok_or_else(failed)?;
    let (iv, rest) = keys.split_at(IV);
    let (key, nonce) = cipher(iv, &rest[..KEY]).ok_or_else(failed)?;
    let mut file = bytes.to_vec();
    key.seal_in_place_append_tag(nonce, aead::Aad::empty(), &mut file).map_err(|_| failed())?;
    let tag = sum(iv, &file, &rest[KEY..]);
    file.extend_from_slice(&tag.as_ref()[..MAC]);
    Ok(file)
}

/// Decrypts a file of the host; None if it is not this file, or not this key.
pub(crate) fn opened(file: &[u8], media_key: &[u8], kind: Kind) -> Option<Vec<u8>> {
    let keys = keys_of(media_key, kind)?;
    let (iv, rest) = keys.split_at(IV);
    let (body, tag) = file.split_at(file.len().checked_sub(MAC)?);
    if sum(iv, body, &rest[KEY..]).as_ref()[..MAC] != *tag {
        return None;
    }
    let (key, nonce) = cipher(iv, &rest[..KEY])?;
    let mut bytes = body.to_vec();
    let length = key.open_in_place(nonce, aead::Aad::empty(), &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

pub(crate) fn digest(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// The SHA-256 of bytes, in base64.
pub(crate) fn hash(bytes: &[u8]) -> String {
    STANDARD.encode(digest(bytes))
}

/// The fields that say how a file is fetched and opened: a linked device does not get them of a view-once file.
const KEYS: [&str; 8] =
    ["filehash", "encFilehash", "directPath", "deprecatedMms3Url", "mediaKey", "mediaKeyTimestamp", "size", "caption"];

/// The fields of a message as its receiver's page has them.
pub(crate) fn as_received(message: &Message) -> Map<String, Value> {
    let mut fields = message.fields.clone();
    if fields.get("isViewOnce").and_then(Value::as_bool) == Some(true) {
        fields.retain(|name, _| !KEYS.contains(&name.as_str()));
    }
    if message.kind == "document" {
        let named = fields.get("filename").cloned();
        let by_user =
            fields.get("caption").is_some_and(|caption| caption.as_str().is_some_and(|text| !text.is_empty()));
        fields.insert("isCaptionByUser".to_owned(), json!(by_user));
        if let Some(name) = named.filter(|_| !by_user) {
            fields.insert("caption".to_owned(), name);
        }
    }
    fields
}
