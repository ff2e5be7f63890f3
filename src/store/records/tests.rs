#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::*;
use crate::domain::idempotency::{Cause, Fingerprint, SendRecord, SendStage};
use crate::domain::log::Origin;
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
use crate::domain::via::Via;
use crate::store::cloud_sends::CloudSend;
use crate::store::entries::Record;

/// The entry after it was read into the domain's types and written again.
fn rewritten(entry: &Value) -> Value {
    let stored: StoredEntry = serde_json::from_value(entry.clone()).unwrap();
    json!(StoredEntry::from(Record::from(stored)))
}

/// Renaming a field makes the stored data unreadable.
#[test]
fn entries_that_are_on_the_disk_are_read_and_written_the_same() {
    let message = json!({
        "id": "false_1@lid_A", "direction": "in", "chat": "1@lid", "phone": null, "author": null, "name": "Ana",
        "type": "chat", "body": "hola", "media": null, "quoted": null, "timestamp": "2026-07-25T17:20:00.000Z",
        "received_at": "2026-07-25T17:20:00.007Z", "recovered": false, "ack": 0, "acks": [], "edited_at": null,
        "revoked_at": null, "account": null, "sent_by_us": null,
    });
    let reaction = json!({
        "event": "reacted", "at": "2026-07-25T17:20:00.007Z", "reaction": {
            "id": "r", "message_id": "m", "chat": "1@lid", "sender": "1@lid", "sender_phone": null, "from_me": false,
            "emoji": "👍", "t_ms": 7,
        },
    });
    let vote = json!({
        "event": "voted", "at": "2026-07-25T17:20:00.007Z", "vote": {
            "id": "v", "message_id": "m", "chat": "1@lid", "sender": "1@lid", "sender_phone": null, "from_me": false,
            "options": ["hoy", "mañana"], "t_ms": 7,
        },
    });
    let opened = json!({ "event": "opened", "of": 3, "at": "2026-07-25T17:20:00.007Z" });
    let limits = json!({
        "event": "limits", "at": "2026-07-25T17:20:00.007Z",
        "new_chats": { "status": "second_warning", "used": 9, "quota": 10, "until_s": 1_785_000_000 },
        "timelock": { "kind": "DEFAULT", "until_s": null },
        "ban": { "code": 101, "message": null, "until": "2026-07-26T17:20:00.000Z" },
    });
    let free = json!({
        "event": "limits", "at": "2026-07-25T17:20:00.007Z", "new_chats": null, "timelock": null, "ban": null,
    });
    for entry in [message, reaction, vote, opened, limits, free] {
        assert_eq!(rewritten(&entry), entry);
    }
}

/// The first versions wrote neither `account` nor `sent_by_us`, and no phone with a vote or a reaction.
#[test]
fn fields_that_earlier_versions_did_not_write_may_be_absent() {
    let message = json!({
        "id": "m", "direction": "out", "chat": "1@lid", "phone": null, "author": null, "name": null, "type": "chat",
        "body": "hola", "media": { "mimetype": "image/jpeg" }, "quoted": null, "timestamp": "2026-07-25T17:20:00.000Z",
        "received_at": "2026-07-25T17:20:00.007Z", "recovered": false, "ack": 0, "acks": [], "edited_at": null,
        "revoked_at": null,
    });
    let now = rewritten(&message);
    assert_eq!(
        (&now["account"], &now["sent_by_us"], &now["media"]["size"]),
        (&json!(null), &json!(null), &json!(null))
    );
    let reaction = json!({
        "event": "reacted", "at": "2026-07-25T17:20:00.007Z", "reaction": {
            "id": "r", "message_id": "m", "chat": "1@lid", "sender": "1@lid", "from_me": true, "emoji": "", "t_ms": 7,
        },
    });
    assert_eq!(rewritten(&reaction)["reaction"]["sender_phone"], json!(null));
    assert_eq!(serde_json::from_str::<StoredOrigin>("{}").map(Origin::from).unwrap(), Origin::default());
}

#[test]
fn a_send_of_an_earlier_version_is_read_and_causes_keep_their_form() {
    let record = |stage| SendRecord {
        fingerprint: Fingerprint::from_bytes([7; 32]),
        created_at: Timestamp::from_millis(0),
        message_id: MessageId::new("m"),
        chat_id: "1@lid".to_owned(),
        phone: None,
        via: Via::Web,
        stage,
    };
    let read = |stored: Value| SendRecord::from(serde_json::from_value::<StoredSend>(stored).unwrap());
    let fingerprint = [7; 32];
    let earlier = json!({
        "fingerprint": fingerprint, "created_at": "1970-01-01T00:00:00.000Z", "message_id": "m", "chat_id": "1@lid",
        "stage": { "is": "failed" },
    });
    assert_eq!(read(earlier), record(SendStage::Failed { cause: None }));
    let causes = [
        (None, json!(null)),
        (Some(Cause::Number(475)), json!(475)),
        (Some(Cause::Word("ERROR_UNKNOWN".to_owned())), json!("ERROR_UNKNOWN")),
    ];
    for (cause, form) in causes {
        let failed = record(SendStage::Failed { cause });
        let stored = json!(StoredSend::from(failed.clone()));
        assert_eq!((&stored["stage"]["cause"], &stored["fingerprint"]), (&form, &json!(fingerprint)));
        assert_eq!(read(stored), failed);
    }
}

/// What the Cloud API added is written only where it is used, so that stores of earlier versions keep their bytes.
#[test]
fn what_went_by_the_cloud_api_says_so_and_the_rest_is_as_before() {
    let mut message = json!({
        "id": "cloud_1", "direction": "out", "chat": "1@c.us", "phone": "1", "author": null, "name": null, "type": "chat",
        "body": "hola", "media": null, "quoted": null, "timestamp": "2026-07-25T17:20:00.000Z",
        "received_at": "2026-07-25T17:20:00.007Z", "recovered": false, "ack": 0, "acks": [], "edited_at": null,
        "revoked_at": null, "account": null, "sent_by_us": null,
    });
    assert_eq!(rewritten(&message).get("source"), None);
    message["source"] = json!("cloud");
    assert_eq!(rewritten(&message), message);
    let sends = [json!({ "message": message }), json!({ "id": "wamid.X" }), json!({ "id": "wamid.X", "billed": true })];
    for send in sends {
        let stored: StoredCloudSend = serde_json::from_value(send.clone()).unwrap();
        assert_eq!(json!(StoredCloudSend::from(CloudSend::from(stored))), send);
    }
    let fingerprint = [7; 32];
    let mut record = json!({
        "fingerprint": fingerprint, "created_at": "1970-01-01T00:00:00.000Z", "message_id": "m", "chat_id": "1@c.us", "phone": "1",
        "stage": { "is": "dispatching" },
    });
    let again = |stored: &Value| {
        let read = SendRecord::from(serde_json::from_value::<StoredSend>(stored.clone()).unwrap());
        (read.via, json!(StoredSend::from(read)))
    };
    assert_eq!(again(&record), (Via::Web, record.clone()));
    record["via"] = json!("cloud");
    assert_eq!(again(&record), (Via::Cloud, record.clone()));
}
