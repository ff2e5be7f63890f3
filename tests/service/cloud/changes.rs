//! Edits, deletions and reactions that Meta tells of, alone and beside the page.

use serde_json::{Value, json};
use simulator::Incoming;
use simulator::graph::{Graph, wamid};

use super::{logged, settings, started, until, webhook};
use crate::events::Follower;
use crate::world::{FRIEND, World};

const KEY: &str = "3A4A6599AEE03810144F";

async fn told(graph: &Graph, world: &World, value: &Value) {
    assert_eq!(graph.tell(&webhook(world), value).await.unwrap(), 200);
}

/// The types of the events until this one, which a marker of Meta's ends.
async fn told_until_marker(graph: &Graph, world: &World, follower: &mut Follower, marker: &str) -> Vec<String> {
    told(graph, world, &graph.received("5491100000009", marker, "text", json!({ "body": "fin" }))).await;
    let mut kinds = Vec::new();
    loop {
        let event = follower.next().await;
        if event.data["data"]["body"] == "fin" {
            return kinds;
        }
        if event.name.starts_with("message") && event.name != "message_ack" {
            kinds.push(event.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_and_deletions_change_the_message_that_they_name_in_both_directions() {
    let (graph, mut world) = started().await;
    let mut follower = Follower::follow(&world, None).await;
    told(&graph, &world, &graph.received(FRIEND, KEY, "text", json!({ "body": "uno" }))).await;
    told(&graph, &world, &graph.echo(FRIEND, KEY, "mío")).await;
    for _ in 0..2 {
        told(&graph, &world, &graph.edited(FRIEND, KEY, "text", json!({ "body": "dos" }))).await;
        told(&graph, &world, &graph.echo_edited(FRIEND, KEY, "nuestro")).await;
    }
    let kinds = told_until_marker(&graph, &world, &mut follower, "AAAAAAAAAAAA0001").await;
    assert_eq!(kinds, ["message", "message", "message_edited", "message_edited"]);
    for _ in 0..2 {
        told(&graph, &world, &graph.revoked(FRIEND, KEY)).await;
        told(&graph, &world, &graph.echo_revoked(FRIEND, KEY)).await;
    }
    let kinds = told_until_marker(&graph, &world, &mut follower, "AAAAAAAAAAAA0002").await;
    assert_eq!(kinds, ["message_revoked", "message_revoked"]);
    for (from_me, body, before, by) in
        [(false, "dos", "uno", FRIEND), (true, "nuestro", "mío", graph.options().phone.as_str())]
    {
        let entry = logged(&world, &wamid(FRIEND, from_me, KEY)).await;
        assert_eq!((&entry["body"], &entry["edits"][0]["body"]), (&json!(body), &json!(before)), "{entry}");
        assert!(entry["revoked_at"].is_string(), "{entry}");
        assert_eq!(entry["revoked_by"]["phone"], by, "{entry}");
    }
    assert_eq!(world.get("/messages").await.1["items"].as_array().unwrap().len(), 4, "no entry of their own");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_what_is_not_known_is_kept_as_the_message_and_a_deletion_says_nothing() {
    let (graph, mut world) = started().await;
    told(&graph, &world, &graph.revoked(FRIEND, "3A4A6599AEE038101450")).await;
    told(&graph, &world, &graph.echo_revoked(FRIEND, "3A4A6599AEE038101450")).await;
    assert_eq!(world.get("/messages").await.1["items"], json!([]));
    // It overtakes its message.
    told(&graph, &world, &graph.edited(FRIEND, KEY, "text", json!({ "body": "dos" }))).await;
    told(&graph, &world, &graph.received(FRIEND, KEY, "text", json!({ "body": "uno" }))).await;
    let items = world.get("/messages").await.1["items"].clone();
    assert_eq!(
        (items.as_array().unwrap().len(), &items[0]["body"], &items[0]["type"]),
        (1, &json!("dos"), &json!("chat"))
    );
    assert_eq!(items[0]["id"], wamid(FRIEND, false, KEY));
    // A caption that overtakes its file does not keep the file away.
    const PICTURE: &str = "3A4A6599AEE038101451";
    told(&graph, &world, &graph.edited(FRIEND, PICTURE, "image", json!({ "caption": "dos" }))).await;
    let file = json!({ "id": graph.add_file("image/jpeg", b"a"), "mime_type": "image/jpeg", "caption": "uno" });
    told(&graph, &world, &graph.received(FRIEND, PICTURE, "image", file)).await;
    let items = world.get("/messages").await.1["items"].clone();
    assert_eq!((items.as_array().unwrap().len(), items[1]["media"].is_object()), (2, true), "{items}");
    // Who edits a message to a word of the opt-outs wants no further ones.
    assert_eq!(world.send(FRIEND, "oferta").await.0, 200);
    told(&graph, &world, &graph.edited(FRIEND, KEY, "text", json!({ "body": "BAJA" }))).await;
    assert_eq!(world.send(FRIEND, "oferta").await.1["code"], "RECIPIENT_OPTED_OUT");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_tells_of_too_is_told_once() {
    let (graph, mut world) = super::world().await;
    settings(&graph, &mut world);
    world.set("AUTO_CONNECT", "true").start().await;
    world.link().await;
    let mut follower = Follower::follow(&world, None).await;
    let id = world.simulator.incoming(Incoming::text(FRIEND, "uno")).unwrap();
    let heard = follower.until("message").await;
    assert_eq!(heard.data["data"]["id"], id.as_str());
    let key = id.rsplit('_').next().unwrap().to_owned();
    // Meta's message, then each change by one way first and by the other.
    told(&graph, &world, &graph.received(FRIEND, &key, "text", json!({ "body": "uno" }))).await;
    told(&graph, &world, &graph.edited(FRIEND, &key, "text", json!({ "body": "dos" }))).await;
    follower.until("message_edited").await;
    world.simulator.edit(&id, "dos").unwrap();
    world.simulator.edit(&id, "tres").unwrap();
    let edited = follower.until("message_edited").await;
    assert_eq!(edited.data["data"]["body"], "tres", "{:?}", edited.data);
    told(&graph, &world, &graph.edited(FRIEND, &key, "text", json!({ "body": "tres" }))).await;
    world.simulator.react(&id, FRIEND, "👍").unwrap();
    let reacted = follower.until("message_reaction").await;
    assert_eq!(reacted.data["data"]["message_id"], id.as_str());
    let reaction = json!({ "message_id": wamid(FRIEND, false, &key), "emoji": "👍" });
    told(&graph, &world, &graph.received(FRIEND, "3A4A6599AEE038101451", "reaction", reaction)).await;
    told(&graph, &world, &graph.revoked(FRIEND, &key)).await;
    follower.until("message_revoked").await;
    world.simulator.revoke(&id).unwrap();
    // The page has told of the deletion once the next message is there.
    world.simulator.incoming(Incoming::text(FRIEND, "otro")).unwrap();
    let next = follower.next().await;
    assert_eq!((next.name.as_str(), &next.data["data"]["body"]), ("message", &json!("otro")), "{:?}", next.data);
    let entry = logged(&world, &id).await;
    let versions: Vec<_> = entry["edits"].as_array().unwrap().iter().map(|one| one["body"].clone()).collect();
    assert_eq!((&entry["body"], versions), (&json!("tres"), vec![json!("uno"), json!("dos")]), "{entry}");
    assert_eq!(entry["reactions"].as_array().unwrap().len(), 1, "{entry}");
    until("one entry each", || async { world.get("/messages").await.1["items"].as_array().unwrap().len() == 2 }).await;
    world.stop().await;
}
