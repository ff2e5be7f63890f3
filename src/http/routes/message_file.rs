//! `GET /messages/{id}/media`: the file of a message.

use std::io::SeekFrom;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use crate::blobs::Pin;
use crate::domain::media::{Media, MediaKind};
use crate::domain::message::MessageId;
use crate::files::names;
use crate::files::range::{self, Range};
use crate::inbound::media::File;

use crate::http::App;
use crate::http::error::ApiError;

/// The bytes that are read at a time: an answer takes little more memory, however large its file is.
const CHUNK: usize = 64 << 10;
/// Most files arrive within seconds; a phone that is asked for one again takes longer.
const PENDING_RETRY: u32 = 5;

/// The file of a message
///
/// 202 `MEDIA_PENDING` while the file is being fetched; a file that is fetched on request only (`MEDIA_FETCH=ask`, or the quota
/// removed it) is requested by this. Types that a browser could run or render with scripts are always sent as an attachment.
#[utoipa::path(
    get,
    path = "/messages/{id}/media",
    operation_id = "message_file",
    tag = "messages",
    params(
        ("id" = String, Path, description = "WhatsApp's id of the message."),
        ("Range" = Option<String>, Header, description = "One range of bytes; anything else gives the whole file."),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier answer."),
    ),
    responses(
        (status = 200, content_type = "application/octet-stream", body = String, description = "The file, with its own type.",
            headers(("ETag" = String, description = "The SHA-256 of the file, in quotation marks."))),
        (status = 206, content_type = "application/octet-stream", body = String, description = "The range that was asked for."),
        (status = 304, description = "The caller has this file already."),
    ),
    extensions(("x-errors" = json!([
        "MEDIA_PENDING", "MESSAGE_NOT_FOUND", "NO_MEDIA", "MEDIA_GONE", "MEDIA_TOO_LARGE", "RANGE_NOT_SATISFIABLE",
        "STORE_UNAVAILABLE",
    ]))),
)]
pub async fn message_file(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (pin, media) = match app.files.of(MessageId::new(id)).await? {
        File::Here(pin, media) => (pin, media),
        missing => return Err(missing_file(&missing)),
    };
    let tag = format!("\"{}\"", pin.id());
    let asked = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if asked(header::IF_NONE_MATCH).is_some_and(|known| holds(known, &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, about(&tag, &media)).into_response());
    }
    let is_fresh = asked(header::IF_RANGE).is_none_or(|known| known == tag);
    let range = asked(header::RANGE).filter(|_| is_fresh).map_or(Range::Whole, |asked| range::parse(asked, pin.size()));
    let size = pin.size();
    let (status, first, length) = match range {
        Range::Whole => (StatusCode::OK, 0, size),
        Range::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Range::Unsatisfiable => {
            let message = format!("The file has {size} bytes, and none of them is in the range that was asked for.");
            return Err(
                ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "RANGE_NOT_SATISFIABLE", message).with("size", size)
            );
        }
    };
    let mut headers = about(&tag, &media);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(part) = HeaderValue::try_from(format!("bytes {first}-{}/{size}", first + length - 1))
    {
        headers.insert(header::CONTENT_RANGE, part);
    }
    Ok((status, headers, body(pin, first, length).await?).into_response())
}

fn missing_file(missing: &File) -> ApiError {
    let gone = |message: &str| ApiError::new(StatusCode::GONE, "MEDIA_GONE", message);
    let none = |message: &str| ApiError::new(StatusCode::NOT_FOUND, "NO_MEDIA", message);
    match missing {
        File::Pending => {
            let message = "The file is being fetched; ask again in a few seconds.";
            ApiError::new(StatusCode::ACCEPTED, "MEDIA_PENDING", message).retry_after(PENDING_RETRY)
        }
        File::NoMessage => super::messages::no_message(),
        File::Off => none("Files of this kind are not fetched: MEDIA_FETCH says off."),
        File::TooLarge(limit) => {
            let message = format!("The file is larger than MEDIA_MAX_MB allows ({} MB).", limit >> 20);
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "MEDIA_TOO_LARGE", message).with("limit", *limit)
        }
        File::Gone => gone("Neither WhatsApp nor the phone has the file any more."),
        File::Broken => gone("The file that arrived is not the one that its sender announced, so it was not kept."),
        File::Unavailable => gone("WhatsApp gives this file to no linked device: it can only be opened on the phone."),
        File::None | File::Here(..) => none("The message has no file."),
    }
}

