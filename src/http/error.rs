//! The only place where an error becomes a status code and a body.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use crate::blobs::BlobError;
use crate::delivery::DeadLettersError;
use crate::directory::DirectoryError;
use crate::domain::idempotency::Cause;
use crate::domain::message::MessageId;
use crate::domain::state::State;
use crate::domain::via::Via;
use crate::inbound::cloud::NotTaken;
use crate::inbound::media::FilesError;
use crate::journal::JournalError;
use crate::outbound::attach::AttachError;
use crate::outbound::fetch_url::{FetchError, UrlError};
use crate::outbound::uploads::UploadError;
use crate::outbound::{OptOutsError, SendError};
use crate::transport::web::session::SessionError;

use super::wire;

mod groups;

/// The value of `Retry-After` in seconds: a reconnect takes 2-5 s, a restart of the browser about 10 s.
const RETRY_SOON: u32 = 5;
/// A person has to give the service another token.
const RETRY_TOKEN: u32 = 60;
/// WhatsApp does not say when it gives pairing codes again; its own page lets a code live three minutes and a quarter.
const PAIRING_RETRY: u32 = 195;

/// An error that a route answers with. The router adds the session's state and writes the body (`render`), so that every
/// error, also one of axum's own, has the same shape.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<u32>,
    extra: Map<String, Value>,
}

impl ApiError {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), retry_after: None, extra: Map::new() }
    }

    pub fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(field.to_owned(), value.into());
        self
    }

    fn about(self, message: &MessageId) -> Self {
        self.with("message_id", message.as_str()).with("id", message.as_str())
    }

    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The error for a status that axum answered without a body.
    pub fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::NOT_FOUND => ("NOT_FOUND", "There is nothing at this path."),
            StatusCode::METHOD_NOT_ALLOWED => ("METHOD_NOT_ALLOWED", "This path does not take this method; see Allow."),
            StatusCode::PAYLOAD_TOO_LARGE => ("BODY_TOO_LARGE", "The body is too large."),
            StatusCode::INTERNAL_SERVER_ERROR => ("INTERNAL", "Something went wrong inside; the log says what."),
            _ => ("BAD_REQUEST", "The request could not be understood."),
        };
        Self::new(status, code, message)
    }

    /// The answer with the error as its body.
    pub fn render(self, state: State) -> Response {
        let Self { code, message, extra, .. } = self;
        let body =
            wire::error::Error { ok: false, success: false, code, error: code, message, state: state.into(), extra };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // RFC 9110 demands that a 401 names the scheme that would be accepted.
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<SendError> for ApiError {
    fn from(error: SendError) -> Self {
        let message = error.to_string();
        match error {
            SendError::ClienteNotAllowed => Self::new(StatusCode::FORBIDDEN, "CLIENTE_NOT_ALLOWED", message),
            SendError::Disabled => Self::new(StatusCode::FORBIDDEN, "SEND_DISABLED", message),
            SendError::NotReady(_) | SendError::Stopping | SendError::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "SESSION_NOT_READY", message).retry_after(RETRY_SOON)
            }
            SendError::RateLimited { retry_after, .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message)
                    .retry_after(whole_seconds(retry_after))
            }
            SendError::Unavailable(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "SEND_UNAVAILABLE", message),
            // The session is READY, nothing was sent, and this passes by itself.
            SendError::NoAnswer => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "SEND_UNAVAILABLE", message).retry_after(RETRY_SOON)
            }
            SendError::KeyConflict => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "IDEMPOTENCY_CONFLICT", message),
            SendError::NotOnWhatsApp => Self::bad_request("NOT_ON_WHATSAPP", message),
            SendError::FileTooLarge { limit } => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "MEDIA_TOO_LARGE", message).with("limit", limit)
            }
            SendError::FileRefused(_) => Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "MEDIA_TYPE", message),
            SendError::FileNotFound => Self::new(StatusCode::NOT_FOUND, "MEDIA_NOT_FOUND", message),
            SendError::MessageAbsent => Self::new(StatusCode::NOT_FOUND, "MESSAGE_NOT_FOUND", message),
            SendError::NothingToMark(_) => Self::new(StatusCode::NOT_FOUND, "MESSAGE_NOT_FOUND", message),
            SendError::ReplyNotPossible(_) => Self::new(StatusCode::CONFLICT, "REPLY_NOT_POSSIBLE", message),
            SendError::ForwardNotPossible(_) => Self::new(StatusCode::CONFLICT, "FORWARD_NOT_POSSIBLE", message),
            SendError::EditNotPossible(_) => Self::new(StatusCode::CONFLICT, "EDIT_NOT_POSSIBLE", message),
            SendError::RevokeNotPossible(_) => Self::new(StatusCode::CONFLICT, "REVOKE_NOT_POSSIBLE", message),
            SendError::ChatUnknown => Self::new(StatusCode::NOT_FOUND, "CHAT_NOT_FOUND", message),
            SendError::NotDone(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "WHATSAPP_ERROR", message),
            SendError::ActUnconfirmed { message_id } => {
                let error = Self::new(StatusCode::GATEWAY_TIMEOUT, "SEND_UNCONFIRMED", message);
                message_id.map_or(error.clone(), |message_id| error.about(&message_id))
            }
            SendError::MentionUnknown(_) => Self::bad_request("NOT_ON_WHATSAPP", message),
            SendError::NotUploaded(_) | SendError::UploadLost(_) => {
                Self::new(StatusCode::BAD_GATEWAY, "MEDIA_UPLOAD_FAILED", message)
            }
            SendError::Refused(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "WHATSAPP_ERROR", message),
            SendError::ChatReadOnly(_) => Self::new(StatusCode::FORBIDDEN, "CHAT_READ_ONLY", message),
            SendError::ContactBlocked => Self::new(StatusCode::FORBIDDEN, "CONTACT_BLOCKED", message),
            SendError::NewChatsRestricted { retry_after } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "NEW_CHATS_RESTRICTED", message)
                    .retry_after(whole_seconds(retry_after))
            }
            SendError::Failed { message_id, cause } => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "WHATSAPP_ERROR", message)
                    .about(&message_id)
                    .with("whatsapp_code", whatsapp_code(cause))
            }
            // The answer of the refusal, for a message that has an id.
            SendError::FailedAs { message_id, code, why } => {
                Self::from(*why).about(&message_id).with("whatsapp_code", code)
            }
            SendError::RefusedAs(cause) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "WHATSAPP_ERROR", message)
                .with("whatsapp_code", whatsapp_code(Some(cause))),
            SendError::ViaNotConfigured => Self::bad_request("VIA_NOT_CONFIGURED", message),
            SendError::NotPossible { via: Via::Web, .. } => {
                Self::new(StatusCode::NOT_IMPLEMENTED, "NOT_POSSIBLE_VIA_WEB", message)
            }
            SendError::NotPossible { via: Via::Cloud, .. } => {
                Self::new(StatusCode::NOT_IMPLEMENTED, "NOT_POSSIBLE_VIA_CLOUD", message)
            }
            SendError::TextTooLong { limit, .. } => Self::bad_request("INVALID_MESSAGE", message).with("limit", limit),
            SendError::TemplateRequired => Self::new(StatusCode::CONFLICT, "TEMPLATE_REQUIRED", message),
            SendError::TemplateInvalid(_) => Self::bad_request("TEMPLATE_INVALID", message),
            SendError::CloudUnauthorized(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "CLOUD_UNAUTHORIZED", message).retry_after(RETRY_TOKEN)
            }
            SendError::Unreachable(_) => Self::bad_request("NOT_ON_WHATSAPP", message),
            SendError::OptedOut => Self::new(StatusCode::FORBIDDEN, "RECIPIENT_OPTED_OUT", message),
            SendError::Unconfirmed { message_id } => {
                Self::new(StatusCode::GATEWAY_TIMEOUT, "SEND_UNCONFIRMED", message).about(&message_id)
            }
        }
    }
}

