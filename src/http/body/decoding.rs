//! What the headers and the first bytes say about how a body is written: its type, its compression, its charset.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use http::{HeaderMap, StatusCode, header};

use super::shortened;
use crate::http::error::ApiError;

const UNDERSTOOD: &str = "Send a JSON object (application/json) or a form (application/x-www-form-urlencoded).";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    UrlEncoded,
}

/// A body that is not empty, with what is known about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    pub form: Form,
    /// Without a byte order mark.
    pub bytes: Vec<u8>,
    /// The encoding of the bytes. In each of these encodings the ASCII characters are the same bytes as in ASCII.
    pub encoding: &'static Encoding,
}

/// Recognises how a body is written; None for an empty body. A body that begins with `{` is JSON whatever its Content-Type says,
/// because `curl -d '{…}'` declares a form.
pub fn recognised(headers: &HeaderMap, bytes: Vec<u8>) -> Result<Option<Written>, ApiError> {
    refuse_compression(headers)?;
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
    let kind = kind.unwrap_or_default();
    let (bytes, encoding) = in_ascii(bytes, declared(&kind)?)?;
    let Some(first) = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) else { return Ok(None) };
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let form = match essence.as_str() {
        _ if *first == b'{' => Form::Json,
        "application/x-www-form-urlencoded" => Form::UrlEncoded,
        "" | "application/json" | "text/json" | "text/plain" => Form::Json,
        _ if essence.ends_with("+json") => Form::Json,
        _ => {
            return Err(unsupported(format!("A body of type {} is not understood. {UNDERSTOOD}", shortened(&essence))));
        }
    };
    Ok(Some(Written { form, bytes, encoding }))
}

/// The text of the bytes; None if they are not valid in this encoding.
pub fn decoded(bytes: &[u8], encoding: &'static Encoding) -> Option<String> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned)
}

impl Written {
    /// Text in UTF-8 is not copied, because it may be long.
    pub fn text(&self) -> Result<Cow<'_, str>, ApiError> {
        let text = self.encoding.decode_without_bom_handling_and_without_replacement(&self.bytes);
        text.ok_or_else(|| not_text(self.encoding.name()))
    }
}

pub fn refuse_compression(headers: &HeaderMap) -> Result<(), ApiError> {
    for coding in headers.get_all(header::CONTENT_ENCODING) {
        let coding = String::from_utf8_lossy(coding.as_bytes()).trim().to_ascii_lowercase();
        if !["", "identity"].contains(&coding.as_str()) {
            let coding = shortened(&coding);
            return Err(unsupported(format!(
                "A body with Content-Encoding {coding} is not understood. Send it as it is."
            )));
        }
    }
    Ok(())
}

