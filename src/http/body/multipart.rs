//! A form with a file in it, as `curl -F file=@x.pdf -F number=…` sends it: `multipart/form-data`. The file is written to the
//! disk as it arrives.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use encoding_rs::{Encoding, UTF_8};
use futures_util::{Stream, StreamExt};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::decoding::{decoded, refuse_compression};
use super::form::put;
use super::{BODY_MAX, Field, arriving, refuse_slips, shortened, twice};
use crate::blobs::{BlobError, Blobs};
use crate::http::error::ApiError;
use crate::http::upload::{Given, receive};

/// The field with the file.
pub const FILE: &str = "file";
const FIELDS_MAX: usize = 100;

/// What separates the parts, if the body is such a form.
pub fn boundary(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(kind).ok().filter(|boundary| !boundary.is_empty())
}

/// Refuses a form whose announced length is more than a file of `max` bytes may have, before any of it is read.
pub fn refuse_too_large(headers: &HeaderMap, max: u64) -> Result<(), ApiError> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > max + BODY_MAX as u64) {
        return Err(BlobError::TooLarge { max }.into());
    }
    Ok(())
}

/// The fields of the form, and its file of at most `max` bytes. Fields may come before the file and after it.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    boundary: String,
    known: &[Field],
    blobs: &Blobs,
    max: u64,
) -> Result<(Map<String, Value>, Option<Given>), ApiError> {
    refuse_compression(headers)?;
    let allowed = Arc::new(AtomicUsize::new(0));
    let source = Source { body: Some(body.into_data_stream()), allowed: Arc::clone(&allowed), has_given: false };
    let mut form = multer::Multipart::new(source, boundary);
    let mut reading = Reading { fields: Map::new(), file: None, text: 0 };
    loop {
        // The head of a part is kept in memory until it is complete.
        allowed.store(BODY_MAX, Ordering::Relaxed);
        let part = tokio::time::timeout(arriving::READ_DEADLINE, form.next_field()).await.map_err(arriving::slow)?;
        let Some(part) = part.map_err(broken)? else { break };
        allowed.store(usize::MAX, Ordering::Relaxed);
        reading.part(part, known, (blobs, max)).await?;
    }
    refuse_slips(&reading.fields, known)?;
    Ok((reading.fields, reading.file))
}

struct Reading {
    fields: Map<String, Value>,
    file: Option<Given>,
    /// Bytes of all fields but the file.
    text: usize,
}

impl Reading {
    async fn part(
        &mut self,
        part: multer::Field<'_>,
        known: &[Field],
        (blobs, max): (&Blobs, u64),
    ) -> Result<(), ApiError> {
        let name = part.name().unwrap_or_default().to_owned();
        if name == FILE && self.file.is_some() {
            return Err(twice(&name));
        }
        if name == FILE {
            let (mimetype, filename) =
                (part.content_type().map(ToString::to_string), part.file_name().map(str::to_owned));
            let arriving = part.map(|bytes| bytes.map_err(broken));
            let pin = receive(blobs, max, None, arriving).await?;
            self.file = Some(Given { pin, mimetype, filename });
            return Ok(());
        }
        if part.file_name().is_some() {
            let message = format!("The form has a file in the field {}: send it as {FILE}.", shortened(&name));
            return Err(ApiError::bad_request("INVALID_FIELD", message));
        }
        if self.fields.len() == FIELDS_MAX {
            let message = format!("The form has more than {FIELDS_MAX} fields.");
            return Err(ApiError::bad_request("INVALID_JSON", message));
        }
        let charset =
            part.content_type().and_then(|kind| kind.get_param("charset")).map(|label| label.as_str().to_owned());
        let encoding = charset.map_or(Some(UTF_8), |label| Encoding::for_label_no_replacement(label.as_bytes()));
        let encoding = encoding.unwrap_or(UTF_8);
        let bytes = self.text_of(part).await?;
        let unreadable = || {
            let message = format!("{} of the form is not text in {}.", shortened(&name), encoding.name());
            ApiError::bad_request("INVALID_JSON", message)
        };
        let text = decoded(&bytes, encoding).ok_or_else(unreadable)?;
        put(&mut self.fields, name, text, known)
    }

    async fn text_of(&mut self, mut part: multer::Field<'_>) -> Result<Vec<u8>, ApiError> {
        let mut bytes = Vec::new();
        let reading = async {
            while let Some(piece) = part.chunk().await.map_err(broken)? {
                self.text += piece.len();
                if self.text > BODY_MAX {
                    return Err(too_large());
                }
                bytes.extend_from_slice(&piece);
            }
            Ok(())
        };
        tokio::time::timeout(arriving::READ_DEADLINE, reading).await.map_err(arriving::slow)??;
        Ok(bytes)
    }
}

/// The body for the reader of forms. That one takes all there is into memory each time that it reads, so it is given one
/// piece each time, and no more than is allowed for what it looks for.
struct Source {
    body: Option<BodyDataStream>,
    allowed: Arc<AtomicUsize>,
    has_given: bool,
}

#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error("the head of a part is too long")]
    TooLong,
    #[error("the body broke off")]
    BrokeOff,
}

impl Stream for Source {
    type Item = Result<Bytes, Stopped>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_given) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = body.poll_next_unpin(cx);
        let Poll::Ready(Some(piece)) = polled else { return polled.map(|_| None) };
        let Ok(piece) = piece else {
            self.body = None;
            return Poll::Ready(Some(Err(Stopped::BrokeOff)));
        };
        let allowed = self.allowed.load(Ordering::Relaxed);
        if piece.len() > allowed {
            self.body = None;
            return Poll::Ready(Some(Err(Stopped::TooLong)));
        }
        if allowed != usize::MAX {
            self.allowed.store(allowed - piece.len(), Ordering::Relaxed);
        }
        self.has_given = true;
        Poll::Ready(Some(Ok(piece)))
    }
}

fn broken(error: multer::Error) -> ApiError {
    if let multer::Error::StreamReadFailed(cause) = &error
        && cause.downcast_ref::<Stopped>().is_some_and(|stopped| matches!(stopped, Stopped::TooLong))
    {
        return too_large();
    }
    ApiError::bad_request("INVALID_JSON", "The body is no complete form (multipart/form-data).")
}

fn too_large() -> ApiError {
    let message = format!("The fields beside the file may have at most {BODY_MAX} bytes.");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message)
}

#[cfg(test)]
mod tests;