/// Whether an `If-None-Match` header names the file.
pub(super) fn holds(known: &str, tag: &str) -> bool {
    known.trim() == "*" || known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)
}

/// The headers that describe the file. Its name and type come from a stranger.
fn about(tag: &str, media: &Media) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let essence = names::essence(&media.mimetype);
    let mimetype = essence.as_ref().map_or("application/octet-stream", |_| media.mimetype.as_str());
    let extension = names::extension_for(mimetype).unwrap_or("bin");
    let name = media.filename.clone().unwrap_or_else(|| {
        let kind = media.kind.map_or("file", MediaKind::name);
        format!("{kind}.{extension}")
    });
    let disposition = names::content_disposition(&name);
    let disposition = match disposition.strip_prefix("attachment") {
        Some(rest) if names::is_inline_safe(mimetype) => format!("inline{rest}"),
        _ => disposition,
    };
    let texts = [
        (header::CONTENT_TYPE, mimetype),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        (header::ETAG, tag),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'"),
    ];
    for (name, value) in texts {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers
}

/// The bytes from `first` on. The pin keeps the file until the last of them is sent.
async fn body(pin: Pin, first: u64, length: u64) -> Result<Body, ApiError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "a file cannot be read");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", "The file cannot be read at the moment.")
    };
    let mut file = fs::File::from_std(pin.open().await.map_err(|error| unreadable(&error))?);
    file.seek(SeekFrom::Start(first)).await.map_err(|error| unreadable(&error))?;
    let pieces = stream::try_unfold((file, length, pin), |(mut file, left, pin)| async move {
        let wanted = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let mut piece = vec![0; wanted];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        if wanted == 0 {
            return Ok(None);
        }
        if read == 0 {
            return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
        }
        Ok(Some((Bytes::from(piece), (file, left - read as u64, pin))))
    });
    Ok(Body::from_stream(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::media::tests::media;

    fn header_of(media: &Media, name: HeaderName) -> String {
        let headers = about("\"a\"", media);
        headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    }

    #[test]
    fn only_what_cannot_run_is_shown_in_a_browser() {
        let disposition = |mimetype: &str| {
            let media = Media { mimetype: mimetype.to_owned(), ..media(MediaKind::Document) };
            header_of(&media, header::CONTENT_DISPOSITION)
        };
        assert!(disposition("image/jpeg").starts_with("inline; filename=\"document.jpg\""));
        assert!(disposition("audio/ogg; codecs=opus").starts_with("inline;"));
        for mimetype in
            ["text/html", "image/svg+xml", "application/pdf", "application/xhtml+xml", "text/xml", "", "a\r\nb: c"]
        {
            assert!(disposition(mimetype).starts_with("attachment;"), "{mimetype}");
        }
    }

    #[test]
    fn a_strangers_name_and_type_add_no_header() {
        let media = Media {
            mimetype: "text/html\r\nSet-Cookie: a=b".to_owned(),
            filename: Some("../../a\"\r\nSet-Cookie: a=b\u{202e}fdp.exe".to_owned()),
            ..media(MediaKind::Document)
        };
        assert_eq!(header_of(&media, header::CONTENT_TYPE), "application/octet-stream");
        let disposition = header_of(&media, header::CONTENT_DISPOSITION);
        assert!(!disposition.contains(['\r', '\n', '/']) && disposition.matches('"').count() == 2, "{disposition}");
    }

    #[test]
    fn the_callers_copy_is_known_by_its_tag() {
        for (known, is_held) in [("\"a\"", true), ("\"b\", W/\"a\"", true), ("*", true), ("\"b\"", false), ("a", false)]
        {
            assert_eq!(holds(known, "\"a\""), is_held, "{known}");
        }
    }
}