/// The charset that the Content-Type declares.
#[derive(Clone, Copy)]
enum Charset {
    Ascii,
    Other(&'static Encoding),
}

fn declared(kind: &str) -> Result<Option<Charset>, ApiError> {
    let parameters = kind.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let charset =
        parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset")).map(|(_, value)| value).next();
    let Some(label) = charset.map(|label| label.trim().trim_matches('"').trim()) else { return Ok(None) };
    if ["us-ascii", "ascii"].iter().any(|ascii| label.eq_ignore_ascii_case(ascii)) {
        return Ok(Some(Charset::Ascii));
    }
    let unknown = || unsupported(format!("The charset {} is not known. Send UTF-8.", shortened(label)));
    Encoding::for_label_no_replacement(label.as_bytes())
        .map(|encoding| Some(Charset::Other(encoding)))
        .ok_or_else(unknown)
}

/// The bytes without a byte order mark, in an encoding that contains ASCII unchanged; UTF-16 is converted to UTF-8. A byte order
/// mark determines the encoding, otherwise the declared charset does. Without both the encoding is UTF-8.
fn in_ascii(mut bytes: Vec<u8>, declared: Option<Charset>) -> Result<(Vec<u8>, &'static Encoding), ApiError> {
    let encoding = match (Encoding::for_bom(&bytes), declared) {
        (Some((encoding, mark)), _) => {
            bytes.drain(..mark);
            encoding
        }
        (None, Some(Charset::Ascii)) if !bytes.is_ascii() => return Err(not_text("US-ASCII")),
        (None, Some(Charset::Other(encoding))) => encoding,
        (None, Some(Charset::Ascii) | None) => UTF_8,
    };
    if encoding.is_ascii_compatible() {
        return Ok((bytes, encoding));
    }
    let text = decoded(&bytes, encoding).ok_or_else(|| not_text(encoding.name()))?;
    Ok((text.into_bytes(), UTF_8))
}

fn not_text(charset: &str) -> ApiError {
    let message = format!(
        "The body is not text in {charset}. A body in another charset has to name it, as in Content-Type: application/json; \
         charset=ISO-8859-1."
    );
    ApiError::bad_request("INVALID_JSON", message)
}

fn unsupported(message: String) -> ApiError {
    ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use encoding_rs::WINDOWS_1252;
    use proptest::prelude::*;

    use super::*;

    const FORM: &str = "application/x-www-form-urlencoded";

    fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    fn read(kind: &str, bytes: &[u8]) -> Result<Option<(Form, String)>, String> {
        let headers = if kind.is_empty() { HeaderMap::new() } else { headers(&[(header::CONTENT_TYPE, kind)]) };
        let written = recognised(&headers, bytes.to_vec()).map_err(|error| format!("{error:?}"))?;
        written
            .map(|written| Ok((written.form, written.text().map_err(|error| format!("{error:?}"))?.into_owned())))
            .transpose()
    }

    #[test]
    fn what_begins_with_a_brace_is_json_whatever_its_type_says() {
        for kind in
            ["", FORM, "application/json", "text/plain;charset=UTF-8", "multipart/form-data; boundary=x", "x", ";"]
        {
            assert_eq!(read(kind, b" \n{}"), Ok(Some((Form::Json, " \n{}".to_owned()))), "{kind}");
            assert_eq!(read(kind, b" \r\n"), Ok(None), "{kind}");
        }
        let odd = HeaderMap::from_iter([(header::CONTENT_TYPE, http::HeaderValue::from_bytes(b"\xff").unwrap())]);
        assert!(recognised(&odd, b"{}".to_vec()).is_ok());
    }

    #[test]
    fn other_bodies_are_what_their_type_says() {
        for kind in
            ["", "application/json", "Application/JSON; charset=utf-8", "text/plain", "text/json", "application/x+json"]
        {
            assert_eq!(read(kind, b"[1]").map(|read| read.map(|(form, _)| form)), Ok(Some(Form::Json)), "{kind}");
        }
        assert_eq!(
            read("Application/X-WWW-Form-Urlencoded; x", b"a=1"),
            Ok(Some((Form::UrlEncoded, "a=1".to_owned())))
        );
        for kind in ["multipart/form-data; boundary=x", "application/xml", "text/html"] {
            let error = read(kind, b"--x").unwrap_err();
            assert!(error.contains("UNSUPPORTED_MEDIA_TYPE") && error.contains(FORM), "{error}");
            assert!(error.contains(kind.split(';').next().unwrap()), "{error}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_left_out_and_says_the_encoding() {
        let json = "{\"a\":\"ñ👍\"}";
        let wide: Vec<u16> = json.encode_utf16().collect();
        let little = [&[0xff, 0xfe][..], &wide.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<_>>()].concat();
        let big = [&[0xfe, 0xff][..], &wide.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<_>>()].concat();
        for bytes in [[b"\xef\xbb\xbf", json.as_bytes()].concat(), little, big.clone()] {
            assert_eq!(read("", &bytes), Ok(Some((Form::Json, json.to_owned()))));
            assert_eq!(read("application/json; charset=utf-8", &bytes), Ok(Some((Form::Json, json.to_owned()))));
        }
        assert_eq!(read("application/json; charset=utf-16be", &big[2..]), Ok(Some((Form::Json, json.to_owned()))));
        assert_eq!(read(FORM, b"\xef\xbb\xbfa=1"), Ok(Some((Form::UrlEncoded, "a=1".to_owned()))));
        assert_eq!(read("", b"\xef\xbb\xbf"), Ok(None), "a mark and nothing else");
        assert!(read("", &big[..big.len() - 1]).is_err_and(|error| error.contains("UTF-16BE")), "half a character");
    }

    #[test]
    fn a_body_is_read_in_the_charset_that_it_declares() {
        let latin = b"{\"a\":\"a\xf1o \x80\"}";
        for charset in ["ISO-8859-1", "\"iso-8859-1\"", " latin1 ", "windows-1252", "ISO-8859-1; x=y"] {
            let read = read(&format!("application/json; x; Charset={charset}"), latin);
            assert_eq!(read, Ok(Some((Form::Json, "{\"a\":\"año €\"}".to_owned()))), "{charset}");
        }
        for (charset, name) in
            [("", "UTF-8"), (";charset=utf8", "UTF-8"), (";charset=us-ascii", "US-ASCII"), (";charset=gbk", "GBK")]
        {
            let error = read(&format!("application/json{charset}"), b"{\"a\":\"\xf1\xff\"}").unwrap_err();
            assert!(error.contains("INVALID_JSON") && error.contains(name), "{error}");
        }
        for charset in ["utf-32", "klingon", "", "iso-2022-kr"] {
            let error = read(&format!("application/json; charset={charset}"), b"{}").unwrap_err();
            assert!(error.contains("UNSUPPORTED_MEDIA_TYPE") && error.contains(charset), "{error}");
        }
        let written =
            recognised(&headers(&[(header::CONTENT_TYPE, &format!("{FORM}; charset=latin1"))]), b"a=1".to_vec());
        assert_eq!(written.unwrap().map(|written| written.encoding), Some(WINDOWS_1252));
    }

    #[test]
    fn what_is_compressed_is_refused_as_such() {
        for coding in ["gzip", "br", "GZIP", "identity, gzip", "x"] {
            let headers = headers(&[(header::CONTENT_TYPE, "application/json"), (header::CONTENT_ENCODING, coding)]);
            let error = format!("{:?}", recognised(&headers, b"\x1f\x8b".to_vec()).unwrap_err());
            assert!(error.contains("UNSUPPORTED_MEDIA_TYPE") && error.contains(&coding.to_lowercase()), "{error}");
        }
        for coding in ["identity", "Identity", ""] {
            assert!(recognised(&headers(&[(header::CONTENT_ENCODING, coding)]), b"{}".to_vec()).is_ok(), "{coding}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(
            kind in "[ -~]{0,40}|application/json; charset=(utf-8|utf-16|utf-16be|gbk|shift_jis|big5|latin1|iso-2022-jp|x-user-defined)",
            bytes in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let _ = read(&kind, &bytes);
        }
    }
}
