//! What the fields of `POST /send` say: each is read by itself and has its own error.

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::domain::address::ChatId;
use crate::domain::content::Content;
use crate::domain::idempotency::SendKey;
use crate::domain::log::Origin;
use crate::domain::message::MessageId;
use crate::domain::template::Template;
use crate::domain::via::Via;
use crate::http::body::{Field, flag, is_not_whole, multipart, text_or_number, written};
use crate::http::error::ApiError;
use crate::http::upload::Given;

use super::{kinds, media};

/// As long as a key may be with others who take one.
pub(super) const KEY_MAX: usize = 255;
/// It is kept with each send and searched for: a name, not a document.
pub(super) const CLIENTE_MAX: usize = 64;

/// Longer than any id of a message.
const MESSAGE_ID_MAX: usize = 255;

pub(super) const FIELDS: [Field; 14] = [
    Field::text("number"),
    Field::text("to"),
    Field::text("message"),
    Field::text("media"),
    Field::text("location"),
    Field::text("contacts"),
    Field::text("poll"),
    Field::text("template"),
    Field::text("reply_to"),
    Field::list("mentions"),
    Field::flag("link_preview"),
    Field::text("via"),
    Field::text("cliente_id"),
    Field::text("idempotency_key"),
];
/// Of a form with a file; what is an object in JSON is not said in a form.
pub(super) const FORM_FIELDS: [Field; 14] = [
    Field::text("number"),
    Field::text("to"),
    Field::text("message"),
    Field::text("cliente_id"),
    Field::text("idempotency_key"),
    Field::text("via"),
    Field::text("reply_to"),
    Field::list("mentions"),
    Field::flag("link_preview"),
    Field::text("file"),
    Field::text("mimetype"),
    Field::text("kind"),
    Field::text("filename"),
    Field::flag("view_once"),
];

/// The contents of which a message has one. A text, or the caption of a file, is in `message`.
const CONTENTS: [&str; 5] = ["media", "location", "contacts", "poll", "template"];
/// The contents beside which there is no `message`; `template` has its own error for that.
const WITHOUT_TEXT: [&str; 3] = ["location", "contacts", "poll"];

/// What a request asks for.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) to: ChatId,
    pub(super) content: Asked,
    pub(super) reply_to: Option<MessageId>,
    pub(super) origin: Origin,
    pub(super) key: Option<SendKey>,
    pub(super) via: Option<Via>,
}

#[derive(Debug)]
pub(super) enum Asked {
    Content(Content),
    File(Box<media::Asked>),
}

/// `file` is the file of a form.
pub(super) fn read(
    mut fields: Map<String, Value>,
    headers: &HeaderMap,
    file: Option<Given>,
) -> Result<Request, ApiError> {
    let to = recipient(&fields)?;
    refuse_two(&fields, file.is_some())?;
    let (mentions, preview) = (kinds::mentions(&fields)?, flag(&fields, "link_preview")?);
    let reply_to = reply_to(&fields)?;
    let content = match media::read(&mut fields, file)? {
        Some(asked) => Asked::File(Box::new(asked)),
        None => Asked::Content(
            match kinds::read(&mut fields)?.map_or_else(|| template(&mut fields), |kind| Ok(Some(kind)))? {
                Some(content) => content,
                None => text(&fields)?,
            },
        ),
    };
    let content = match content {
        Asked::Content(Content::Text { body, .. }) => Asked::Content(Content::Text { body, mentions, preview }),
        _ if !mentions.is_empty() => {
            return Err(contradiction("mentions are given without a text: only a text mentions people."));
        }
        _ if preview => return Err(contradiction("link_preview is given without a text: only a text has a preview.")),
        content => content,
    };
    let via = via(&fields)?;
    let origin = Origin { cliente_id: cliente_id(&fields, headers)? };
    let key = idempotency_key(&fields, headers)?;
    Ok(Request { to, content, reply_to, origin, key, via })
}

/// Refuses more than one content. A message beside a file is its caption; `template` refuses a message by itself.
fn refuse_two(fields: &Map<String, Value>, with_file: bool) -> Result<(), ApiError> {
    let given = CONTENTS.into_iter().filter(|name| is_given(fields, name));
    let mut given = with_file.then_some(multipart::FILE).into_iter().chain(given);
    let Some(first) = given.next() else { return Ok(()) };
    if let Some(second) = given.next() {
        return Err(contradiction(&format!("{first} and {second} are given: send one of them.")));
    }
    if is_given(fields, "message") && WITHOUT_TEXT.contains(&first) {
        return Err(contradiction(&format!("message and {first} are given: send one of them.")));
    }
    Ok(())
}

/// The message that this one answers.
fn reply_to(fields: &Map<String, Value>) -> Result<Option<MessageId>, ApiError> {
    let wrong = || ApiError::bad_request("INVALID_FIELD", "reply_to must be the id of a message.");
    match fields.get("reply_to") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => {
            let legal = text.len() <= MESSAGE_ID_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
            if legal { Ok(Some(MessageId::new(text))) } else { Err(wrong()) }
        }
        Some(_) => Err(wrong()),
    }
}

/// The recipient that `number` or `to` names. Where both are given, both must name the same one.
pub(in crate::http::routes) fn recipient(fields: &Map<String, Value>) -> Result<ChatId, ApiError> {
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

fn is_given(fields: &Map<String, Value>, name: &str) -> bool {
    fields.get(name).is_some_and(|value| !value.is_null())
}

/// The way that the caller names.
pub(in crate::http::routes) fn via(fields: &Map<String, Value>) -> Result<Option<Via>, ApiError> {
    let wrong = || ApiError::bad_request("INVALID_FIELD", "via must be `web` or `cloud`.");
    match fields.get("via") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(Value::String(text)) => Via::from_name(text).map(Some).ok_or_else(wrong),
        Some(_) => Err(wrong()),
    }
}

fn template(fields: &mut Map<String, Value>) -> Result<Option<Content>, ApiError> {
    let invalid = |why: &str| ApiError::bad_request("TEMPLATE_INVALID", format!("template{why}."));
    let mut template = match fields.remove("template") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(template)) => template,
        Some(_) => return Err(invalid(" must be an object with a name and a language")),
    };
    if is_given(fields, "message") {
        return Err(contradiction(
            "message and template are given: what a template says is filled in by its components.",
        ));
    }
    let components = match template.remove("components") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(components)) => components,
        Some(_) => return Err(invalid(".components must be a list")),
    };
    let text = |name: &str| template.get(name).and_then(Value::as_str).unwrap_or_default();
    let read = Template::new(text("name"), text("language"), components);
    read.map(|template| Some(Content::Template(Box::new(template)))).map_err(|error| invalid(&error.to_string()))
}

fn text(fields: &Map<String, Value>) -> Result<Content, ApiError> {
    let invalid = |message: String| ApiError::bad_request("INVALID_MESSAGE", message);
    let Some(Value::String(text)) = fields.get("message") else {
        return Err(invalid("message is missing or is not text.".to_owned()));
    };
    Content::text(text).map_err(|error| invalid(format!("message {error}.")))
}

/// Taken from the body, or else from the header that the hub may send. Where both are given, both must be valid.
pub(in crate::http::routes) fn cliente_id(
    fields: &Map<String, Value>,
    headers: &HeaderMap,
) -> Result<Option<String>, ApiError> {
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
pub(in crate::http::routes) fn idempotency_key(
    fields: &Map<String, Value>,
    headers: &HeaderMap,
) -> Result<Option<SendKey>, ApiError> {
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
