//! Whether the service is there, turning, and ready.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use crate::domain::state;

use super::error::ApiError;
use super::{App, SERVICE, VERSION};

/// 200 as long as HTTP is answered.
pub async fn health(State(app): State<App>) -> Json<Value> {
    let session = app.session.snapshot();
    let state = if session.initialized { session.state.name() } else { "NOT_INITIALIZED" };
    Json(json!({
        "status": "ok",
        "service": SERVICE,
        "timestamp": app.clock.now(),
        "whatsapp_state": state,
        "version": VERSION,
        "uptime_s": app.started.elapsed().as_secs(),
    }))
}

/// 503 when the session's task is stuck: then only a restart helps.
pub async fn live(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    if app.session.is_alive() {
        return Ok(Json(json!({ "status": "ok", "state": app.session.snapshot().state })));
    }
    let message = "The session's task is stuck: restart the service.";
    Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "SESSION_STUCK", message).with("status", "stuck"))
}

/// 200 only in READY.
pub async fn ready(State(app): State<App>) -> Result<Json<Value>, ApiError> {
    let session = app.session.snapshot();
    if session.state == state::State::Ready {
        return Ok(Json(json!({ "status": "ready", "state": session.state })));
    }
    let message = format!("The session is {}. {}", session.state, session.detail);
    let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "SESSION_NOT_READY", message.trim());
    Err(error.with("status", "not ready").with("reason", json!(session.reason)).with("detail", session.detail.as_str()))
}
