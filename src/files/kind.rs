//! The type that a file really has, by its first bytes. What its sender says of it counts only where bytes cannot tell.

use super::audio::{adts_frame, mp3_frame, tag_size};
use super::names::{essence, type_for};
use super::source::{be32, four};

/// The first bytes that `sniff` wants.
pub const HEAD: usize = 4_096;

pub const OPUS: &str = "audio/ogg; codecs=opus";
pub const UNKNOWN: &str = "application/octet-stream";
const ZIP: &str = "application/zip";
const OLE: &str = "application/x-ole-storage";

/// Types that bytes prove. A file that only says it is one of these is not.
const PROVED: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/heic",
    "image/heif",
    "image/avif",
    "image/bmp",
    "image/tiff",
    "image/x-icon",
    "image/vnd.adobe.photoshop",
    "image/svg+xml",
    "video/mp4",
    "video/quicktime",
    "video/3gpp",
    "video/3gpp2",
    "video/webm",
    "video/x-matroska",
    "video/x-msvideo",
    "video/x-ms-asf",
    "video/mpeg",
    "video/ogg",
    "audio/ogg",
    "audio/webm",
    "application/ogg",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/amr",
    "audio/amr-wb",
    "audio/wav",
    "audio/flac",
    "audio/aiff",
    "application/pdf",
    "application/rtf",
    "application/zip",
    "application/vnd.rar",
    "application/x-7z-compressed",
    "application/gzip",
];

/// The type by the first bytes; where those leave it open (text, a zip archive, an old Office file, nothing known), the type that
/// is declared or that the name's extension stands for, unless bytes would have proved that one.
pub fn sniff(head: &[u8], declared: Option<&str>, filename: Option<&str>) -> String {
    let found = magic(head).or_else(|| text(head));
    let said = || [believable(declared), filename.and_then(type_for).map(str::to_owned)].into_iter().flatten();
    let is_archive = |said: &String| said.starts_with("application/") && said != UNKNOWN;
    let narrowed = match found {
        Some(ZIP) => zip(head).map(str::to_owned).or_else(|| said().filter(|said| is_unproved(said)).find(is_archive)),
        Some(OLE) => said().filter(|said| is_unproved(said)).find(is_archive),
        // Text has no magic number of its kind.
        Some("text/plain" | "application/xml") => said().find(|said| is_unproved(said) && said != UNKNOWN),
        None => said().find(|said| is_unproved(said)),
        Some(_) => None,
    };
    narrowed.unwrap_or_else(|| found.unwrap_or(UNKNOWN).to_owned())
}

/// The declared type without parameters, if it is a type at all and bytes do not have to prove it.
pub fn believable(declared: Option<&str>) -> Option<String> {
    declared.and_then(essence).filter(|said| is_unproved(said))
}

fn is_unproved(mimetype: &str) -> bool {
    !PROVED.contains(&mimetype)
}

/// Numbers at the beginning, longest first where one begins with another.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"8BPS\0\x01", "image/vnd.adobe.photoshop"),
    (b"\0\0\x01\0", "image/x-icon"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr-wb"),
    (b"fLaC", "audio/flac"),
    (b"%PDF-", "application/pdf"),
    (b"{\\rtf", "application/rtf"),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\0\0\x01\xba", "video/mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
];

fn magic(head: &[u8]) -> Option<&'static str> {
    if let Some((_, found)) = BEGINNINGS.iter().find(|(bytes, _)| head.starts_with(bytes)) {
        return Some(found);
    }
    match (&four(head, 0)?, four(head, 8).as_ref()) {
        (b"RIFF", Some(b"WEBP")) => Some("image/webp"),
        (b"RIFF", Some(b"WAVE")) => Some("audio/wav"),
        (b"RIFF", Some(b"AVI ")) => Some("video/x-msvideo"),
        (b"FORM", Some(b"AIFF" | b"AIFC")) => Some("audio/aiff"),
        (b"OggS", _) => Some(ogg(head)),
        (b"\x1a\x45\xdf\xa3", _) => matroska(head),
        ([b'B', b'M', ..], _) => is_bitmap(head).then_some("image/bmp"),
        _ => boxes(head).or_else(|| sound(head)),
    }
}

/// The stream in the first page.
fn ogg(head: &[u8]) -> &'static str {
    let segments = usize::from(head.get(26).copied().unwrap_or_default());
    let packet = head.get(27 + segments..).unwrap_or_default();
    let streams: [(&[u8], &str); 6] = [
        (b"OpusHead", OPUS),
        (b"\x01vorbis", "audio/ogg"),
        (b"Speex   ", "audio/ogg"),
        (b"\x7fFLAC", "audio/ogg"),
        (b"\x80theora", "video/ogg"),
        (b"fishead\0", "video/ogg"),
    ];
    streams.iter().find(|(name, _)| packet.starts_with(name)).map_or("application/ogg", |(_, found)| found)
}

