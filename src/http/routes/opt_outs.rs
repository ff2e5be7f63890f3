//! `/opt-outs`: who wants no further messages, and that somebody wants messages again.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;

use super::messages::{limit, wrong};
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::query::{given, parameters};
use crate::http::wire::opt_outs::{OptOut, OptOuts, TakenBack};

/// The longest id of a chat, with room.
const ID_MAX: usize = 128;

/// Who wants no further messages
///
/// Whoever wrote BAJA, STOP or a word of `OPT_OUT_WORDS` as the whole message gets none by either way
/// (`RECIPIENT_OPTED_OUT`). Each person is one entry, in the order of the ids.
#[utoipa::path(
    get,
    path = "/opt-outs",
    operation_id = "optOuts",
    tag = "messages",
    params(
        ("after" = Option<String>, Query, max_length = 128, description = "The `next` of an earlier answer."),
        ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, description = "100 where it is not given."),
    ),
    responses((status = 200, body = OptOuts)),
    extensions(("x-errors" = json!(["INVALID_PARAMETER", "CONTRADICTION", "STORE_UNAVAILABLE"]))),
)]
pub async fn list(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Json<OptOuts>, ApiError> {
    let query = parameters(query.as_deref(), &["after", "limit"])?;
    let (after, limit) = (given(&query, "after"), limit(&query)?);
    if after.is_some_and(|after| after.chars().count() > ID_MAX) {
        return Err(wrong("after", "the `next` of an earlier answer"));
    }
    // One more tells whether the list goes on.
    let mut found = app.outbound.opt_outs(after, limit + 1).await?;
    let goes_on = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| goes_on).map(|last| last.id.clone());
    Ok(Json(OptOuts { ok: true, items: found.into_iter().map(OptOut::from).collect(), next }))
}

/// Take an opt-out back
///
/// For somebody who asked in another way to get messages again: by the number, in any form that its country has, or by the `id`
/// of the list. The BAJA that is taken back, and what was written before it, do not count any more, also where WhatsApp tells of
/// them again; a later BAJA does.
#[utoipa::path(
    delete,
    path = "/opt-outs/{id}",
    operation_id = "takeBackOptOut",
    tag = "messages",
    params(("id" = String, Path, description = "A phone number, or the `id` of the list.")),
    responses((status = 200, body = TakenBack)),
    extensions(("x-errors" = json!(["OPT_OUT_NOT_FOUND", "STORE_UNAVAILABLE"]))),
)]
pub async fn take_back(State(app): State<App>, Path(id): Path<String>) -> Result<Json<TakenBack>, ApiError> {
    if app.outbound.take_back_opt_out(&id).await? {
        return Ok(Json(TakenBack { ok: true, success: true, id }));
    }
    let message = "Nobody of this number or id asked for no further messages.";
    Err(ApiError::new(StatusCode::NOT_FOUND, "OPT_OUT_NOT_FOUND", message))
}
