#![allow(clippy::unwrap_used)]

use futures_util::stream;
use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;

const KNOWN: [Field; 3] = [Field::text("number"), Field::text("message"), Field::flag("view_once")];

fn part(name: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
    [head.as_bytes(), body, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), b"--xyz--\r\n".to_vec()].concat()
}

/// The fields, and the file's name, type and bytes.
type Read = (Value, Option<(Option<String>, Option<String>, Vec<u8>)>);

/// Reads a form that arrives in pieces of these sizes, again and again.
async fn read_in(form: &[u8], sizes: &[usize]) -> Result<Read, String> {
    let (mut pieces, mut rest, mut sizes) = (Vec::new(), form, sizes.iter().cycle());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        pieces.push(Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)));
        rest = after;
    }
    let dir = TempDir::new().unwrap();
    let blobs = Blobs::open(dir.path(), 8 << 20).await.unwrap();
    let body = Body::from_stream(stream::iter(pieces));
    let read = read(&HeaderMap::new(), body, "xyz".to_owned(), &KNOWN, &blobs, 16 << 20).await;
    let (fields, file) = read.map_err(|error| format!("{error:?}"))?;
    let file = file.map(|file| (file.filename, file.mimetype, std::fs::read(file.pin.path()).unwrap()));
    Ok((Value::Object(fields), file))
}

async fn read_whole(parts: &[Vec<u8>]) -> Result<Read, String> {
    read_in(&form(parts), &[usize::MAX]).await
}

#[test]
fn a_form_is_known_by_its_boundary() {
    let of = |kind: &str| boundary(&HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]));
    assert_eq!(of("multipart/form-data; boundary=----x").as_deref(), Some("----x"));
    assert_eq!(of("Multipart/Form-Data; Boundary=\"a b\"").as_deref(), Some("a b"));
    for other in [
        "multipart/form-data",
        "multipart/mixed; boundary=x",
        "application/json",
        "x",
        "multipart/form-data; boundary=",
    ] {
        assert_eq!(of(other), None, "{other}");
    }
    assert_eq!(boundary(&HeaderMap::new()), None);
}

#[tokio::test]
async fn fields_may_come_before_and_after_the_file() {
    let file = part("file", "; filename=\"año.pdf\"\r\nContent-Type: application/pdf", b"%PDF-\r\n--xy\r\n");
    let latin = part("message", "\r\nContent-Type: text/plain; charset=ISO-8859-1", b"a\xf1o");
    let parts = [part("number", "", b"549 11"), file, latin, part("view_once", "", b"true"), part("other", "", b"")];
    let (fields, file) = read_whole(&parts).await.unwrap();
    assert_eq!(fields, json!({ "number": "549 11", "message": "año", "view_once": true, "other": "" }));
    let expected = (Some("año.pdf".to_owned()), Some("application/pdf".to_owned()), b"%PDF-\r\n--xy\r\n".to_vec());
    assert_eq!(file, Some(expected));
    let (fields, file) = read_whole(&[part("message", "", "hola".as_bytes())]).await.unwrap();
    assert_eq!((fields, file), (json!({ "message": "hola" }), None));
}

#[tokio::test]
async fn what_is_wrong_in_a_form_is_named() {
    let file = || part("file", "; filename=\"a\"", b"x");
    let long = vec![b'x'; BODY_MAX / 2 + 1];
    for (parts, code, what) in [
        (vec![part("message", "", b"a"), part("message", "", b"a")], "CONTRADICTION", "message is given twice"),
        (vec![file(), file()], "CONTRADICTION", "file is given twice"),
        (vec![part("media", "; filename=\"a\"", b"x")], "INVALID_FIELD", "in the field media: send it as file"),
        (vec![part("mesage", "", b"x")], "INVALID_FIELD", "Did you mean message"),
        (vec![part("message", "", b"\xff")], "INVALID_JSON", "message of the form is not text in UTF-8"),
        (vec![part("message", "", &long), part("other", "", &long)], "BODY_TOO_LARGE", "at most"),
        (vec![part("number", &format!("; x=\"{}\"", "y".repeat(BODY_MAX)), b"x")], "BODY_TOO_LARGE", "at most"),
        ((0..=FIELDS_MAX).map(|n| part(&n.to_string(), "", b"x")).collect(), "INVALID_JSON", "more than 100 fields"),
        (vec![part("file", "; filename=\"a\"", &vec![0; 9 << 20])], "MEDIA_QUOTA", "MEDIA_QUOTA_MB"),
    ] {
        let error = read_in(&form(&parts), &[20_000]).await.unwrap_err();
        assert!(error.contains(code) && error.contains(what), "{error}");
    }
    for incomplete in [&b""[..], b"--xyz", b"--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", b"hello"] {
        let error = read_in(incomplete, &[usize::MAX]).await.unwrap_err();
        assert!(error.contains("INVALID_JSON"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_form_that_stops_is_not_waited_for() {
    let dir = TempDir::new().unwrap();
    let blobs = Blobs::open(dir.path(), 1 << 20).await.unwrap();
    for start in [&b"--xyz\r\n"[..], &part("message", "", b"hol"), &part("file", "; filename=\"a\"", b"half")] {
        let piece = Ok::<_, std::io::Error>(Bytes::copy_from_slice(&start[..start.len() - 2]));
        let body = Body::from_stream(stream::iter([piece]).chain(stream::pending()));
        let error = read(&HeaderMap::new(), body, "xyz".to_owned(), &KNOWN, &blobs, 16 << 20).await.unwrap_err();
        assert!(format!("{error:?}").contains("BODY_TOO_SLOW"), "{error:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn however_it_arrives_a_form_says_the_same(
        file in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\r\n-xyz".to_vec())], 0..200),
        message in "[^\\x00]{0,20}",
        sizes in prop::collection::vec(1_usize..60, 1..6),
        is_first in any::<bool>(),
    ) {
        prop_assume!(!file.windows(5).any(|part| part == b"--xyz") && !message.contains("--xyz"));
        let mut parts = vec![part("file", "; filename=\"a.bin\"", &file), part("message", "", message.as_bytes())];
        if !is_first {
            parts.reverse();
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (fields, read) = runtime.block_on(read_in(&form(&parts), &sizes)).unwrap();
        prop_assert_eq!(fields, json!({ "message": message }));
        prop_assert_eq!(read.map(|(_, _, bytes)| bytes), Some(file));
    }

    #[test]
    fn no_form_makes_it_panic(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\r\n-xyz:;=\"".to_vec())], 0..120),
        is_headed in any::<bool>(),
    ) {
        let bytes = if is_headed { [b"--xyz\r\n", bytes.as_slice()].concat() } else { bytes };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _ = runtime.block_on(read_in(&bytes, &[7]));
    }
}
