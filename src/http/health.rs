//! Whether the service is there, turning, and ready.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};

use crate::domain::state;

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
pub async fn live(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let alive = app.session.is_alive();
    let status = if alive { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "status": if alive { "ok" } else { "stuck" }, "state": app.session.snapshot().state })))
}

/// 200 only in READY.
pub async fn ready(State(app): State<App>) -> (StatusCode, Json<Value>) {
    let session = app.session.snapshot();
    let ready = session.state == state::State::Ready;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if ready { "ready" } else { "not ready" };
    (
        status,
        Json(json!({ "status": word, "state": session.state, "reason": session.reason, "detail": session.detail })),
    )
}
