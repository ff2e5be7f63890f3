//! `GET /contacts/{id}/presence`: whether somebody is online.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use crate::domain::address::ChatId;
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::wire::presence::Presence;
use crate::http::wire::requests;

const OFF: &str = "WhatsApp tells the presence of others only to those who show their own: set PRESENCE=available, which shows this \
     account as online while the session is READY, and may silence its phone.";

/// Whether somebody is online
///
/// Only with `PRESENCE=available`. The first question for a person makes WhatsApp tell their presence from then on; up to 256
/// people are followed, over reconnects too, until the service stops; who was asked for longest ago makes room. Each change is
/// an event `presence` on `/events`.
#[utoipa::path(
    get,
    path = "/contacts/{id}/presence",
    operation_id = "presence",
    tag = "messages",
    params(("id" = inline(requests::ContactText), Path, description = "A phone number, `…@c.us` or `…@lid`.")),
    responses((status = 200, body = Presence)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "PRESENCE_OFF", "CONTACT_NOT_FOUND", "RATE_LIMITED", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn presence(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Presence>, ApiError> {
    let id = ChatId::parse_recipient(&id)
        .map_err(|error| ApiError::bad_request("INVALID_NUMBER", format!("number {error}.")))?;
    if !app.config.browser.shown_online {
        return Err(ApiError::new(StatusCode::CONFLICT, "PRESENCE_OFF", OFF));
    }
    Ok(Json(app.directory.presence(&id).await?.into()))
}
