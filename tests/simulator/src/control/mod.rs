//! The library's operations over HTTP, for tests in other languages and for the phone page.
//!
//! One table holds each operation: its path, its fields, its effect, and a working example. `GET /control/` returns
//! the table, and to browsers a page.

mod docs;
mod fields;
mod operations;

use crate::error::Error;
use crate::shared::Shared;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use operations::{OPERATIONS, Operation};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait of `GET /control/record`, in seconds.
const LONGEST_WAIT_S: u64 = 60;

pub(crate) fn router() -> Router<Arc<Shared>> {
    let router = Router::new()
        .route("/control/", get(docs::index))
        .route("/control/state", get(state))
        .route("/control/record", get(record))
        .route("/control/chats", get(chats));
    let router = OPERATIONS.iter().fold(router, |router, operation| {
        let handler = async move |State(shared): State<Arc<Shared>>, body: Bytes| {
            run(&shared, operation, &body).map(Json).map_err(refusal)
        };
        router.route(&format!("/control/{}", operation.name), post(handler))
    });
    // Files are in the bodies.
    router.layer(DefaultBodyLimit::disable())
}

/// Every operation may name the account whose phone does it.
fn run(shared: &Arc<Shared>, operation: &Operation, body: &[u8]) -> Result<Value, Error> {
    let unreadable = |error: serde_json::Error| Error::BadRequest(error.to_string());
    let mut body = if body.is_empty() { json!({}) } else { serde_json::from_slice(body).map_err(unreadable)? };
    let account = body.as_object_mut().and_then(|fields| fields.remove("account")).unwrap_or_default();
    let number: Option<String> = serde_json::from_value(account).map_err(unreadable)?;
    let phone = shared.with(|world| world.phone_of(number.as_deref()))?;
    (operation.run)(shared, &phone, body)
}

async fn state(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.with(|world| {
        let codes = world.shown_codes();
        json!({
            "phone": world.options.phone,
            "accounts": world.accounts(),
            "code": codes.first(),
            "codes": codes,
            "devices": world.record().devices,
            "network": world.network,
            "faults": world.faults,
            "page": world.build,
            "people": world.directory.all().collect::<Vec<_>>(),
            "seed": world.options.seed,
        })
    }))
}

#[derive(Deserialize)]
struct OfAccount {
    account: Option<String>,
}

async fn chats(State(shared): State<Arc<Shared>>, Query(query): Query<OfAccount>) -> Response {
    let chats = shared.with(|world| Ok(world.chats(&world.phone_of(query.account.as_deref())?)));
    chats.map(Json).map_err(refusal).into_response()
}

#[derive(Deserialize)]
struct Wait {
    after: Option<u64>,
    wait: Option<u64>,
}

async fn record(State(shared): State<Arc<Shared>>, Query(query): Query<Wait>) -> Response {
    let mut changes = shared.with(|world| world.changes());
    let wait = Duration::from_secs(query.wait.unwrap_or(0).min(LONGEST_WAIT_S));
    let newer = changes.wait_for(|version| query.after.is_none_or(|after| *version > after));
    // Deadline or change, the answer is the record of that moment.
    drop(tokio::time::timeout(wait, newer).await);
    Json(shared.with(|world| world.record())).into_response()
}

fn refusal(error: Error) -> (StatusCode, Json<Value>) {
    let status = match error {
        Error::NotFound { .. } => StatusCode::NOT_FOUND,
        Error::CodeExpired | Error::CodeUnknown(_) | Error::NoCode => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    };
    (status, Json(json!({ "error": error.to_string() })))
}
