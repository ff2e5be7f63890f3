//! `GET /groups` and `GET /groups/{id}`.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};

use crate::directory::Known;
use crate::domain::address::{ChatId, Server};

use super::{flag, is_user, wanted};
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::query::parameters;
use crate::http::wire::directory::{Groups, OneGroup, Participant};
use crate::http::wire::requests;

pub(super) fn is_cursor(text: &str) -> bool {
    text.strip_suffix("@g.us").is_some_and(|user| is_user(user, 32, true))
}

/// The groups, by their ids
///
/// Without their participants, which `/groups/{id}` has. No group is asked for at WhatsApp: one that WhatsApp Web knows only
/// from a message so far is `known: false`. For their age see `/chats`.
#[utoipa::path(
    get,
    path = "/groups",
    operation_id = "groups",
    tag = "people",
    params(
        ("query" = Option<String>, Query, max_length = 100, description = "Part of a subject or an id."),
        ("after" = Option<String>, Query, pattern = r"^[0-9-]{1,32}@g\.us$",
            description = "The `next` of an earlier answer."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, description = "100 where it is not given."),
        ("refresh" = Option<String>, Query, pattern = "^(true|false)$", description = "Reads WhatsApp Web now."),
    ),
    responses((status = 200, body = Groups)),
    extensions(("x-errors" = json!([
        "INVALID_PARAMETER", "CONTRADICTION", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let query = parameters(query.as_deref(), &["query", "after", "limit", "refresh"])?;
    let wanted = wanted(&query, is_cursor)?;
    let lists = app.directory.lists(flag(&query, "refresh")?).await?;
    let composing = app.composers.place().await;
    let found = lists.groups(&wanted);
    let items = found.items.into_iter().map(Into::into).collect();
    let groups = Groups { ok: true, as_of: lists.as_of.into(), complete: lists.complete, items, next: found.next };
    Ok((composing, Json(groups)).into_response())
}

/// One group with its participants
///
/// From what WhatsApp Web has in memory. Only a group that it knows just from a message is asked for at WhatsApp, and that
/// counts as a look-up of `/numbers`.
#[utoipa::path(
    get,
    path = "/groups/{id}",
    operation_id = "group",
    tag = "people",
    params(("id" = inline(requests::GroupText), Path, description = "`…@g.us`.")),
    responses((status = 200, body = OneGroup)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "CHAT_NOT_FOUND", "RATE_LIMITED", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn one(State(app): State<App>, Path(id): Path<String>) -> Result<Json<OneGroup>, ApiError> {
    let Known { as_of, item: (group, members) } = app.directory.group(&group_of(&id)?).await?;
    let participants = members.map(|members| members.into_iter().map(Participant::from).collect());
    Ok(Json(OneGroup { ok: true, as_of: as_of.into(), group: group.into(), participants }))
}

fn group_of(text: &str) -> Result<ChatId, ApiError> {
    let id = ChatId::parse(text).ok().filter(|id| id.server() == Server::Group);
    id.ok_or_else(|| ApiError::bad_request("INVALID_NUMBER", "a group's id ends in @g.us."))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    static ALLOWED: LazyLock<Allowed> = LazyLock::new(|| Allowed::parameter("/groups/{id}", "id"));

    proptest! {
        #[test]
        fn the_document_allows_the_ids_that_are_read(text in " ?[0-9-]{0,34}@(g.us|lid|c.us) ?|\\PC{0,9}") {
            prop_assert_eq!(ALLOWED.holds_text(&text), group_of(&text).is_ok());
        }
    }
}
