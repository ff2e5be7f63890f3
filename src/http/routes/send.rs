//! `POST /send`: reads the request; everything after that is `outbound`'s.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::HeaderMap;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::domain::address::ChatId;
use crate::domain::content::{Content, Outgoing};
use crate::domain::idempotency::SendKey;
use crate::domain::log::Origin;
use crate::domain::secret::masked;
use crate::outbound::{SendError, Sent};

use crate::http::App;
use crate::http::body::{Field, fields, is_not_whole, text_or_number, written};
use crate::http::error::ApiError;
use crate::http::wire::{requests, sent};

/// As long as a key may be with others who take one.
const KEY_MAX: usize = 255;
/// It is kept with each send and searched for: a name, not a document.
const CLIENTE_MAX: usize = 64;

const FIELDS: [Field; 5] = Field::texts(["number", "to", "message", "cliente_id", "idempotency_key"]);

/// Send a text
///
/// 200 once WhatsApp's server has acknowledged it, at most `SEND_TIMEOUT` after the request arrived. Without a key it is
/// sent at most once; with one, exactly once, and trying again with the same key is always safe.
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
        "INVALID_FIELD", "CONTRADICTION",
        "CLIENTE_NOT_ALLOWED", "IDEMPOTENCY_CONFLICT", "SEND_DISABLED", "SESSION_NOT_READY", "SEND_UNAVAILABLE",
        "RATE_LIMITED", "NOT_ON_WHATSAPP", "CHAT_READ_ONLY", "CONTACT_BLOCKED",
        "NEW_CHATS_RESTRICTED", "WHATSAPP_ERROR", "SEND_UNCONFIRMED",
    ]))),
)]
pub async fn send(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Json<sent::Sent>, ApiError> {
    let arrived = Instant::now();
    let outgoing = read(&fields(&headers, body, &FIELDS).await?, &headers)?;
    let to = masked(&outgoing.to.to_string());
    let cliente_id = outgoing.origin.cliente_id.clone();
    let result = app.outbound.send(outgoing, arrived).await;
    app.metrics.send(outcome(&result));
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

/// What came of a request, in a word.
fn outcome(result: &Result<Sent, SendError>) -> &'static str {
    match result {
        Ok(sent) if sent.dry_run => "dry_run",
        Ok(_) => "sent",
        Err(SendError::Failed { .. }) => "failed",
        Err(SendError::Unconfirmed { .. }) => "unconfirmed",
        Err(SendError::RateLimited { .. } | SendError::NewChatsRestricted { .. }) => "rate_limited",
        Err(SendError::NotReady(_) | SendError::Stopping | SendError::Busy) => "not_ready",
        Err(SendError::Unavailable(_) | SendError::NoAnswer) => "unavailable",
        Err(SendError::NotUploaded(_)) => "not_uploaded",
        Err(
            SendError::Refused(_)
            | SendError::FileTooLarge { .. }
            | SendError::FileRefused(_)
            | SendError::FileNotFound
            | SendError::NotOnWhatsApp
            | SendError::ChatReadOnly(_)
            | SendError::ContactBlocked
            | SendError::Disabled
            | SendError::ClienteNotAllowed
            | SendError::KeyConflict,
        ) => "refused",
    }
}

fn read(fields: &Map<String, Value>, headers: &HeaderMap) -> Result<Outgoing, ApiError> {
    let to = recipient(fields)?;
    let content = content(fields)?;
    let origin = Origin { cliente_id: cliente_id(fields, headers)? };
    let key = idempotency_key(fields, headers)?;
    Ok(Outgoing { to, content, origin, key })
}

/// The recipient that `number` or `to` names. Where both are given, both must name the same one.
fn recipient(fields: &Map<String, Value>) -> Result<ChatId, ApiError> {
    match (recipient_in(fields, "number")?, recipient_in(fields, "to")?) {
        (Some(number), Some(to)) if number != to => {
            Err(contradiction("number and to name different recipients: send one of them."))
        }
        (number, to) => {
            number.or(to).ok_or_else(|| ApiError::bad_request("INVALID_NUMBER", "number (or to) is missing."))
        }
    }
}

/// None if the field is absent or blank.
fn recipient_in(fields: &Map<String, Value>, name: &str) -> Result<Option<ChatId>, ApiError> {
    let invalid = |why: &str| ApiError::bad_request("INVALID_NUMBER", format!("{name} {why}."));
    let text = match fields.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(digits)) => written(digits),
        Some(_) => return Err(invalid("must be text")),
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    if is_not_whole(fields, name) {
        return Err(invalid("is no whole number above zero"));
    }
    ChatId::parse_recipient(&text).map(Some).map_err(|error| invalid(&error.to_string()))
}