fn whatsapp_code(cause: Option<Cause>) -> Value {
    match cause {
        Some(Cause::Number(number)) => Value::from(number),
        Some(Cause::Word(word)) => Value::from(word),
        None => Value::Null,
    }
}

impl From<JournalError> for ApiError {
    fn from(error: JournalError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", error.to_string()).retry_after(RETRY_SOON)
    }
}

impl From<NotTaken> for ApiError {
    fn from(error: NotTaken) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", error.to_string()).retry_after(RETRY_SOON)
    }
}

impl From<OptOutsError> for ApiError {
    fn from(error: OptOutsError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", error.to_string()).retry_after(RETRY_SOON)
    }
}

impl From<FilesError> for ApiError {
    fn from(error: FilesError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", error.to_string()).retry_after(RETRY_SOON)
    }
}

impl From<BlobError> for ApiError {
    fn from(error: BlobError) -> Self {
        let message = error.to_string();
        match error {
            BlobError::TooLarge { max } => {
                let message = format!("The file is larger than MEDIA_SEND_MAX_MB allows ({} MB).", max >> 20);
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "MEDIA_TOO_LARGE", message).with("limit", max)
            }
            BlobError::Quota { .. } => Self::new(StatusCode::INSUFFICIENT_STORAGE, "MEDIA_QUOTA", message),
            BlobError::Io { .. } | BlobError::NoRoom { .. } | BlobError::Stopped => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", message).retry_after(RETRY_SOON)
            }
        }
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        let message = error.to_string();
        match error {
            UploadError::TooMany => Self::new(StatusCode::INSUFFICIENT_STORAGE, "MEDIA_QUOTA", message),
            UploadError::Store(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", message).retry_after(RETRY_SOON)
            }
        }
    }
}

