use proptest::prelude::*;
use serde_json::json;

use crate::domain::log::CIPHERTEXT;
use crate::domain::log::tests::page_message;
use crate::domain::message::PageMessage;

use super::*;

const AT: fn(u64) -> Timestamp = Timestamp::from_millis;

#[test]
fn what_changed_is_what_happened() {
    let Some(plain) = LoggedMessage::from_page(page_message("a", "hola"), AT(0), false) else { return };
    let changed = |message: &PageMessage| {
        let mut after = plain.clone();
        after.amend(message, AT(5));
        happenings(7, &plain, &after, AT(5))
    };
    assert_eq!(changed(&page_message("a", "hola")), []);
    assert_eq!(changed(&page_message("a", "adiós")), [Happening::Edited { of: 7, at: AT(5) }]);
    let gone = PageMessage { kind: "revoked".to_owned(), ..page_message("a", "") };
    assert_eq!(changed(&gone), [Happening::Revoked { of: 7, at: AT(5) }]);
    let read = PageMessage { ack: Ack::new(3), ..page_message("a", "hola") };
    assert_eq!(changed(&read), [Happening::Acked { of: 7, ack: Ack::new(3), at: AT(5) }]);
    let undecrypted = PageMessage { kind: CIPHERTEXT.to_owned(), ..page_message("a", "") };
    let Some(undecrypted) = LoggedMessage::from_page(undecrypted, AT(0), false) else { return };
    let mut open = undecrypted.clone();
    open.amend(&page_message("a", "hola"), AT(5));
    assert_eq!(happenings(7, &undecrypted, &open, AT(5)), [Happening::Opened { of: 7, at: AT(5) }]);
}

/// The shapes on disk: renaming a field here makes the stored data unreadable.
#[test]
fn stored_shapes_stay_as_they_are() {
    let earlier = json!({
        "id": "false_1@lid_A", "direction": "in", "chat": "1@lid", "phone": null, "author": null, "name": "Ana",
        "type": "chat", "body": "hola", "media": null, "quoted": null, "timestamp": "2026-07-25T17:20:00.000Z",
        "received_at": "2026-07-25T17:20:00.007Z", "recovered": false, "ack": 0, "acks": [], "edited_at": null,
        "revoked_at": null, "account": null, "sent_by_us": null,
    });
    let read: Result<LoggedMessage, _> = serde_json::from_value(earlier.clone());
    assert_eq!(read.ok().map(|message| json!(message)), Some(earlier));
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
    for stored in [reaction, vote] {
        let read: Result<Happening, _> = serde_json::from_value(stored.clone());
        assert_eq!(read.ok().map(|happening| json!(happening)), Some(stored));
    }
}

#[test]
fn the_code_itself_is_told_to_those_only_who_may_have_it() {
    let shown = CodeShown { attempt: 1, generated_at: AT(1000), expires_at: AT(2000) };
    let event = Event { log: LogId(1), cursor: 2, at: AT(1000), what: What::Code(shown) };
    let without = json!(event.told(None));
    assert_eq!((&without["type"], &without["id"]), (&"session.qr".into(), &"evt_00000001_2".into()));
    assert_eq!(without["data"].get("qr"), None);
    assert_eq!(json!(event.told(Some("2@x")))["data"]["qr"], "2@x");
}

proptest! {
    #[test]
    fn a_cursor_reads_back_the_same(log: u32, cursor: u64) {
        let before = EventCursor { log: LogId(log), cursor };
        prop_assert_eq!(before.to_string().parse(), Ok(before));
    }

    #[test]
    fn any_other_text_is_no_cursor_and_no_panic(text in "\\PC{0,30}") {
        if let Ok(cursor) = text.parse::<EventCursor>() {
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }
}
