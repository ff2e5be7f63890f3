//! The library's operations over HTTP, for tests in other languages and for the phone page.
//!
//! One table: path, what it takes, what it does. `GET /control/` answers the table.

use crate::error::Error;
use crate::faults::{Network, SocketState};
use crate::message::Incoming;
use crate::protocol::ToWire;
use crate::shared::Shared;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

/// An operation: its name (the last part of the path), the fields of its JSON body, and its effect.
struct Operation {
    name: &'static str,
    takes: &'static str,
    does: &'static str,
    run: fn(&Arc<Shared>, Value) -> Result<Value, Error>,
}

/// Longest wait of `GET /control/record`, in seconds.
const LONGEST_WAIT_S: u64 = 60;

const OPERATIONS: &[Operation] = &[
    Operation {
        name: "scan",
        takes: "{code?}: default the code shown now",
        does: "links the page that shows the code; answers {device}",
        run: |shared, body| {
            let Scan { code } = read(body)?;
            let code = code.or_else(|| shared.with(|world| world.current_code())).ok_or(Error::NoCode)?;
            shared.with(|world| world.scan(&code)).map(|device| json!({ "device": device }))
        },
    },
    Operation {
        name: "pairing-code",
        takes: "{code}",
        does: "types the eight characters on the phone; answers {device}",
        run: |shared, body| {
            let Code { code } = read(body)?;
            shared.with(|world| world.enter_pairing_code(&code)).map(|device| json!({ "device": device }))
        },
    },
    Operation {
        name: "incoming",
        takes: "{from, body?, type?, group?, name?, phone_known?, phone_after_ms?, ciphertext_ms?, t?, fields?}",
        does: "somebody writes to the account; answers {message}",
        run: |shared, body| {
            let incoming: Incoming = read(body)?;
            shared.with(|world| world.incoming(incoming)).map(|message| json!({ "message": message }))
        },
    },
    Operation {
        name: "burst",
        takes: "{n, message: as incoming}",
        does: "n messages at once, numbered in their bodies; answers {messages}",
        run: |shared, body| {
            let Burst { n, message } = read(body)?;
            let numbered = |i| Incoming { body: format!("{} {i}", message.body), ..message.clone() };
            let messages: Result<Vec<_>, _> =
                (0..n).map(|i| shared.with(|world| world.incoming(numbered(i)))).collect();
            Ok(json!({ "messages": messages? }))
        },
    },
    Operation {
        name: "from-phone",
        takes: "{to, body}: a number or a group",
        does: "the account's owner writes on the phone; answers {message}",
        run: |shared, body| {
            let FromPhone { to, body } = read(body)?;
            shared.with(|world| world.write_from_phone(&to, &body)).map(|message| json!({ "message": message }))
        },
    },
    Operation {
        name: "ack",
        takes: "{message, ack}",
        does: "sets a message's ack",
        run: |shared, body| {
            let Ack { message, ack } = read(body)?;
            shared.with(|world| world.set_ack(&message, ack)).map(|()| json!({}))
        },
    },
    Operation {
        name: "revoke",
        takes: "{message}",
        does: "deletes a message for everyone",
        run: |shared, body| {
            let Named { message } = read(body)?;
            shared.with(|world| world.revoke(&message)).map(|()| json!({}))
        },
    },
    Operation {
        name: "edit",
        takes: "{message, body}",
        does: "edits a message",
        run: |shared, body| {
            let Edit { message, body } = read(body)?;
            shared.with(|world| world.edit(&message, &body)).map(|()| json!({}))
        },
    },
    Operation {
        name: "forget",
        takes: "{message}",
        does: "the page's storage and memory lose a message",
        run: |shared, body| {
            let Named { message } = read(body)?;
            shared.with(|world| world.forget(&message));
            Ok(json!({}))
        },
    },
    Operation {
        name: "person",
        takes: "{number, name?}",
        does: "adds a person to WhatsApp; answers {lid}",
        run: |shared, body| {
            let Person { number, name } = read(body)?;
            let person = shared.with(|world| world.directory.add(&number, name.as_deref()))?;
            Ok(json!({ "lid": person.lid }))
        },
    },
    Operation {
        name: "unlink",
        takes: "{device?}: default all",
        does: "the phone unlinks; answers {unlinked}",
        run: |shared, body| {
            let Unlink { device } = read(body)?;
            Ok(json!({ "unlinked": shared.with(|world| world.unlink(device.as_deref())) }))
        },
    },
    Operation {
        name: "conflict",
        takes: "{}",
        does: "somebody takes the connected devices over; answers {taken}",
        run: |shared, _| Ok(json!({ "taken": shared.with(|world| world.conflict()) })),
    },
    Operation {
        name: "network",
        takes: "{network: up|full|server_only}",
        does: "cuts or restores the network between page and WhatsApp",
        run: |shared, body| {
            let Cut { network } = read(body)?;
            shared.with(|world| world.set_network(network));
            Ok(json!({}))
        },
    },
    Operation {
        name: "faults",
        takes: "any of {send: none|throw|hang|error, hold: exists|new_id|add|transmit, server: none|never_ack|drop, \
                missing_modules, renamed_modules, slow_boot_ms, code_delay_ms, refuse_link, socket_state}; \
                {\"reset\": true} mends everything first",
        does: "changes what is broken; answers all faults",
        run: |shared, body| {
            let faults = shared.with(|world| serde_json::to_value(&world.faults)).unwrap_or_default();
            let faults = read(merged(faults, body))?;
            shared.with(|world| world.set_faults(faults));
            Ok(shared.with(|world| json!(world.faults)))
        },
    },
    Operation {
        name: "page",
        takes: "any of {version, reload_after_link, unknown_module_null, msg_key_default, serialized_ids, bare_chat, \
                old_adv_secret, old_code_element, keeps_synced, messages_per_chat, codes_in_a_row}; {\"reset\": true}",
        does: "changes the build of the page for the next load; answers the whole build",
        run: |shared, body| {
            let build = shared.with(|world| serde_json::to_value(&world.build)).unwrap_or_default();
            let build = read(merged(build, body))?;
            shared.with(|world| world.build = build);
            Ok(shared.with(|world| json!(world.build)))
        },
    },
    Operation {
        name: "busy",
        takes: "{ms}",
        does: "blocks the main thread of the open pages; answers {pages}",
        run: |shared, body| {
            let Busy { ms } = read(body)?;
            Ok(json!({ "pages": shared.with(|world| world.broadcast(&ToWire::Busy { ms })) }))
        },
    },
    Operation {
        name: "socket-state",
        takes: "{state}",
        does: "puts the sockets of the open pages into a state, once; answers {pages}",
        run: |shared, body| {
            let Socket { state } = read(body)?;
            Ok(json!({ "pages": shared.with(|world| world.broadcast(&ToWire::State { state })) }))
        },
    },
];