impl From<AttachError> for ApiError {
    fn from(error: AttachError) -> Self {
        let message = error.to_string();
        match error {
            AttachError::Empty | AttachError::Caption(_) | AttachError::ViewOnce(_) => {
                Self::bad_request("INVALID_MEDIA", message)
            }
            AttachError::VoiceFormat(_) | AttachError::Late => {
                Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "VOICE_FORMAT", message)
            }
            AttachError::WrongType(_) => Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "MEDIA_TYPE", message),
            AttachError::Blobs(error) => error.into(),
            AttachError::Unreadable(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", message).retry_after(RETRY_SOON)
            }
        }
    }
}

impl From<UrlError> for ApiError {
    fn from(error: UrlError) -> Self {
        Self::bad_request("MEDIA_URL_REFUSED", format!("media.url {error}."))
    }
}

impl From<FetchError> for ApiError {
    fn from(error: FetchError) -> Self {
        let message = error.to_string();
        match error {
            FetchError::Refused(error) => error.into(),
            FetchError::Failed(_) => Self::new(StatusCode::BAD_GATEWAY, "MEDIA_FETCH_FAILED", message),
            FetchError::Blobs(error) => error.into(),
        }
    }
}

impl From<DeadLettersError> for ApiError {
    fn from(error: DeadLettersError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "STORE_UNAVAILABLE", error.to_string()).retry_after(RETRY_SOON)
    }
}

/// Rounded up, so that a caller who waits this long is not too early.
pub fn whole_seconds(span: Duration) -> u32 {
    u32::try_from(span.as_millis().div_ceil(1000).max(1)).unwrap_or(u32::MAX)
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        let message = error.to_string();
        match error {
            SessionError::Busy | SessionError::Stopped | SessionError::NotReady(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "SESSION_NOT_READY", message).retry_after(RETRY_SOON)
            }
            SessionError::NotWaitingForLink(_) => Self::new(StatusCode::CONFLICT, "NOT_WAITING_FOR_LINK", message),
            SessionError::NotConnected => Self::new(StatusCode::CONFLICT, "NOT_CONNECTED", message),
            SessionError::NotRemoved(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "LOGIN_NOT_REMOVED", message),
            SessionError::NotUnlinked | SessionError::Refused(_) | SessionError::NoAnswer(_) => {
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "WHATSAPP_ERROR", message)
            }
            SessionError::PageLacks(_) => Self::new(StatusCode::SERVICE_UNAVAILABLE, "PAGE_UNAVAILABLE", message),
            SessionError::NotOnWhatsApp => Self::bad_request("NOT_ON_WHATSAPP", message),
            SessionError::ChatReadOnly(_) => Self::new(StatusCode::FORBIDDEN, "CHAT_READ_ONLY", message),
            SessionError::ContactBlocked => Self::new(StatusCode::FORBIDDEN, "CONTACT_BLOCKED", message),
            SessionError::PairingBusy => Self::new(StatusCode::CONFLICT, "PAIRING_BUSY", message),
            SessionError::PairingLimited => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message).retry_after(PAIRING_RETRY)
            }
            SessionError::PhoneAppTooOld => Self::new(StatusCode::CONFLICT, "PHONE_APP_TOO_OLD", message),
            SessionError::InvalidNumber => Self::bad_request("INVALID_NUMBER", message),
            SessionError::NotAvailable(module) => {
                Self::new(StatusCode::NOT_IMPLEMENTED, "NOT_AVAILABLE", message).with("module", module)
            }
            SessionError::Group(failure) => failure.into(),
            SessionError::LoopEnded => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "SESSION_NOT_READY", message).retry_after(RETRY_SOON)
            }
        }
    }
}

impl From<DirectoryError> for ApiError {
    fn from(error: DirectoryError) -> Self {
        let message = error.to_string();
        match error {
            DirectoryError::RateLimited { retry_after } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message)
                    .retry_after(whole_seconds(retry_after))
            }
            DirectoryError::NotOnWhatsApp | DirectoryError::UnknownLid => {
                Self::new(StatusCode::NOT_FOUND, "CONTACT_NOT_FOUND", message)
            }
            DirectoryError::ChatAbsent => Self::new(StatusCode::NOT_FOUND, "CHAT_NOT_FOUND", message),
            DirectoryError::Unanswered(_) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "WHATSAPP_ERROR", message),
            DirectoryError::NoPicture => Self::new(StatusCode::NOT_FOUND, "NO_PICTURE", message),
            DirectoryError::Own => Self::new(StatusCode::CONFLICT, "OWN_ACCOUNT", message),
            DirectoryError::PinLimit(_) => Self::new(StatusCode::CONFLICT, "PIN_LIMIT", message),
            DirectoryError::Group => Self::bad_request("INVALID_NUMBER", message),
            DirectoryError::Session(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests;
