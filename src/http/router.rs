//! The routes, and what every answer has in common.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use rand::Rng;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::error::ApiError;
use super::routes::{capabilities, connect, deliveries, events, health, messages, metrics, numbers, qr, send, status};
use super::{App, Front, docs, guard, page};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A caller's request id longer than this is not one.
const REQUEST_ID_MAX: usize = 128;

/// The whole API.
pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/", get(page::document))
        .route("/qr.html", get(page::document))
        .route("/page/{file}", get(page::file))
        .route("/health", get(health::health))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/status", get(status::status))
        .route("/qr", get(qr::qr))
        .route("/qr.png", get(qr::png))
        .route("/qr.svg", get(qr::svg))
        .route("/qr.txt", get(qr::text))
        .route("/qr-code", get(qr::qr_code))
        .route("/connect", post(connect::connect))
        .route("/disconnect", post(connect::disconnect))
        .route("/logout", post(connect::log_out))
        .route("/pairing-code", post(connect::pairing_code))
        .route("/pairing-code", delete(connect::drop_pairing_code))
        .route("/send", post(send::send))
        .route("/numbers/{number}", get(numbers::number))
        .route("/messages", get(messages::list))
        .route("/messages/{id}", get(messages::one))
        .route("/events", get(events::events))
        .route("/metrics", get(metrics::metrics))
        .route("/capabilities", get(capabilities::capabilities))
        .route("/deliveries/dead", get(deliveries::dead))
        .route("/deliveries/dead/{id}/replay", post(deliveries::replay))
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::page))
        .route("/docs/viewer.js", get(docs::script))
        .route("/docs/viewer.css", get(docs::style))
        .fallback(|| async { ApiError::of_status(StatusCode::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { ApiError::of_status(StatusCode::METHOD_NOT_ALLOWED) })
        .route_layer(from_fn_with_state(app.clone(), observe));
    behind(routes, app)
}

/// What stands in front of every route: who may call, and what every answer has in common.
pub(super) fn behind<F: Front>(routes: Router<F>, front: F) -> Router {
    routes
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
            ApiError::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }))
        .layer(from_fn_with_state(front.clone(), guard::check::<F>))
        .layer(cors(&front.config().server.cors_origins))
        .layer(from_fn_with_state(front.clone(), finish::<F>))
        .with_state(front)
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("x-api-key"),
            HeaderName::from_static("x-cliente-id"),
            HeaderName::from_static("idempotency-key"),
            REQUEST_ID,
        ])
        .expose_headers([REQUEST_ID, header::RETRY_AFTER])
}

/// Times what is answered, by the pattern of its route.
async fn observe(State(app): State<App>, route: MatchedPath, request: Request, next: Next) -> Response {
    // A caller may invent methods, and each would be a series of its own.
    let known = [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS, Method::PUT, Method::PATCH, Method::DELETE];
    let method = known.into_iter().find(|known| known == request.method());
    let started = Instant::now();
    let response = next.run(request).await;
    let seconds = started.elapsed().as_secs_f64();
    let method = method.as_ref().map_or("OTHER", Method::as_str);
    app.metrics.request(route.as_str(), method, response.status().as_str(), seconds);
    response
}

/// Gives every answer its request id and its protection, and every error its shape.
async fn finish<F: Front>(State(front): State<F>, request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).filter(|id| is_sane(id)).cloned().unwrap_or_else(new_id);
    let has_body = request.headers().contains_key(header::TRANSFER_ENCODING)
        || request.headers().get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    // What is no preflight is a method like any other, and none of ours.
    let is_preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if request.method() == Method::OPTIONS && !is_preflight {
        ApiError::of_status(StatusCode::METHOD_NOT_ALLOWED).into_response()
    } else {
        next.run(request).await
    };
    let error = response.extensions_mut().remove::<ApiError>();
    let bare = response.status().is_client_error() || response.status().is_server_error();
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if let Some(error) = error.or_else(|| (bare && !is_json).then(|| ApiError::of_status(response.status()))) {
        let mut shaped = error.render(front.state());
        // What was said about the answer stays: Allow, CORS.
        for (name, value) in response.headers() {
            if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
                shaped.headers_mut().append(name.clone(), value.clone());
            }
        }
        response = shaped;
    }
    let is_unread = has_body && matches!(response.status().as_u16(), 401 | 403 | 404 | 405);
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    if is_unread {
        // Its rest would be taken for the next request.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in PROTECTION {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Nothing here is to be framed, guessed at, or kept.
const PROTECTION: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::CACHE_CONTROL, "no-store"),
];

fn is_sane(id: &HeaderValue) -> bool {
    let legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    !id.is_empty() && id.len() <= REQUEST_ID_MAX && id.as_bytes().iter().all(legal)
}

fn new_id() -> HeaderValue {
    let id = format!("{:032x}", rand::rng().random::<u128>());
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none"))
}