#[derive(Deserialize)]
struct Scan {
    code: Option<String>,
}
#[derive(Deserialize)]
struct Code {
    code: String,
}
#[derive(Deserialize)]
struct Burst {
    n: usize,
    message: Incoming,
}
#[derive(Deserialize)]
struct FromPhone {
    to: String,
    body: String,
}
#[derive(Deserialize)]
struct Ack {
    message: String,
    ack: i8,
}
#[derive(Deserialize)]
struct Named {
    message: String,
}
#[derive(Deserialize)]
struct Edit {
    message: String,
    body: String,
}
#[derive(Deserialize)]
struct Person {
    number: String,
    name: Option<String>,
}
#[derive(Deserialize)]
struct Unlink {
    device: Option<String>,
}
#[derive(Deserialize)]
struct Cut {
    network: Network,
}
#[derive(Deserialize)]
struct Busy {
    ms: u64,
}
#[derive(Deserialize)]
struct Socket {
    state: SocketState,
}

fn read<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    serde_json::from_value(body).map_err(|error| Error::BadRequest(error.to_string()))
}

/// `changes` laid over `old`; `{"reset": true}` starts from nothing, so that every absent field is its default.
fn merged(old: Value, changes: Value) -> Value {
    let Value::Object(mut changes) = changes else { return changes };
    let reset = changes.remove("reset").is_some_and(|reset| reset == Value::Bool(true));
    let mut all = match old {
        Value::Object(old) if !reset => old,
        _ => Map::new(),
    };
    all.extend(changes);
    Value::Object(all)
}

pub(crate) fn router() -> Router<Arc<Shared>> {
    let router = Router::new()
        .route("/control/", get(list))
        .route("/control/state", get(state))
        .route("/control/record", get(record))
        .route("/control/chats", get(async |State(shared): State<Arc<Shared>>| Json(shared.with(|w| w.chats()))));
    OPERATIONS.iter().fold(router, |router, operation| {
        let handler = async move |State(shared): State<Arc<Shared>>, body: Bytes| {
            let body = if body.is_empty() { Ok(json!({})) } else { serde_json::from_slice(&body) };
            let done = body
                .map_err(|error| Error::BadRequest(error.to_string()))
                .and_then(|body| (operation.run)(&shared, body));
            done.map(Json).map_err(refusal)
        };
        router.route(&format!("/control/{}", operation.name), post(handler))
    })
}

async fn list() -> Json<Value> {
    let operations: Vec<Value> = OPERATIONS
        .iter()
        .map(|o| json!({ "method": "POST", "path": format!("/control/{}", o.name), "takes": o.takes, "does": o.does }))
        .collect();
    Json(json!({
        "operations": operations,
        "reads": {
            "GET /control/state": "the code shown now, devices, network, faults, page build, people",
            "GET /control/record?after=VERSION&wait=SECONDS": "the record; waits until its version is beyond `after`",
            "GET /control/chats": "the chats as the phone shows them",
        },
    }))
}

async fn state(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(shared.with(|world| {
        json!({
            "phone": world.options.phone,
            "code": world.current_code(),
            "devices": world.record().devices,
            "network": world.network,
            "faults": world.faults,
            "page": world.build,
            "people": world.directory.all().collect::<Vec<_>>(),
        })
    }))
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
