//! The code to scan: as JSON, PNG, SVG and text.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use tokio::sync::Semaphore;

use crate::domain::state::State as SessionState;
use crate::transport::web::session::Snapshot;

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::query::{given, parameters};
use crate::http::wire::codes::{HubCode, Picture, Qr};

/// The longest `wait`; the hub itself waits for a minute.
const WAIT_MAX_S: u64 = 60;

/// The most callers that wait for a code at a time, each with its connection for up to a minute.
const WAITERS: usize = 1024;
/// `Retry-After` in seconds for a caller that found no place to wait.
const NO_PLACE: u32 = 5;

/// Limits how many callers wait for a code at a time.
pub struct Waiters(Semaphore);

impl Default for Waiters {
    fn default() -> Self {
        Self(Semaphore::new(WAITERS))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Png,
    Svg,
    Text,
}

/// The code to scan
///
/// JSON unless `Accept` names one of the others. As JSON the answer is 200 in every state; as a picture it is 404 where
/// there is no code.
#[utoipa::path(
    get,
    path = "/qr",
    operation_id = "qr",
    tag = "linking",
    params(("wait" = Option<usize>, Query, description = "Waits so many seconds for a code or for READY; more than 60 count as 60.")),
    responses((status = 200, content(
        (Qr = "application/json"), (inline(Picture) = "image/png"), (String = "image/svg+xml"), (String = "text/plain"),
    ))),
    extensions(("x-errors" = json!(["INVALID_WAIT", "INVALID_PARAMETER", "CONTRADICTION", "NO_QR", "TOO_MANY_CLIENTS"]))),
)]
pub async fn qr(State(app): State<App>, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Response, ApiError> {
    let accepted: Vec<_> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    answer(&app, query.as_deref(), negotiated(&accepted.join(","))).await
}

/// The code to scan, a picture
#[utoipa::path(
    get,
    path = "/qr.png",
    operation_id = "qrPng",
    tag = "linking",
    params(("wait" = Option<usize>, Query, description = "Waits so many seconds for a code or for READY; more than 60 count as 60.")),
    responses((status = 200, content_type = "image/png", body = inline(Picture))),
    extensions(("x-errors" = json!(["INVALID_WAIT", "INVALID_PARAMETER", "CONTRADICTION", "NO_QR", "TOO_MANY_CLIENTS"]))),
)]
pub async fn png(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    answer(&app, query.as_deref(), Form::Png).await
}

/// The code to scan, a drawing
#[utoipa::path(
    get,
    path = "/qr.svg",
    operation_id = "qrSvg",
    tag = "linking",
    params(("wait" = Option<usize>, Query, description = "Waits so many seconds for a code or for READY; more than 60 count as 60.")),
    responses((status = 200, content_type = "image/svg+xml", body = String)),
    extensions(("x-errors" = json!(["INVALID_WAIT", "INVALID_PARAMETER", "CONTRADICTION", "NO_QR", "TOO_MANY_CLIENTS"]))),
)]
pub async fn svg(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    answer(&app, query.as_deref(), Form::Svg).await
}

/// The code to scan, in half-block characters for a terminal
#[utoipa::path(
    get,
    path = "/qr.txt",
    operation_id = "qrText",
    tag = "linking",
    params(("wait" = Option<usize>, Query, description = "Waits so many seconds for a code or for READY; more than 60 count as 60.")),
    responses((status = 200, content_type = "text/plain", body = String)),
    extensions(("x-errors" = json!(["INVALID_WAIT", "INVALID_PARAMETER", "CONTRADICTION", "NO_QR", "TOO_MANY_CLIENTS"]))),
)]
pub async fn text(State(app): State<App>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    answer(&app, query.as_deref(), Form::Text).await
}

/// The code to scan, as the hub asks for it
#[utoipa::path(
    get,
    path = "/qr-code",
    operation_id = "qrCode",
    tag = "linking",
    responses((status = 200, body = HubCode)),
    extensions(("x-errors" = json!(["QR_NOT_AVAILABLE"]))),
)]
pub async fn qr_code(State(app): State<App>) -> Result<Response, ApiError> {
    let session = app.session.snapshot();
    let code = session
        .code
        .as_deref()
        .ok_or_else(|| no_code(&session, "QR_NOT_AVAILABLE").with("currentStatus", session.state.name()))?;
    let body = HubCode { data_url: code.data_url.clone(), qr: code.data_url.clone(), status: session.state.into() };
    Ok((NEVER_CACHED, Json(body)).into_response())
}

const NEVER_CACHED: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// The form that `Accept` weighs highest among the forms there are. A caller that accepts anything gets JSON, as browsers and
/// the hub do.
fn negotiated(accept: &str) -> Form {
    let mut wanted: Vec<(f32, Form)> =
        accept.split(',').filter_map(known).filter(|(weight, _)| *weight > 0.0).collect();
    // The sort is stable: among equal weights the first named wins.
    wanted.sort_by(|one, other| other.0.total_cmp(&one.0));
    wanted.first().map_or(Form::Json, |(_, form)| *form)
}

