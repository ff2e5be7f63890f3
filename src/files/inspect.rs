//! As what a file is sent: its kind, its type, and what a receiver is shown before it has the file.

use std::io::{self, Read, Seek};

use super::contents::{Contents, Details};
use super::kind::{OPUS, UNKNOWN, believable};
use super::names::essence;
use super::ogg::POINTS;
use super::source::Source;
use super::thumbnail::thumbnail;
use crate::domain::media::MediaKind;

const SVG: &str = "image/svg+xml";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    pub kind: MediaKind,
    pub mimetype: String,
    /// A picture that moves.
    pub is_animated: bool,
    /// As it is shown: turned as the file says.
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_s: Option<u32>,
    /// The wave that a voice note or another sound in Ogg with Opus is drawn with, each point from 0 to 100.
    pub waveform: Option<[u8; POINTS]>,
    /// A JPEG with edges of up to 100 pixels and at most 20,000 bytes.
    pub thumbnail: Option<Vec<u8>>,
    /// Why the file is not sent as its sender may expect.
    pub note: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    #[error("The file is empty: send one with at least one byte.")]
    Empty,
    /// The file is no voice note. The sentence says what to send.
    #[error("{0}")]
    VoiceFormat(String),
    /// The file is not of the kind that is wanted. The sentence says what to send.
    #[error("{0}")]
    WrongType(String),
    #[error("The file could not be read.")]
    Unreadable(#[from] io::Error),
}

/// Looks at a file by its bytes. With `wanted` it has to suit that kind. Without, it is sent as what WhatsApp can show or play it
/// as, and as a document otherwise.
pub fn inspect(
    reader: impl Read + Seek,
    declared: Option<&str>,
    filename: Option<&str>,
    wanted: Option<MediaKind>,
) -> Result<Inspected, InspectError> {
    let mut source = Source::new(reader)?;
    if source.len() == 0 {
        return Err(InspectError::Empty);
    }
    let contents = Contents::read(&mut source, declared, filename)?;
    let (kind, mut note) = match wanted {
        Some(kind) if contents.suits(kind) => (kind, None),
        Some(kind) => return Err(unsuited(&contents, kind)),
        None => natural(&contents),
    };
    let mut mimetype = contents.mimetype.clone();
    if kind == MediaKind::Document {
        mimetype = document_type(&contents, declared);
        if mimetype == SVG {
            mimetype = UNKNOWN.to_owned();
            note = Some(format!("sent as {UNKNOWN}: WhatsApp takes no document of type {SVG}"));
        }
    }
    let thumbnail = match (&contents.details, kind) {
        (Details::Picture(picture), MediaKind::Image | MediaKind::Document) => {
            thumbnail(&mut source, picture, &contents.mimetype)?
        }
        _ => None,
    };
    let waveform = match (&contents.details, kind) {
        (Details::Opus(opus), MediaKind::Audio | MediaKind::Voice) => Some(opus.waveform()),
        _ => None,
    };
    let (width, height) = contents.size().unzip();
    let (is_animated, duration_s) = (contents.is_animated(), contents.seconds());
    Ok(Inspected { kind, mimetype, is_animated, width, height, duration_s, waveform, thumbnail, note })
}

/// Whether a file has to be converted before it suits a kind, and can be. False for a file that suits, and for one of which no
/// converter could make that kind: `inspect` says what is wrong with it.
pub fn needs_transcoding(reader: impl Read + Seek, wanted: MediaKind) -> Result<bool, InspectError> {
    let mut source = Source::new(reader)?;
    if source.len() == 0 {
        return Err(InspectError::Empty);
    }
    let contents = Contents::read(&mut source, None, None)?;
    Ok(!contents.suits(wanted) && contents.converts_to(wanted))
}

/// The kind that a file of this type has by itself, with a note when WhatsApp cannot show it as that.
fn natural(contents: &Contents) -> (MediaKind, Option<String>) {
    let (family, _) = contents.mimetype.split_once('/').unwrap_or_default();
    let (kind, expected) = match family {
        "image" => (MediaKind::Image, "picture that WhatsApp shows"),
        "video" => (MediaKind::Video, "video that WhatsApp plays"),
        "audio" => (MediaKind::Audio, "sound that WhatsApp plays"),
        _ => return (MediaKind::Document, None),
    };
    if contents.suits(kind) {
        return (kind, None);
    }
    (MediaKind::Document, Some(format!("sent as a document: {} is no {expected}", contents.description())))
}

/// The type of a document is the declared one, unless that one has to be proved by bytes and is not.
fn document_type(contents: &Contents, declared: Option<&str>) -> String {
    if declared.and_then(essence).as_deref() == Some(SVG) {
        return SVG.to_owned();
    }
    let found = essence(&contents.mimetype).unwrap_or_else(|| UNKNOWN.to_owned());
    // A picture in a text is one only to a program that is told so by its type.
    if found == SVG { found } else { believable(declared).filter(|declared| declared != UNKNOWN).unwrap_or(found) }
}

fn unsuited(contents: &Contents, kind: MediaKind) -> InspectError {
    let expected = match kind {
        MediaKind::Voice => {
            return InspectError::VoiceFormat(format!(
                "A voice note has to be Ogg with Opus and one channel ({OPUS}), and this file is {}: send such a file, or send \
                 this one as audio or document.",
                contents.description()
            ));
        }
        MediaKind::Image => "An image has to be JPEG, PNG or WebP",
        MediaKind::Sticker => "A sticker has to be WebP of 512x512 pixels",
        MediaKind::Video => "A video has to be MP4 or 3GPP with H.264, and AAC or no sound",
        MediaKind::Gif => "A GIF has to be MP4 with H.264, and AAC or no sound",
        MediaKind::VideoNote => "A video note has to be MP4 with H.264, and AAC or no sound",
        MediaKind::Audio => "An audio has to be MP3, M4A or AAC, AMR, or Ogg with Opus",
        MediaKind::Document => "A document has to be a file",
    };
    let found = contents.description();
    InspectError::WrongType(format!("{expected}, and this file is {found}: convert it, or send it as a document."))
}
