//! `POST /messages/{id}/forward`: a message of the account, passed on.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use http::HeaderMap;
use tokio::time::Instant;

use crate::domain::content::{Content, Outgoing};
use crate::domain::log::Origin;
use crate::domain::message::MessageId;
use crate::domain::via::Via;

use crate::http::App;
use crate::http::body::{Field, fields};
use crate::http::error::ApiError;
use crate::http::routes::send;
use crate::http::routes::send::fields::{cliente_id, idempotency_key, recipient};
use crate::http::wire::{requests, sent};

/// Pass a message on
///
/// A message of its own under an id of its own: as `/send`, it goes at most once, and with a key exactly once. A file is fetched
/// first, where WhatsApp's server has it no more by way of the phone, and uploaded where that is needed: 409
/// `FORWARD_NOT_POSSIBLE` if it is nowhere any more, 502 `MEDIA_UPLOAD_FAILED` if it cannot be had or uploaded now.
#[utoipa::path(
    post,
    path = "/messages/{id}/forward",
    operation_id = "forward",
    tag = "messages",
    params(
        ("id" = String, Path, description = "WhatsApp's id of the message that is passed on."),
        ("Idempotency-Key" = Option<String>, Header, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$",
            description = "Made once per message; kept 24 hours."),
    ),
    request_body = requests::Forward,
    responses((status = 200, body = sent::Sent)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "INVALID_NUMBER", "INVALID_FIELD", "CONTRADICTION",
        "CLIENTE_NOT_ALLOWED", "IDEMPOTENCY_CONFLICT", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE",
        "RATE_LIMITED", "NOT_ON_WHATSAPP", "CHAT_READ_ONLY", "CONTACT_BLOCKED", "NEW_CHATS_RESTRICTED", "RECIPIENT_OPTED_OUT",
        "MESSAGE_NOT_FOUND", "FORWARD_NOT_POSSIBLE", "MEDIA_UPLOAD_FAILED", "NOT_POSSIBLE_VIA_CLOUD", "WHATSAPP_ERROR", "SEND_UNCONFIRMED",
    ]))),
)]
pub async fn forward(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<sent::Sent>, ApiError> {
    const FIELDS: [Field; 4] = Field::texts(["number", "to", "cliente_id", "idempotency_key"]);
    let arrived = Instant::now();
    let fields = fields(&headers, body, &FIELDS).await?;
    let outgoing = Outgoing {
        to: recipient(&fields)?,
        content: Content::Forward { of: MessageId::new(id) },
        reply_to: None,
        origin: Origin { cliente_id: cliente_id(&fields, &headers)? },
        key: idempotency_key(&fields, &headers)?,
        // Only the page has messages to pass on.
        via: Some(Via::Web),
    };
    send::answer(&app, outgoing, arrived).await
}
