//! Chats are marked as read and shown typing by the Cloud API, which knows a chat by the messages that came from there.

use serde_json::{Value, json};
use simulator::graph::{Graph, GraphFault, wamid};

use super::{started, webhook, world};
use crate::world::{FRIEND, World};

async fn wrote(graph: &Graph, world: &World, key: &str) -> String {
    let value = graph.received(FRIEND, key, "text", json!({ "body": "hola" }));
    assert_eq!(graph.tell(&webhook(world), &value).await.unwrap(), 200);
    wamid(FRIEND, false, key)
}

async fn refused(world: &World, path: &str, body: Value) -> (u16, String) {
    let (status, refused) = world.post(path, body).await;
    (status, refused["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_message_of_a_chat_is_marked_as_read_and_answered_with_typing() {
    let (graph, mut world) = started().await;
    let (read, typing) = (format!("/chats/{FRIEND}/read"), format!("/chats/{FRIEND}/typing"));
    // A message of ours is none that could be read.
    assert_eq!(world.send(FRIEND, "hola").await.0, 200);
    assert_eq!(refused(&world, &read, json!({})).await, (404, "MESSAGE_NOT_FOUND".to_owned()));
    assert!(graph.read().is_empty());
    wrote(&graph, &world, "3A4A6599AEE03810144F").await;
    let newest = wrote(&graph, &world, "3A4A6599AEE038101450").await;
    let (status, done) = world.post(&read, json!({})).await;
    assert_eq!((status, &done["chat_id"]), (200, &json!(format!("{FRIEND}@c.us"))), "{done}");
    // By the other form of the number too.
    let other = format!("/chats/{}/typing", FRIEND.replacen("549", "54", 1));
    assert_eq!(world.post(&other, json!({})).await.0, 200);
    assert_eq!(graph.read(), [(newest.clone(), false), (newest.clone(), true)]);
    assert_eq!(graph.messages().len(), 1, "neither is a message");
    graph.fault(GraphFault::BreakAfter);
    assert_eq!(refused(&world, &read, json!({})).await, (504, "SEND_UNCONFIRMED".to_owned()));
    graph.fault(GraphFault::Refuse { status: 429, code: 130_429 });
    assert_eq!(refused(&world, &typing, json!({})).await, (429, "RATE_LIMITED".to_owned()));
    graph.forget(&newest);
    assert_eq!(refused(&world, &read, json!({})).await, (404, "MESSAGE_NOT_FOUND".to_owned()));
    graph.set_token("another");
    assert_eq!(refused(&world, &read, json!({})).await, (503, "CLOUD_UNAUTHORIZED".to_owned()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_has_no_call_for_is_not_possible() {
    let (graph, mut world) = started().await;
    wrote(&graph, &world, "3A4A6599AEE03810144F").await;
    for (path, body) in [
        ("typing", json!({ "kind": "voice" })),
        ("typing", json!({ "kind": "none" })),
        ("unread", json!({})),
        ("archive", json!({})),
        ("pin", json!({})),
        ("mute", json!({})),
    ] {
        let path = format!("/chats/{FRIEND}/{path}");
        assert_eq!(refused(&world, &path, body).await, (501, "NOT_POSSIBLE_VIA_CLOUD".to_owned()), "{path}");
    }
    let group = "/chats/120363000000000001@g.us/read";
    assert_eq!(refused(&world, group, json!({})).await, (501, "NOT_POSSIBLE_VIA_CLOUD".to_owned()));
    assert!(graph.read().is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_leaves_to_the_page_what_the_page_alone_has_seen() {
    let (graph, mut world) = world().await;
    world.set("SEND_VIA", "auto").start().await;
    let read = format!("/chats/{FRIEND}/read");
    // Nothing came by the Cloud API, and no page runs.
    assert_eq!(refused(&world, &read, json!({})).await, (503, "SESSION_NOT_READY".to_owned()));
    let newest = wrote(&graph, &world, "3A4A6599AEE03810144F").await;
    assert_eq!(world.post(&read, json!({})).await.0, 200);
    assert_eq!(graph.read(), [(newest, false)]);
    let voice = format!("/chats/{FRIEND}/typing");
    assert_eq!(refused(&world, &voice, json!({ "kind": "voice" })).await, (503, "SESSION_NOT_READY".to_owned()));
    world.stop().await;
}
