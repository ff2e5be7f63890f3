#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::json;

use super::*;
use crate::domain::media::MediaKind;

const OURS: &str = "106540352242922";

fn told(value: Value) -> Vec<Told> {
    let mut value = value;
    value["metadata"] = json!({ "display_phone_number": "+54 9 11 5000-0001", "phone_number_id": OURS });
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [
        { "field": "messages", "value": value },
    ] }] });
    parse(body.to_string().as_bytes(), OURS).unwrap()
}

fn heard(message: Value) -> PageMessage {
    let contacts = json!([{ "profile": { "name": "Ana" }, "wa_id": "5491122334455", "user_id": "AR.1" }]);
    let mut message = message;
    message["id"] = json!("wamid.X");
    message["timestamp"] = json!("1750000000");
    match told(json!({ "contacts": contacts, "messages": [message] })).remove(0) {
        Told::Message(heard) => {
            assert_eq!(heard.account.as_deref(), Some("5491150000001"));
            heard.message
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_the_signature_of_these_very_bytes_is_taken() {
    let (secret, body) = (Secret::new("secreto"), br#"{"a":"\u00f1"}"#);
    let mut mac = Hmac::<Sha256>::new_from_slice(b"secreto").unwrap();
    mac.update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(is_signed(&secret, &format!("sha256={hex}"), body));
    assert!(is_signed(&secret, &format!("sha256={}", hex.to_uppercase()), body));
    for (signature, body) in [
        (hex.clone(), &body[..]),
        (format!("sha256={hex}"), "{\"a\":\"ñ\"}".as_bytes()),
        ("sha256=".to_owned(), body),
        (String::new(), body),
        (format!("sha1={hex}"), body),
        (format!("sha256={}", &hex[2..]), body),
    ] {
        assert!(!is_signed(&secret, &signature, body), "{signature}");
    }
    assert!(is_verified(&secret, "secreto") && !is_verified(&secret, "secret") && !is_verified(&secret, ""));
}

#[test]
fn messages_of_every_kind_have_the_names_that_whatsapp_web_has_for_them() {
    let of = |kind: &str, content: Value| heard(json!({ "from": "5491122334455", "type": kind, kind: content }));
    let text = of("text", json!({ "body": "hola" }));
    assert_eq!((text.kind.as_str(), text.body.reveal(), text.chat.as_str()), ("chat", "hola", "5491122334455@c.us"));
    assert_eq!(
        (text.name.as_deref(), text.phone.as_deref(), text.t),
        (Some("Ana"), Some("5491122334455"), 1_750_000_000)
    );
    let voice = of("audio", json!({ "id": "7", "mime_type": "audio/ogg; codecs=opus", "voice": true }));
    assert_eq!((voice.kind.as_str(), voice.media.unwrap().kind), ("ptt", Some(MediaKind::Voice)));
    let document = of(
        "document",
        json!({ "id": "8", "filename": "a.pdf", "caption": "la factura", "mime_type": "application/pdf" }),
    );
    assert_eq!((document.kind.as_str(), document.body.reveal()), ("document", "la factura"));
    assert_eq!(document.data.unwrap().0["cloud_media_id"], "8");
    for (kind, content, name, body) in [
        (
            "location",
            json!({ "latitude": 1.5, "longitude": 2.5, "name": "la plaza" }),
            "location",
            "la plaza (1.5, 2.5)",
        ),
        ("contacts", json!([{ "name": { "formatted_name": "Ana" } }]), "vcard", "Ana"),
        ("button", json!({ "text": "Sí", "payload": "p" }), "template_button_reply", "Sí"),
        (
            "interactive",
            json!({ "type": "button_reply", "button_reply": { "id": "1", "title": "Sí" } }),
            "buttons_response",
            "Sí",
        ),
        (
            "interactive",
            json!({ "type": "list_reply", "list_reply": { "id": "1", "title": "Uno" } }),
            "list_response",
            "Uno",
        ),
        ("order", json!({ "text": "dos", "product_items": [] }), "order", "dos"),
        ("unsupported", Value::Null, "unsupported", ""),
        ("sticker", json!({ "id": "9" }), "sticker", ""),
    ] {
        let message = of(kind, content);
        assert_eq!((message.kind.as_str(), message.body.reveal()), (name, body));
    }
}

#[test]
fn somebody_without_a_number_has_a_chat_of_its_own() {
    let message = heard(json!({ "from_user_id": "AR.1", "type": "text", "text": { "body": "hola" } }));
    assert_eq!((message.chat.as_str(), message.phone, message.name.as_deref()), ("AR.1@bsuid", None, Some("Ana")));
}

#[test]
fn statuses_are_acks_and_say_what_is_billed() {
    let status = |fields: Value| {
        let mut report = json!({ "id": "wamid.X", "timestamp": "1", "recipient_id": "5491122334455" });
        report.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        told(json!({ "statuses": [report] })).into_iter().next()
    };
    for (name, ack) in [("sent", 1), ("delivered", 2), ("read", 3), ("played", 4), ("failed", -1)] {
        let Some(Told::Status(status)) = status(json!({ "status": name })) else { panic!("{name}") };
        assert_eq!((status.ack.level(), status.reference, status.billed), (ack, None, None));
    }
    assert_eq!(status(json!({ "status": "deleted" })), None);
    let reference = MessageId::reference(7);
    let full = json!({
        "status": "failed", "errors": [{ "code": 131049, "title": "x" }], "biz_opaque_callback_data": reference.as_str(),
        "pricing": { "billable": true, "type": "regular", "category": "marketing", "pricing_model": "PMP" },
    });
    let Some(Told::Status(status_of_ours)) = status(full) else { panic!("it is read") };
    assert_eq!(status_of_ours.code, Some(131_049));
    assert_eq!((status_of_ours.reference, status_of_ours.billed.as_deref()), (Some(reference), Some("marketing")));
    for free in [
        json!({ "type": "free_customer_service", "category": "service" }),
        json!({ "billable": false, "category": "utility" }),
    ] {
        let Some(Told::Status(status)) = status(json!({ "status": "sent", "pricing": free })) else {
            panic!("it is read")
        };
        assert_eq!(status.billed, None);
    }
}

#[test]
fn other_numbers_and_what_cannot_be_read_stay_out() {
    let message =
        json!({ "from": "5491122334455", "id": "wamid.X", "timestamp": "1", "type": "text", "text": { "body": "x" } });
    let body = json!({ "entry": [{ "changes": [
        { "field": "messages", "value": { "metadata": { "phone_number_id": "2" }, "messages": [message] } },
        { "field": "account_update", "value": { "event": "x" } },
        { "field": "messages", "value": 7 },
        { "field": "messages", "value": { "metadata": { "phone_number_id": OURS }, "messages": [7, { "type": "text" }, message] } },
    ] }] });
    assert_eq!(parse(body.to_string().as_bytes(), OURS).unwrap().len(), 1);
    assert_eq!(parse(b"{", OURS), Err(NotANotification));
    assert_eq!(parse(b"{}", OURS), Ok(Vec::new()));
}

#[test]
fn reactions_and_messages_from_the_business_app_are_told() {
    let reaction = json!({
        "from": "5491122334455", "id": "wamid.R", "timestamp": "1", "type": "reaction",
        "reaction": { "message_id": "wamid.X", "emoji": "👍" },
    });
    let Told::Reacted(reaction) = told(json!({ "messages": [reaction] })).remove(0) else { panic!("a reaction") };
    assert_eq!((reaction.emoji.as_str(), reaction.message_id.as_str(), reaction.t_ms), ("👍", "wamid.X", 1000));
    let echo = json!({ "from": "5491150000001", "to": "5491122334455", "id": "wamid.E", "timestamp": "1", "type": "text", "text": { "body": "yo" } });
    let Told::Message(heard) = told(json!({ "message_echoes": [echo] })).remove(0) else { panic!("a message") };
    assert!(heard.message.from_me && heard.message.chat == "5491122334455@c.us");
}

#[test]
fn edits_and_deletions_name_the_message_that_they_change() {
    let edit = |message: Value| {
        let edit = json!({ "original_message_id": "wamid.X", "message": message });
        json!({ "from": "5491122334455", "id": "wamid.E", "timestamp": "7", "type": "edit", "edit": edit })
    };
    for (message, kind, body) in [
        (json!({ "context": { "id": "wamid.X" }, "type": "text", "text": { "body": "dos" } }), "chat", "dos"),
        (json!({ "type": "image", "image": { "caption": "otra", "id": "9" } }), "image", "otra"),
        // The caption alone, and none any more.
        (json!({ "type": "video", "video": { "caption": "otra" } }), "video", "otra"),
        (json!({ "type": "document", "document": { "id": "9" } }), "document", ""),
    ] {
        let Told::Edited(heard) = told(json!({ "messages": [edit(message.clone())] })).remove(0) else {
            panic!("{message}")
        };
        let said = heard.message;
        assert_eq!((said.id.as_str(), said.edited_ms, said.from_me), ("wamid.X", Some(7000), false));
        assert_eq!((said.kind.as_str(), said.body.reveal(), said.quoted), (kind, body, None), "{message}");
    }
    // What cannot be read says nothing.
    for message in [json!(null), json!({ "type": "text" }), json!({ "type": "unsupported", "unsupported": {} })] {
        assert_eq!(told(json!({ "messages": [edit(message.clone())] })), [], "{message}");
    }
    let revoke = json!({ "id": "wamid.E", "timestamp": "7", "type": "revoke", "revoke": { "original_message_id": "wamid.X" },
        "from": "5491150000001", "to": "5491122334455" });
    for (list, from_me, by) in [("messages", false, "5491150000001"), ("message_echoes", true, "5491150000001")] {
        let Told::Revoked(gone) = told(json!({ list: [revoke] })).remove(0) else { panic!("{list}") };
        assert_eq!((gone.id.as_str(), gone.kind.as_str(), gone.from_me), ("wamid.X", "revoked", from_me));
        let phone = gone.revoked_by.and_then(|(_, person)| person?.phone);
        assert_eq!((gone.revoked_s, phone.as_deref()), (Some(7), Some(by)), "{list}");
    }
    let nameless = json!({ "from": "1", "id": "wamid.E", "timestamp": "7", "type": "revoke", "revoke": {} });
    assert_eq!(told(json!({ "messages": [nameless] })), []);
}

#[test]
fn a_reaction_in_an_echo_is_the_accounts_own() {
    let reaction = json!({
        "from": "5491150000001", "to": "5491122334455", "id": "wamid.R", "timestamp": "1", "type": "reaction",
        "reaction": { "message_id": "wamid.X", "emoji": "👍" },
    });
    let Told::Reacted(reaction) = told(json!({ "message_echoes": [reaction] })).remove(0) else { panic!("a reaction") };
    assert_eq!((reaction.chat.as_str(), reaction.from_me), ("5491122334455@c.us", true));
    assert_eq!(
        (reaction.sender.as_str(), reaction.sender_phone.as_deref()),
        ("5491150000001@c.us", Some("5491150000001"))
    );
}

#[test]
fn an_odd_field_hides_nothing_of_the_rest() {
    let reference = MessageId::reference(7);
    for odd in [
        json!({ "errors": [{ "code": 131049, "title": null, "error_data": "why" }] }),
        json!({ "errors": null, "pricing": { "category": null, "billable": "yes" } }),
        json!({ "pricing": "free", "recipient_id": 5491122334455_u64 }),
    ] {
        let mut report = json!({ "id": "wamid.X", "status": "failed", "biz_opaque_callback_data": reference.as_str() });
        report.as_object_mut().unwrap().extend(odd.as_object().unwrap().clone());
        let told = told(json!({ "statuses": [report] }));
        let Some(Told::Status(status)) = told.first() else { panic!("{odd}") };
        assert_eq!(status.reference.as_ref(), Some(&reference));
    }
    let message = json!({ "from": "5491122334455", "id": "wamid.X", "timestamp": "1", "type": "text",
        "text": { "body": "x" }, "context": "?" });
    for contacts in [json!(null), json!([7, { "profile": "Ana" }])] {
        let told = told(json!({ "contacts": contacts, "messages": [message], "statuses": null }));
        assert_eq!(told.len(), 1, "{contacts}");
    }
    for body in
        [json!({ "entry": 7 }), json!({ "entry": [7, { "changes": null }, { "changes": [{ "field": null }] }] })]
    {
        assert_eq!(parse(body.to_string().as_bytes(), OURS), Ok(Vec::new()), "{body}");
    }
}
