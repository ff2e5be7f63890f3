//! The routes, and the middleware of every answer.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use rand::Rng;
use tokio::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::routes::{
    capabilities, chats, cloud, connect, contacts, deliveries, directory, document, events, groups, health, media,
    message_file, messages, metrics, numbers, opt_outs, presence, qr, send, status,
};
use super::{App, Front, docs, guard, page};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A caller's request id that is longer is replaced by an id of the service.
const REQUEST_ID_MAX: usize = 128;

/// Every route is registered here, once. `routes!` also adds it to the OpenAPI document. The operator's page and the viewer of
/// the document are not part of the document.
pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(docs::frame())
        .routes(routes!(health::health))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(status::status))
        .routes(routes!(qr::qr))
        .routes(routes!(qr::png))
        .routes(routes!(qr::svg))
        .routes(routes!(qr::text))
        .routes(routes!(qr::qr_code))
        .routes(routes!(connect::connect))
        .routes(routes!(connect::disconnect))
        .routes(routes!(connect::log_out))
        .routes(routes!(connect::pairing_code, connect::drop_pairing_code))
        .routes(routes!(send::send))
        .routes(routes!(media::upload))
        .routes(routes!(numbers::number))
        .routes(routes!(numbers::numbers))
        .routes(routes!(contacts::contact))
        .routes(routes!(directory::chats::list))
        .routes(routes!(directory::chats::one))
        .routes(routes!(directory::marks::archive, directory::marks::unarchive))
        .routes(routes!(directory::marks::pin, directory::marks::unpin))
        .routes(routes!(directory::marks::mute, directory::marks::unmute))
        .routes(routes!(directory::contacts::list))
        .routes(routes!(directory::person::block, directory::person::unblock))
        .routes(routes!(directory::person::about))
        .routes(routes!(directory::picture::picture))
        .routes(routes!(directory::groups::list))
        .routes(routes!(directory::groups::one))
        .routes(routes!(presence::presence))
        .routes(routes!(groups::make))
        .routes(routes!(groups::join))
        .routes(routes!(groups::managing::change))
        .routes(routes!(groups::managing::participants))
        .routes(routes!(groups::managing::invite, groups::managing::reset_invite))
        .routes(routes!(groups::managing::leave))
        .routes(routes!(messages::list))
        .routes(routes!(messages::one, messages::acts::edit, messages::acts::delete))
        .routes(routes!(messages::acts::react))
        .routes(routes!(messages::forward::forward))
        .routes(routes!(chats::read))
        .routes(routes!(chats::unread))
        .routes(routes!(chats::typing))
        .routes(routes!(message_file::message_file))
        .routes(routes!(opt_outs::list))
        .routes(routes!(opt_outs::take_back))
        .routes(routes!(events::events))
        .routes(routes!(metrics::metrics))
        .routes(routes!(capabilities::capabilities))
        .routes(routes!(document::document))
        .routes(routes!(cloud::verify, cloud::receive))
        .routes(routes!(deliveries::dead))
        .routes(routes!(deliveries::replay))
        .routes(routes!(deliveries::replay_all))
        .route("/", get(page::document))
        .route("/qr.html", get(page::document))
        .route("/page/{file}", get(page::file))
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::viewer::page))
        .route("/docs/{file}", get(docs::viewer::file))
}

/// The routes behind the middleware of every answer.
pub fn router(app: App) -> Router {
    let routes = Router::from(routes())
        .fallback(|| async { ApiError::of_status(StatusCode::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { ApiError::of_status(StatusCode::METHOD_NOT_ALLOWED) })
        .route_layer(from_fn_with_state(app.clone(), observe));
    behind(routes, app)
}

/// Puts the middleware before every route: who may call, metrics, the request id, security headers and the shape of errors.
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
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
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

/// Measures how long each answer takes, by the pattern of its route.
async fn observe(State(app): State<App>, route: MatchedPath, request: Request, next: Next) -> Response {
    // A caller can invent methods. Each would become a time series of its own.
    let known = [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS, Method::PUT, Method::PATCH, Method::DELETE];
    let method = known.into_iter().find(|known| known == request.method());
    let started = Instant::now();
    let response = next.run(request).await;
    let seconds = started.elapsed().as_secs_f64();
    let method = method.as_ref().map_or("OTHER", Method::as_str);
    app.metrics.request(route.as_str(), method, response.status().as_str(), seconds);
    response
}

/// Gives every answer its request id and the security headers, and every error the shape of `Error`.
async fn finish<F: Front>(State(front): State<F>, request: Request, next: Next) -> Response {
    let id = request.headers().get(REQUEST_ID).filter(|id| is_sane(id)).cloned().unwrap_or_else(new_id);
    let has_body = request.headers().contains_key(header::TRANSFER_ENCODING)
        || request.headers().get(header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    // OPTIONS that is no CORS preflight is a method that no route has.
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
        // Keep the headers that axum set, such as Allow and those of CORS.
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
        // The rest of the body would be read as the next request on this connection.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in PROTECTION {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// No answer may be shown in a frame, have its type guessed, or be cached.
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
