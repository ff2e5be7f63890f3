//! `/openapi.json`, made from the handlers and their types, and `/docs`, the viewer of it. Neither holds any data.

#[cfg(test)]
pub(super) mod allowed;
mod errors;
mod forms;
pub(super) mod viewer;
mod webhook;
mod words;

use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::domain::group::PeopleAct;

use super::router;
use super::wire::Event;
use super::wire::error::Error;
use super::wire::requests::MessageText;

/// Requests, answers and events, each under the name of its operation. Tests check them against the schemas.
const EXAMPLES: &str = include_str!("docs/examples.json");

const ABOUT: &str = "Keeps one WhatsApp Web account logged in behind a small HTTP API.

JSON in UTF-8; times are ISO-8601 in UTC with milliseconds. A body is a JSON object, whatever its `Content-Type` says, where it \
begins with `{`; a form (`application/x-www-form-urlencoded`) is read as well, and a charset that `Content-Type` declares. A \
field that is given twice is 400 `CONTRADICTION`, and a field or parameter that looks like a slip of a known one, such as \
`mesage`, is 400 and named; others are ignored. `X-Request-Id` is on every answer, the caller's where it sent \
a sane one. Every error has the one shape of `Error`, also 404 `NOT_FOUND` for an unknown path and 405 \
`METHOD_NOT_ALLOWED` for a wrong method. Where an answer says `Retry-After`, it may be asked for again after so many seconds.

On loopback no token is needed unless `API_TOKEN` is set; with one, everything but `/health*`, `/openapi.json` and `/docs` \
wants it, as `Authorization: Bearer` or `X-API-Key`. Networks in `TRUSTED_PEERS` need none.

While the disk is full at the start, `/status` says so and everything that needs the store is refused with 503 \
`STORE_UNAVAILABLE` (`/send`: `SESSION_NOT_READY`); the service goes on by itself once there is room.";
/// The contents of which a message to be sent has one.
const CONTENTS: [&str; 6] = ["message", "media", "location", "contacts", "poll", "template"];
/// The schema of an event's `data`, by the event's `type`.
const EVENTS: [(&str, &str); 15] = [
    ("message", "Message"),
    ("message.edited", "Message"),
    ("message.revoked", "Message"),
    ("message.ack", "MessageAck"),
    ("message.reaction", "MessageReaction"),
    ("message.vote", "MessageVote"),
    ("message.media", "Message"),
    ("call", "Call"),
    ("group.changed", "GroupChange"),
    ("contact.changed", "ContactChange"),
    ("chat.read", "ChatRead"),
    ("presence", "PresenceChange"),
    ("limits.changed", "Limits"),
    ("session.state", "StateChange"),
    ("session.qr", "CodeChange"),
];

#[derive(OpenApi)]
#[openapi(
    info(title = "session-manager", license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    servers((url = "/", description = "This service")),
    tags(
        (name = "session", description = "The session: how it is, starting, stopping, unlinking."),
        (name = "linking", description = "Linking a phone: the code to scan, or one to type."),
        (name = "messages", description = "Sending, the durable log, and what happens as it happens."),
        (name = "groups", description = "Making, changing, joining and leaving groups."),
        (name = "people", description = "What WhatsApp Web knows of chats, people and groups."),
        (name = "cloud", description = "Meta's webhook of the Cloud API."),
        (name = "deliveries", description = "What webhooks and the hub refused for good."),
        (name = "watching", description = "For whoever watches the service."),
    ),
    components(schemas(Event, Error, MessageText)),
)]
struct Frame;

/// The document without its routes. The router adds the routes.
pub(super) fn frame() -> utoipa::openapi::OpenApi {
    Frame::openapi()
}

