//! Whether the service answers, its session's task runs, and messages can be sent.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::json;

use crate::domain::state;

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::wire::Reason;
use crate::http::wire::health::{Alive, Health};

/// Whether the service answers
///
/// Always 200, whatever the state of the session.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "watching", responses((status = 200, body = Health)))]
pub async fn health(State(app): State<App>) -> Json<Health> {
    let session = app.session.snapshot();
    let state = session.initialized.then_some(session.state);
    Json(Health::new(app.clock.now(), state, app.started))
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
/// 200 only in READY.
#[utoipa::path(
    get,
    path = "/health/ready",
    operation_id = "ready",
    tag = "watching",
    responses((status = 200, body = Alive)),
    extensions(("x-errors" = json!(["SESSION_NOT_READY"]))),
)]
pub async fn ready(State(app): State<App>) -> Result<Json<Alive>, ApiError> {
    let session = app.session.snapshot();
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
