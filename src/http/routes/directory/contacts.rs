//! `GET /contacts`.

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};

use super::{flag, is_user, wanted};
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::query::parameters;
use crate::http::wire::contacts::Contacts;

/// A LID, or the number of somebody whose LID is not known.
pub(super) fn is_cursor(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, server)| is_user(user, 32, false) && ["lid", "c.us"].contains(&server))
}

/// The people that WhatsApp Web knows, by their LIDs
///
/// Those of the address book (`name`), those who wrote, and the members of groups, each once with number and LID. For their age
/// see `/chats`.
#[utoipa::path(
    get,
    path = "/contacts",
    operation_id = "contacts",
    tag = "people",
    params(
        ("query" = Option<String>, Query, max_length = 100, description = "Part of a name, a number or a LID."),
        ("after" = Option<String>, Query, pattern = r"^[0-9]{1,32}@(lid|c\.us)$",
            description = "The `next` of an earlier answer."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, description = "100 where it is not given."),
        ("refresh" = Option<String>, Query, pattern = "^(true|false)$", description = "Reads WhatsApp Web now."),
    ),
    responses((status = 200, body = Contacts)),
    extensions(("x-errors" = json!([
        "INVALID_PARAMETER", "CONTRADICTION", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let query = parameters(query.as_deref(), &["query", "after", "limit", "refresh"])?;
    let wanted = wanted(&query, is_cursor)?;
    let lists = app.directory.lists(flag(&query, "refresh")?).await?;
    let composing = app.composers.place().await;
    let found = lists.contacts(&wanted);
    let items = found.items.into_iter().map(Into::into).collect();
    let contacts = Contacts { ok: true, as_of: lists.as_of.into(), complete: lists.complete, items, next: found.next };
    Ok((composing, Json(contacts)).into_response())
}
