//! `GET /chats` and `GET /chats/{chat}`.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};

use crate::directory::Known;

use super::{flag, id_of, is_user, wanted};
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::query::parameters;
use crate::http::wire::directory::{Chats, OneChat};
use crate::http::wire::requests;

/// The time of the last message in seconds, and the id of the chat.
pub(super) fn is_cursor(text: &str) -> bool {
    let Some((seconds, id)) = text.split_once('-') else { return false };
    let Some((user, server)) = id.split_once('@') else { return false };
    let is_server = (3..=12).contains(&server.len()) && server.bytes().all(|b| b.is_ascii_lowercase() || b == b'.');
    is_user(seconds, 12, false) && is_user(user, 33, true) && is_server
}

/// The chats, the one with the newest message first
///
/// They come from what WhatsApp Web has in memory, and nobody is asked for them. `as_of` says when it was read: a list that
/// is older than a few seconds is read again for the next caller, one that is older than a minute, or with `refresh=true`, for
/// this one. While the session is away the last list is answered, with its `as_of`. A person has one chat here, whether
/// WhatsApp Web has it under the number or under the LID.
#[utoipa::path(
    get,
    path = "/chats",
    operation_id = "chats",
    tag = "people",
    params(
        ("query" = Option<String>, Query, max_length = 100, description = "Part of a name, a number or an id."),
        ("unread" = Option<String>, Query, pattern = "^(true|false)$",
            description = "Only chats with unread messages, or marked as unread."),
        ("after" = Option<String>, Query, pattern = r"^[0-9]{1,12}-[0-9-]{1,33}@[a-z.]{3,12}$",
            description = "The `next` of an earlier answer."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, description = "100 where it is not given."),
        ("refresh" = Option<String>, Query, pattern = "^(true|false)$", description = "Reads WhatsApp Web now."),
    ),
    responses((status = 200, body = Chats)),
    extensions(("x-errors" = json!([
        "INVALID_PARAMETER", "CONTRADICTION", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let query = parameters(query.as_deref(), &["query", "unread", "after", "limit", "refresh"])?;
    let wanted = wanted(&query, is_cursor)?;
    let lists = app.directory.lists(flag(&query, "refresh")?).await?;
    let composing = app.composers.place().await;
    let found = lists.chats(&wanted);
    let items = found.items.into_iter().map(Into::into).collect();
    let chats = Chats { ok: true, as_of: lists.as_of.into(), complete: lists.complete, items, next: found.next };
    Ok((composing, Json(chats)).into_response())
}

/// One chat
///
/// By its id, or by either identity of a person. It is what WhatsApp Web has in memory now.
#[utoipa::path(
    get,
    path = "/chats/{chat}",
    operation_id = "chat",
    tag = "people",
    params(("chat" = inline(requests::RecipientText), Path, description = "A phone number or a chat id.")),
    responses((status = 200, body = OneChat)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "CHAT_NOT_FOUND", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn one(State(app): State<App>, Path(chat): Path<String>) -> Result<Json<OneChat>, ApiError> {
    let Known { as_of, item } = app.directory.chat(&id_of(&chat)?).await?;
    Ok(Json(OneChat { ok: true, as_of: as_of.into(), chat: item.into(), dry_run: false }))
}
