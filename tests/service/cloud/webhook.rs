//! What Meta tells: who may tell it, and what becomes of it.

use serde_json::{Value, json};
use simulator::graph::{Graph, wamid};

use super::{logged, started, until, webhook};
use crate::hub::{Hub, count};
use crate::world::{FRIEND, World};

async fn told(graph: &Graph, world: &World, value: &Value) {
    assert_eq!(graph.tell(&webhook(world), value).await.unwrap(), 200);
}

async fn items(world: &World) -> Vec<Value> {
    world.get("/messages").await.1["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_sets_the_webhook_up_and_nobody_else_tells_anything() {
    let (graph, mut world) = started().await;
    let question =
        |token: &str| format!("/cloud/webhook?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1158201444");
    let answer = world.request("GET", &question("verify-token")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "1158201444"));
    assert_eq!(world.get(&question("another")).await.1["code"], "INVALID_SIGNATURE");
    let value = graph.received(FRIEND, "3A4A6599AEE03810144F", "text", json!({ "body": "añ" }));
    let (body, signature) = graph.signed(&value);
    let post = |body: String, signature: Option<String>| {
        let request = world.request("POST", "/cloud/webhook").header("content-type", "application/json").body(body);
        let request = match signature {
            Some(signature) => request.header("x-hub-signature-256", signature),
            None => request,
        };
        crate::world::answer(request)
    };
    for (body, signature) in [
        (body.clone(), None),
        (body.clone(), Some("sha256=00".to_owned())),
        (body.replace("\\u00f1", "ñ"), Some(signature.clone())),
        (format!("{body} "), Some(signature.clone())),
    ] {
        let (status, refused) = post(body, signature).await;
        assert_eq!((status, refused["code"].as_str()), (403, Some("INVALID_SIGNATURE")), "{refused}");
    }
    assert!(items(&world).await.is_empty());
    let metrics = world.request("GET", "/metrics").send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("session_manager_cloud_webhook_refused_total 4"), "{metrics}");
    assert_eq!(post(body, Some(signature)).await.0, 200);
    assert_eq!(items(&world).await[0]["body"], "añ");
    let (status, large) = post("x".repeat((3 << 20) + 1), None).await;
    assert_eq!((status, large["code"].as_str()), (413, Some("BODY_TOO_LARGE")), "{large}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_needs_no_token_of_ours_and_works_under_any_host() {
    let (graph, mut world) = super::world().await;
    world.set("API_TOKEN", "0123456789abcdef").start().await;
    // The stand-in calls it as hooks.example.com.
    let value = graph.received(FRIEND, "3A4A6599AEE03810144F", "text", json!({ "body": "hola" }));
    told(&graph, &world, &value).await;
    assert_eq!(world.get("/messages").await.0, 401);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_write_is_logged_once_and_told_as_the_page_tells_it() {
    let (graph, mut world) = started().await;
    let value = graph.received(FRIEND, "3A4A6599AEE03810144F", "text", json!({ "body": "hola" }));
    for _ in 0..3 {
        told(&graph, &world, &value).await;
    }
    let found = items(&world).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    let message = &found[0];
    assert_eq!(
        (&message["direction"], &message["type"], &message["body"], &message["phone"], &message["source"]),
        (&json!("in"), &json!("chat"), &json!("hola"), &json!(FRIEND), &json!("cloud"))
    );
    assert_eq!(
        (&message["name"], &message["id"]),
        (&json!("Ana"), &json!(wamid(FRIEND, false, "3A4A6599AEE03810144F")))
    );
    // Somebody without a number, and another number of the business.
    told(&graph, &world, &json!({ "messages": [{
        "from_user_id": "AR.1", "id": "wamid.opaque", "timestamp": "1750000000", "type": "text", "text": { "body": "anónimo" },
    }] })).await;
    told(&graph, &world, &json!({
        "metadata": { "phone_number_id": "7", "display_phone_number": "1" },
        "messages": [{ "from": FRIEND, "id": "wamid.other", "timestamp": "1", "type": "text", "text": { "body": "x" } }],
    })).await;
    let found = items(&world).await;
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!((&found[1]["chat_id"], &found[1]["phone"]), (&json!("AR.1@bsuid"), &json!(null)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_received_file_is_fetched_by_its_id() {
    let (graph, mut world) = started().await;
    let file = graph.add_file("image/jpeg", b"a picture");
    let content = json!({ "id": file, "mime_type": "image/jpeg", "caption": "mira" });
    told(&graph, &world, &graph.received(FRIEND, "3A4A6599AEE03810144F", "image", content)).await;
    let gone = json!({ "id": "9999999", "mime_type": "image/jpeg" });
    told(&graph, &world, &graph.received(FRIEND, "3A4A6599AEE038101450", "image", gone)).await;
    let status = |key: &'static str| {
        let world = &world;
        async move { logged(world, &wamid(FRIEND, false, key)).await["media"]["status"].clone() }
    };
    until("the file", || async { status("3A4A6599AEE03810144F").await == "stored" }).await;
    until("the end of the other", || async { status("3A4A6599AEE038101450").await == "gone" }).await;
    let entry = logged(&world, &wamid(FRIEND, false, "3A4A6599AEE03810144F")).await;
    let file = world.request("GET", entry["media"]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(file.bytes().await.unwrap(), &b"a picture"[..]);
    // Nothing is at a link: another link is asked for, once.
    for (broken, key, status) in [(1, "3A4A6599AEE038101451", "stored"), (2, "3A4A6599AEE038101452", "gone")] {
        graph.break_links(broken);
        let file = graph.add_file("image/jpeg", key.as_bytes());
        let content = json!({ "id": file, "mime_type": "image/jpeg" });
        told(&graph, &world, &graph.received(FRIEND, key, "image", content)).await;
        let media = || async { logged(&world, &wamid(FRIEND, false, key)).await["media"]["status"].clone() };
        until("the file with another link", || async { media().await == status }).await;
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_no_further_messages_gets_none_by_either_way() {
    let (graph, mut world) = super::world().await;
    world.set("OPT_OUT_WORDS", "no más").start().await;
    super::until_ready(&world).await;
    for (number, key, text, is_out) in [
        ("5491100000001", "AAAAAAAAAAAA0001", "Baja", true),
        ("5491100000002", "AAAAAAAAAAAA0002", "¡stop!", true),
        ("5491100000003", "AAAAAAAAAAAA0003", "NO MAS", true),
        ("5491100000004", "AAAAAAAAAAAA0004", "baja el precio", false),
    ] {
        told(&graph, &world, &graph.received(number, key, "text", json!({ "body": text }))).await;
        let (status, answer) = world.send(number, "oferta").await;
        let expected = if is_out { (403, Some("RECIPIENT_OPTED_OUT")) } else { (200, None) };
        assert_eq!((status, answer["code"].as_str()), expected, "{text}: {answer}");
    }
    assert_eq!(graph.messages().len(), 1);
    world.stop().await;
    world.start().await;
    super::until_ready(&world).await;
    assert_eq!(world.send("5491100000001", "oferta").await.0, 403, "it is remembered");
    let (status, list) = world.get("/opt-outs?limit=2").await;
    let ids =
        |list: &Value| -> Vec<_> { list["items"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect() };
    assert_eq!((status, ids(&list)), (200, vec![json!("5491100000001"), json!("5491100000002")]), "{list}");
    let after = format!("/opt-outs?after={}", list["next"].as_str().unwrap());
    let (_, rest) = world.get(&after).await;
    assert_eq!((ids(&rest), &rest["next"]), (vec![json!("5491100000003")], &json!(null)));
    let take_back = |who: &'static str| {
        let request = world.request("DELETE", &format!("/opt-outs/{who}"));
        async move { crate::world::answer(request).await }
    };
    // By the number's other form, as a person types it.
    assert_eq!(take_back("+54%2011%200000-0001").await.0, 200);
    assert_eq!(take_back("5491100000001").await.1["code"], "OPT_OUT_NOT_FOUND");
    assert_eq!(world.send("5491100000001", "oferta").await.0, 200);
    // Meta tells of the same message again; the person opts out again.
    let again = graph.received("5491100000001", "AAAAAAAAAAAA0001", "text", json!({ "body": "Baja" }));
    let mut old = again.clone();
    old["messages"][0]["timestamp"] = json!("1750000000");
    told(&graph, &world, &old).await;
    assert_eq!(world.send("5491100000001", "oferta").await.0, 200);
    let mut later = graph.received("5491100000001", "AAAAAAAAAAAA0009", "text", json!({ "body": "baja" }));
    later["messages"][0]["timestamp"] = json!("4000000000");
    told(&graph, &world, &later).await;
    assert_eq!(world.send("5491100000001", "oferta").await.0, 403);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_hears_both_sides_by_their_numbers_also_without_a_browser() {
    let hub = Hub::start();
    let (graph, mut world) = super::world().await;
    world.set("CENTRAL_HUB_BASE_URL", &hub.url).set("INTERNAL_LISTENER_TOKEN", "secret");
    world.set("CENTRAL_HUB_CLIENTE_ID", "51").start().await;
    super::until_ready(&world).await;
    told(&graph, &world, &graph.received(FRIEND, "3A4A6599AEE03810144F", "text", json!({ "body": "hola" }))).await;
    let nameless = json!({ "messages": [{
        "from_user_id": "AR.1", "id": "wamid.opaque", "timestamp": "1750000000", "type": "text", "text": { "body": "anónimo" },
    }] });
    told(&graph, &world, &nameless).await;
    assert_eq!(world.send(FRIEND, "desde la API").await.0, 200);
    let record = hub.until("both", |record| count(&record["incoming"]) == 1 && count(&record["outgoing"]) == 1).await;
    assert_eq!((&record["incoming"][0]["from"], &record["incoming"][0]["message"]), (&json!(FRIEND), &json!("hola")));
    let outgoing = &record["outgoing"][0];
    assert_eq!((&outgoing["from"], &outgoing["to"]), (&json!(graph.options().phone), &json!(FRIEND)));
    assert_eq!(
        world.get("/deliveries/dead").await.1["items"],
        json!([]),
        "somebody without a number is no dead letter"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_cap_of_new_contacts_holds_for_this_way_too() {
    let (graph, mut world) = super::world().await;
    graph.open_every_window();
    world.set("SEND_NEW_CONTACTS_DAILY_MAX", "1").start().await;
    super::until_ready(&world).await;
    let (known, other, writer) = ("5491100000001", "5491100000002", "5491100000003");
    assert_eq!(world.send(known, "uno").await.0, 200);
    assert_eq!(world.send(known, "dos").await.0, 200, "it is no first message any more");
    let (status, refused) = world.send(other, "uno").await;
    assert_eq!((status, refused["code"].as_str()), (429, Some("RATE_LIMITED")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("SEND_NEW_CONTACTS_DAILY_MAX"), "{refused}");
    told(&graph, &world, &graph.received(writer, "AAAAAAAAAAAA0001", "text", json!({ "body": "hola" }))).await;
    assert_eq!(world.send(&writer.replacen("549", "54", 1), "hola").await.0, 200, "who wrote is answered");
    world.stop().await;
    world.start().await;
    super::until_ready(&world).await;
    assert_eq!(world.send(other, "uno").await.0, 429, "the count is kept");
    assert_eq!(graph.messages().len(), 3);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daily_cap_holds_for_this_way_too() {
    let (graph, mut world) = super::world().await;
    world.set("SEND_DAILY_MAX", "1").start().await;
    super::until_ready(&world).await;
    assert_eq!(world.send(FRIEND, "uno").await.0, 200);
    let (status, refused) = world.send(FRIEND, "dos").await;
    assert_eq!((status, refused["code"].as_str()), (429, Some("RATE_LIMITED")), "{refused}");
    assert_eq!(graph.messages().len(), 1);
    world.stop().await;
}
