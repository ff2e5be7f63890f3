//! Whether the service answers, its session's task runs, and messages can be sent.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::json;

use crate::domain::state;
use crate::domain::via::Via;

use crate::host::config::SendVia;
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::wire::Reason;
use crate::http::wire::health::{Alive, Health as Answer};
use crate::outbound::SendError;
use crate::transport::cloud::Health;

/// Whether the service answers
///
/// Always 200, whatever the state of the session.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "watching", responses((status = 200, body = Answer)))]
pub async fn health(State(app): State<App>) -> Json<Answer> {
    let session = app.session.snapshot();
    let state = session.initialized.then_some(session.state);
    Json(Answer::new(app.clock.now(), state, app.started))
}

/// Whether the session's task runs
///
/// 503 when it is stuck: then only a restart of the service helps.
#[utoipa::path(
    get,
    path = "/health/live",
    operation_id = "live",
    tag = "watching",
    responses((status = 200, body = Alive)),
    extensions(("x-errors" = json!(["SESSION_STUCK"]))),
)]
pub async fn live(State(app): State<App>) -> Result<Json<Alive>, ApiError> {
    if app.session.is_alive() {
        return Ok(Json(Alive::in_state(app.session.snapshot().state)));
    }
    let message = "The session's task is stuck: restart the service.";
    Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "SESSION_STUCK", message).with("status", "stuck"))
}

/// Whether messages can be sent and received
///
/// 200 only in READY. Where nothing but the Cloud API is used (`SEND_VIA=cloud`, `AUTO_CONNECT=false`), 200 while the Cloud
/// API accepts the token.
#[utoipa::path(
    get,
    path = "/health/ready",
    operation_id = "ready",
    tag = "watching",
    responses((status = 200, body = Alive)),
    extensions(("x-errors" = json!(["SESSION_NOT_READY", "CLOUD_UNAUTHORIZED", "SEND_UNAVAILABLE"]))),
)]
pub async fn ready(State(app): State<App>) -> Result<Json<Alive>, ApiError> {
    let session = app.session.snapshot();
    if let Some(cloud) = app.cloud.as_ref().filter(|_| is_without_page(&app)) {
        return match cloud.health() {
            Health::Good(_) => Ok(Json(Alive { status: "ready", state: session.state.into() })),
            Health::Unauthorized(why) => Err(not_ready("CLOUD_UNAUTHORIZED", &why)),
            Health::Disabled(_, why) => {
                Err(not_ready("SEND_UNAVAILABLE", &format!("the Cloud API sends nothing for the number: {why}")))
            }
            Health::Unreachable(why) => {
                Err(not_ready("SEND_UNAVAILABLE", &format!("the Cloud API cannot be used: {why}")))
            }
            Health::Unknown => Err(not_ready("SEND_UNAVAILABLE", "the Cloud API has not answered yet")),
        };
    }
    if session.state == state::State::Ready {
        return Ok(Json(Alive { status: "ready", state: session.state.into() }));
    }
    let message = format!("The session is {}. {}", session.state, session.detail);
    let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "SESSION_NOT_READY", message.trim());
    Err(error
        .with("status", "not ready")
        .with("reason", json!(session.reason.map(Reason::from)))
        .with("detail", session.detail.as_str()))
}

/// The service sends by the Cloud API and was told to start no browser.
pub(super) fn is_without_page(app: &App) -> bool {
    let session = app.session.snapshot();
    app.config.send.via == SendVia::Cloud && !app.config.session.auto_connect && !session.initialized
}

/// Refuses what the page alone does, in a service without one.
pub(super) fn refuse_without_page(app: &App) -> Result<(), ApiError> {
    if !is_without_page(app) {
        return Ok(());
    }
    let why = "the Cloud API cannot do this: it is for a linked phone, and this service starts no browser (AUTO_CONNECT=false)";
    Err(SendError::NotPossible { via: Via::Cloud, why: why.to_owned() }.into())
}

fn not_ready(code: &'static str, why: &str) -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, why).with("status", "not ready").with("detail", why)
}
