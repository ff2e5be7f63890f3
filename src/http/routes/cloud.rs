//! `/cloud/webhook`: Meta's webhook of the Cloud API. It has a token and a signature of its own, and needs none of ours.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};

use crate::host::config::Cloud;
use crate::http::App;
use crate::http::body::bytes_up_to;
use crate::http::error::ApiError;
use crate::http::wire::cloud::Taken;
use crate::transport::cloud::webhook;

const SIGNATURE: &str = "x-hub-signature-256";

fn settings(app: &App) -> Result<&Cloud, ApiError> {
    app.config.cloud.as_ref().ok_or_else(|| ApiError::of_status(StatusCode::NOT_FOUND))
}

/// Meta's question when the webhook is set up
///
/// Answers the challenge where the verify token is that of `CLOUD_API_VERIFY_TOKEN`.
#[utoipa::path(
    get,
    path = "/cloud/webhook",
    operation_id = "cloudWebhookVerify",
    tag = "cloud",
    params(
        ("hub.mode" = Option<String>, Query, description = "`subscribe`."),
        ("hub.verify_token" = Option<String>, Query, description = "`CLOUD_API_VERIFY_TOKEN`."),
        ("hub.challenge" = Option<String>, Query, max_length = 1024, description = "What is answered."),
    ),
    responses((status = 200, content_type = "text/plain", body = String)),
    extensions(("x-errors" = json!(["INVALID_SIGNATURE", "NOT_FOUND"]))),
)]
pub async fn verify(State(app): State<App>, uri: Uri) -> Result<Response, ApiError> {
    let cloud = settings(&app)?;
    let query = uri.query().unwrap_or_default();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let given = |name: &str| pairs.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    if given("hub.mode") != "subscribe" || !webhook::is_verified(&cloud.verify_token, given("hub.verify_token")) {
        let message = "The verify token is not that of CLOUD_API_VERIFY_TOKEN.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "INVALID_SIGNATURE", message));
    }
    let challenge: String = given("hub.challenge").chars().take(1024).collect();
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], challenge).into_response())
}

/// What Meta tells
///
/// Reports of sent messages, and messages that people write, signed with `CLOUD_API_APP_SECRET`. Answered once they are
/// stored; Meta repeats what is not answered.
#[utoipa::path(
    post,
    path = "/cloud/webhook",
    operation_id = "cloudWebhook",
    tag = "cloud",
    params(("X-Hub-Signature-256" = Option<String>, Header, description = "`sha256=` and the signature of the body.")),
    request_body(content = Object, description = "Meta's notification."),
    responses((status = 200, body = Taken)),
    extensions(("x-errors" = json!([
        "BODY_TOO_LARGE", "BODY_TOO_SLOW", "INVALID_SIGNATURE", "INVALID_NOTIFICATION", "NOT_FOUND", "STORE_UNAVAILABLE",
    ]))),
)]
pub async fn receive(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Json<Taken>, ApiError> {
    let cloud = settings(&app)?;
    let Some(inbound) = &app.cloud_inbound else { return Err(ApiError::of_status(StatusCode::NOT_FOUND)) };
    let body = bytes_up_to(body, webhook::BODY_MAX).await?;
    let signature = headers.get(SIGNATURE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !webhook::is_signed(&cloud.app_secret, signature, &body) {
        inbound.refused();
        let message = "The signature is not Meta's: check CLOUD_API_APP_SECRET.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "INVALID_SIGNATURE", message));
    }
    let told = webhook::parse(&body, &cloud.phone_number_id)
        .map_err(|error| ApiError::bad_request("INVALID_NOTIFICATION", format!("{error}.")))?;
    inbound.take(told).await?;
    Ok(Json(Taken { ok: true }))
}
