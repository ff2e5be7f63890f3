//! The marks of chats: `POST` and `DELETE /chats/{chat}/archive`, `/pin`, `/mute`. They pass the gates of acts on chats.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::directory::{Known, Mark};
use crate::domain::time::Timestamp;

use super::id_of;
use crate::http::App;
use crate::http::body::{Field, fields};
use crate::http::error::ApiError;
use crate::http::routes::health::refuse_without_page;
use crate::http::wire::directory::OneChat;
use crate::http::wire::requests;

/// The page reads later times as milliseconds: this is in 2033.
const LATEST_S: u64 = 2_000_000_000;

/// Archive a chat
///
/// On all devices of the account; a pinned chat is unpinned. 200 once WhatsApp Web's own state shows it, also where the chat
/// was archived before.
#[utoipa::path(
    post,
    path = "/chats/{chat}/archive",
    operation_id = "archiveChat",
    tag = "people",
    params(("chat" = inline(requests::RecipientText), Path, description = "A phone number or a chat id.")),
    responses((status = 200, body = OneChat)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CHAT_NOT_FOUND", "WHATSAPP_ERROR",
        "PAGE_UNAVAILABLE", "NOT_POSSIBLE_VIA_CLOUD",
    ]))),
)]
pub async fn archive(State(app): State<App>, Path(chat): Path<String>) -> Result<Json<OneChat>, ApiError> {
    marked(&app, &chat, Mark::Archived(true)).await
}

/// Take a chat out of the archive
#[utoipa::path(
    delete,
    path = "/chats/{chat}/archive",
    operation_id = "unarchiveChat",
    tag = "people",
    params(("chat" = inline(requests::RecipientText), Path, description = "A phone number or a chat id.")),
    responses((status = 200, body = OneChat)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CHAT_NOT_FOUND", "WHATSAPP_ERROR",
        "PAGE_UNAVAILABLE", "NOT_POSSIBLE_VIA_CLOUD",
    ]))),
)]
pub async fn unarchive(State(app): State<App>, Path(chat): Path<String>) -> Result<Json<OneChat>, ApiError> {
    marked(&app, &chat, Mark::Archived(false)).await
}

/// Pin a chat
///
/// On all devices of the account. WhatsApp allows three pinned chats.
#[utoipa::path(
    post,
    path = "/chats/{chat}/pin",
    operation_id = "pinChat",
    tag = "people",
    params(("chat" = inline(requests::RecipientText), Path, description = "A phone number or a chat id.")),
    responses((status = 200, body = OneChat)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CHAT_NOT_FOUND", "PIN_LIMIT",
        "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "NOT_POSSIBLE_VIA_CLOUD",
    ]))),
)]
pub async fn pin(State(app): State<App>, Path(chat): Path<String>) -> Result<Json<OneChat>, ApiError> {
    marked(&app, &chat, Mark::Pinned(true)).await
}

/// Unpin a chat
#[utoipa::path(
    delete,
    path = "/chats/{chat}/pin",
    operation_id = "unpinChat",
    tag = "people",
    params(("chat" = inline(requests::RecipientText), Path, description = "A phone number or a chat id.")),
    responses((status = 200, body = OneChat)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CHAT_NOT_FOUND", "WHATSAPP_ERROR",
        "PAGE_UNAVAILABLE", "NOT_POSSIBLE_VIA_CLOUD",
    ]))),
)]
pub async fn unpin(State(app): State<App>, Path(chat): Path<String>) -> Result<Json<OneChat>, ApiError> {
    marked(&app, &chat, Mark::Pinned(false)).await
}

/// Mute a chat
///
/// On all devices of the account, until a time or for ever.
#[utoipa::path(
    post,
    path = "/chats/{chat}/mute",
    operation_id = "muteChat",
    tag = "people",
    params(("chat" = inline(requests::RecipientText), Path, description = "A phone number or a chat id.")),
    request_body = requests::MuteRequest,
    responses((status = 200, body = OneChat)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_FIELD",
        "INVALID_UNTIL", "INVALID_NUMBER", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CHAT_NOT_FOUND",
        "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "NOT_POSSIBLE_VIA_CLOUD",
    ]))),
)]
pub async fn mute(
    State(app): State<App>,
    Path(chat): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<OneChat>, ApiError> {
    let fields = fields(&headers, body, &[Field::text("until")]).await?;
    let until = until(&fields, app.clock.now())?;
    marked(&app, &chat, Mark::Muted(until)).await
}

/// Unmute a chat
#[utoipa::path(
    delete,
    path = "/chats/{chat}/mute",
    operation_id = "unmuteChat",
    tag = "people",
    params(("chat" = inline(requests::RecipientText), Path, description = "A phone number or a chat id.")),
    responses((status = 200, body = OneChat)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CHAT_NOT_FOUND", "WHATSAPP_ERROR",
        "PAGE_UNAVAILABLE", "NOT_POSSIBLE_VIA_CLOUD",
    ]))),
)]
pub async fn unmute(State(app): State<App>, Path(chat): Path<String>) -> Result<Json<OneChat>, ApiError> {
    marked(&app, &chat, Mark::NotMuted).await
}

async fn marked(app: &App, chat: &str, mark: Mark) -> Result<Json<OneChat>, ApiError> {
    let chat = id_of(chat)?;
    refuse_without_page(app)?;
    let admitted = app.outbound.admit_mark().await?;
    let Known { as_of, item } = match admitted {
        Some(_) => app.directory.mark(&chat, mark).await?,
        None => app.directory.chat(&chat).await?,
    };
    let dry_run = admitted.is_none();
    Ok(Json(OneChat { ok: true, as_of: as_of.into(), chat: item.into(), dry_run }))
}

/// None is for ever.
fn until(fields: &Map<String, Value>, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    let invalid = |why: &str| ApiError::bad_request("INVALID_UNTIL", format!("until must be {why}."));
    let text = match fields.get("until") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text,
        Some(_) => return Err(ApiError::bad_request("INVALID_FIELD", "until must be text.")),
    };
    let until: Timestamp = text.trim().parse().map_err(|_| invalid("a time such as 2026-08-01T08:00:00Z"))?;
    if until <= now || until.as_millis() / 1000 > LATEST_S {
        return Err(invalid("in the future, and before May 2033"));
    }
    Ok(Some(until))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_to_come_is_read_and_nothing_is_for_ever() {
        let now = Timestamp::from_millis(1_785_000_000_000);
        let read = |body: Value| {
            let read = until(&body.as_object().cloned().unwrap_or_default(), now);
            read.map(|until| until.map(Timestamp::as_millis)).map_err(|error| format!("{error:?}"))
        };
        for (body, expected) in [
            (json!({}), None),
            (json!({ "until": null }), None),
            (json!({ "until": "2026-08-01T08:00:00Z" }), Some(1_785_571_200_000)),
        ] {
            assert_eq!(read(body.clone()), Ok(expected), "{body}");
        }
        for body in [
            json!({ "until": "2020-01-01T00:00:00Z" }),
            json!({ "until": "2040-01-01T00:00:00Z" }),
            json!({ "until": "soon" }),
            json!({ "until": "" }),
        ] {
            assert!(read(body.clone()).is_err_and(|error| error.contains("INVALID_UNTIL")), "{body}");
        }
        assert!(read(json!({ "until": 5 })).is_err_and(|error| error.contains("INVALID_FIELD")));
    }
}
