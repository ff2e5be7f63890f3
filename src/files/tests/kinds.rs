//! Which kind and type a file is sent as, and what is refused.

use std::io::Cursor;

use image::ImageFormat;

use super::builders::*;
use crate::domain::media::MediaKind::{self, *};
use crate::files::{InspectError, inspect, needs_transcoding};

const OPUS: &str = "audio/ogg; codecs=opus";
const HEVC: Made = Made(b"vide", b"hvc1", (640, 480), false);

/// The kind and the type that a file gets by itself.
fn natural(file: &[u8], declared: Option<&str>, filename: Option<&str>) -> (MediaKind, String, Option<String>) {
    let found = inspect(Cursor::new(file), declared, filename, None).unwrap();
    (found.kind, found.mimetype, found.note)
}

fn wanted(file: &[u8], kind: MediaKind) -> Result<String, InspectError> {
    inspect(Cursor::new(file), None, None, Some(kind)).map(|found| found.mimetype)
}

#[test]
fn what_whatsapp_shows_is_sent_as_what_it_is() {
    for (file, kind, mimetype) in [
        (picture(8, 8, ImageFormat::Jpeg), Image, "image/jpeg"),
        (picture(8, 8, ImageFormat::Png), Image, "image/png"),
        (picture(8, 8, ImageFormat::WebP), Image, "image/webp"),
        (mp4(b"isom", &[H264, AAC]), Video, "video/mp4"),
        (mp4(b"mp42", &[H264]), Video, "video/mp4"),
        (mp4(b"3gp4", &[H264, AAC]), Video, "video/3gpp"),
        (mp4(b"M4A ", &[AAC]), Audio, "audio/mp4"),
        (mp4(b"isom", &[AAC]), Audio, "audio/mp4"),
        (voice(), Audio, OPUS),
        (opus(2, &[50; 50]), Audio, OPUS),
        (mp3(100), Audio, "audio/mpeg"),
        (aac(100), Audio, "audio/aac"),
        (amr(100), Audio, "audio/amr"),
        (b"%PDF-1.7\n".to_vec(), Document, "application/pdf"),
        (b"just words".to_vec(), Document, "text/plain"),
        (vec![0, 1, 2, 3], Document, "application/octet-stream"),
        (b"PK\x03\x04 something".to_vec(), Document, "application/zip"),
    ] {
        assert_eq!(natural(&file, None, None), (kind, mimetype.to_owned(), None));
    }
}

#[test]
fn what_whatsapp_does_not_show_is_sent_as_a_document_with_a_note() {
    for (file, mimetype, note) in [
        (b"II*\0\x08\0\0\0".to_vec(), "image/tiff", "image/tiff is no picture that WhatsApp shows"),
        (gif(3, 4), "image/gif", "image/gif of 3x4 pixels is no picture that WhatsApp shows"),
        (b"\xff\xd8\xff\xe0".to_vec(), "image/jpeg", "image/jpeg is no picture that WhatsApp shows"),
        (mp4(b"isom", &[HEVC, AAC]), "video/mp4", "video/mp4 with hvc1, mp4a is no video that WhatsApp plays"),
        (
            mp4(b"qt  ", &[H264, AAC]),
            "video/quicktime",
            "video/quicktime with avc1, mp4a is no video that WhatsApp plays",
        ),
        (
            mp4(b"M4A ", &[Made(b"soun", b"alac", (0, 0), false)]),
            "audio/mp4",
            "audio/mp4 with alac is no sound that WhatsApp plays",
        ),
        (mp4(b"heic", &[]), "image/heic", "image/heic is no picture that WhatsApp shows"),
        (wav(1), "audio/wav", "audio/wav is no sound that WhatsApp plays"),
        (page(1, 2, 0, &[b"\x01vorbis".to_vec()]), "audio/ogg", "audio/ogg is no sound that WhatsApp plays"),
    ] {
        let note = Some(format!("sent as a document: {note}"));
        assert_eq!(natural(&file, None, None), (Document, mimetype.to_owned(), note));
    }
}

