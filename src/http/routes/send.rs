//! `POST /send`: reads the request; everything after that is `outbound`'s.

mod base64;
mod content;
pub(super) mod fields;
mod kinds;
mod media;
#[cfg(test)]
mod tests;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::HeaderMap;
use tokio::time::Instant;

use crate::domain::address::ChatId;
use crate::domain::content::Outgoing;
use crate::domain::log::Origin;
use crate::domain::secret::masked;
use crate::outbound::{SendError, Sent};

use crate::http::App;
use crate::http::body::{Place, is_json, long_fields, multipart};
use crate::http::error::ApiError;
use crate::http::wire::{requests, sent};

pub(super) use self::fields::{cliente_id, idempotency_key};

use self::content::{NotMade, outgoing};
use self::fields::{FIELDS, FORM_FIELDS, Request, read};
use self::media::refuse_without_file;

/// Send a text or a file
///
/// 200 once WhatsApp's server has acknowledged it, at most `SEND_TIMEOUT` after the request arrived. Without a key it is
/// sent at most once; with one, exactly once, and trying again with the same key is always safe. A file is part of what a key
/// stands for, by its bytes, so it is brought first also where the outcome of the key is known. A form with a file
/// (`multipart/form-data`) may have `MEDIA_SEND_MAX_MB`, and counts as arrived when all of it is there. By the Cloud API it is 200
/// once Meta has accepted the message (`ACCEPTED`, ack 0), and a message is sent at most once, with a key too: `guarantee` says which.
#[utoipa::path(
    post,
    path = "/send",
    operation_id = "send",
    tag = "messages",
    params(
        ("Idempotency-Key" = Option<String>, Header, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$",
            description = "Made once per message; kept 24 hours."),
        ("X-Cliente-Id" = Option<String>, Header, max_length = 64, pattern = "^([!-~]([ -~]*[!-~])?)?$",
            description = "Where the body has no `cliente_id`."),
    ),
    request_body = requests::Send,
    responses((status = 200, body = sent::Sent, links(
        ("message" = (operation_id = "message", parameters(("id" = "$response.body#/message_id"))))
    ))),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "INVALID_NUMBER", "INVALID_MESSAGE",
        "INVALID_FIELD", "CONTRADICTION", "INVALID_MEDIA", "MEDIA_URL_REFUSED", "MEDIA_NOT_FOUND", "MEDIA_TOO_LARGE", "MEDIA_TYPE",
        "VOICE_FORMAT", "MEDIA_FETCH_FAILED", "MEDIA_UPLOAD_FAILED", "MEDIA_QUOTA", "STORE_UNAVAILABLE",
        "CLIENTE_NOT_ALLOWED", "IDEMPOTENCY_CONFLICT", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE",
        "RATE_LIMITED", "NOT_ON_WHATSAPP", "CHAT_READ_ONLY", "CONTACT_BLOCKED",
        "MESSAGE_NOT_FOUND", "REPLY_NOT_POSSIBLE", "FORWARD_NOT_POSSIBLE",
        "NEW_CHATS_RESTRICTED", "WHATSAPP_ERROR", "SEND_UNCONFIRMED", "VIA_NOT_CONFIGURED", "NOT_POSSIBLE_VIA_CLOUD",
        "NOT_POSSIBLE_VIA_WEB", "TEMPLATE_REQUIRED", "TEMPLATE_INVALID", "CLOUD_UNAUTHORIZED", "RECIPIENT_OPTED_OUT",
    ]))),
)]
pub async fn send(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Json<sent::Sent>, ApiError> {
    let (request, place, arrived) = request(&app, &headers, body).await?;
    let asked = AskedFor::of(&request.to, &request.origin, arrived);
    let made = match outgoing(&app, request, arrived).await {
        Ok(made) => Ok(made),
        Err(NotMade::Refused(error)) => Err(error),
        Err(NotMade::Wrong(error)) => return Err(error),
    };
    // The file is on the disk now.
    drop(place);
    let result = match made {
        // The pin keeps the file until the send has ended, or has a pin of its own.
        Ok((outgoing, _pin)) => app.outbound.send(outgoing, arrived).await,
        Err(error) => Err(error),
    };
    told(&app, &asked, result)
}

/// Sends what another route asks for, and answers as `/send` does.
pub(super) async fn answer(app: &App, outgoing: Outgoing, arrived: Instant) -> Result<Json<sent::Sent>, ApiError> {
    let asked = AskedFor::of(&outgoing.to, &outgoing.origin, arrived);
    told(app, &asked, app.outbound.send(outgoing, arrived).await)
}

/// What the log says of a send beside its outcome.
struct AskedFor {
    to: String,
    cliente_id: Option<String>,
    arrived: Instant,
}

impl AskedFor {
    fn of(to: &ChatId, origin: &Origin, arrived: Instant) -> Self {
        Self { to: masked(&to.to_string()), cliente_id: origin.cliente_id.clone(), arrived }
    }
}

fn told(app: &App, asked: &AskedFor, result: Result<Sent, SendError>) -> Result<Json<sent::Sent>, ApiError> {
    app.metrics.send(outcome(&result));
    let AskedFor { to, cliente_id, arrived } = asked;
    let wait_ms = u64::try_from(arrived.elapsed().as_millis()).unwrap_or(u64::MAX);
    match result {
        Ok(sent) => {
            tracing::info!(to, cliente_id, wait_ms, ack = sent.ack.level(), dry_run = sent.dry_run, "sent");
            Ok(Json(sent.into()))
        }
        Err(error) => {
            tracing::warn!(to, cliente_id, wait_ms, %error, "not sent");
            Err(error.into())
        }
    }
}

/// What the body asks for, the place of a long body, and when the request arrived. A form with a file may take long, so it
/// arrives when it is there; its caller waits for it by itself.
async fn request(app: &App, headers: &HeaderMap, body: Body) -> Result<(Request, Option<Place>, Instant), ApiError> {
    let began = Instant::now();
    let mut body = body;
    if let Some(boundary) = multipart::boundary(headers) {
        multipart::refuse_too_large(headers, app.config.media.send_max)?;
        let (begins_as_json, same) = is_json(body).await?;
        body = same;
        if !begins_as_json {
            return form(app, headers, body, boundary).await;
        }
    }
    let (fields, place) = long_fields(headers, body, &FIELDS).await?;
    Ok((read(fields, headers, None)?, place, began))
}

/// As [`request`], of a form with a file.
async fn form(
    app: &App,
    headers: &HeaderMap,
    body: Body,
    boundary: String,
) -> Result<(Request, Option<Place>, Instant), ApiError> {
    let max = app.config.media.send_max;
    let (fields, file) = multipart::read(headers, body, boundary, &FORM_FIELDS, &app.blobs, max).await?;
    if file.is_none() {
        refuse_without_file(&fields)?;
    }
    Ok((read(fields, headers, file)?, None, Instant::now()))
}

/// What came of a request, in a word.
fn outcome(result: &Result<Sent, SendError>) -> &'static str {
    match result {
        Ok(sent) if sent.dry_run => "dry_run",
        Ok(_) => "sent",
        Err(SendError::Failed { .. } | SendError::FailedAs { .. }) => "failed",
        Err(SendError::Unconfirmed { .. } | SendError::ActUnconfirmed { .. }) => "unconfirmed",
        Err(SendError::RateLimited { .. } | SendError::NewChatsRestricted { .. }) => "rate_limited",
        Err(SendError::NotReady(_) | SendError::Stopping | SendError::Busy) => "not_ready",
        Err(SendError::Unavailable(_) | SendError::NoAnswer | SendError::CloudUnauthorized(_)) => "unavailable",
        Err(SendError::NotUploaded(_) | SendError::UploadLost(_)) => "not_uploaded",
        Err(
            SendError::Refused(_)
            | SendError::MessageAbsent
            | SendError::ReplyNotPossible(_)
            | SendError::ForwardNotPossible(_)
            | SendError::EditNotPossible(_)
            | SendError::RevokeNotPossible(_)
            | SendError::ChatUnknown
            | SendError::NothingToMark(_)
            | SendError::NotDone(_)
            | SendError::MentionUnknown(_)
            | SendError::FileTooLarge { .. }
            | SendError::FileRefused(_)
            | SendError::FileNotFound
            | SendError::NotOnWhatsApp
            | SendError::ChatReadOnly(_)
            | SendError::ContactBlocked
            | SendError::Disabled
            | SendError::ClienteNotAllowed
            | SendError::KeyConflict
            | SendError::ViaNotConfigured
            | SendError::NotPossible { .. }
            | SendError::TextTooLong { .. }
            | SendError::TemplateRequired
            | SendError::TemplateInvalid(_)
            | SendError::Unreachable(_)
            | SendError::RefusedAs(_)
            | SendError::OptedOut,
        ) => "refused",
    }
}
