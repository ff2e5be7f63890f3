//! Starting and stopping the session, linking by phone number, unlinking.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::domain::address::PhoneNumber;
use crate::domain::state::{Reason, SESSION};
use crate::transport::web::session::LoggedOut;

use crate::http::App;
use crate::http::body::{Field, fields, flag, is_not_whole, text_or_number};
use crate::http::error::ApiError;
use crate::http::wire::requests;
use crate::http::wire::session::{Connected, Disconnected, PairingCode, PairingDropped, Unlinked};

/// Start the session
///
/// Idempotent. Answers at once; the browser starts behind it.
#[utoipa::path(
    post,
    path = "/connect",
    operation_id = "connect",
    tag = "session",
    responses((status = 200, body = Connected)),
    extensions(("x-errors" = json!(["INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "SESSION_NOT_READY"]))),
)]
pub async fn connect(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Json<Connected>, ApiError> {
    fields(&headers, body, &[]).await?;
    let connected = app.session.connect().await?;
    let state = app.session.snapshot().state;
    Ok(Json(Connected {
        success: true,
        message: if connected.already { "Already connected" } else { "Connecting" },
        session: SESSION,
        state: state.into(),
        status: state.into(),
        already_connected: connected.already,
    }))
}

/// Stop the session and keep the login
///
/// Idempotent. Answers once the browser is closed.
#[utoipa::path(
    post,
    path = "/disconnect",
    operation_id = "disconnect",
    tag = "session",
    responses((status = 200, body = Disconnected)),
    extensions(("x-errors" = json!(["INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "SESSION_NOT_READY"]))),
)]
pub async fn disconnect(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Disconnected>, ApiError> {
    fields(&headers, body, &[]).await?;
    app.session.disconnect().await?;
    Ok(Json(stopped(&app)))
}

/// Unlink the device and remove the stored login
#[utoipa::path(
    post,
    path = "/logout",
    operation_id = "logout",
    tag = "session",
    request_body = requests::LogOut,
    responses((status = 200, body = Unlinked)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_FIELD", "NOT_CONNECTED", "WHATSAPP_ERROR",
        "LOGIN_NOT_REMOVED", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn log_out(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Json<Unlinked>, ApiError> {
    let force = flag(&fields(&headers, body, &[Field::flag("force")]).await?, "force")?;
    let LoggedOut { phone_still_lists } = app.session.log_out(force).await?;
    let note = "The stored login is gone, but the phone may still list this device: remove it there.";
    Ok(Json(Unlinked {
        stopped: stopped(&app),
        reason: Reason::LoggedOut.into(),
        phone_still_lists_device: phone_still_lists,
        note: phone_still_lists.then_some(note),
    }))
}

fn stopped(app: &App) -> Disconnected {
    Disconnected { success: true, message: "Disconnected", state: app.session.snapshot().state.into() }
}

/// Link by phone number
///
/// Gives eight characters to type on the phone instead of scanning a code. Only in QR_REQUIRED.
#[utoipa::path(
    post,
    path = "/pairing-code",
    operation_id = "pairingCode",
    tag = "linking",
    request_body = requests::LinkByNumber,
    responses((status = 200, body = PairingCode)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_FIELD", "INVALID_NUMBER", "NOT_WAITING_FOR_LINK",
        "PAIRING_BUSY", "PHONE_APP_TOO_OLD", "RATE_LIMITED", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn pairing_code(
    State(app): State<App>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<PairingCode>, ApiError> {
    let fields = fields(&headers, body, &[Field::text("phone_number")]).await?;
    let given = app.session.pairing_code(own_number(&fields)?).await?;
    let code = given.code.reveal();
    Ok(Json(PairingCode {
        success: true,
        code: code.to_owned(),
        display: displayed(code),
        expires_at: given.expires_at.into(),
    }))
}

fn own_number(fields: &Map<String, Value>) -> Result<PhoneNumber, ApiError> {
    let invalid = |why: &str| ApiError::bad_request("INVALID_NUMBER", format!("phone_number {why}."));
    let number = text_or_number(fields, "phone_number").unwrap_or_else(|| Err(invalid("is missing")))?;
    if is_not_whole(fields, "phone_number") {
        return Err(invalid("is no whole number above zero"));
    }
    PhoneNumber::parse(&number).map_err(|error| invalid(&error.to_string()))
}

/// Back from linking by phone number to codes to scan
///
/// Idempotent. The pairing code is good for nothing afterwards. Only in QR_REQUIRED.
#[utoipa::path(
    delete,
    path = "/pairing-code",
    operation_id = "dropPairingCode",
    tag = "linking",
    responses((status = 200, body = PairingDropped)),
    extensions(("x-errors" = json!(["NOT_WAITING_FOR_LINK", "SESSION_NOT_READY"]))),
)]
pub async fn drop_pairing_code(State(app): State<App>) -> Result<Json<PairingDropped>, ApiError> {
    app.session.drop_pairing_code().await?;
    Ok(Json(PairingDropped { success: true }))
}

/// The code in two halves, as the phone asks for it.
fn displayed(code: &str) -> String {
    match code.char_indices().nth(4) {
        Some((middle, _)) => format!("{}-{}", &code[..middle], &code[middle..]),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::json;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    #[test]
    fn a_pairing_code_is_shown_in_halves() {
        assert_eq!(displayed("ABCDEFGH"), "ABCD-EFGH");
        assert_eq!(displayed("AB"), "AB");
    }

    static LINK: LazyLock<Allowed> = LazyLock::new(|| Allowed::body("/pairing-code"));
    static LOG_OUT: LazyLock<Allowed> = LazyLock::new(|| Allowed::body("/logout"));

    proptest! {
        #[test]
        fn the_document_allows_the_bodies_that_are_read(
            value in prop_oneof![
                "[ +()0-9-]{0,24}".prop_map(Value::from),
                (0..10_u64.pow(17)).prop_map(Value::from),
                (0..10_u32.pow(9)).prop_map(|whole| json!(f64::from(whole))),
                any::<f64>().prop_map(Value::from),
                prop::sample::select(vec![json!(null), json!(true), json!([]), json!({}), json!(-5_491_122_334_455_i64)]),
            ],
        ) {
            let body = json!({ "phone_number": value, "force": value, "other": 1 });
            let fields = body.as_object().cloned().unwrap_or_default();
            prop_assert_eq!(LINK.holds(&body), own_number(&fields).is_ok());
            prop_assert_eq!(LOG_OUT.holds(&body), flag(&fields, "force").is_ok());
        }
    }
}
