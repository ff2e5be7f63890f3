//! `GET /document`: the document of WhatsApp's page that runs now, to be kept.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

use crate::http::App;
use crate::http::error::ApiError;

/// The document of WhatsApp Web's page that runs now
///
/// As it came from WhatsApp. `session-manager page --save FILE` keeps it; with `WHATSAPP_WEB_HTML=FILE` a later start uses
/// it instead of a newer one.
#[utoipa::path(
    get,
    path = "/document",
    operation_id = "pageDocument",
    tag = "watching",
    responses((status = 200, content_type = "application/octet-stream", body = String)),
    extensions(("x-errors" = json!(["SESSION_NOT_READY"]))),
)]
pub async fn document(State(app): State<App>) -> Result<Response, ApiError> {
    let document = app.session.document()?;
    // The document belongs to another origin. As an attachment of this type no browser renders it as a page of this service.
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"whatsapp-web.html\""),
    ];
    Ok((headers, document.to_vec()).into_response())
}
