//! `POST` and `DELETE /contacts/{id}/block`, and `GET /contacts/{id}/about`.

use axum::Json;
use axum::extract::{Path, State};

use super::id_of;
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::wire::contacts::{About, Contact};
use crate::http::wire::requests;

/// Block somebody
///
/// 200 once WhatsApp Web's own list of blocked people shows it, also where they were blocked before. A number whose LID is
/// not known is looked up, which counts as a look-up of `/numbers`.
#[utoipa::path(
    post,
    path = "/contacts/{id}/block",
    operation_id = "block",
    tag = "people",
    params(("id" = inline(requests::ContactText), Path, description = "A phone number, `…@c.us` or `…@lid`.")),
    responses((status = 200, body = Contact)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CONTACT_NOT_FOUND", "OWN_ACCOUNT",
        "WHATSAPP_ERROR", "PAGE_UNAVAILABLE",
    ]))),
)]
pub async fn block(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Contact>, ApiError> {
    blocked(&app, &id, true).await
}

/// Unblock somebody
#[utoipa::path(
    delete,
    path = "/contacts/{id}/block",
    operation_id = "unblock",
    tag = "people",
    params(("id" = inline(requests::ContactText), Path, description = "A phone number, `…@c.us` or `…@lid`.")),
    responses((status = 200, body = Contact)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED", "CONTACT_NOT_FOUND", "OWN_ACCOUNT",
        "WHATSAPP_ERROR", "PAGE_UNAVAILABLE",
    ]))),
)]
pub async fn unblock(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Contact>, ApiError> {
    blocked(&app, &id, false).await
}

async fn blocked(app: &App, id: &str, on: bool) -> Result<Json<Contact>, ApiError> {
    let id = id_of(id)?;
    let admitted = app.outbound.admit_mark().await?;
    let person = match admitted {
        Some(_) => app.directory.block(&id, on).await?,
        None => app.directory.contact(&id).await?,
    };
    Ok(Json(Contact { dry_run: admitted.is_none(), ..person.into() }))
}

/// What somebody says of themselves
///
/// WhatsApp's server is asked: it counts as a look-up of `/numbers`.
#[utoipa::path(
    get,
    path = "/contacts/{id}/about",
    operation_id = "about",
    tag = "people",
    params(("id" = inline(requests::ContactText), Path, description = "A phone number, `…@c.us` or `…@lid`.")),
    responses((status = 200, body = About)),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "CONTACT_NOT_FOUND", "RATE_LIMITED", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE", "SESSION_NOT_READY",
    ]))),
)]
pub async fn about(State(app): State<App>, Path(id): Path<String>) -> Result<Json<About>, ApiError> {
    Ok(Json(About { ok: true, about: app.directory.about(&id_of(&id)?).await? }))
}
