//! Reactions, edits and deletions of messages.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use http::HeaderMap;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::domain::act::Act;
use crate::domain::content::Content;
use crate::domain::emoji::Emoji;
use crate::domain::log::Origin;
use crate::domain::message::MessageId;
use crate::outbound::{Acting, SendError, Sent};

use super::wrong;
use crate::http::App;
use crate::http::body::{Field, fields};
use crate::http::error::ApiError;
use crate::http::query::{given, parameters};
use crate::http::routes::send::fields::{cliente_id, idempotency_key};
use crate::http::wire::{requests, sent};

/// React to a message
///
/// In place of an earlier reaction of this account. 200 once WhatsApp's server has it, or the Cloud API has taken it for a message
/// of its own; it may be repeated.
#[utoipa::path(
    post,
    path = "/messages/{id}/reaction",
    operation_id = "react",
    tag = "messages",
    params(
        ("id" = String, Path, description = "WhatsApp's id of the message."),
        ("Idempotency-Key" = Option<String>, Header, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$",
            description = "Made once per request; kept 24 hours."),
    ),
    request_body = requests::React,
    responses((status = 200, body = sent::Sent)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_FIELD",
        "CLIENTE_NOT_ALLOWED", "IDEMPOTENCY_CONFLICT", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED",
        "MESSAGE_NOT_FOUND", "NOT_POSSIBLE_VIA_CLOUD", "RECIPIENT_OPTED_OUT", "WHATSAPP_ERROR", "SEND_UNCONFIRMED",
        "NOT_ON_WHATSAPP", "TEMPLATE_REQUIRED", "CLOUD_UNAUTHORIZED",
    ]))),
)]
pub async fn react(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<sent::Sent>, ApiError> {
    const FIELDS: [Field; 3] = Field::texts(["emoji", "cliente_id", "idempotency_key"]);
    let arrived = Instant::now();
    let fields = fields(&headers, body, &FIELDS).await?;
    let act = Act::React(emoji(&fields)?);
    acted(&app, acting(id, act, &fields, &headers)?, arrived).await
}

fn emoji(fields: &Map<String, Value>) -> Result<Emoji, ApiError> {
    let emoji = fields.get("emoji").and_then(Value::as_str).and_then(Emoji::parse);
    emoji.ok_or_else(|| {
        ApiError::bad_request("INVALID_FIELD", "emoji must be one emoji, or empty to take the reaction back.")
    })
}

/// Edit a message
///
/// The text of a message of this account, or the caption of its file. WhatsApp takes edits for some 20 minutes. 200 once
/// WhatsApp's server has it; it may be repeated.
#[utoipa::path(
    patch,
    path = "/messages/{id}",
    operation_id = "edit",
    tag = "messages",
    params(
        ("id" = String, Path, description = "WhatsApp's id of the message."),
        ("Idempotency-Key" = Option<String>, Header, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$",
            description = "Made once per request; kept 24 hours."),
    ),
    request_body = requests::EditMessage,
    responses((status = 200, body = sent::Sent)),
    extensions(("x-errors" = json!([
        "INVALID_JSON", "BODY_TOO_LARGE", "BODY_TOO_SLOW", "UNSUPPORTED_MEDIA_TYPE", "CONTRADICTION", "INVALID_FIELD", "INVALID_MESSAGE",
        "CLIENTE_NOT_ALLOWED", "IDEMPOTENCY_CONFLICT", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED",
        "MESSAGE_NOT_FOUND", "NOT_POSSIBLE_VIA_CLOUD", "EDIT_NOT_POSSIBLE", "WHATSAPP_ERROR", "SEND_UNCONFIRMED",
    ]))),
)]
pub async fn edit(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<sent::Sent>, ApiError> {
    const FIELDS: [Field; 3] = Field::texts(["message", "cliente_id", "idempotency_key"]);
    let arrived = Instant::now();
    let fields = fields(&headers, body, &FIELDS).await?;
    let act = edited(&fields)?;
    acted(&app, acting(id, act, &fields, &headers)?, arrived).await
}

fn edited(fields: &Map<String, Value>) -> Result<Act, ApiError> {
    let invalid = |why: &str| ApiError::bad_request("INVALID_MESSAGE", format!("message {why}."));
    let Some(Value::String(text)) = fields.get("message") else { return Err(invalid("is missing or is not text")) };
    let words = Content::text(text).map_err(|error| invalid(&error.to_string()))?.words();
    words.map(Act::Edit).ok_or_else(|| invalid("is blank"))
}

/// Delete a message
///
/// For everyone: a message of this account, or as an admin one of somebody else in a group; WhatsApp allows it for some 60
/// hours. Or `for=me`: on the devices of this account only. 200 once it is deleted; it may be repeated. 404 for a message that
/// there never was. The log keeps the text, with `revoked_at`.
#[utoipa::path(
    delete,
    path = "/messages/{id}",
    operation_id = "deleteMessage",
    tag = "messages",
    params(
        ("id" = String, Path, description = "WhatsApp's id of the message."),
        ("for" = inline(Option<requests::DeletedFor>), Query, description = "`everyone` where it is not given."),
        ("Idempotency-Key" = Option<String>, Header, max_length = 255, pattern = "^[!-~]([ -~]*[!-~])?$",
            description = "Made once per request; kept 24 hours."),
    ),
    responses((status = 200, body = sent::Sent)),
    extensions(("x-errors" = json!([
        "INVALID_FIELD", "CONTRADICTION", "INVALID_PARAMETER",
        "CLIENTE_NOT_ALLOWED", "IDEMPOTENCY_CONFLICT", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE", "RATE_LIMITED",
        "MESSAGE_NOT_FOUND", "NOT_POSSIBLE_VIA_CLOUD", "REVOKE_NOT_POSSIBLE", "WHATSAPP_ERROR", "SEND_UNCONFIRMED",
    ]))),
)]
pub async fn delete(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Json<sent::Sent>, ApiError> {
    let arrived = Instant::now();
    let act = deletion(query.as_deref())?;
    acted(&app, acting(id, act, &Map::new(), &headers)?, arrived).await
}

fn deletion(query: Option<&str>) -> Result<Act, ApiError> {
    match given(&parameters(query, &["for"])?, "for") {
        None | Some("everyone") => Ok(Act::Revoke),
        Some("me") => Ok(Act::DeleteForMe),
        Some(_) => Err(wrong("for", "everyone or me")),
    }
}

fn acting(id: String, act: Act, fields: &Map<String, Value>, headers: &HeaderMap) -> Result<Acting, ApiError> {
    let origin = Origin { cliente_id: cliente_id(fields, headers)? };
    Ok(Acting { message: MessageId::new(id), act, origin, key: idempotency_key(fields, headers)? })
}

async fn acted(app: &App, acting: Acting, arrived: Instant) -> Result<Json<sent::Sent>, ApiError> {
    let (message_id, cliente_id) = (acting.message.masked(), acting.origin.cliente_id.clone());
    let act = match &acting.act {
        Act::React(_) => "reaction",
        Act::Edit(_) => "edit",
        Act::Revoke => "deletion for everyone",
        Act::DeleteForMe => "deletion",
    };
    let result: Result<Sent, SendError> = app.outbound.act(acting, arrived).await;
    match result {
        Ok(sent) => {
            let via = sent.via.name();
            tracing::info!(message_id, act, cliente_id, via, dry_run = sent.dry_run, "done to a message");
            Ok(Json(sent.into()))
        }
        Err(error) => {
            tracing::warn!(message_id, act, cliente_id, %error, "not done to a message");
            Err(error.into())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::json;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    static REACTION: LazyLock<Allowed> = LazyLock::new(|| Allowed::body("/messages/{id}/reaction"));
    static EDIT: LazyLock<Allowed> = LazyLock::new(|| Allowed::body_of("/messages/{id}", "patch"));

    #[test]
    fn a_message_is_deleted_for_everyone_or_for_this_account() {
        assert_eq!(deletion(None).ok(), Some(Act::Revoke));
        assert_eq!(deletion(Some("for=everyone")).ok(), Some(Act::Revoke));
        assert_eq!(deletion(Some("for=me")).ok(), Some(Act::DeleteForMe));
        assert!(deletion(Some("for=you")).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn the_document_allows_the_bodies_that_are_read(
            value in prop_oneof![
                "[👍🎉1#*©❤🇦🏽\u{fe0f}\u{200d}\u{20e3}\u{e0067}\u{e007f}]{0,4}|[a-zñж中½]{1,2}|\\PC{0,3}|[a-z \t]{0,4}|\\s{0,2}".prop_map(Value::from),
                (14_usize..19).prop_map(|length| json!("👍".repeat(length))),
                prop::sample::select(vec![json!(null), json!(7), json!([]), json!(["👍"])]),
            ],
            is_given in any::<bool>(),
        ) {
            let body = if is_given { json!({ "emoji": value, "message": value }) } else { json!({}) };
            let fields = body.as_object().cloned().unwrap();
            prop_assert_eq!(REACTION.holds(&body), emoji(&fields).is_ok(), "{}", body);
            prop_assert_eq!(EDIT.holds(&body), edited(&fields).is_ok(), "{}", body);
        }
    }
}
