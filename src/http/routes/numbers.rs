//! `GET /numbers/{number}` and `POST /numbers`: whether numbers are on WhatsApp.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::directory::{DirectoryError, NUMBERS_MAX, Reached};
use crate::domain::address::PhoneNumber;

use crate::http::App;
use crate::http::body::{Field, fields, written};
use crate::http::error::{ApiError, whole_seconds};
use crate::http::wire::numbers::{Checked, Lookup, Lookups};
use crate::http::wire::requests;

/// The longest text that is read as a number, in characters.
const TEXT_MAX: usize = 64;
const WHOLE_MAX: f64 = 1e15;

/// Whether a number is on WhatsApp
///
/// At most 30 a minute. Where a country has two forms of a number (Argentina, Mexico, Brazil), the second is asked for after
/// WhatsApp denied the first.
#[utoipa::path(
    get,
    path = "/numbers/{number}",
    operation_id = "number",
    tag = "people",
    params(("number" = inline(requests::NumberText), Path,
        description = "7 to 15 digits with the country, as people write them.")),
    responses((status = 200, body = Lookup)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "RATE_LIMITED", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn number(State(app): State<App>, Path(number): Path<String>) -> Result<Json<Lookup>, ApiError> {
    let number = PhoneNumber::parse(&number)
        .map_err(|error| ApiError::bad_request("INVALID_NUMBER", format!("number {error}.")))?;
    Ok(Json(match app.directory.look_up(&number).await? {
        Some(reached) => Lookup {
            ok: true,
            number: number.into(),
            to: Some(reached.number.into()),
            exists: true,
            chat_id: Some(reached.chat_id),
            lid: reached.lid,
        },
        None => Lookup { ok: true, number: number.into(), to: None, exists: false, chat_id: None, lid: None },
    }))
}

/// Whether up to 50 numbers are on WhatsApp
///
/// They are looked up in batches of ten with pauses of about a second, and each counts as one of the 30 look-ups of a minute,
/// which `/numbers/{number}` and others share. Where those are used up, the numbers that are left have `code`
/// `RATE_LIMITED`; where none is left at all, the answer is 429. WhatsApp Web remembers who is found: a chat with them can be
/// opened without another look-up.
#[utoipa::path(
    post,
    path = "/numbers",
    operation_id = "numbers",
    tag = "people",
    request_body = requests::NumbersRequest,
    responses((status = 200, body = Lookups)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_FIELD",
        "RATE_LIMITED", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn numbers(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Json<Lookups>, ApiError> {
    let texts = texts(&fields(&headers, body, &[Field::text("numbers")]).await?)?;
    let read: Vec<_> = texts.iter().map(|text| PhoneNumber::parse(text)).collect();
    let numbers: Vec<_> = read.iter().filter_map(|number| number.clone().ok()).collect();
    let mut answers = app.directory.look_up_all(&numbers).await?;
    let limited = |answer: &Result<_, DirectoryError>| matches!(answer, Err(DirectoryError::RateLimited { .. }));
    if answers.iter().all(limited)
        && let Some(Err(error)) = answers.pop()
    {
        return Err(error.into());
    }
    let retry_after = answers.iter().find_map(|answer| match answer {
        Err(DirectoryError::RateLimited { retry_after }) => Some(whole_seconds(*retry_after)),
        _ => None,
    });
    let mut answers = answers.into_iter();
    let items = read.into_iter().zip(texts).map(|(number, text)| match number {
        Ok(number) => answers.next().map_or_else(|| Checked::unknown(text), |answer| checked(number, answer)),
        Err(error) => Checked {
            code: Some("INVALID_NUMBER"),
            message: Some(format!("number {error}.")),
            ..Checked::unknown(text)
        },
    });
    Ok(Json(Lookups { ok: true, items: items.collect(), retry_after }))
}

fn checked(number: PhoneNumber, answer: Result<Option<Reached>, DirectoryError>) -> Checked {
    let unknown = Checked::unknown(number.digits().to_owned());
    match answer {
        Ok(Some(Reached { number, chat_id, lid })) => {
            Checked { to: Some(number.into()), exists: Some(true), chat_id: Some(chat_id), lid, ..unknown }
        }
        Ok(None) => Checked { exists: Some(false), ..unknown },
        Err(error) => {
            let is_limit = matches!(error, DirectoryError::RateLimited { .. });
            let code = if is_limit { "RATE_LIMITED" } else { "WHATSAPP_ERROR" };
            Checked { code: Some(code), message: Some(error.to_string()), ..unknown }
        }
    }
}

fn texts(fields: &Map<String, Value>) -> Result<Vec<String>, ApiError> {
    let wrong = || {
        let message = format!("numbers must be a list of 1 to {NUMBERS_MAX} numbers, as text or as whole numbers.");
        ApiError::bad_request("INVALID_FIELD", message)
    };
    let list = fields.get("numbers").and_then(Value::as_array).ok_or_else(wrong)?;
    if !(1..=NUMBERS_MAX).contains(&list.len()) {
        return Err(wrong());
    }
    let text = |value: &Value| match value {
        Value::String(text) if text.chars().count() <= TEXT_MAX => Some(text.clone()),
        Value::Number(number) if number.as_f64().is_some_and(|n| n >= 0.0 && n.fract() == 0.0 && n < WHOLE_MAX) => {
            Some(written(number))
        }
        _ => None,
    };
    list.iter().map(|value| text(value).ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::json;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    static LIST: LazyLock<Allowed> = LazyLock::new(|| Allowed::body("/numbers"));
    static ALLOWED: LazyLock<Allowed> = LazyLock::new(|| Allowed::parameter("/numbers/{number}", "number"));

    proptest! {
        #[test]
        fn the_document_allows_the_lists_that_are_read(
            list in prop::collection::vec(
                prop_oneof![
                    "[+0-9]{0,16}".prop_map(Value::from), "x{63,66}".prop_map(Value::from),
                    (0..10_u64.pow(16)).prop_map(Value::from), any::<f64>().prop_map(Value::from),
                    prop::sample::select(vec![json!(null), json!([]), json!(-5)]),
                ],
                0..4_usize,
            ),
            times in prop::sample::select(vec![1, 17, 25]),
        ) {
            let list: Vec<_> = std::iter::repeat_n(list, times).flatten().collect();
            let body = json!({ "numbers": list });
            prop_assert_eq!(LIST.holds(&body), texts(body.as_object().unwrap_or(&Map::new())).is_ok());
        }

        #[test]
        fn the_document_allows_the_numbers_that_are_read(text in "[ +()0-9-]{0,24}|[+0-9.\u{200e}\u{2011}\u{a0}\u{ff11}-]{7,24}|[tT]el:[+ ]?[0-9]{6,16}|[0-9]{6,16}|\\PC{0,9}") {
            prop_assert_eq!(ALLOWED.holds_text(&text), PhoneNumber::parse(&text).is_ok());
        }
    }
}