/// The OpenAPI 3.1 document.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = json!(router::routes().into_openapi());
        document["info"]["description"] = json!(ABOUT);
        document["webhooks"] = webhook::described();
        words::bind(&mut document["components"]["schemas"]);
        bind_events(&mut document["components"]["schemas"]);
        bind_types(&mut document["paths"]["/events"]["get"]["parameters"]);
        bind_send(&mut document["components"]["schemas"]["SendRequest"]);
        document["components"]["schemas"]["ForwardRequest"]["allOf"] = json!([{ "anyOf": recipients() }]);
        bind_members(&mut document["components"]["schemas"]["GroupMembers"]);
        bind_media(&mut document["components"]["schemas"]["MediaRequest"]);
        document["components"]["securitySchemes"] = json!({
            "bearer": { "type": "http", "scheme": "bearer", "description": "`API_TOKEN`" },
            "key": { "type": "apiKey", "in": "header", "name": "X-API-Key", "description": "`API_TOKEN`" },
        });
        let mut schemas = document["components"]["schemas"].clone();
        let examples: Value = serde_json::from_str(EXAMPLES).unwrap_or_default();
        for section in ["paths", "webhooks"] {
            for (path, method, operation) in operations(&mut document[section]) {
                complete(path, method, operation, &examples);
                if let Some(body) = operation.get_mut("requestBody") {
                    body["required"] = json!(wants_a_field(body, &schemas));
                }
                if section == "paths" {
                    forms::describe(operation, &mut schemas);
                }
            }
        }
        document["components"]["schemas"] = schemas;
        document
    })
}

/// Binds the schema of `data` to the event's `type`; without that, several schemas would fit the same data.
fn bind_events(schemas: &mut Value) {
    let choices = schemas["EventData"].as_object_mut().and_then(|data| data.remove("oneOf")).unwrap_or_default();
    schemas["EventData"]["anyOf"] = choices;
    let bound = EVENTS.iter().map(|(kind, data)| {
        let data = json!({ "$ref": format!("#/components/schemas/{data}") });
        json!({ "if": { "properties": { "type": { "const": kind } } }, "then": { "properties": { "data": data } } })
    });
    schemas["Event"]["allOf"] = bound.collect();
}

/// The types of events that can be chosen.
fn bind_types(parameters: &mut Value) {
    let types: Vec<_> = EVENTS.iter().map(|(kind, _)| kind).collect();
    for parameter in parameters.as_array_mut().into_iter().flatten().filter(|one| one["name"] == "events") {
        parameter["schema"] = json!({ "type": "array", "items": { "type": "string", "enum": types } });
    }
}

/// The recipient is named by `number`, or by `to` where `number` is blank or not given.
fn recipients() -> Value {
    let [recipient, blank] =
        ["Recipient", "Blank"].map(|name| json!({ "$ref": format!("#/components/schemas/{name}") }));
    let blank = json!({ "oneOf": [blank, { "type": "null" }] });
    json!([
        { "required": ["number"], "properties": { "number": recipient } },
        { "required": ["to"], "properties": { "to": recipient, "number": blank } },
    ])
}

/// A message to be sent has one recipient and one content.
fn bind_send(request: &mut Value) {
    let text = json!({ "$ref": "#/components/schemas/MessageText" });
    let content: Vec<_> = CONTENTS
        .iter()
        .map(|content| {
            let mut fields = Map::new();
            for other in CONTENTS.iter().filter(|other| *other != content) {
                let is_caption = (*content, *other) == ("media", "message");
                if !is_caption {
                    fields.insert((*other).to_owned(), json!({ "type": "null" }));
                }
            }
            match *content {
                "message" => drop(fields.insert("message".to_owned(), text.clone())),
                "contacts" => drop(fields.insert("contacts".to_owned(), json!({ "type": "array" }))),
                object => drop(fields.insert(object.to_owned(), json!({ "type": "object" }))),
            }
            if *content != "message" {
                fields.extend(of_texts_only());
            }
            json!({ "required": [content], "properties": fields })
        })
        .collect();
    request["allOf"] = json!([{ "anyOf": recipients() }, { "anyOf": content }]);
}

/// The fields that only a text may have, as they are beside another content.
fn of_texts_only() -> [(String, Value); 2] {
    let no = json!({ "oneOf": [{ "const": false }, { "type": "null" }] });
    let nobody = json!({ "type": ["array", "null"], "maxItems": 0 });
    [("link_preview".to_owned(), no), ("mentions".to_owned(), nobody)]
}

