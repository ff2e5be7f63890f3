//! Chats are marked as read or unread, and shown what somebody does here.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use http::HeaderMap;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::domain::act::{ChatAct, Typing};
use crate::domain::address::ChatId;

use crate::http::App;
use crate::http::body::{Field, fields};
use crate::http::error::ApiError;
use crate::http::routes::health::refuse_without_page;
use crate::http::wire::chats::ActedOnChat;
use crate::http::wire::requests;

/// Mark a chat as read
///
/// Whether the others see it depends on the account's privacy settings. Nothing else in this service marks anything as read. It
/// is no message for `SEND_DAILY_MAX`; reading, unreading and typing together have 120 a minute. With `SEND_VIA=cloud` the newest
/// message that came by the Cloud API is marked, and with it all before it; without one 404 `MESSAGE_NOT_FOUND`. With `auto` the
/// Cloud API does it where the newest message came by it, and else the page.
#[utoipa::path(
    post,
    path = "/chats/{chat}/read",
    operation_id = "readChat",
    tag = "messages",
    params(("chat" = inline(requests::RecipientText), Path, description = "A phone number or a chat id.")),
    responses((status = 200, body = ActedOnChat)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_NUMBER", "SEND_DISABLED",
        "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CHAT_NOT_FOUND", "WHATSAPP_ERROR", "SEND_UNCONFIRMED",
        "MESSAGE_NOT_FOUND", "NOT_POSSIBLE_VIA_CLOUD", "CLOUD_UNAUTHORIZED",
    ]))),
)]
pub async fn read(
    State(app): State<App>,
    Path(chat): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ActedOnChat>, ApiError> {
    fields(&headers, body, &[]).await?;
    acted(&app, &id_of(&chat)?, ChatAct::Read).await
}

/// Mark a chat as unread
///
/// On the devices of this account, so by the page only: 501 where a service that sends by the Cloud API runs none.
#[utoipa::path(
    post,
    path = "/chats/{chat}/unread",
    operation_id = "unreadChat",
    tag = "messages",
    params(("chat" = inline(requests::RecipientText), Path, description = "A phone number or a chat id.")),
    responses((status = 200, body = ActedOnChat)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_NUMBER", "SEND_DISABLED",
        "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CHAT_NOT_FOUND", "WHATSAPP_ERROR", "SEND_UNCONFIRMED",
        "NOT_POSSIBLE_VIA_CLOUD",
    ]))),
)]
pub async fn unread(
    State(app): State<App>,
    Path(chat): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ActedOnChat>, ApiError> {
    fields(&headers, body, &[]).await?;
    let chat_id = id_of(&chat)?;
    refuse_without_page(&app)?;
    acted(&app, &chat_id, ChatAct::Unread).await
}

/// Show typing in a chat
///
/// The others see it for some 25 seconds, or until a message comes. The way is chosen as for `/read`; the Cloud API shows text
/// only, and only together with marking as read.
#[utoipa::path(
    post,
    path = "/chats/{chat}/typing",
    operation_id = "typing",
    tag = "messages",
    params(("chat" = inline(requests::RecipientText), Path, description = "A phone number or a chat id.")),
    request_body = requests::ShowTyping,
    responses((status = 200, body = ActedOnChat)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_FIELD", "INVALID_NUMBER", "SEND_DISABLED",
        "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CHAT_NOT_FOUND", "WHATSAPP_ERROR", "SEND_UNCONFIRMED",
        "MESSAGE_NOT_FOUND", "NOT_POSSIBLE_VIA_CLOUD", "CLOUD_UNAUTHORIZED",
    ]))),
)]
pub async fn typing(
    State(app): State<App>,
    Path(chat): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ActedOnChat>, ApiError> {
    let fields = fields(&headers, body, &[Field::text("kind")]).await?;
    acted(&app, &id_of(&chat)?, ChatAct::Show(kind(&fields)?)).await
}

fn kind(fields: &Map<String, Value>) -> Result<Typing, ApiError> {
    let wrong = || ApiError::bad_request("INVALID_FIELD", "kind must be text, voice or none.");
    match fields.get("kind") {
        None | Some(Value::Null) => Ok(Typing::Text),
        Some(Value::String(name)) => Typing::from_name(name).ok_or_else(wrong),
        Some(_) => Err(wrong()),
    }
}

fn id_of(chat: &str) -> Result<ChatId, ApiError> {
    ChatId::parse_recipient(chat).map_err(|error| ApiError::bad_request("INVALID_NUMBER", format!("chat {error}.")))
}

async fn acted(app: &App, chat: &ChatId, act: ChatAct) -> Result<Json<ActedOnChat>, ApiError> {
    Ok(Json(app.outbound.act_on_chat(chat, act, Instant::now()).await?.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::json;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    static CHAT: LazyLock<Allowed> = LazyLock::new(|| Allowed::parameter("/chats/{chat}/read", "chat"));
    static TYPING: LazyLock<Allowed> = LazyLock::new(|| Allowed::body("/chats/{chat}/typing"));

    proptest! {
        #[test]
        fn the_document_allows_the_chats_and_kinds_that_are_read(
            chat in "[ +()0-9-]{0,24}|[0-9]{6,16}(:[0-9]{1,6})?(@(c.us|s.whatsapp.net|lid|g.us))?|[0-9-]{1,33}@(lid|g.us)|\\PC{0,9}",
            kind in prop_oneof![
                prop::sample::select(vec![json!("text"), json!("voice"), json!("none"), json!(null), json!("Text"), json!(""), json!(1)]),
                "\\PC{0,5}".prop_map(Value::from),
            ],
        ) {
            prop_assert_eq!(CHAT.holds_text(&chat), ChatId::parse_recipient(&chat).is_ok());
            let body = json!({ "kind": kind });
            prop_assert_eq!(TYPING.holds(&body), super::kind(body.as_object().unwrap()).is_ok());
        }
    }
}
