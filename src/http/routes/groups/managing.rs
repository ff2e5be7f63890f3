//! Routes of one group: what it says and allows, its people, its invite, and leaving it.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use http::HeaderMap;
use tokio::time::Instant;

use crate::domain::group::InviteCode;
use crate::domain::log::Origin;
use crate::http::App;
use crate::http::body::{fields, flag};
use crate::http::error::ApiError;
use crate::http::wire::group_requests;
use crate::http::wire::groups::{GroupChanged, GroupInvite, GroupPeople};

use super::fields::{CHANGE, MEMBERS, act, changes, cliente_id, group};
use super::{done, told};

/// Change a group
///
/// Subject, description and settings; what is not given stays. 200 once WhatsApp's server has all of it. The fields are changed
/// one after the other: an error names in `changed` those that were. It may be repeated.
#[utoipa::path(
    patch,
    path = "/groups/{id}",
    operation_id = "changeGroup",
    tag = "groups",
    params(("id" = inline(group_requests::GroupText), Path, description = "The group, `…@g.us`.")),
    request_body = group_requests::GroupChange,
    responses((status = 200, body = GroupChanged)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "INVALID_NUMBER", "INVALID_FIELD", "CONTRADICTION",
        "CLIENTE_NOT_ALLOWED", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "GROUP_NOT_FOUND", "GROUP_NOT_ADMIN",
        "WHATSAPP_ERROR", "NOT_AVAILABLE", "OUTCOME_UNKNOWN",
    ]))),
)]
pub async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<GroupChanged>, ApiError> {
    let arrived = Instant::now();
    let group = group(&id)?;
    let changes = changes(&fields(&headers, body, &CHANGE).await?)?;
    let origin = Origin { cliente_id: cliente_id(&headers)? };
    let changed = told("change", &id, app.outbound.change_group(&group, &changes, &origin, arrived).await)?;
    Ok(done(&group, changed))
}

/// Add, remove, promote or demote people of a group
///
/// The answer says of each person what became of it. Somebody whose settings let nobody add them (`invite_needed`) can be sent an
/// invite instead: with `"invite": true` it is sent, as a message, at the pace of `/send`. Numbers whose people are not known are
/// looked up, and count as look-ups of `/numbers`; 429 where those are used up, before anything is changed.
#[utoipa::path(
    post,
    path = "/groups/{id}/participants",
    operation_id = "groupParticipants",
    tag = "groups",
    params(("id" = inline(group_requests::GroupText), Path, description = "The group, `…@g.us`.")),
    request_body = group_requests::GroupMembers,
    responses((status = 200, body = GroupPeople)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "INVALID_NUMBER", "INVALID_FIELD", "CONTRADICTION",
        "CLIENTE_NOT_ALLOWED", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "GROUP_NOT_FOUND", "GROUP_NOT_ADMIN",
        "WHATSAPP_ERROR", "NOT_AVAILABLE", "OUTCOME_UNKNOWN",
    ]))),
)]
pub async fn participants(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<GroupPeople>, ApiError> {
    let arrived = Instant::now();
    let group = group(&id)?;
    let fields = fields(&headers, body, &MEMBERS).await?;
    let (act, people) = act(&fields)?;
    let invite = flag(&fields, "invite")?;
    let origin = Origin { cliente_id: cliente_id(&headers)? };
    let changed = app.outbound.change_members(&group, (act, &people), invite, &origin, arrived).await;
    Ok(Json(GroupPeople::new(group.to_string(), act, told(act.name(), &id, changed)?)))
}

/// The invite of a group
///
/// WhatsApp's server is asked: it counts as a look-up of `/numbers`.
#[utoipa::path(
    get,
    path = "/groups/{id}/invite",
    operation_id = "groupInvite",
    tag = "groups",
    params(("id" = inline(group_requests::GroupText), Path, description = "The group, `…@g.us`.")),
    responses((status = 200, body = GroupInvite)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "SESSION_NOT_READY", "GROUP_NOT_FOUND", "GROUP_NOT_ADMIN", "RATE_LIMITED", "WHATSAPP_ERROR", "NOT_AVAILABLE",
    ]))),
)]
pub async fn invite(State(app): State<App>, Path(id): Path<String>) -> Result<Json<GroupInvite>, ApiError> {
    let group = group(&id)?;
    let code = app.outbound.group_invite(&group, Instant::now()).await?;
    Ok(Json(invited(group.to_string(), Some(&code))))
}

/// A new invite for a group
///
/// The invite that the group had leads nowhere from then on.
#[utoipa::path(
    post,
    path = "/groups/{id}/invite",
    operation_id = "resetGroupInvite",
    tag = "groups",
    params(("id" = inline(group_requests::GroupText), Path, description = "The group, `…@g.us`.")),
    responses((status = 200, body = GroupInvite)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_NUMBER", "INVALID_FIELD", "CLIENTE_NOT_ALLOWED",
        "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "GROUP_NOT_FOUND", "GROUP_NOT_ADMIN", "WHATSAPP_ERROR", "NOT_AVAILABLE", "OUTCOME_UNKNOWN",
    ]))),
)]
pub async fn reset_invite(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<GroupInvite>, ApiError> {
    let arrived = Instant::now();
    let group = group(&id)?;
    fields(&headers, body, &[]).await?;
    let origin = Origin { cliente_id: cliente_id(&headers)? };
    let code = told("reset invite", &id, app.outbound.reset_group_invite(&group, &origin, arrived).await)?;
    Ok(Json(invited(group.to_string(), code.as_ref())))
}

fn invited(id: String, code: Option<&InviteCode>) -> GroupInvite {
    let (text, link) = (code.map(|code| code.reveal().to_owned()), code.map(InviteCode::link));
    GroupInvite { ok: true, success: true, id, dry_run: code.is_none(), code: text, link }
}

/// Leave a group
///
/// It may be repeated.
#[utoipa::path(
    post,
    path = "/groups/{id}/leave",
    operation_id = "leaveGroup",
    tag = "groups",
    params(("id" = inline(group_requests::GroupText), Path, description = "The group, `…@g.us`.")),
    responses((status = 200, body = GroupChanged)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_NUMBER", "INVALID_FIELD", "CLIENTE_NOT_ALLOWED",
        "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "GROUP_NOT_FOUND", "WHATSAPP_ERROR", "NOT_AVAILABLE", "OUTCOME_UNKNOWN",
    ]))),
)]
pub async fn leave(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<GroupChanged>, ApiError> {
    let arrived = Instant::now();
    let group = group(&id)?;
    fields(&headers, body, &[]).await?;
    let origin = Origin { cliente_id: cliente_id(&headers)? };
    let left = told("leave", &id, app.outbound.leave_group(&group, &origin, arrived).await)?;
    Ok(done(&group, left))
}