/// One thing is done with people at a time.
fn bind_members(members: &mut Value) {
    let acts = PeopleAct::ALL.map(PeopleAct::name);
    let choices = acts.map(|act| {
        let kinds = acts.map(|other| (other, json!({ "type": if other == act { "array" } else { "null" } })));
        json!({ "required": [act], "properties": Value::from_iter(kinds) })
    });
    members["oneOf"] = json!(choices);
}

/// The bytes of a file come from exactly one place.
fn bind_media(media: &mut Value) {
    const PLACES: [&str; 3] = ["id", "url", "data"];
    let choices = PLACES.map(|place| {
        let kinds = PLACES.map(|other| (other, json!({ "type": if other == place { "string" } else { "null" } })));
        json!({ "required": [place], "properties": Value::from_iter(kinds) })
    });
    media["oneOf"] = json!(choices);
}

/// Whether a field of the body is required. If none is, the whole body may be left out.
fn wants_a_field(body: &Value, schemas: &Value) -> bool {
    let reference = body["content"]["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
    let schema = &schemas[reference.rsplit('/').next().unwrap_or_default()];
    ["required", "allOf", "oneOf"].iter().any(|word| schema[word].is_array())
}

/// Every operation of a section, with its path and method.
fn operations(section: &mut Value) -> impl Iterator<Item = (&String, &String, &mut Value)> {
    let paths = section.as_object_mut().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        item.as_object_mut().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
    })
}

/// Adds to an operation what its handler does not declare: security, errors and examples.
fn complete(path: &str, method: &str, operation: &mut Value, examples: &Value) {
    let guarded = path.starts_with('/') && !path.starts_with("/health") && path != "/cloud/webhook";
    if guarded {
        // The empty entry: without API_TOKEN, or from a trusted network, neither is needed.
        operation["security"] = json!([{ "bearer": [] }, { "key": [] }, {}]);
    }
    let own = operation.as_object_mut().and_then(|operation| operation.remove("x-errors")).unwrap_or_default();
    if path.starts_with('/') {
        errors::describe(operation, &own, guarded, method != "get");
    }
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if parameter["in"] == "query" && parameter["required"] == false {
            // All parameters of a query are read by `given`: an empty value is as if it were not given.
            parameter["allowEmptyValue"] = json!(true);
        }
        if parameter["schema"]["type"] == json!(["string", "null"]) {
            // The type of an optional header allows null. A header has no way to say null.
            parameter["schema"]["type"] = json!("string");
        }
    }
    // In OpenAPI 3.1 every answer needs a description.
    for answer in operation["responses"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        answer.as_object_mut().map(|answer| answer.entry("description").or_insert(json!("")));
    }
    let examples = &examples[operation["operationId"].as_str().unwrap_or_default()];
    if let Some(requests) = examples["request"].as_object() {
        operation["requestBody"]["content"]["application/json"]["examples"] = named(requests);
    }
    for (status, answers) in examples["responses"].as_object().into_iter().flatten() {
        for (kind, answers) in answers.as_object().into_iter().flatten() {
            operation["responses"][status]["content"][kind]["examples"] =
                named(answers.as_object().unwrap_or(&Map::new()));
        }
    }
}

fn named(examples: &Map<String, Value>) -> Value {
    examples.iter().map(|(name, value)| (name.clone(), json!({ "value": value }))).collect()
}

/// Whether a path may be read without a token.
pub(super) fn is_static(path: &str) -> bool {
    path == "/openapi.json" || viewer::is_static(path)
}

/// Serialised once, because the document is long and needs no token.
pub(super) async fn openapi() -> Response {
    static WRITTEN: OnceLock<Bytes> = OnceLock::new();
    let written = WRITTEN.get_or_init(|| document().to_string().into());
    ([(header::CONTENT_TYPE, "application/json")], written.clone()).into_response()
}

#[cfg(test)]
mod tests;