/// The document type that the header of a Matroska file names, within its first bytes.
fn matroska(head: &[u8]) -> Option<&'static str> {
    let header = &head[..head.len().min(64)];
    let names = |name: &[u8]| header.windows(name.len()).any(|part| part == name);
    match () {
        () if names(b"\x42\x82\x84webm") => Some(if is_seen(head) { "video/webm" } else { "audio/webm" }),
        () if names(b"matroska") => Some("video/x-matroska"),
        () => None,
    }
}

/// Whether the tracks of a Matroska file have a picture, or are not told among the first bytes.
fn is_seen(head: &[u8]) -> bool {
    let names = |name: &[u8]| head.windows(name.len()).any(|part| part == name);
    names(b"V_VP") || names(b"V_AV1") || !(names(b"A_OPUS") || names(b"A_VORBIS"))
}

/// Two letters prove little, so the reserved bytes and the size of the second header are looked at too.
fn is_bitmap(head: &[u8]) -> bool {
    be32(head, 6) == Some(0) && matches!(four(head, 14), Some([12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

/// The brand of an ISO media file. Files of QuickTime may begin with another box.
fn boxes(head: &[u8]) -> Option<&'static str> {
    let name = four(head, 4)?;
    if matches!(&name, b"moov" | b"mdat" | b"wide") {
        return Some("video/quicktime");
    }
    if &name != b"ftyp" {
        return None;
    }
    Some(match &four(head, 8)? {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => "image/heic",
        b"mif1" | b"msf1" => "image/heif",
        b"avif" | b"avis" => "image/avif",
        b"qt  " => "video/quicktime",
        b"M4A " | b"M4B " | b"M4P " => "audio/mp4",
        [b'3', b'g', b'2', _] => "video/3gpp2",
        [b'3', b'g', ..] => "video/3gpp",
        _ => "video/mp4",
    })
}

/// Frames of sound without a container. Their first bytes are few, so the frame after the first one must be there too.
fn sound(head: &[u8]) -> Option<&'static str> {
    let tag = usize::try_from(tag_size(head)).unwrap_or(usize::MAX);
    let Some(frames) = head.get(tag..).filter(|frames| frames.len() >= 8) else {
        return (tag > 0).then_some("audio/mpeg");
    };
    let follows = |size: usize| frames.get(size..).filter(|rest| rest.len() >= 8);
    if let Some(frame) = mp3_frame(frames) {
        return follows(frame.bytes).is_none_or(|rest| mp3_frame(rest).is_some()).then_some("audio/mpeg");
    }
    if let Some(frame) = adts_frame(frames) {
        return follows(frame.bytes).is_none_or(|rest| adts_frame(rest).is_some()).then_some("audio/aac");
    }
    (tag > 0).then_some("audio/mpeg")
}

/// What is in a zip archive, by the name of its first file and the names near it.
fn zip(head: &[u8]) -> Option<&'static str> {
    let first = head.get(30..)?;
    let named: [(&[u8], &str); 5] = [
        (b"mimetypeapplication/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        (b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
        (b"mimetypeapplication/vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.presentation"),
        (b"mimetypeapplication/epub+zip", "application/epub+zip"),
        (b"AndroidManifest.xml", "application/vnd.android.package-archive"),
    ];
    if let Some((_, found)) = named.iter().find(|(name, _)| first.starts_with(name)) {
        return Some(found);
    }
    if ![&b"[Content_Types].xml"[..], b"_rels/", b"docProps/"].iter().any(|name| first.starts_with(name)) {
        return None;
    }
    let folders: [(&[u8], &str); 3] = [(b"word/", "docx"), (b"xl/", "xlsx"), (b"ppt/", "pptx")];
    let holds = |name: &[u8]| first.windows(name.len()).any(|part| part == name);
    let (_, extension) = folders.iter().find(|(name, _)| holds(name))?;
    type_for(&format!(".{extension}"))
}

/// Text, in UTF-8 or marked as UTF-16, and the two kinds of it that a browser runs.
fn text(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Some("text/plain");
    }
    let readable = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last letter may be cut by the end of the window.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    if readable.contains(|letter: char| letter.is_control() && !"\t\n\r\u{c}\u{1b}".contains(letter)) {
        return None;
    }
    let start = readable.trim_start_matches('\u{feff}').trim_start().to_ascii_lowercase();
    let begins = |names: &[&str]| names.iter().any(|name| start.starts_with(name));
    Some(match () {
        () if begins(&["<!doctype html", "<html", "<script", "<body", "<head", "<iframe"]) => "text/html",
        () if begins(&["<svg", "<!doctype svg"]) => "image/svg+xml",
        () if begins(&["<?xml", "<!--"]) && start.contains("<svg") => "image/svg+xml",
        () if begins(&["<?xml", "<!--"]) && start.contains("<html") => "text/html",
        () if begins(&["<?xml"]) => "application/xml",
        () => "text/plain",
    })
}
