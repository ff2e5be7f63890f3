//! The bytes of a body, from a caller who may be slow or send too many.

use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use http_body_util::BodyExt;

use crate::http::error::ApiError;

/// The longest message, 65,536 characters, is 786,432 bytes when every character is written as a pair of escapes.
pub const BODY_MAX: usize = 1 << 20;
/// Many callers read the answer only after they have written the whole body. Of a body that is too long, this many bytes more
/// are read and discarded, so that such a caller gets the answer.
const DISCARDED_MAX: usize = 32 << 20;
/// A body of 1 MiB arrives within this time on a line of 1 Mbit/s.
const READ_DEADLINE: Duration = Duration::from_secs(10);

pub async fn bytes(body: Body) -> Result<Vec<u8>, ApiError> {
    let slow = |_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "BODY_TOO_SLOW", "The body did not arrive in time.");
    tokio::time::timeout(READ_DEADLINE, read(body)).await.map_err(slow)?
}

async fn read(mut body: Body) -> Result<Vec<u8>, ApiError> {
    let (mut bytes, mut total) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| ApiError::bad_request("INVALID_JSON", "The body broke off."))?;
        let Ok(data) = frame.into_data() else { continue };
        total += data.len();
        if total <= BODY_MAX {
            bytes.extend_from_slice(&data);
        } else if total > BODY_MAX + DISCARDED_MAX {
            break;
        }
    }
    if total > BODY_MAX {
        let message = format!("The body may have at most {BODY_MAX} bytes.");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message));
    }
    Ok(bytes)
}
