//! `GET /contacts/{id}/picture`.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::id_of;
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::routes::message_file::holds;
use crate::http::wire::requests;

/// The picture of somebody
///
/// Its bytes, never WhatsApp's own link, which expires. They are kept for an hour; then WhatsApp is asked whether the picture is
/// still the same, which counts as a look-up of `/numbers`.
#[utoipa::path(
    get,
    path = "/contacts/{id}/picture",
    operation_id = "picture",
    tag = "people",
    params(
        ("id" = inline(requests::ContactText), Path, description = "A phone number, `…@c.us` or `…@lid`."),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of an earlier answer."),
    ),
    responses(
        (status = 200, content_type = "application/octet-stream", body = String,
            description = "The picture, with its own type: JPEG, PNG or WebP.",
            headers(("ETag" = String, description = "The SHA-256 of the picture, in quotation marks."))),
        (status = 304, description = "The caller has this picture already."),
    ),
    extensions(("x-errors" = json!([
        "INVALID_NUMBER", "CONTACT_NOT_FOUND", "NO_PICTURE", "RATE_LIMITED", "WHATSAPP_ERROR", "PAGE_UNAVAILABLE",
        "SESSION_NOT_READY",
    ]))),
)]
pub async fn picture(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    let picture = app.directory.picture(&id_of(&id)?).await?;
    let tag = format!("\"{}\"", picture.sha256);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut about = HeaderMap::new();
    if let Ok(tag) = HeaderValue::try_from(&tag) {
        about.insert(header::ETAG, tag);
    }
    about.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if known.is_some_and(|known| holds(known, &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    about.insert(header::CONTENT_TYPE, HeaderValue::from_static(picture.mimetype));
    Ok((about, picture.bytes.clone()).into_response())
}
