//! The bodies of the operations.

use crate::action::Present;
use crate::error::Error;
use crate::faults::{Network, SocketState};
use crate::media::HostAnswer;
use crate::message::Incoming;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

#[derive(Deserialize)]
pub(super) struct Scan {
    pub(super) code: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Code {
    pub(super) code: String,
}

#[derive(Deserialize)]
pub(super) struct Burst {
    pub(super) n: usize,
    pub(super) message: Incoming,
}

#[derive(Deserialize)]
pub(super) struct FromPhone {
    pub(super) to: String,
    #[serde(default)]
    pub(super) body: String,
    pub(super) media: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
pub(super) struct File {
    pub(super) message: String,
    pub(super) answer: HostAnswer,
}

#[derive(Deserialize)]
pub(super) struct Ack {
    pub(super) message: String,
    pub(super) ack: i8,
    pub(super) of: Option<String>,
    pub(super) t: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct Reaction {
    pub(super) message: String,
    pub(super) from: String,
    pub(super) emoji: String,
}

#[derive(Deserialize)]
pub(super) struct Vote {
    pub(super) message: String,
    pub(super) from: String,
    pub(super) options: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Pairing {
    pub(super) event: String,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) message: String,
}

#[derive(Deserialize)]
pub(super) struct Edit {
    pub(super) message: String,
    pub(super) body: String,
}

#[derive(Deserialize)]
pub(super) struct Person {
    pub(super) number: String,
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Call {
    pub(super) from: String,
    pub(super) id: String,
    #[serde(default)]
    pub(super) video: bool,
    pub(super) outcome: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct GroupChange {
    pub(super) group: String,
    pub(super) what: String,
    pub(super) by: String,
    pub(super) of: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Unlink {
    pub(super) device: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Cut {
    pub(super) network: Network,
}

#[derive(Deserialize)]
pub(super) struct Busy {
    pub(super) ms: u64,
}

#[derive(Deserialize)]
pub(super) struct Socket {
    pub(super) state: SocketState,
}

#[derive(Deserialize)]
pub(super) struct Account {
    pub(super) number: String,
    pub(super) name: Option<String>,
}

pub(super) fn read<T: DeserializeOwned>(body: Value) -> Result<T, Error> {
    serde_json::from_value(body).map_err(|error| Error::BadRequest(error.to_string()))
}

/// `old` with `changes` applied; `{"reset": true}` starts from nothing, so that every absent field gets its default.
pub(super) fn merged(old: Value, changes: Value) -> Value {
    let Value::Object(mut changes) = changes else { return changes };
    let reset = changes.remove("reset").is_some_and(|reset| reset == Value::Bool(true));
    let mut all = match old {
        Value::Object(old) if !reset => old,
        _ => Map::new(),
    };
    all.extend(changes);
    Value::Object(all)
}

#[derive(Deserialize)]
pub(super) struct Told {
    pub(super) of: String,
    pub(super) told: Present,
}
