//! The host of files, and the files as the page of the phone shows them.

use crate::faults::{PictureHost, UploadAnswer};
use crate::media::HostAnswer;
use crate::shared::Shared;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path as At, RawQuery, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_util::{StreamExt, stream};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

/// How a file is sent slowly.
const PARTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(300);

pub(super) fn router() -> Router<Arc<Shared>> {
    let uploads = post(upload).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/v/{folder}/{file}", get(file))
        .route("/pps/{phone}", get(picture))
        .route("/mms/{kind}/{name}", uploads)
        .route("/phone/file/{message}", get(opened))
}

/// The file of a message for the page of the phone. A type that could run is sent as bytes of no type.
async fn opened(State(shared): State<Arc<Shared>>, At(message): At<String>) -> Response {
    let Ok((mimetype, bytes)) = shared.with(|world| world.opened_file(&message)) else {
        return (StatusCode::NOT_FOUND, "no such file").into_response();
    };
    let is_shown = ["image/", "audio/", "video/"].iter().any(|kind| mimetype.starts_with(kind));
    let is_shown = is_shown && !mimetype.contains("svg") && HeaderValue::try_from(&mimetype).is_ok();
    let mimetype = if is_shown { mimetype } else { "application/octet-stream".to_owned() };
    let headers = [
        (header::CONTENT_TYPE, mimetype),
        (header::CONTENT_DISPOSITION, if is_shown { "inline" } else { "attachment" }.to_owned()),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, bytes).into_response()
}

/// The picture of a person.
async fn picture(State(shared): State<Arc<Shared>>, At(phone): At<String>) -> Response {
    match shared.with(|world| world.picture(&phone)) {
        Some((bytes, host)) => {
            let bytes = Bytes::from(bytes);
            let body = match host {
                PictureHost::Whole => Body::from(bytes),
                PictureHost::Stalls => {
                    Body::from_stream(stream::iter([Ok::<_, Infallible>(bytes)]).chain(stream::pending()))
                }
                PictureHost::Endless => {
                    Body::from_stream(stream::repeat_with(move || Ok::<_, Infallible>(bytes.clone())))
                }
            };
            ([(header::CONTENT_TYPE, "image/jpeg")], body).into_response()
        }
        None => (StatusCode::NOT_FOUND, "no such picture").into_response(),
    }
}

/// The names in a query.
fn names(query: Option<String>) -> Vec<String> {
    let query = query.unwrap_or_default();
    let names = query.split('&').filter_map(|pair| pair.split('=').next());
    names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

async fn upload(
    State(shared): State<Arc<Shared>>,
    At((kind, name)): At<(String, String)>,
    RawQuery(query): RawQuery,
    bytes: Bytes,
) -> Response {
    let (answer, path) = shared.with(|world| world.upload(kind, &name, names(query), bytes));
    let delay = shared.with(|world| world.faults.slow_upload_ms);
    tokio::time::sleep(Duration::from_millis(delay)).await;
    let refused = |status| (status, "refused").into_response();
    match answer {
        UploadAnswer::Take => {
            let path = path.unwrap_or_default();
            Json(json!({ "url": format!("https://mmg.whatsapp.net{path}&mms3=true"), "direct_path": path }))
                .into_response()
        }
        UploadAnswer::Cut => whole(1, Body::from_stream(stream::once(broken()))),
        UploadAnswer::Hang => {
            shared.stop.cancelled().await;
            refused(StatusCode::SERVICE_UNAVAILABLE)
        }
        UploadAnswer::Status(status) => {
            refused(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        }
    }
}

async fn file(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, RawQuery(query): RawQuery) -> Response {
    let found = shared.with(|world| world.fetch(method.as_str(), uri.path(), names(query)));
    let refused = |status, words: &'static str| (status, words).into_response();
    match found {
        None | Some((HostAnswer::Gone, _)) => refused(StatusCode::NOT_FOUND, "not found"),
        Some((HostAnswer::Expired, _)) => refused(StatusCode::FORBIDDEN, "URL signature expired"),
        Some((HostAnswer::Status(status), _)) => {
            refused(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "refused")
        }
        Some((HostAnswer::Hang, _)) => {
            shared.stop.cancelled().await;
            refused(StatusCode::SERVICE_UNAVAILABLE, "the simulator stops")
        }
        Some((HostAnswer::Serve, bytes)) => whole(bytes.len(), Body::from(bytes)),
        Some((HostAnswer::Slow, bytes)) => {
            let part = bytes.len().div_ceil(PARTS).max(1);
            let parts: Vec<_> = (0..bytes.len()).step_by(part).collect();
            let length = bytes.len();
            let sent = stream::iter(parts).then(move |at| {
                let bytes = bytes.slice(at..length.min(at + part));
                async move {
                    tokio::time::sleep(PAUSE).await;
                    Ok::<_, std::io::Error>(bytes)
                }
            });
            whole(length, Body::from_stream(sent))
        }
        Some((HostAnswer::Cut, bytes)) => {
            let half = bytes.slice(..bytes.len() / 2);
            whole(bytes.len(), Body::from_stream(stream::once(async { Ok(half) }).chain(stream::once(broken()))))
        }
    }
}

/// The end of a connection that breaks, once what stands before it has left: a browser asks again by itself when it
/// gets nothing at all.
async fn broken() -> Result<Bytes, std::io::Error> {
    tokio::task::yield_now().await;
    Err(std::io::ErrorKind::ConnectionReset.into())
}

fn whole(length: usize, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, body).into_response()
}
