//! `GET /numbers/{number}`: whether a number is on WhatsApp.

use axum::Json;
use axum::extract::{Path, State};

use crate::domain::address::PhoneNumber;

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::wire::numbers::Lookup;
use crate::http::wire::requests;

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

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    static ALLOWED: LazyLock<Allowed> = LazyLock::new(|| Allowed::parameter("/numbers/{number}", "number"));

    proptest! {
        #[test]
        fn the_document_allows_the_numbers_that_are_read(text in "[ +()0-9-]{0,24}|[+0-9.\u{200e}\u{2011}\u{a0}\u{ff11}-]{7,24}|[tT]el:[+ ]?[0-9]{6,16}|[0-9]{6,16}|\\PC{0,9}") {
            prop_assert_eq!(ALLOWED.holds_text(&text), PhoneNumber::parse(&text).is_ok());
        }
    }
}
