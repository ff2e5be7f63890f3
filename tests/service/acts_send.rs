//! Places, contacts, polls, answers and mentions at `/send`, and what the log says of them.

use std::time::Duration;

use serde_json::{Value, json};
use simulator::Received;

use crate::acts::{STRANGER, incoming, received};
use crate::world::{DEADLINE, FRIEND, World, answer};

/// The entry of the log, once there is one.
pub async fn entry(world: &World, id: &str) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let (status, entry) = world.get(&format!("/messages/{id}")).await;
        if status == 200 {
            return entry;
        }
        assert!(tokio::time::Instant::now() < deadline, "{entry}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Sends; what the server received, and what the log says.
async fn send(world: &World, body: Value) -> (Received, Value) {
    let mut request = json!({ "number": FRIEND });
    request.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    let (status, sent) = world.post("/send", request).await;
    assert_eq!(status, 200, "{sent}");
    let id = sent["message_id"].as_str().unwrap();
    (received(world, id).await, entry(world, id).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_content_of_a_send_arrives_and_is_in_the_log() {
    let mut world = World::ready().await;
    let question = incoming(&world, "¿dónde?").await;
    let key = question.as_str().split('_').nth(2).unwrap();

    let (reply, logged) = send(&world, json!({ "message": "acá", "reply_to": question.as_str() })).await;
    assert_eq!((&reply.fields["quotedStanzaID"], &logged["quoted_id"]), (&json!(key), &json!(key)));

    let place = json!({ "latitude": -34.5, "longitude": 58.25, "name": "Obelisco", "address": "9 de Julio" });
    let (sent, logged) = send(&world, json!({ "location": place, "reply_to": question.as_str() })).await;
    assert_eq!((&sent.fields["lat"], &sent.fields["loc"]), (&json!(-34.5), &json!("Obelisco\n9 de Julio")));
    assert_eq!((&logged["type"], &logged["quoted_id"]), (&json!("location"), &json!(key)), "{logged}");
    let at = &logged["data"]["location"];
    assert_eq!((&at["latitude"], &at["longitude"]), (&json!(-34.5), &json!(58.25)), "{logged}");

    let people =
        json!([{ "name": "Ana", "phone": "+54 9 11 2233-4455" }, { "name": "Bo", "phone": 5_491_122_334_466_u64 }]);
    let (sent, logged) = send(&world, json!({ "contacts": people })).await;
    assert_eq!((&*sent.kind, &sent.fields["vcardList"][1]["displayName"]), ("multi_vcard", &json!("Bo")));
    assert_eq!(logged["data"]["contacts"][1]["name"], "Bo", "{logged}");

    let poll = json!({ "question": "¿cuándo?", "options": ["hoy", "mañana"], "multiple": true });
    let (sent, logged) = send(&world, json!({ "poll": poll })).await;
    assert_eq!(sent.fields["pollSelectableOptionsCount"], 0);
    assert_eq!((&logged["type"], &logged["body"]), (&json!("poll_creation"), &json!("¿cuándo?")));
    assert_eq!(logged["data"]["poll"]["options"], json!(["hoy", "mañana"]), "{logged}");

    let lid = world.simulator.add_person(STRANGER).unwrap();
    let body = json!({ "message": format!("gracias @{STRANGER}"), "mentions": [STRANGER], "link_preview": true });
    let (sent, logged) = send(&world, body).await;
    assert_eq!(sent.fields["mentionedJidList"], json!([lid]));
    assert_eq!(logged["data"]["mentions"], json!([{ "phone": STRANGER, "lid": lid }]), "{logged}");

    let form = format!("number={FRIEND}&message=%40{STRANGER}&mentions={STRANGER}&mentions={lid}&reply_to={question}");
    let request = world.request("POST", "/send").header("content-type", "application/x-www-form-urlencoded").body(form);
    let (status, sent) = answer(request).await;
    assert_eq!(status, 200, "{sent}");
    let logged = entry(&world, sent["message_id"].as_str().unwrap()).await;
    assert_eq!((&logged["quoted_id"], logged["data"]["mentions"].as_array().map(Vec::len)), (&json!(key), Some(2)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_content_that_cannot_be_sent_is_named_and_forgets_its_key() {
    let mut world = World::ready().await;
    let question = incoming(&world, "¿dónde?").await;
    let gone = "false_100000000000099@lid_3EB0";
    for (body, status, code) in [
        (json!({ "message": "x", "reply_to": gone }), 404, "MESSAGE_NOT_FOUND"),
        (json!({ "message": "x", "reply_to": "none" }), 404, "MESSAGE_NOT_FOUND"),
        (json!({ "message": "@5491199990000", "mentions": ["5491199990000"] }), 400, "NOT_ON_WHATSAPP"),
        (json!({ "message": "x", "location": { "latitude": 1, "longitude": 2 } }), 400, "CONTRADICTION"),
        (json!({ "location": { "latitude": 91, "longitude": 2 } }), 400, "INVALID_MESSAGE"),
        (json!({ "poll": { "question": "?", "options": ["a", "b"] }, "via": "cloud" }), 400, "VIA_NOT_CONFIGURED"),
    ] {
        let mut body = body;
        (body["number"], body["idempotency_key"]) = (json!(FRIEND), json!("k"));
        let (answered, refused) = world.post("/send", body.clone()).await;
        assert_eq!((answered, refused["code"].as_str()), (status, Some(code)), "{body}: {refused}");
    }
    let poll = |options: Value, reply_to: Option<&str>| json!({ "number": FRIEND, "poll": { "question": "?", "options": options }, "reply_to": reply_to, "idempotency_key": "k" });
    let first = world.post("/send", poll(json!(["a", "b"]), None)).await;
    assert_eq!(first.0, 200, "{}", first.1);
    assert_eq!(world.post("/send", poll(json!(["a", "b"]), None)).await, first);
    for other in [poll(json!(["a", "c"]), None), poll(json!(["a", "b"]), Some(question.as_str()))] {
        let (status, refused) = world.post("/send", other).await;
        assert_eq!((status, refused["code"].as_str()), (422, Some("IDEMPOTENCY_CONFLICT")), "{refused}");
    }
    assert_eq!(world.simulator.record().received.len(), 1);
    world.stop().await;
}
