//! The calls of the Graph API.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::{GraphFault, Shared, WINDOW, status_of, tell};

const TEXT_MAX: usize = 4096;
/// The files that can be uploaded: Meta names the list where it refuses another.
const FILES: [&str; 19] = [
    "audio/aac",
    "audio/mp4",
    "audio/mpeg",
    "audio/amr",
    "audio/ogg",
    "audio/opus",
    "application/vnd.ms-powerpoint",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/pdf",
    "text/plain",
    "application/vnd.ms-excel",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/3gpp",
];
/// The version in which this answers.
const VERSION: &str = "v24.0";

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/{version}/{id}/messages", post(messages))
        .route("/{version}/{id}/media", post(upload))
        .route("/{version}/{id}", get(object))
        .route("/file/{id}", get(file))
        .layer(DefaultBodyLimit::max(128 << 20))
        .with_state(shared)
}

fn refused(status: u16, code: i64) -> Response {
    let kind = if code == 190 { "OAuthException" } else { "GraphMethodException" };
    let error = json!({ "error": {
        "message": format!("(#{code}) refused"), "type": kind, "code": code,
        "error_data": { "messaging_product": "whatsapp", "details": "Details of the stand-in." }, "fbtrace_id": "A",
    } });
    answered(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), &error)
}

fn answered(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::HeaderName::from_static("facebook-api-version"), VERSION),
    ];
    (status, headers, body.to_string()).into_response()
}

fn is_authorized(shared: &Shared, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given == format!("Bearer {}", shared.state().token)
}

