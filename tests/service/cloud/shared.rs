//! The app on the phone and the Cloud API share a number (Meta's coexistence): each tells of what the other did.

use serde_json::{Value, json};
use simulator::graph::{Graph, GraphFault};

use super::{keyed, logged, started, until, webhook};
use crate::hub::{Hub, count};
use crate::world::{FRIEND, World};

async fn told(graph: &Graph, world: &World, value: &Value) {
    assert_eq!(graph.tell(&webhook(world), value).await.unwrap(), 200);
}

/// The key of the stand-in's nth message.
fn key(n: usize) -> String {
    format!("3EB0{n:016X}")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_of_what_the_service_sent_is_its_own_also_where_it_overtakes_the_answer() {
    let (graph, mut world) = started().await;
    graph.fault(GraphFault::Slow(std::time::Duration::from_millis(500)));
    let echoed = async {
        until("the message", || async { !graph.messages().is_empty() }).await;
        told(&graph, &world, &graph.echo(FRIEND, &key(1), "hola")).await;
        let id = graph.messages()[0].id.clone();
        let entry = logged(&world, &id).await;
        assert_eq!((&entry["sent_by_api"], &entry["direction"]), (&json!(true), &json!("out")), "{entry}");
    };
    let ((status, sent), ()) = tokio::join!(keyed(&world, "k", "hola"), echoed);
    assert_eq!((status, &sent["message_id"]), (200, &json!(graph.messages()[0].id)), "{sent}");
    // And after the answer.
    told(&graph, &world, &graph.echo(FRIEND, &key(1), "hola")).await;
    let items = world.get("/messages").await.1["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1, "{items}");
    // What Meta refused is written on the phone instead; and a person writes the same words once more.
    graph.fault(GraphFault::Refuse { status: 400, code: 131_049 });
    assert_eq!(keyed(&world, "l", "chau").await.0, 500);
    told(&graph, &world, &graph.echo(FRIEND, "3A00000000000000000B", "chau")).await;
    told(&graph, &world, &graph.echo(FRIEND, "3A00000000000000000A", "hola")).await;
    let items = world.get("/messages").await.1["items"].clone();
    let own: Vec<_> = items.as_array().unwrap().iter().map(|item| item["sent_by_api"].clone()).collect();
    assert_eq!(own, [json!(true), json!(false), json!(false)], "{items}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_tells_of_the_services_own_message_is_no_persons_at_the_hub() {
    let hub = Hub::start();
    let (graph, mut world) = super::world().await;
    world.set("AUTO_CONNECT", "true").set("CENTRAL_HUB_BASE_URL", &hub.url).set("CENTRAL_HUB_CLIENTE_ID", "51");
    world.set("CENTRAL_HUB_USER", "u").set("CENTRAL_HUB_PASS", "p").set("INTERNAL_LISTENER_TOKEN", "secret");
    world.start().await;
    world.link().await;
    graph.hide_ids();
    graph.fault(GraphFault::Slow(std::time::Duration::from_secs(1)));
    // The page tells of it while Meta has not answered.
    let seen = async {
        until("the message", || async { !graph.messages().is_empty() }).await;
        world.simulator.from_phone(FRIEND, "desde la API").unwrap();
    };
    let ((status, sent), ()) = tokio::join!(keyed(&world, "k", "desde la API"), seen);
    assert_eq!((status, &sent["via"]), (200, &json!("cloud")), "{sent}");
    world.simulator.from_phone(FRIEND, "desde el teléfono").unwrap();
    let record = hub.until("what a person wrote", |record| count(&record["conversation"]) > 0).await;
    let human = json!({ "cliente_id": 51, "telefono": FRIEND, "texto": "desde el teléfono", "esHumano": true });
    assert_eq!(record["conversation"], json!([human]), "{record}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_metas_id_hides_what_the_page_knows_both_stand_and_neither_is_a_persons() {
    let (graph, mut world) = started().await;
    graph.hide_ids();
    assert_eq!(keyed(&world, "k", "hola").await.0, 200);
    for expected in [true, false] {
        let key = format!("3A00000000000000000{}", u8::from(expected));
        told(&graph, &world, &graph.echo(FRIEND, &key, "hola")).await;
        let id = simulator::graph::wamid(FRIEND, true, &key);
        assert_eq!(logged(&world, &id).await["sent_by_api"], expected, "a second one is a person's");
    }
    assert_eq!(world.get("/messages").await.1["items"].as_array().unwrap().len(), 3);
    world.stop().await;
}