fn contradiction(sentence: &str) -> ApiError {
    ApiError::bad_request("CONTRADICTION", sentence)
}

fn content(fields: &Map<String, Value>) -> Result<Content, ApiError> {
    let invalid = |message: String| ApiError::bad_request("INVALID_MESSAGE", message);
    let Some(Value::String(text)) = fields.get("message") else {
        return Err(invalid("message is missing or is not text.".to_owned()));
    };
    Content::text(text).map_err(|error| invalid(format!("message {error}.")))
}

/// Taken from the body, or else from the header that the hub may send. Where both are given, both must be valid.
fn cliente_id(fields: &Map<String, Value>, headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let wrong = || {
        let message = format!("cliente_id must have at most {CLIENTE_MAX} printable characters.");
        ApiError::bad_request("INVALID_FIELD", message)
    };
    let read = |id: &str| match id.trim() {
        id if id.chars().count() > CLIENTE_MAX || id.chars().any(char::is_control) => Err(wrong()),
        id => Ok(Some(id.to_owned()).filter(|id| !id.is_empty())),
    };
    let from_body = text_or_number(fields, "cliente_id").transpose()?.map_or(Ok(None), |id| read(&id))?;
    let from_header = headers.get("x-cliente-id").map(|value| value.to_str().map_err(|_| wrong())).transpose()?;
    let from_header = from_header.map_or(Ok(None), read)?;
    Ok(from_body.or(from_header))
}

