//! Edits and deletions as Meta tells of them where the app on the phone shares the number: by a message of their own that names
//! the message that they change. An edit has the whole message as it is now; of a file perhaps the caption alone.

use serde_json::{Value, json};

use super::{Graph, now, wamid};

/// The keys of such messages begin with this; the rest counts them.
const KEY: &str = "3A0C";

impl Graph {
    /// Somebody edits a message that they wrote.
    pub fn edited(&self, from: &str, key: &str, kind: &str, content: Value) -> Value {
        let original = wamid(from, false, key);
        json!({
            "contacts": [{ "profile": { "name": "Ana" }, "wa_id": from }],
            "messages": [self.change(from, false, "edit", edit(&original, kind, content))],
        })
    }

    /// Somebody deletes a message that they wrote.
    pub fn revoked(&self, from: &str, key: &str) -> Value {
        let original = wamid(from, false, key);
        json!({
            "contacts": [{ "profile": { "name": "Ana" }, "wa_id": from }],
            "messages": [self.change(from, false, "revoke", json!({ "original_message_id": original }))],
        })
    }

    /// A message of this number is edited on the phone.
    pub fn echo_edited(&self, to: &str, key: &str, text: &str) -> Value {
        let original = wamid(to, true, key);
        let content = edit(&original, "text", json!({ "body": text }));
        json!({ "message_echoes": [self.change(to, true, "edit", content)] })
    }

    /// A message of this number is deleted on the phone.
    pub fn echo_revoked(&self, to: &str, key: &str) -> Value {
        let original = wamid(to, true, key);
        json!({ "message_echoes": [self.change(to, true, "revoke", json!({ "original_message_id": original }))] })
    }

    fn change(&self, other: &str, from_me: bool, kind: &str, content: Value) -> Value {
        let id = {
            let mut state = self.shared.state();
            state.next += 1;
            wamid(other, from_me, &format!("{KEY}{:016X}", state.next))
        };
        let mut message = json!({ "id": id, "timestamp": now().to_string(), "type": kind });
        if from_me {
            (message["from"], message["to"]) = (json!(self.shared.options.phone), json!(other));
        } else {
            message["from"] = json!(other);
        }
        message[kind] = content;
        message
    }
}

fn edit(original: &str, kind: &str, content: Value) -> Value {
    let mut message = json!({ "context": { "id": original }, "type": kind });
    message[kind] = content;
    json!({ "original_message_id": original, "message": message })
}
