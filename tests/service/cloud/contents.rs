//! Places, contacts, answers and reactions by the Cloud API, and what it has not.

use serde_json::{Value, json};
use session_manager::domain::wamid::Wamid;
use simulator::graph::GraphFault;

use super::{logged, started};
use crate::world::{FRIEND, World, answer};

async fn react(world: &World, id: &str, key: &str, emoji: &str) -> (u16, Value) {
    let path = format!("/messages/{}/reaction", id.replace('/', "%2F").replace('+', "%2B"));
    answer(world.request("POST", &path).header("idempotency-key", key).json(&json!({ "emoji": emoji }))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn places_contacts_and_answers_go_by_the_cloud_api_and_are_in_the_log() {
    let (graph, mut world) = started().await;
    let place = json!({ "latitude": -34.5, "longitude": 58.25, "name": "Obelisco" });
    let (status, sent) = world.post("/send", json!({ "number": FRIEND, "location": place })).await;
    assert_eq!(status, 200, "{sent}");
    let entry = logged(&world, sent["message_id"].as_str().unwrap()).await;
    assert_eq!(
        (&entry["type"], &entry["data"]["location"]["name"]),
        (&json!("location"), &json!("Obelisco")),
        "{entry}"
    );
    let people = json!([{ "name": "Ana", "phone": FRIEND }]);
    let reply = "false_22300000000001@lid_3EB0A1B2C3D4";
    let (status, sent) = world.post("/send", json!({ "number": FRIEND, "contacts": people, "reply_to": reply })).await;
    assert_eq!(status, 200, "{sent}");
    let entry = logged(&world, sent["message_id"].as_str().unwrap()).await;
    assert_eq!((&entry["type"], &entry["quoted_id"]), (&json!("vcard"), &json!("3EB0A1B2C3D4")), "{entry}");
    let taken = graph.messages();
    assert_eq!(taken[0].body["location"], place);
    assert_eq!(taken[1].body["contacts"][0]["phones"][0]["wa_id"], FRIEND);
    let answered = Wamid { number: FRIEND.to_owned(), from_me: false, key: "3EB0A1B2C3D4".to_owned() };
    assert_eq!(taken[1].body["context"], json!({ "message_id": answered.encode() }));
    let (status, sent) =
        world.post("/send", json!({ "number": FRIEND, "message": "sí", "reply_to": taken[1].id })).await;
    assert_eq!(status, 200, "{sent}");
    assert_eq!(graph.messages()[2].body["context"], json!({ "message_id": taken[1].id }));
    for (body, status, code) in [
        (json!({ "poll": { "question": "?", "options": ["a", "b"] } }), 501, "NOT_POSSIBLE_VIA_CLOUD"),
        (json!({ "message": "@5491122334466", "mentions": ["5491122334466"] }), 501, "NOT_POSSIBLE_VIA_CLOUD"),
        (json!({ "message": "x", "reply_to": "none" }), 404, "MESSAGE_NOT_FOUND"),
    ] {
        let mut body = body;
        body["number"] = json!(FRIEND);
        let (answered, refused) = world.post("/send", body).await;
        assert_eq!((answered, refused["code"].as_str()), (status, Some(code)), "{refused}");
    }
    assert_eq!(graph.messages().len(), 3);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_cannot_show_of_a_message_is_an_entry_without_words() {
    let (graph, mut world) = started().await;
    let mut value = graph.received(FRIEND, "3A4A6599AEE03810144F", "unsupported", Value::Null);
    value["messages"][0]["errors"] = json!([{ "code": 131_051, "title": "Message type unknown", "message": "x" }]);
    assert_eq!(graph.tell(&super::webhook(&world), &value).await.unwrap(), 200);
    let items = world.get("/messages").await.1["items"].clone();
    let entry = (&items[0]["type"], &items[0]["body"], &items[0]["direction"]);
    assert_eq!(entry, (&json!("unsupported"), &json!(""), &json!("in")), "{items}");
    assert_eq!(items.as_array().map(Vec::len), Some(1), "{items}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_goes_to_a_message_of_the_cloud_api() {
    let (graph, mut world) = started().await;
    let (_, sent) = world.send(FRIEND, "hola").await;
    let id = sent["message_id"].as_str().unwrap().to_owned();
    let first = react(&world, &id, "k", "👍").await;
    let told = (first.0, &first.1["status"], &first.1["via"], &first.1["message_id"], &first.1["to"]);
    assert_eq!(told, (200, &json!("ACCEPTED"), &json!("cloud"), &json!(id), &json!(FRIEND)), "{}", first.1);
    assert_eq!(react(&world, &id, "k", "👍").await, first);
    assert_eq!(react(&world, &id, "k", "🎉").await.0, 422);
    let taken = graph.messages();
    assert_eq!((taken.len(), &taken[1].body["reaction"]), (2, &json!({ "message_id": id, "emoji": "👍" })));
    graph.fault(GraphFault::Refuse { status: 400, code: 131_047 });
    assert_eq!(react(&world, &id, "l", "👍").await.1["code"], "TEMPLATE_REQUIRED");
    assert_eq!(react(&world, &id, "l", "🎉").await.0, 200, "what was refused is forgotten");
    let path = format!("/messages/{}", id.replace('/', "%2F").replace('+', "%2B"));
    for method in ["PATCH", "DELETE"] {
        let (status, refused) = answer(world.request(method, &path).json(&json!({ "message": "x" }))).await;
        assert_eq!((status, refused["code"].as_str()), (501, Some("NOT_POSSIBLE_VIA_CLOUD")), "{refused}");
    }
    world.stop().await;
}