/// Taken from the header, or else from the body. Where the key is given more than once, each must be valid and the same.
fn idempotency_key(fields: &Map<String, Value>, headers: &HeaderMap) -> Result<Option<SendKey>, ApiError> {
    let wrong = || {
        let message = format!("The idempotency key must have 1 to {KEY_MAX} printable ASCII characters.");
        ApiError::bad_request("INVALID_FIELD", message)
    };
    let read = |key: &str| {
        let legal = (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if legal { Ok(SendKey::of(key)) } else { Err(wrong()) }
    };
    let in_headers = headers.get_all("idempotency-key").iter().map(|value| value.to_str().map_err(|_| wrong()));
    let in_body = fields.get("idempotency_key").filter(|value| !value.is_null());
    let in_body = in_body.map(|value| value.as_str().ok_or_else(wrong));
    let mut key = None;
    for given in in_headers.chain(in_body) {
        let read = read(given?)?;
        if key.as_ref().is_some_and(|known| *known != read) {
            let sentence = "Idempotency-Key (or idempotency_key) is given twice with different values: send one key.";
            return Err(contradiction(sentence));
        }
        key = Some(read);
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::json;

    use crate::http::docs::allowed::Allowed;

    use super::*;
    use crate::domain::content::TEXT_MAX;

    fn parse(body: &Value) -> Result<Outgoing, String> {
        let fields = body.as_object().unwrap();
        read(fields, &HeaderMap::new()).map_err(|error| format!("{error:?}"))
    }

    fn header(name: &'static str, value: &str) -> HeaderMap {
        [(http::HeaderName::from_static(name), value.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn takes_what_the_hub_sends() {
        let request = parse(&json!({ "number": "5491122334455", "message": "hola", "cliente_id": 51 })).unwrap();
        assert_eq!(
            (request.to.to_string().as_str(), request.origin.cliente_id.as_deref()),
            ("5491122334455@c.us", Some("51"))
        );
        assert!(parse(&json!({ "to": "+54 9 11 2233-4455", "message": "hola" })).is_ok());
        assert!(parse(&json!({ "number": 5_491_122_334_455_u64, "message": "hola" })).is_ok());
        assert!(parse(&json!({ "number": null, "to": "120363000000000001@g.us", "message": "hola" })).is_ok());
    }

    #[test]
    fn the_client_comes_from_the_body_or_else_from_the_header() {
        let headers = header("x-cliente-id", "7");
        for (cliente, expected) in [(json!(" 51 "), "51"), (json!(""), "7"), (json!(null), "7"), (json!(51), "51")] {
            let body = json!({ "number": "", "to": "5491122334455", "message": "x", "cliente_id": cliente });
            let read = read(body.as_object().unwrap(), &headers).ok();
            assert_eq!(read.and_then(|request| request.origin.cliente_id).as_deref(), Some(expected), "{cliente}");
        }
    }

    #[test]
    fn a_field_that_is_not_used_has_to_be_right_too() {
        let body = json!({ "number": "5491122334455", "message": "x", "cliente_id": 51, "idempotency_key": "k" });
        let is_read = |body: &Value, headers: &HeaderMap| read(body.as_object().unwrap(), headers).is_ok();
        for (name, value) in
            [("x-cliente-id", "x".repeat(CLIENTE_MAX + 1)), ("idempotency-key", "k".repeat(KEY_MAX + 1))]
        {
            assert!(!is_read(&body, &header(name, &value)), "{name}");
        }
        for (name, value) in [("to", json!(false)), ("idempotency_key", json!(7))] {
            let mut body = body.clone();
            body[name] = value;
            assert!(!is_read(&body, &header("idempotency-key", "k")), "{name}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let body = json!({ "number": "+54 9 11 2233-4455", "to": "5491122334455@c.us", "message": "x", "idempotency_key": "k" });
        let error = |body: &Value, headers: &HeaderMap| {
            read(body.as_object().unwrap(), headers).map(|_| ()).map_err(|error| format!("{error:?}")).err()
        };
        let mut keys = header("idempotency-key", "k");
        keys.append("idempotency-key", "k".parse().unwrap());
        assert_eq!(error(&body, &keys), None, "the same twice is no contradiction");
        for (to, code) in [
            (json!("5491122334456"), "CONTRADICTION"),
            (json!(5_491_122_334_456_u64), "CONTRADICTION"),
            (json!("whoever"), "INVALID_NUMBER"),
        ] {
            let mut body = body.clone();
            body["to"] = to;
            assert!(error(&body, &HeaderMap::new()).is_some_and(|error| error.contains(code)), "{body}");
        }
        let other = header("idempotency-key", "other");
        assert!(error(&body, &other).is_some_and(|error| error.contains("CONTRADICTION")));
        keys.append("idempotency-key", "other".parse().unwrap());
        assert!(error(&body, &keys).is_some_and(|error| error.contains("Idempotency-Key")));
    }

    #[test]
    fn names_the_field_that_is_wrong() {
        let number = "5491122334455";
        for (body, code) in [
            (json!({ "message": "x" }), "INVALID_NUMBER"),
            (json!({ "number": [], "message": "x" }), "INVALID_NUMBER"),
            (json!({ "number": "12", "message": "x" }), "INVALID_NUMBER"),
            (json!({ "number": -5_491_122_334_455_i64, "message": "x" }), "INVALID_NUMBER"),
            (json!({ "number": 549_112_233.5, "message": "x" }), "INVALID_NUMBER"),
            (json!({ "number": number }), "INVALID_MESSAGE"),
            (json!({ "number": number, "message": 7 }), "INVALID_MESSAGE"),
            (json!({ "number": number, "message": " \n" }), "INVALID_MESSAGE"),
            (json!({ "number": number, "message": "é".repeat(TEXT_MAX + 1) }), "INVALID_MESSAGE"),
            (json!({ "number": number, "message": "x", "cliente_id": {} }), "INVALID_FIELD"),
            (json!({ "number": number, "message": "x", "idempotency_key": "" }), "INVALID_FIELD"),
            (json!({ "number": number, "message": "x", "idempotency_key": 7 }), "INVALID_FIELD"),
            (json!({ "number": number, "message": "x", "idempotency_key": "ñ" }), "INVALID_FIELD"),
            (json!({ "number": number, "message": "x", "idempotency_key": "k".repeat(KEY_MAX + 1) }), "INVALID_FIELD"),
        ] {
            assert!(parse(&body).is_err_and(|error| error.contains(code)), "{body}");
        }
        assert!(parse(&json!({ "number": number, "message": "é".repeat(TEXT_MAX) })).is_ok());
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(number in "\\PC{0,30}", message in "\\PC{0,30}", cliente in "\\PC{0,80}") {
            let _ = parse(&json!({ "number": number, "message": message, "cliente_id": cliente }));
        }
    }

    /// A field as a caller may write it: mostly one of these texts, sometimes a value of another type, sometimes absent.
    fn field(texts: &'static str) -> impl Strategy<Value = Option<Value>> {
        let others = [
            json!(null),
            json!(""),
            json!(" \u{3000}"),
            json!(false),
            json!([]),
            json!(5_491_122_334_455.0),
            json!(-5_491_122_334_455_i64),
            json!(1.5),
        ];
        prop_oneof![
            20 => texts.prop_map(|text| Some(json!(text))),
            2 => prop::sample::select(others.to_vec()).prop_map(Some),
            1 => (0..10_u64.pow(17)).prop_map(|number| Some(json!(number))),
            1 => Just(None),
        ]
    }

    static BODY: LazyLock<Allowed> = LazyLock::new(|| Allowed::body("/send"));
    static KEY: LazyLock<Allowed> = LazyLock::new(|| Allowed::parameter("/send", "Idempotency-Key"));
    static CLIENTE: LazyLock<Allowed> = LazyLock::new(|| Allowed::parameter("/send", "X-Cliente-Id"));

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn the_document_allows_the_bodies_that_are_read(
            number in field("\\s{0,2}|\\+?[0-9]{7,15}| {0,2}\\+?[ (]?[0-9]{3}[)-]{0,2}[0-9]{3,13} ?|[0-9]{1,33}@lid|[0-9-]{31,33}@g\\.us|\
                             [+0-9]{6,17}(@c\\.us)?|[0-9]{9}@x|[ +()0-9-]{6,24}|(tel:)?[0-9]{5,9}(:[0-9]{1,6})?(@c\\.us)?"),
            to in field("[0-9]{6,16}|\\PC{0,9}"),
            message in field("\\PC{0,3}|\\s{0,3}|[a-z]{1,9}|[\\x00-\\xa0]{1,3}|[\r\n\t a]{1,9}"),
            cliente_id in field("[a-z0-9]{0,66}|[0-9]{1,3}|[0-9]{1,3}|\\PC{0,9}|[0-9]\\n?[0-9]"),
            idempotency_key in field("[ -~]{1,9}|[ -~]{1,9}|[a-z]{254,256}|\\PC{0,3}"),
        ) {
            let fields = [
                ("number", number), ("to", to), ("message", message), ("cliente_id", cliente_id),
                ("idempotency_key", idempotency_key),
            ];
            let mut body: Map<_, _> = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
            let mut is_read = read(&body, &HeaderMap::new());
            if is_read.as_ref().is_err_and(|error| format!("{error:?}").contains("CONTRADICTION")) {
                // That two fields are equal cannot be said in a schema.
                body.remove("to");
                is_read = read(&body, &HeaderMap::new());
            }
            prop_assert_eq!(BODY.holds(&Value::Object(body)), is_read.is_ok());
        }

        #[test]
        fn the_document_allows_the_headers_that_are_read(text in "[!-~]([ -~]{0,260}[!-~])?|[!-~]{60,68}") {
            let body = json!({ "number": "5491122334455", "message": "hola", "cliente_id": 51 });
            for (name, allowed) in [("idempotency-key", &KEY), ("x-cliente-id", &CLIENTE)] {
                let headers = header(name, &text);
                let is_read = read(body.as_object().unwrap(), &headers).is_ok();
                prop_assert_eq!(allowed.holds_text(&text), is_read, "{}", name);
            }
        }
    }
}
