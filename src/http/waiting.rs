//! The API while the service starts on a full disk: `/health` and `/status` say what the service waits for, everything else is
//! refused. Once there is room, the same connections are served by the whole API.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;
use tokio::time::Instant;
use tower::ServiceExt;

use crate::domain::state;
use crate::domain::time::{Clock, Timestamp};
use crate::host::config::Config;

use super::error::ApiError;
use super::router::{behind, router};
use super::wire::codes::Qr;
use super::wire::health::{Alive, Health};
use super::wire::status::Status;
use super::{App, Front, docs, page};

/// The state in `/status` while no browser runs and somebody has to free space.
const STATE: state::State = state::State::Error;
/// `Retry-After` in seconds; the service looks at the disk every two seconds.
const RETRY_S: u32 = 5;

/// Cheap to clone.
#[derive(Clone)]
pub struct Waiting(Arc<Inner>);

struct Inner {
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    started: Instant,
    since: Timestamp,
    /// The sentence that says what the service waits for.
    why: Mutex<String>,
    whole: OnceLock<Router>,
}

impl Waiting {
    pub fn new(config: Arc<Config>, clock: Arc<dyn Clock>, started: Instant) -> Self {
        let since = clock.now();
        Self(Arc::new(Inner { config, clock, started, since, why: Mutex::default(), whole: OnceLock::new() }))
    }

    /// The routes: those of this module, and after [`Self::end`] those of the whole API.
    pub fn router(&self) -> Router {
        let waiting = Router::new()
            .route("/", get(page::document))
            .route("/qr.html", get(page::document))
            .route("/page/{file}", get(page::file))
            .route("/openapi.json", get(docs::openapi))
            .route("/docs", get(docs::viewer::page))
            .route("/docs/{file}", get(docs::viewer::file))
            .route("/health", get(health))
            .route("/health/live", get(|| async { Json(Alive::in_state(STATE)) }))
            .route("/health/ready", get(ready))
            .route("/status", get(status))
            .route("/qr", get(|| async { Json(Qr::none(STATE)) }))
            .fallback(unavailable);
        let (waiting, this) = (behind(waiting, self.clone()), self.clone());
        Router::new().fallback(move |request: Request| {
            let router = this.0.whole.get().unwrap_or(&waiting).clone();
            async move {
                let answer: Result<Response, Infallible> = router.oneshot(request).await;
                answer
            }
        })
    }

    /// Sets the sentence that says what the service waits for.
    pub fn explain(&self, why: &str) {
        why.clone_into(&mut self.0.why.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Ends the waiting: the whole API answers from now on.
    pub fn end(&self, app: App) {
        // Only the first call counts.
        let _ = self.0.whole.set(router(app));
    }

    /// The sentence with a capital letter and a full stop.
    fn sentence(&self) -> String {
        let why = self.0.why.lock().unwrap_or_else(PoisonError::into_inner);
        format!("The service waits to start: {why}. It goes on by itself.")
    }
}

impl Front for Waiting {
    fn config(&self) -> &Config {
        &self.0.config
    }

    fn state(&self) -> state::State {
        STATE
    }
}

async fn health(State(waiting): State<Waiting>) -> Json<Health> {
    Json(Health::new(waiting.0.clock.now(), None, waiting.0.started))
}

async fn ready(State(waiting): State<Waiting>) -> ApiError {
    let detail = waiting.sentence();
    let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "SESSION_NOT_READY", detail.clone());
    error.with("status", "not ready").with("reason", json!(null)).with("detail", detail)
}

async fn status(State(waiting): State<Waiting>) -> Json<Status> {
    Json(Status::without_session(&waiting.0.config, STATE, waiting.0.since, waiting.sentence()))
}

async fn unavailable(State(waiting): State<Waiting>, request: Request) -> ApiError {
    // The hub repeats a send that is refused with this code.
    let code = if request.uri().path() == "/send" { "SESSION_NOT_READY" } else { "STORE_UNAVAILABLE" };
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, code, waiting.sentence()).retry_after(RETRY_S)
}
