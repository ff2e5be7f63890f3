//! `POST /media`: takes a file that is sent later by its id.

use axum::Json;
use axum::body::{Body, HttpBody};
use axum::extract::{RawQuery, State};
use futures_util::TryStreamExt;
use http::{HeaderMap, StatusCode, header};

use crate::http::App;
use crate::http::body::refuse_compression;
use crate::http::error::ApiError;
use crate::http::query::{given, parameters};
use crate::http::upload::{discard, receive};
use crate::http::wire::uploads::Uploaded;

/// What `curl --data-binary` declares where nothing else was said.
const UNSAID: &str = "application/x-www-form-urlencoded";

/// Upload a file
///
/// The body is the file, of up to `MEDIA_SEND_MAX_MB`, and is written to the disk as it arrives. `/send` takes the id in `media.id`, as often
/// as wanted, for 24 hours.
#[utoipa::path(
    post,
    path = "/media",
    operation_id = "upload",
    tag = "messages",
    params(("filename" = Option<String>, Query, description = "What a document is called at the receiver's.")),
    request_body(content = String, content_type = "application/octet-stream", description = "The file; `Content-Type` is its own type."),
    responses((status = 201, body = Uploaded)),
    extensions(("x-errors" = json!([
        "INVALID_PARAMETER", "CONTRADICTION", "INVALID_MEDIA", "BODY_TOO_SLOW", "MEDIA_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE",
        "MEDIA_QUOTA", "STORE_UNAVAILABLE",
    ]))),
)]
pub async fn upload(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Uploaded>), ApiError> {
    let query = parameters(query.as_deref(), &["filename"])?;
    let filename = given(&query, "filename");
    refuse_compression(&headers)?;
    let declared = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let declared = declared.filter(|kind| !kind.eq_ignore_ascii_case(UNSAID));
    let expected = body.size_hint().exact();
    let broken = |_| ApiError::bad_request("INVALID_MEDIA", "The body broke off.");
    let mut arriving = body.into_data_stream().map_err(broken);
    let received = receive(&app.blobs, app.config.media.send_max, expected, &mut arriving).await;
    if received.is_err() {
        discard(&mut arriving, expected).await;
    }
    let pin = received?;
    let mimetype = app.attacher.mimetype(&pin, declared, filename).await?;
    let upload = app.uploads.keep(pin, mimetype, filename.map(clean)).await?;
    Ok((StatusCode::CREATED, Json(upload.into())))
}

fn clean(name: &str) -> String {
    crate::files::names::clean(name)
}
