//! Reactions, edits, deletions, forwards, read and unread chats, and typing, by the service's routes.

use serde_json::{Value, json};
use simulator::{Action, Incoming, Kind, Media, Options, ServerFault};

use crate::acts::{STRANGER, incoming, received};
use crate::acts_send::entry;
use crate::messages::log;
use crate::world::{DEADLINE, FRIEND, World, answer};

pub async fn ask(world: &World, method: &str, path: &str, key: Option<&str>, body: Value) -> (u16, Value) {
    let mut request = world.request(method, path);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    answer(if body.is_null() { request } else { request.json(&body) }).await
}

fn bare(id: &str) -> String {
    id.split('_').nth(2).unwrap().to_owned()
}

pub async fn mine(world: &World, text: &str) -> String {
    let (status, sent) = world.send(FRIEND, text).await;
    assert_eq!(status, 200, "{sent}");
    sent["message_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_reacted_to_edited_and_deleted() {
    let mut world = World::ready().await;
    let said = incoming(&world, "hola").await.into_string();
    let sent = mine(&world, "ola").await;
    let reaction = format!("/messages/{said}/reaction");
    for emoji in ["👍", "👍", ""] {
        let (status, done) = ask(&world, "POST", &reaction, None, json!({ "emoji": emoji })).await;
        assert_eq!(status, 200, "{done}");
        let told = (&done["message_id"], &done["to"], &done["status"], &done["ack"], &done["guarantee"]);
        assert_eq!(told, (&json!(said), &json!(FRIEND), &json!("SENT"), &json!(1), &json!("repeatable")));
    }
    let (status, done) =
        ask(&world, "PATCH", &format!("/messages/{sent}"), None, json!({ "message": "hola\r\n" })).await;
    assert_eq!(status, 200, "{done}");
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while entry(&world, &sent).await["edited_at"].is_null() {
        assert!(tokio::time::Instant::now() < deadline, "the log does not know of the edit");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(entry(&world, &sent).await["body"], "hola");
    for (method, path, body, code) in [
        ("PATCH", format!("/messages/{said}"), json!({ "message": "x" }), "EDIT_NOT_POSSIBLE"),
        ("DELETE", format!("/messages/{said}"), json!(null), "REVOKE_NOT_POSSIBLE"),
    ] {
        let (status, refused) = ask(&world, method, &path, None, body).await;
        assert_eq!((status, refused["code"].as_str()), (409, Some(code)), "{refused}");
    }
    assert_eq!(ask(&world, "DELETE", &format!("/messages/{sent}"), None, json!(null)).await.0, 200);
    assert_eq!(ask(&world, "DELETE", &format!("/messages/{said}?for=me"), None, json!(null)).await.0, 200);
    let (status, refused) =
        ask(&world, "PATCH", &format!("/messages/{sent}"), None, json!({ "message": "tarde" })).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("EDIT_NOT_POSSIBLE")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("deleted"), "{refused}");
    let reacted = |emoji: &str| Action::Reaction { message: bare(&said), emoji: emoji.to_owned() };
    let done = [
        reacted("👍"),
        reacted(""),
        Action::Edit { message: bare(&sent), text: "hola".to_owned() },
        Action::Revoke { message: bare(&sent) },
        Action::DeleteForMe { message: bare(&said) },
    ];
    assert_eq!(world.simulator.record().actions, done);
    for (method, path, body) in [
        ("POST", reaction.clone(), json!({ "emoji": "👍" })),
        ("POST", "/messages/none/reaction".to_owned(), json!({ "emoji": "👍" })),
        ("PATCH", "/messages/true_100000000000099@lid_3EB0".to_owned(), json!({ "message": "x" })),
        ("POST", format!("/messages/{said}/forward"), json!({ "to": FRIEND })),
    ] {
        let (status, refused) = ask(&world, method, &path, None, body).await;
        assert_eq!((status, refused["code"].as_str()), (404, Some("MESSAGE_NOT_FOUND")), "{path}: {refused}");
    }
    let (status, refused) = ask(&world, "POST", "/messages/wamid.AAAA/reaction", None, json!({ "emoji": "👍" })).await;
    assert_eq!((status, refused["code"].as_str()), (501, Some("NOT_POSSIBLE_VIA_CLOUD")), "{refused}");
    let (status, refused) = ask(&world, "POST", &reaction, None, json!({ "emoji": "no" })).await;
    assert_eq!((status, refused["code"].as_str()), (400, Some("INVALID_FIELD")), "{refused}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_act_and_one_answer() {
    let mut world = World::ready().await;
    let said = incoming(&world, "hola").await.into_string();
    let path = format!("/messages/{said}/reaction");
    let react = |key, emoji: &'static str| ask(&world, "POST", &path, Some(key), json!({ "emoji": emoji }));
    let (first, second) = tokio::join!(react("k", "👍"), react("k", "👍"));
    assert_eq!((first.0, &first), (200, &second), "{}", first.1);
    // A later reaction stays: the key has its outcome already.
    assert_eq!(react("l", "🎉").await.0, 200);
    assert_eq!(react("k", "👍").await, first);
    for (method, path, body) in [
        ("POST", path.clone(), json!({ "emoji": "❤️" })),
        ("DELETE", format!("/messages/{said}"), json!(null)),
        ("PATCH", format!("/messages/{said}"), json!({ "message": "👍" })),
        ("POST", "/send".to_owned(), json!({ "number": FRIEND, "message": "👍" })),
        ("POST", format!("/messages/{said}/forward"), json!({ "to": FRIEND })),
    ] {
        let (status, refused) = ask(&world, method, &path, Some("k"), body).await;
        assert_eq!(
            (status, refused["code"].as_str()),
            (422, Some("IDEMPOTENCY_CONFLICT")),
            "{method} {path}: {refused}"
        );
    }
    assert_eq!(world.simulator.record().actions.len(), 2);
    // What was refused is forgotten.
    let edit = |body: Value| ask(&world, "PATCH", "/messages/true_1@lid_3EB0", Some("m"), body);
    assert_eq!(edit(json!({ "message": "a" })).await.0, 404);
    assert_eq!(edit(json!({ "message": "b" })).await.0, 404);
    world.stop().await;
    world.set("AUTO_CONNECT", "false").start().await;
    assert_eq!(ask(&world, "POST", &path, Some("k"), json!({ "emoji": "👍" })).await, first, "in any state");
    let (status, refused) = ask(&world, "POST", &path, Some("n"), json!({ "emoji": "👍" })).await;
    assert_eq!((status, refused["code"].as_str()), (503, Some("SESSION_NOT_READY")), "{refused}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_passed_on_once_with_its_file() {
    let mut world = World::ready().await;
    world.simulator.add_person(STRANGER).unwrap();
    let file = world.simulator.media(&Media::new(FRIEND, Kind::Document, b"a document")).unwrap();
    log(&world, 1).await;
    let path = format!("/messages/{}/forward", file.message);
    let forward = |to: &'static str| ask(&world, "POST", &path, Some("k"), json!({ "to": to }));
    let first = forward(STRANGER).await;
    assert_eq!((first.0, &first.1["guarantee"]), (200, &json!("exactly_once")), "{}", first.1);
    assert_eq!(forward(STRANGER).await, first);
    assert_eq!(forward(FRIEND).await.1["code"], "IDEMPOTENCY_CONFLICT");
    let passed = received(&world, first.1["message_id"].as_str().unwrap()).await;
    assert_eq!((&*passed.kind, passed.count), ("document", 1));
    assert_eq!(&passed.file.unwrap().bytes[..], b"a document");
    let once = Media { view_once: true, ..Media::new(FRIEND, Kind::Image, b"once") };
    let once = world.simulator.media(&once).unwrap();
    log(&world, 3).await;
    let (status, refused) =
        ask(&world, "POST", &format!("/messages/{}/forward", once.message), None, json!({ "to": STRANGER })).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("FORWARD_NOT_POSSIBLE")), "{refused}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chats_are_marked_and_shown_typing() {
    let mut world = World::ready().await;
    incoming(&world, "hola").await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    for (what, body) in [
        ("read", json!(null)),
        ("unread", json!(null)),
        ("typing", json!(null)),
        ("typing", json!({ "kind": "voice" })),
        ("typing", json!({ "kind": "none" })),
    ] {
        let (status, done) = ask(&world, "POST", &format!("/chats/{FRIEND}/{what}"), None, body).await;
        assert_eq!((status, &done["chat_id"], &done["ok"]), (200, &json!(lid), &json!(true)), "{what}: {done}");
    }
    let shown = |record: &simulator::Record| record.chat_states.len() == 3;
    let record = world.simulator.wait_until("what was shown", DEADLINE, shown).await.unwrap();
    let states: Vec<_> = record.chat_states.iter().map(|state| state.state.as_str()).collect();
    assert_eq!(states, ["composing", "recording", "paused"]);
    assert_eq!((record.seen, record.actions), (vec![lid.clone()], vec![Action::Unread { chat: lid }]));
    const GROUP: &str = "120363000000000001@g.us";
    world.simulator.incoming(Incoming::text(FRIEND, "hola a todos").in_group(GROUP)).unwrap();
    log(&world, 2).await;
    for what in ["read", "unread", "typing"] {
        let (status, done) = ask(&world, "POST", &format!("/chats/{GROUP}/{what}"), None, json!(null)).await;
        assert_eq!((status, &done["chat_id"]), (200, &json!(GROUP)), "{what}: {done}");
    }
    for (path, status, code) in [
        ("/chats/5491199990000/read", 404, "CHAT_NOT_FOUND"),
        ("/chats/100000000000099@lid/unread", 404, "CHAT_NOT_FOUND"),
        ("/chats/100000000000099@lid/typing", 404, "CHAT_NOT_FOUND"),
        ("/chats/somebody/typing", 400, "INVALID_NUMBER"),
    ] {
        let (answered, refused) = ask(&world, "POST", path, None, json!(null)).await;
        assert_eq!((answered, refused["code"].as_str()), (status, Some(code)), "{path}: {refused}");
    }
    let (status, chats) = world.get("/chats").await;
    let ids: Vec<_> = chats["items"].as_array().unwrap().iter().map(|chat| &chat["chat_id"]).collect();
    assert_eq!((status, ids.len()), (200, 2), "what was refused has opened no chat: {ids:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_pass_the_gates_of_sends() {
    let mut world = World::new(Options::fast()).await;
    world.set("API_TOKEN", "0123456789abcdef").set("SEND_MODE", "off").set("ALLOWED_CLIENTE_IDS", "51");
    world.start().await;
    world.link().await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    let with_token =
        |world: &World, method: &str, path: &str| world.request(method, path).bearer_auth("0123456789abcdef");
    let routes = |id: &str| {
        [
            ("POST", format!("/messages/{id}/reaction"), json!({ "emoji": "👍" })),
            ("PATCH", format!("/messages/{id}"), json!({ "message": "x" })),
            ("DELETE", format!("/messages/{id}"), json!(null)),
            ("POST", format!("/messages/{id}/forward"), json!({ "to": FRIEND })),
            ("POST", format!("/chats/{FRIEND}/read"), json!({})),
            ("POST", format!("/chats/{FRIEND}/unread"), json!({})),
            ("POST", format!("/chats/{FRIEND}/typing"), json!({ "kind": "text" })),
            ("POST", format!("/chats/{FRIEND}/archive"), json!({})),
            ("DELETE", format!("/chats/{FRIEND}/archive"), json!({})),
            ("POST", format!("/chats/{FRIEND}/pin"), json!({})),
            ("DELETE", format!("/chats/{FRIEND}/pin"), json!({})),
            ("POST", format!("/chats/{FRIEND}/mute"), json!({})),
            ("DELETE", format!("/chats/{FRIEND}/mute"), json!({})),
            ("POST", format!("/contacts/{FRIEND}/block"), json!({})),
            ("DELETE", format!("/contacts/{FRIEND}/block"), json!({})),
        ]
    };
    for (method, path, body) in routes("true_1@lid_A") {
        assert_eq!(ask(&world, method, &path, None, body.clone()).await.0, 401, "{path}");
        let elsewhere = with_token(&world, method, &path).header("origin", "https://evil.example").json(&body);
        assert_eq!(answer(elsewhere).await.1["code"], "ORIGIN_NOT_ALLOWED", "{path}");
        let (status, refused) = answer(with_token(&world, method, &path).json(&body)).await;
        assert_eq!((status, refused["code"].as_str()), (403, Some("SEND_DISABLED")), "{path}: {refused}");
        if path.starts_with("/messages") {
            let other = with_token(&world, method, &path).header("x-cliente-id", "52").json(&body);
            assert_eq!(answer(other).await.1["code"], "CLIENTE_NOT_ALLOWED", "{path}");
        }
    }
    world.stop().await;
    world.set("SEND_MODE", "dry-run").start().await;
    world.until(session_manager::domain::state::State::Ready).await;
    for (method, path, body) in routes("true_1@lid_A") {
        let (status, done) = answer(with_token(&world, method, &path).json(&body)).await;
        assert_eq!((status, &done["dry_run"]), (200, &json!(true)), "{path}: {done}");
    }
    assert!(world.simulator.record().actions.is_empty() && world.simulator.record().received.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_and_blocks_share_the_limit_of_acts() {
    let mut world = World::ready().await;
    incoming(&world, "hola").await;
    for n in 0..120 {
        let (status, chat) = world.post(&format!("/chats/{FRIEND}/archive"), json!({})).await;
        assert_eq!((status, &chat["archived"], &chat["dry_run"]), (200, &json!(true), &Value::Null), "{n}: {chat}");
    }
    for (method, path) in [("DELETE", "archive"), ("POST", "pin"), ("POST", "mute"), ("POST", "unread")] {
        let (status, refused) = answer(world.request(method, &format!("/chats/{FRIEND}/{path}"))).await;
        assert_eq!((status, &refused["code"]), (429, &json!("RATE_LIMITED")), "{path}: {refused}");
    }
    let (status, refused) = world.post(&format!("/contacts/{FRIEND}/block"), json!({})).await;
    assert_eq!((status, &refused["code"]), (429, &json!("RATE_LIMITED")), "{refused}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_the_server_does_not_take_is_no_success() {
    let mut world = World::new(Options::fast()).await;
    world.set("SEND_TIMEOUT", "10s").start().await;
    world.link().await;
    let said = incoming(&world, "hola").await.into_string();
    let path = format!("/messages/{said}/reaction");
    world.simulator.faults(|faults| faults.nack = Some(479));
    let (status, refused) = ask(&world, "POST", &path, Some("k"), json!({ "emoji": "👍" })).await;
    assert_eq!((status, refused["code"].as_str()), (500, Some("WHATSAPP_ERROR")), "{refused}");
    world.simulator.faults(|faults| (faults.nack, faults.server) = (None, ServerFault::NeverAck));
    let (status, unconfirmed) = ask(&world, "POST", &path, Some("k"), json!({ "emoji": "🎉" })).await;
    let told = (status, unconfirmed["code"].as_str(), unconfirmed["message_id"].as_str());
    assert_eq!(told, (504, Some("SEND_UNCONFIRMED"), Some(&*said)), "{unconfirmed}");
    // The key has this body now, and a retry repeats it.
    world.simulator.faults(|faults| faults.server = ServerFault::None);
    assert_eq!(ask(&world, "POST", &path, Some("k"), json!({ "emoji": "👍" })).await.0, 422);
    let (status, done) = ask(&world, "POST", &path, Some("k"), json!({ "emoji": "🎉" })).await;
    assert_eq!(status, 200, "{done}");
    world.stop().await;
}
