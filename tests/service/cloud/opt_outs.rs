//! Who wants no further messages, and is known by a LID alone.

use serde_json::{Value, json};
use session_manager::domain::state::State;
use session_manager::domain::time::Timestamp;
use session_manager::store::Store;
use simulator::Incoming;
use simulator::graph::{Graph, wamid};

use super::{settings, webhook};
use crate::events::Follower;
use crate::world::{FRIEND, World};

/// A service whose page knows the friend's number and LID, and where the LID alone wants no further messages. Also the id of what
/// the friend wrote.
async fn world(graph: &Graph) -> (World, String) {
    let (_, mut world) = super::world().await;
    settings(graph, &mut world);
    world.set("AUTO_CONNECT", "true").start().await;
    world.link().await;
    let mut follower = Follower::follow(&world, None).await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    let heard = follower.until("message").await.data["data"].clone();
    let lid = heard["lid"].as_str().unwrap().to_owned();
    drop(follower);
    world.stop().await;
    let folder = world.settings["DATA_DIR"].clone();
    let store = Store::open(std::path::Path::new(&folder)).await.unwrap().store;
    store.opt_out(vec![lid], Timestamp::from_millis(1_750_000_000_000)).await.unwrap();
    store.close().await.unwrap();
    (world, heard["id"].as_str().unwrap().to_owned())
}

async fn send(world: &World, via: &str) -> (u16, Value) {
    world.post("/send", json!({ "number": FRIEND, "message": "oferta", "via": via })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lid_of_which_the_page_knows_the_number_holds_for_both_ways_and_is_taken_back_by_the_number() {
    let graph = Graph::start(simulator::graph::GraphOptions::default()).await.unwrap();
    graph.open_every_window();
    let (mut world, message) = world(&graph).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let taken_back = format!("/opt-outs/{FRIEND}");
    assert_eq!(world.delete(&taken_back).await.1["code"], "OPT_OUT_NOT_FOUND", "no page says whose LID it is");
    world.stop().await;
    world.set("AUTO_CONNECT", "true").start().await;
    world.until(State::Ready).await;
    super::until_ready(&world).await;
    for via in ["cloud", "web"] {
        let (status, refused) = send(&world, via).await;
        assert_eq!((status, refused["code"].as_str()), (403, Some("RECIPIENT_OPTED_OUT")), "{via}: {refused}");
    }
    // To a message of the page, and to one of Meta's.
    let value = graph.received(FRIEND, "3A4A6599AEE03810144F", "text", json!({ "body": "hola" }));
    assert_eq!(graph.tell(&webhook(&world), &value).await.unwrap(), 200);
    let of_meta = wamid(FRIEND, false, "3A4A6599AEE03810144F").replace('=', "%3D").replace('/', "%2F");
    for message in [&message, &of_meta.replace('+', "%2B")] {
        let (_, refused) = world.post(&format!("/messages/{message}/reaction"), json!({ "emoji": "👍" })).await;
        assert_eq!(refused["code"], "RECIPIENT_OPTED_OUT", "{message}: {refused}");
    }
    assert!(graph.messages().is_empty());
    // Blocked people are not written to, and their wish can be taken back.
    let blocked = format!("/contacts/{FRIEND}/block");
    assert_eq!(world.request("POST", &blocked).send().await.unwrap().status().as_u16(), 200);
    let (status, answer) = world.delete(&taken_back).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(world.delete(&blocked).await.0, 200);
    assert_eq!(send(&world, "web").await.0, 200);
    assert_eq!(send(&world, "cloud").await.0, 200);
    assert_eq!(world.get("/opt-outs").await.1["items"], json!([]));
    world.stop().await;
}
