//! Starting and stopping the session, linking by phone number, unlinking.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use serde_json::{Value, json};

use crate::domain::address::PhoneNumber;
use crate::domain::state::SESSION;
use crate::session::LoggedOut;

use super::App;
use super::body::{fields, flag, text_or_number};
use super::error::ApiError;

/// Answers at once; the browser starts behind it.
pub async fn connect(State(app): State<App>, body: Body) -> Result<Json<Value>, ApiError> {
    fields(body).await?;
    let connected = app.session.connect().await?;
    let state = app.session.snapshot().state;
    Ok(Json(json!({
        "success": true,
        "message": if connected.already { "Already connected" } else { "Connecting" },
        "session": SESSION,
        "state": state,
        "status": state,
        "alreadyConnected": connected.already,
    })))
}

/// Keeps the login; answers once the browser is closed.
pub async fn disconnect(State(app): State<App>, body: Body) -> Result<Json<Value>, ApiError> {
    fields(body).await?;
    app.session.disconnect().await?;
    Ok(Json(stopped(&app)))
}

pub async fn log_out(State(app): State<App>, body: Body) -> Result<Json<Value>, ApiError> {
    let force = flag(&fields(body).await?, "force")?;
    let LoggedOut { phone_still_lists } = app.session.log_out(force).await?;
    let mut answer = stopped(&app);
    answer["reason"] = json!("LOGGED_OUT");
    answer["phone_still_lists_device"] = json!(phone_still_lists);
    if phone_still_lists {
        answer["note"] = json!("The stored login is gone, but the phone still lists this device: remove it there.");
    }
    Ok(Json(answer))
}

fn stopped(app: &App) -> Value {
    json!({ "success": true, "message": "Disconnected", "state": app.session.snapshot().state })
}

pub async fn pairing_code(State(app): State<App>, body: Body) -> Result<Json<Value>, ApiError> {
    let fields = fields(body).await?;
    let number = text_or_number(&fields, "phone_number")
        .unwrap_or_else(|| Err(ApiError::bad_request("INVALID_NUMBER", "phone_number is missing.")))?;
    let phone = PhoneNumber::parse(&number)
        .map_err(|error| ApiError::bad_request("INVALID_NUMBER", format!("phone_number {error}.")))?;
    let given = app.session.pairing_code(phone).await?;
    let code = given.code.reveal();
    Ok(Json(json!({
        "success": true,
        "code": code,
        "display": displayed(code),
        "expires_at": given.expires_at,
    })))
}

/// As the phone shows it, in two halves.
fn displayed(code: &str) -> String {
    match code.char_indices().nth(4) {
        Some((middle, _)) => format!("{}-{}", &code[..middle], &code[middle..]),
        None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pairing_code_is_shown_in_halves() {
        assert_eq!(displayed("ABCDEFGH"), "ABCD-EFGH");
        assert_eq!(displayed("AB"), "AB");
    }
}