/// An accepted media type with its weight.
fn known(part: &str) -> Option<(f32, Form)> {
    let mut pieces = part.split(';').map(str::trim);
    let form = match pieces.next()? {
        // A browser that navigates asks for HTML; it gets JSON.
        "application/json" | "*/*" | "text/html" => Form::Json,
        "image/png" => Form::Png,
        "image/svg+xml" => Form::Svg,
        "text/plain" => Form::Text,
        _ => return None,
    };
    let weight = pieces.find_map(|piece| piece.strip_prefix("q=")?.trim().parse().ok()).unwrap_or(1.0);
    Some((weight, form))
}

async fn answer(app: &App, query: Option<&str>, form: Form) -> Result<Response, ApiError> {
    let session = waited(app, query).await?;
    let code = session.code.as_deref();
    let response = match (form, code) {
        (Form::Json, Some(code)) => Json(Qr::available(code)).into_response(),
        (Form::Json, None) => Json(Qr::none(session.state)).into_response(),
        (_, None) => return Err(no_code(&session, "NO_QR")),
        (Form::Png, Some(code)) => picture("image/png", code.png.clone()),
        (Form::Svg, Some(code)) => picture("image/svg+xml", code.svg.clone()),
        (Form::Text, Some(code)) => picture("text/plain; charset=utf-8", code.text.clone()),
    };
    Ok((NEVER_CACHED, response).into_response())
}

fn picture(kind: &'static str, body: impl IntoResponse) -> Response {
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn no_code(session: &Snapshot, code: &'static str) -> ApiError {
    let message = match session.state {
        SessionState::QrRequired => "The code is coming; try again in a few seconds, or with ?wait=30.".to_owned(),
        SessionState::Ready => "A phone is linked already; there is no code to scan.".to_owned(),
        state => format!("There is no code while the session is {state}. {}", session.detail),
    };
    ApiError::new(StatusCode::NOT_FOUND, code, message)
}

/// Waits until the session has a code or needs none; gives the session at that time.
async fn waited(app: &App, query: Option<&str>) -> Result<Arc<Snapshot>, ApiError> {
    let query = parameters(query, &["wait"])?;
    let Some(wait) = given(&query, "wait") else { return Ok(app.session.snapshot()) };
    let seconds = seconds(wait)?;
    let is_over = |session: &Snapshot| session.code.is_some() || session.state == SessionState::Ready;
    let now = app.session.snapshot();
    if seconds == 0 || is_over(&now) {
        return Ok(now);
    }
    let _place = app.waiters.0.try_acquire().map_err(|_| {
        let why =
            format!("{WAITERS} callers wait for a code already: ask without wait, or try again in a few seconds.");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "TOO_MANY_CLIENTS", why).retry_after(NO_PLACE)
    })?;
    let mut snapshots = app.session.watch();
    let arrived = snapshots.wait_for(|session| is_over(session));
    // If neither happened in time, the answer has the session's current state.
    let _ = tokio::time::timeout(Duration::from_secs(seconds), app.closing.run_until_cancelled(arrived)).await;
    Ok(app.session.snapshot())
}

/// Reads the parameter `wait`. A number above the longest wait counts as the longest wait, however great it is.
fn seconds(wait: &str) -> Result<u64, ApiError> {
    if wait.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(wait.parse().unwrap_or(u64::MAX).min(WAIT_MAX_S));
    }
    let message = format!("wait must be a whole number of seconds, 0 to {WAIT_MAX_S}.");
    Err(ApiError::bad_request("INVALID_WAIT", message))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    #[test]
    fn who_accepts_anything_gets_json() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";
        for accept in ["*/*", "application/json", browser, "", "video/mp4"] {
            assert_eq!(negotiated(accept), Form::Json, "{accept}");
        }
        let firefox = "text/html,application/xml;q=0.9,image/png,image/svg+xml,*/*;q=0.8";
        for accept in ["image/png;q=0, application/json", "text/plain;q=0.1, application/json", firefox] {
            assert_eq!(negotiated(accept), Form::Json, "{accept}");
        }
        assert_eq!(negotiated("image/png,*/*;q=0.8"), Form::Png);
        assert_eq!(negotiated("text/plain;q=0.1, image/png;q=0.9"), Form::Png);
        assert_eq!(negotiated("image/svg+xml"), Form::Svg);
        assert_eq!(negotiated("text/plain; charset=utf-8"), Form::Text);
    }

    #[test]
    fn nobody_waits_longer_than_the_longest_wait() {
        for (wait, expected) in [("0", 0), ("60", 60), ("61", 60), ("99999999999999999999999", 60)] {
            assert_eq!(seconds(wait).ok(), Some(expected), "{wait}");
        }
    }

    static ALLOWED: LazyLock<[Allowed; 4]> =
        LazyLock::new(|| ["/qr", "/qr.png", "/qr.svg", "/qr.txt"].map(|path| Allowed::parameter(path, "wait")));

    proptest! {
        #[test]
        fn the_document_allows_the_waits_that_are_read(text in "[0-9]{1,30}|[+-][0-9]{1,3}|[0-9]{1,2}\\.[0-9]|\\PC{1,9}") {
            for allowed in &*ALLOWED {
                prop_assert_eq!(allowed.holds_text(&text), seconds(&text).is_ok());
            }
        }
    }
}
