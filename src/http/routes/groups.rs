//! Groups: making one, joining one. What is done with a group that there is stands in `managing`.

mod fields;
pub mod managing;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::HeaderMap;
use tokio::time::Instant;

use crate::domain::group::{GroupId, GroupJoined as Joined};
use crate::domain::log::Origin;
use crate::domain::secret::masked;
use crate::http::App;
use crate::http::body::flag;
use crate::http::error::ApiError;
use crate::http::wire::group_requests;
use crate::http::wire::groups::{GroupChanged, GroupJoined, GroupMade};
use crate::outbound::{GroupError, NewGroup};

use super::send;
use fields::{JOIN, NEW, code, people, settings, subject};

/// Make a group
///
/// At most once: with an idempotency key a repeated request answers with the same group, and where nobody knows whether the group
/// was made (504 `OUTCOME_UNKNOWN`), no later request under the key makes another. The answer says of each person what became of
/// it. Somebody whose settings let nobody add them (`invite_needed`) can be sent an invite instead: with `"invite": true` it is
/// sent, as a message, at the pace of `/send`. Numbers whose people are not known are looked up, and count as look-ups of
/// `/numbers`; 429 where those are used up, before a group is made.
#[utoipa::path(
    post,
    path = "/groups",
    operation_id = "makeGroup",
    tag = "groups",
    params(("Idempotency-Key" = Option<String>, Header, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$",
        description = "Made once per group; kept 24 hours. Or `idempotency_key` in the body.")),
    request_body = group_requests::NewGroup,
    responses((status = 200, body = GroupMade)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "INVALID_NUMBER", "INVALID_FIELD", "CONTRADICTION",
        "CLIENTE_NOT_ALLOWED", "IDEMPOTENCY_CONFLICT", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED",
        "NOT_ON_WHATSAPP", "WHATSAPP_ERROR", "NOT_AVAILABLE", "OUTCOME_UNKNOWN",
    ]))),
)]
pub async fn make(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Json<GroupMade>, ApiError> {
    let arrived = Instant::now();
    let fields = crate::http::body::fields(&headers, body, &NEW).await?;
    let new = NewGroup {
        subject: subject(&fields)?.ok_or_else(|| ApiError::bad_request("INVALID_FIELD", "subject is missing."))?,
        participants: people(&fields, "participants")?
            .ok_or_else(|| ApiError::bad_request("INVALID_FIELD", "participants is missing."))?,
        settings: settings(&fields)?,
        invite: flag(&fields, "invite")?,
        origin: Origin { cliente_id: send::cliente_id(&fields, &headers)? },
        key: send::idempotency_key(&fields, &headers)?,
    };
    let made = told("make", "", app.outbound.make_group(new, arrived).await)?;
    Ok(Json(GroupMade::new(made)))
}

/// Join a group by its invite
///
/// Where the group's admins approve who joins, they are asked (`requested`). It may be repeated.
#[utoipa::path(
    post,
    path = "/groups/join",
    operation_id = "joinGroup",
    tag = "groups",
    request_body = group_requests::GroupJoin,
    responses((status = 200, body = GroupJoined)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "INVALID_FIELD", "CONTRADICTION", "CLIENTE_NOT_ALLOWED",
        "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "INVITE_NOT_FOUND", "GROUP_NOT_ADMIN", "WHATSAPP_ERROR", "NOT_AVAILABLE",
        "OUTCOME_UNKNOWN",
    ]))),
)]
pub async fn join(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Json<GroupJoined>, ApiError> {
    let arrived = Instant::now();
    let code = code(&crate::http::body::fields(&headers, body, &JOIN).await?)?;
    let origin = Origin { cliente_id: fields::cliente_id(&headers)? };
    let joined = told("join", "", app.outbound.join_group(&code, &origin, arrived).await)?;
    let dry_run = joined.is_none();
    let (id, asked) = joined.map_or((None, false), |Joined { group_id, asked }| (Some(group_id), asked));
    let status = if asked { "requested" } else { "joined" };
    Ok(Json(GroupJoined { ok: true, success: true, id, status, dry_run }))
}

/// Logs what came of a request.
fn told<T>(what: &str, group: &str, result: Result<T, GroupError>) -> Result<T, GroupError> {
    match &result {
        Ok(_) => tracing::info!(what, group = masked(group), "group changed"),
        Err(error) => tracing::warn!(what, group = masked(group), %error, "group not changed"),
    }
    result
}

fn done(group: &GroupId, changed: bool) -> Json<GroupChanged> {
    Json(GroupChanged { ok: true, success: true, id: group.to_string(), dry_run: !changed })
}
