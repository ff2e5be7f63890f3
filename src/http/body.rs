//! Reads a JSON body from a caller who may be slow, large, or wrong.

use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use serde_json::{Map, Number, Value};

use super::error::ApiError;

/// The longest message, 65,536 characters, is 786,432 bytes when every character is written as a pair of escapes.
pub const BODY_MAX: usize = 1 << 20;
/// A caller that is still writing sees the answer only once it is done: this much more is read and thrown away.
const DISCARDED_MAX: usize = 32 << 20;
/// Up to this number, a floating-point number can hold every whole number exactly.
const EXACT_MAX: f64 = 9_007_199_254_740_991.0;
/// A megabyte in this time is a phone line.
const READ_DEADLINE: Duration = Duration::from_secs(10);

/// The fields of a JSON object; none for an empty body.
pub async fn fields(body: Body) -> Result<Map<String, Value>, ApiError> {
    let read = tokio::time::timeout(READ_DEADLINE, read(body)).await;
    let slow =
        |_| ApiError::new(http::StatusCode::REQUEST_TIMEOUT, "BODY_TOO_SLOW", "The body did not arrive in time.");
    let bytes = read.map_err(slow)??;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(ApiError::bad_request("INVALID_JSON", "The body must be a JSON object.")),
        Err(error) => Err(ApiError::bad_request("INVALID_JSON", format!("The body is not JSON in UTF-8: {error}."))),
    }
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
        return Err(ApiError::new(http::StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message));
    }
    Ok(bytes)
}

/// A field that is true or false, false when absent.
pub fn flag(fields: &Map<String, Value>, name: &str) -> Result<bool, ApiError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(ApiError::bad_request("INVALID_FIELD", format!("{name} must be true or false."))),
    }
}

/// A field that callers write as text or as a number, such as `"51"` or `51`.
pub fn text_or_number(fields: &Map<String, Value>, name: &str) -> Option<Result<String, ApiError>> {
    match fields.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(Ok(text.clone())),
        Some(Value::Number(number)) => Some(Ok(written(number))),
        Some(_) => Some(Err(ApiError::bad_request("INVALID_FIELD", format!("{name} must be text or a number.")))),
    }
}

/// Whether a field is a number of JSON that is below zero or has a fraction. As text it would be read as a phone number,
/// because dashes and dots in phone numbers are ignored.
pub fn is_not_whole(fields: &Map<String, Value>, name: &str) -> bool {
    fields.get(name).and_then(Value::as_f64).is_some_and(|number| number < 0.0 || number.fract() != 0.0)
}

/// A number as text. `51` and `51.0` are the same number in JSON, so both give `51`.
pub fn written(number: &Number) -> String {
    match number.as_f64() {
        Some(whole) if number.is_f64() && whole.fract() == 0.0 && whole.abs() <= EXACT_MAX => format!("{whole:.0}"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn code(bytes: impl Into<Body>) -> Option<String> {
        fields(bytes.into()).await.err().map(|error| format!("{error:?}"))
    }

    #[tokio::test]
    async fn tells_what_is_wrong_with_a_body() {
        assert!(code("{\"a\":1}").await.is_none());
        assert!(code(" \n").await.is_none());
        for wrong in ["[1]", "{", "nope", "\"text\""] {
            assert!(code(wrong).await.is_some_and(|e| e.contains("INVALID_JSON")), "{wrong}");
        }
        assert!(code(&b"{\"a\":\"\xff\"}"[..]).await.is_some_and(|e| e.contains("INVALID_JSON")));
        assert!(code(vec![b' '; BODY_MAX + 1]).await.is_some_and(|e| e.contains("BODY_TOO_LARGE")));
    }

    #[test]
    fn a_whole_number_is_written_without_its_fraction() {
        for (given, expected) in
            [("51", "51"), ("51.0", "51"), ("5.1e1", "51"), ("-3.0", "-3"), ("1.5", "1.5"), ("1e300", "1e+300")]
        {
            let number = serde_json::from_str::<Number>(given).ok();
            assert_eq!(number.map(|number| written(&number)).as_deref(), Some(expected), "{given}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn does_not_wait_for_ever() {
        let never = Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
        assert!(code(never).await.is_some_and(|e| e.contains("BODY_TOO_SLOW")));
    }
}
