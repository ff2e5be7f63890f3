//! The host of files.

use crate::media::HostAnswer;
use crate::shared::Shared;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{StreamExt, stream};
use std::sync::Arc;
use std::time::Duration;

/// How a file is sent slowly.
const PARTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(300);

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new().route("/v/{folder}/{file}", get(file))
}

async fn file(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let names = query.split('&').filter_map(|pair| pair.split('=').next());
    let names = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let found = shared.with(|world| world.fetch(method.as_str(), uri.path(), names));
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