async fn messages(
    State(shared): State<Arc<Shared>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.state().calls.push(format!("POST /{id}/messages"));
    if !is_authorized(&shared, &headers) {
        return refused(401, 190);
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else { return refused(400, 100) };
    if let Some(code) = shared.state().not_permitted {
        return refused(403, code);
    }
    let fault = shared.state().faults.pop_front();
    match fault {
        Some(GraphFault::Refuse { status, code }) => return refused(status, code),
        Some(GraphFault::Proxy(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
            return (status, Html("<h1>Forbidden</h1>")).into_response();
        }
        Some(GraphFault::Trouble) => return refused(500, 131_000),
        _ => {}
    }
    if !body["status"].is_null() {
        return marked(&shared, &id, &body, fault);
    }
    let to = body["to"].as_str().unwrap_or_default().trim_start_matches('+').to_owned();
    if id != shared.options.phone_number_id || body["messaging_product"] != "whatsapp" || to.is_empty() {
        return refused(400, 100);
    }
    if let Some((status, code)) = wrong(&shared, &to, &body) {
        return refused(status, code);
    }
    let message = shared.take(&to, &body);
    report(&shared, &message);
    match fault {
        Some(GraphFault::BreakAfter) => return broken(),
        Some(GraphFault::TroubleAfter) => return refused(500, 131_000),
        Some(GraphFault::Hang) => std::future::pending().await,
        Some(GraphFault::Slow(span)) => tokio::time::sleep(span).await,
        _ => {}
    }
    answered(
        StatusCode::OK,
        &json!({
            "messaging_product": "whatsapp",
            "contacts": [{ "input": body["to"], "wa_id": to }],
            "messages": [{ "id": message.id, "message_status": "accepted" }],
        }),
    )
}

/// A received message is marked as read, and with it those before it; typing is shown with it where that is asked for.
fn marked(shared: &Shared, number: &str, body: &Value, fault: Option<GraphFault>) -> Response {
    let typing = &body["typing_indicator"];
    let is_known_typing = typing.is_null() || typing["type"] == "text";
    let is_well_formed = number == shared.options.phone_number_id && body["messaging_product"] == "whatsapp";
    if !is_well_formed || body["status"] != "read" || !is_known_typing {
        return refused(400, 100);
    }
    let mut state = shared.state();
    let Some(id) = body["message_id"].as_str().filter(|id| state.received.contains(*id)) else {
        return refused(400, 131_009);
    };
    state.read.push((id.to_owned(), !typing.is_null()));
    if fault == Some(GraphFault::BreakAfter) { broken() } else { answered(StatusCode::OK, &json!({ "success": true })) }
}

/// An answer that breaks off in its middle.
fn broken() -> Response {
    let stream = futures_util::stream::iter([
        Ok(Bytes::from_static(b"{\"messaging_product\":")),
        Err(std::io::Error::other("the connection breaks")),
    ]);
    Response::new(Body::from_stream(stream))
}

/// The status and number with which Meta refuses a message.
fn wrong(shared: &Shared, to: &str, body: &Value) -> Option<(u16, i64)> {
    let state = shared.state();
    if state.not_on_whatsapp.contains(to) {
        return Some((400, 131_026));
    }
    let kind = body["type"].as_str().unwrap_or_default();
    let content = &body[kind];
    if !(content.is_object() || (kind == "contacts" && content.is_array())) {
        return Some((400, 131_008));
    }
    // The message that is answered has to be one of Meta's.
    let is_wamid = |id: &Value| id.as_str().is_some_and(|id| id.starts_with("wamid."));
    if !body["context"].is_null() && !is_wamid(&body["context"]["message_id"]) {
        return Some((400, 100));
    }
    if kind == "template" {
        let name = content["name"].as_str().unwrap_or_default();
        let Some(places) = state.templates.get(name) else { return Some((404, 132_001)) };
        let components = content["components"].as_array().into_iter().flatten();
        let values: usize = components.filter_map(|one| one["parameters"].as_array()).map(Vec::len).sum();
        return (values != *places).then_some((400, 132_000));
    }
    let is_open = state.is_open || state.windows.get(to).is_some_and(|at| at.elapsed() < WINDOW);
    if !is_open {
        return Some((400, 131_047));
    }
    match kind {
        "text" => {
            let length = content["body"].as_str().unwrap_or_default().chars().count();
            (!(1..=TEXT_MAX).contains(&length)).then_some((400, 100))
        }
        "location" => {
            let is_there = ["latitude", "longitude"].iter().all(|name| content[name].is_number());
            (!is_there).then_some((400, 131_008))
        }
        "contacts" => {
            let is_named = |one: &Value| one["name"]["formatted_name"].is_string() && one["phones"].is_array();
            let mut people = content.as_array().into_iter().flatten().peekable();
            (people.peek().is_none() || !people.all(is_named)).then_some((400, 131_008))
        }
        "reaction" => (!is_wamid(&content["message_id"]) || !content["emoji"].is_string()).then_some((400, 131_008)),
        "image" | "video" | "audio" | "document" | "sticker" => {
            let id = content["id"].as_str().unwrap_or_default();
            (!state.files.contains_key(id)).then_some((400, 131_052))
        }
        _ => Some((400, 131_051)),
    }
}

/// Reports a message to the webhook, if there is one.
fn report(shared: &Arc<Shared>, message: &super::GraphMessage) {
    let Some(webhook) = shared.state().webhook.clone() else { return };
    let (shared, message) = (Arc::clone(shared), message.clone());
    tokio::spawn(async move {
        for status in ["sent", "delivered", "read"] {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let _ = tell(&shared.options, &webhook, &status_of(&message, status)).await;
        }
    });
}

async fn upload(
    State(shared): State<Arc<Shared>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    shared.state().calls.push(format!("POST /{id}/media"));
    if !is_authorized(&shared, &headers) {
        return refused(401, 190);
    }
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(boundary) = kind.split_once("boundary=").map(|(_, boundary)| boundary) else { return refused(400, 100) };
    let Some((mimetype, bytes)) = file_in(&body, boundary) else { return refused(400, 100) };
    if let Some(code) = shared.state().not_permitted {
        return refused(403, code);
    }
    if let Some((status, code)) = shared.state().upload_refused {
        return refused(status, code);
    }
    let essence = mimetype.split(';').next().unwrap_or_default().trim();
    if !FILES.contains(&essence) {
        return refused(400, 100);
    }
    let span = shared.state().upload;
    tokio::time::sleep(span).await;
    let mut state = shared.state();
    state.next += 1;
    let id = format!("{}", 2_000_000 + state.next);
    state.files.insert(id.clone(), (mimetype, bytes));
    drop(state);
    answered(StatusCode::OK, &json!({ "id": id }))
}

/// The file of a form.
fn file_in(body: &[u8], boundary: &str) -> Option<(String, Vec<u8>)> {
    let find = |from: usize, what: &[u8]| {
        body.get(from..)?.windows(what.len()).position(|window| window == what).map(|at| from + at)
    };
    let head = find(0, b"name=\"file\"")?;
    let begins = find(head, b"\r\n\r\n")? + 4;
    let ends = find(begins, format!("\r\n--{boundary}").as_bytes())?;
    let fields = String::from_utf8_lossy(body.get(head..begins)?).into_owned();
    let mimetype = fields.lines().find_map(|line| line.strip_prefix("Content-Type: "))?.trim().to_owned();
    Some((mimetype, body.get(begins..ends)?.to_vec()))
}

/// The number, or a file.
async fn object(
    State(shared): State<Arc<Shared>>,
    Path((_, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !is_authorized(&shared, &headers) {
        return refused(401, 190);
    }
    if id == shared.options.phone_number_id {
        shared.state().looks += 1;
        let phone = &shared.options.phone;
        let number = json!({ "display_phone_number": format!("+{phone}"), "verified_name": "Negocio", "quality_rating": "GREEN", "status": shared.state().status, "id": id });
        return answered(StatusCode::OK, &number);
    }
    if !shared.state().files.contains_key(&id) {
        return refused(400, 100);
    }
    let url = format!("http://{}/file/{id}", shared.address);
    answered(StatusCode::OK, &json!({ "url": url, "id": id, "messaging_product": "whatsapp" }))
}

async fn file(State(shared): State<Arc<Shared>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if !is_authorized(&shared, &headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let is_broken = {
        let mut state = shared.state();
        let is_broken = state.links_broken > 0;
        state.links_broken = state.links_broken.saturating_sub(1);
        is_broken
    };
    if is_broken {
        return StatusCode::NOT_FOUND.into_response();
    }
    match shared.state().files.get(&id).cloned() {
        Some((mimetype, bytes)) => ([(header::CONTENT_TYPE, mimetype)], bytes).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
