//! The bytes of a body, from a caller who may be slow or send too many.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use crate::http::error::ApiError;

/// The longest message, 65,536 characters, is 786,432 bytes when every character is written as a pair of escapes.
pub const BODY_MAX: usize = 1 << 20;
/// Many callers read the answer only after they have written the whole body. Of a body that is too long, this many bytes more
/// are read and discarded, so that such a caller gets the answer.
const DISCARDED_MAX: usize = 32 << 20;
/// `Retry-After` in seconds.
const BUSY_RETRY: u32 = 5;
/// A body of 1 MiB arrives within this time on a line of 1 Mbit/s.
pub(super) const READ_DEADLINE: Duration = Duration::from_secs(10);
/// A file in base64 makes a body long: one of 18 MiB fits. WhatsApp takes pictures and sounds of up to 16 MB.
pub const LONG_MAX: usize = 25 << 20;
/// A body of 25 MiB arrives within this time on a line of 4 Mbit/s.
const LONG_DEADLINE: Duration = Duration::from_secs(60);
/// How long a long body waits for its place.
const PLACE_DEADLINE: Duration = Duration::from_secs(20);

/// A place among the long bodies. Each takes up to twice its length in memory while it is read.
pub type Place = SemaphorePermit<'static>;
static PLACES: Semaphore = Semaphore::const_new(2);

pub async fn bytes(body: Body) -> Result<Vec<u8>, ApiError> {
    bytes_up_to(body, BODY_MAX).await
}

/// As [`bytes`], with another limit.
pub async fn bytes_up_to(body: Body, max: usize) -> Result<Vec<u8>, ApiError> {
    tokio::time::timeout(READ_DEADLINE, read(body, max)).await.map_err(slow)?
}

/// The first bytes that are more than white space, if there are any, and the rest.
pub async fn beginning(mut body: Body) -> Result<(Bytes, Body), ApiError> {
    let deadline = Instant::now() + READ_DEADLINE;
    let mut first = Bytes::new();
    while first.trim_ascii_start().is_empty() && first.len() <= BODY_MAX {
        let Some(data) = timeout_at(deadline, next(&mut body)).await.map_err(slow)?? else { break };
        first = if first.is_empty() { data } else { [first, data].concat().into() };
    }
    Ok((first, body))
}

pub(super) fn slow(_: Elapsed) -> ApiError {
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "BODY_TOO_SLOW", "The body did not arrive in time.")
}

pub(super) fn too_large(max: usize) -> ApiError {
    let message = format!("The body may have at most {max} bytes.");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message)
}

async fn read(mut body: Body, max: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::new();
    while let Some(data) = next(&mut body).await? {
        if bytes.len() + data.len() > max {
            discard(&mut body, data.len()).await?;
            return Err(too_large(max));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// The bytes of a body that may be long, and its place if it is.
pub async fn long(mut body: Body) -> Result<(Vec<u8>, Option<Place>), ApiError> {
    let announced = body.size_hint().exact().and_then(|size| usize::try_from(size).ok());
    let (mut bytes, mut place) = (Vec::new(), None);
    let mut deadline = Instant::now() + READ_DEADLINE;
    while let Some(data) = timeout_at(deadline, next(&mut body)).await.map_err(slow)?? {
        let total = bytes.len() + data.len();
        if total > LONG_MAX || announced.is_some_and(|announced| announced > LONG_MAX) {
            timeout_at(Instant::now() + READ_DEADLINE, discard(&mut body, total)).await.map_err(slow)??;
            return Err(too_large(LONG_MAX));
        }
        if place.is_none() && (total > BODY_MAX || announced.is_some_and(|announced| announced > BODY_MAX)) {
            let permit = timeout_at(Instant::now() + PLACE_DEADLINE, PLACES.acquire()).await;
            // The semaphore is never closed.
            place = permit.map_err(|_| busy())?.ok();
            deadline = Instant::now() + LONG_DEADLINE;
            bytes.reserve_exact(announced.unwrap_or(LONG_MAX) - bytes.len());
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, place))
}

fn busy() -> ApiError {
    let message = "Other long bodies are being read; try again in a few seconds, or upload the file to POST /media.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "SESSION_NOT_READY", message).retry_after(BUSY_RETRY)
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, ApiError> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::bad_request("INVALID_JSON", "The body broke off."))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Reads the rest of a body that is too long, as far as that is done.
async fn discard(body: &mut Body, mut discarded: usize) -> Result<(), ApiError> {
    while discarded <= DISCARDED_MAX {
        let Some(data) = next(body).await? else { break };
        discarded += data.len();
    }
    Ok(())
}