#[test]
fn the_declared_type_counts_only_where_bytes_do_not_tell() {
    const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let zip = b"PK\x03\x04 something";
    let office = [&b"PK\x03\x04"[..], &[0; 26], b"[Content_Types].xml ... word/document.xml"].concat();
    let png = picture(8, 8, ImageFormat::Png);
    for (file, declared, filename, expected) in [
        (&png[..], Some("image/jpeg"), Some("photo.pdf"), "image/png"),
        (b"just words", Some("image/jpeg"), None, "text/plain"),
        (b"just words", Some("text/csv; charset=utf-8"), None, "text/csv"),
        (b"<p>words", Some("text/html"), None, "text/html"),
        (b"just words", None, Some("numbers.CSV"), "text/csv"),
        (b"<!DOCTYPE html><p>", Some("text/plain"), None, "text/plain"),
        (b"<!DOCTYPE html><p>", None, Some("a.txt"), "text/html"),
        (&[0, 1, 2], Some("application/x-own"), None, "application/x-own"),
        (&[0, 1, 2], Some("application/pdf"), None, "application/octet-stream"),
        (&[0, 1, 2], Some("not a type\r\n"), None, "application/octet-stream"),
        (&zip[..], None, Some("report.docx"), DOCX),
        (&zip[..], Some("image/jpeg"), None, "application/zip"),
        (&office, Some("application/zip"), None, DOCX),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", None, Some("old.doc"), "application/msword"),
        (b"BMW builds cars", None, None, "text/plain"),
        (b"\xff\xfeh\0i\0", None, None, "text/plain"),
    ] {
        assert_eq!(natural(file, declared, filename).1, expected, "{declared:?} {filename:?}");
    }
}

#[test]
fn a_document_keeps_the_type_that_is_declared() {
    let document = |file: &[u8], declared| inspect(Cursor::new(file), Some(declared), None, Some(Document)).unwrap();
    let png = picture(300, 200, ImageFormat::Png);
    let found = document(&png, "application/x-own");
    assert_eq!((found.mimetype.as_str(), found.width, found.note), ("application/x-own", Some(300), None));
    assert!(found.thumbnail.is_some());
    assert_eq!(document(&png, "image/jpeg").mimetype, "image/png");
    assert_eq!(document(b"<html>", "text/html").mimetype, "text/html");
    let svg = b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>";
    let drawings: [(&[u8], &str); 4] =
        [(svg, "image/svg+xml"), (svg, "image/png"), (svg, "application/x-own"), (b"<g/>", "Image/SVG+XML")];
    for (file, declared) in drawings {
        let found = document(file, declared);
        assert_eq!(found.mimetype, "application/octet-stream", "{declared}");
        assert!(found.note.unwrap().contains("image/svg+xml"));
    }
    assert_eq!(natural(svg, None, None).1, "application/octet-stream");
}

#[test]
fn a_wanted_kind_is_given_or_refused_with_what_to_send() {
    let sticker = picture(512, 512, ImageFormat::WebP);
    for (file, kind) in [
        (&voice(), Voice),
        (&sticker, Sticker),
        (&sticker, Image),
        (&moving_webp(512, 512), Sticker),
        (&mp4(b"isom", &[H264]), Gif),
        (&mp4(b"isom", &[H264, AAC]), VideoNote),
        (&mp4(b"3gp5", &[H264]), Video),
        (&wav(1), Document),
    ] {
        assert!(wanted(file, kind).is_ok(), "{kind}");
        assert!(!needs_transcoding(Cursor::new(file), kind).unwrap(), "{kind}");
    }
    assert_eq!(wanted(&voice(), Voice).unwrap(), OPUS);
    for (file, kind, is_convertible) in [
        (&picture(512, 511, ImageFormat::WebP), Sticker, true),
        (&picture(512, 512, ImageFormat::Png), Sticker, true),
        (&gif(3, 3), Image, true),
        (&gif(3, 3), Gif, true),
        (&mp4(b"isom", &[HEVC]), Video, true),
        (&mp4(b"qt  ", &[H264]), Video, true),
        (&mp4(b"3gp5", &[H264]), Gif, true),
        (&wav(1), Audio, true),
        (&mp3(50), Image, false),
        (&b"words".to_vec(), Video, false),
        (&b"<svg/>".to_vec(), Image, false),
    ] {
        let error = wanted(file, kind).unwrap_err();
        assert!(matches!(&error, InspectError::WrongType(sentence) if sentence.ends_with('.')), "{error:?}");
        assert_eq!(needs_transcoding(Cursor::new(file), kind).unwrap(), is_convertible, "{kind}");
    }
    let chained = [voice(), opus(1, &[10; 10])].concat();
    for (file, is_convertible) in
        [(opus(2, &[50; 50]), true), (mp3(50), true), (chained, true), (b"words".to_vec(), false)]
    {
        assert!(matches!(wanted(&file, Voice), Err(InspectError::VoiceFormat(_))));
        assert_eq!(needs_transcoding(Cursor::new(&file), Voice).unwrap(), is_convertible);
    }
    assert_eq!(
        wanted(&opus(2, &[50; 50]), Voice).unwrap_err().to_string(),
        "A voice note has to be Ogg with Opus and one channel (audio/ogg; codecs=opus), and this file is audio/ogg; \
         codecs=opus with 2 channels: send such a file, or send this one as audio or document."
    );
}

#[test]
fn an_empty_file_is_refused() {
    assert!(MediaKind::ALL.into_iter().all(|kind| matches!(wanted(b"", kind), Err(InspectError::Empty))));
}
