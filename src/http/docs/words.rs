//! The fields of answers whose value is one of a few fixed words, and what else a derived schema cannot say.

use serde_json::{Value, json};

use crate::domain::emoji::Emoji;
use crate::domain::presence::PresenceChange;
use crate::domain::state::SESSION;
use crate::http::SERVICE;

use super::{EVENTS, errors};

/// Each entry is a schema, one of its fields, and the words that this field can have.
pub(super) const WORDS: [(&str, &str, &[&str]); 18] = [
    ("Status", "session", &[SESSION]),
    ("Status", "recommended_action", &["NONE", "WAIT", "SCAN_QR", "CONNECT", "CHECK_SERVER"]),
    ("Sending", "mode", &["live", "dry-run", "off"]),
    ("Connected", "message", &["Connecting", "Already connected"]),
    ("Connected", "session", &[SESSION]),
    ("Disconnected", "message", &["Disconnected"]),
    ("Event", "session", &[SESSION]),
    ("Health", "status", &["ok"]),
    ("Health", "service", &[SERVICE]),
    ("Alive", "status", &["ok", "ready"]),
    ("QrCode", "status", &["QR_AVAILABLE"]),
    ("NoCode", "status", &["NO_QR"]),
    ("Sending", "via", &["web", "cloud", "auto"]),
    ("Sent", "guarantee", &["exactly_once", "at_most_once", "repeatable"]),
    ("Sent", "status", &["SENT", "ACCEPTED"]),
    (
        "GroupPerson",
        "result",
        &[
            "done",
            "invite_needed",
            "not_on_whatsapp",
            "not_a_member",
            "left_recently",
            "already_member",
            "community_invite_needed",
            "full",
            "not_allowed",
            "refused",
            "unknown",
        ],
    ),
    ("GroupJoined", "status", &["joined", "requested"]),
    ("Queued", "status", &["QUEUED"]),
];

/// Writes the words of each field into the schemas.
pub(super) fn bind(schemas: &mut Value) {
    for (schema, field, words) in WORDS {
        schemas[schema]["properties"][field]["enum"] = json!(words);
    }
    schemas["React"]["properties"]["emoji"]["pattern"] = json!(Emoji::pattern());
    let codes: Vec<_> = errors::CODES.iter().map(|(code, ..)| code).collect();
    for field in ["code", "error"] {
        schemas["Error"]["properties"][field]["enum"] = json!(codes);
    }
    let states = schemas["State"]["enum"].as_array().cloned().unwrap_or_default();
    let states = states.into_iter().chain([json!("NOT_INITIALIZED")]).collect();
    schemas["Health"]["properties"]["whatsapp_state"]["enum"] = states;
    let kinds = EVENTS.iter().map(|(kind, _)| json!(kind));
    let delivered = kinds.clone().filter(|kind| *kind != PresenceChange::TYPE);
    schemas["DeadLetter"]["properties"]["type"]["enum"] = delivered.chain([Value::Null]).collect();
    schemas["Event"]["properties"]["type"]["enum"] = kinds.collect();
    bind_outcomes(schemas);
}

/// `ok` and `success` are true in every answer but an error.
fn bind_outcomes(schemas: &mut Value) {
    let fields =
        ["ok", "success"].iter().flat_map(|field| ["", "/allOf/1"].map(|part| format!("{part}/properties/{field}")));
    let fields: Vec<_> = fields.collect();
    for (name, schema) in schemas.as_object_mut().into_iter().flatten() {
        for field in &fields {
            if let Some(outcome) = schema.pointer_mut(field) {
                outcome["enum"] = json!([name != "Error"]);
            }
        }
    }
}
