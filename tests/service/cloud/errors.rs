//! Each error of Meta's, and each refusal before a call.

use serde_json::{Value, json};
use simulator::graph::{Graph, GraphFault};

use super::{keyed, logged, report, started, until, world};
use crate::world::{FRIEND, World, answer};

#[tokio::test(flavor = "multi_thread")]
async fn each_number_of_metas_is_an_answer_of_ours_and_the_key_is_free_again() {
    let (graph, mut world) = started().await;
    let cases = [
        (400, 131_047, 409, "TEMPLATE_REQUIRED", false),
        (400, 131_026, 400, "NOT_ON_WHATSAPP", false),
        (400, 131_030, 400, "NOT_ON_WHATSAPP", false),
        (429, 130_429, 429, "RATE_LIMITED", true),
        (429, 80_007, 429, "RATE_LIMITED", true),
        (429, 131_048, 429, "RATE_LIMITED", true),
        (404, 132_001, 400, "TEMPLATE_INVALID", false),
        (400, 132_000, 400, "TEMPLATE_INVALID", false),
        (400, 131_049, 500, "WHATSAPP_ERROR", false),
        (400, 131_042, 500, "WHATSAPP_ERROR", false),
        (400, 100, 500, "WHATSAPP_ERROR", false),
    ];
    for (status, code, answered, name, again) in cases {
        graph.fault(GraphFault::Refuse { status, code });
        let request = world.request("POST", "/send").header("idempotency-key", "k");
        let response = request.json(&json!({ "number": FRIEND, "message": "hola" })).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.headers().contains_key("retry-after")),
            (answered, again),
            "{code}"
        );
        let refused: Value = response.json().await.unwrap();
        assert_eq!(refused["code"].as_str(), Some(name), "{code}: {refused}");
        if name == "WHATSAPP_ERROR" {
            assert_eq!(refused["whatsapp_code"], code, "{refused}");
        }
    }
    assert!(graph.messages().is_empty());
    // Nothing had left, so the key is free.
    assert_eq!(keyed(&world, "k", "hola").await.0, 200);
    assert_eq!(graph.messages().len(), 1);
    world.stop().await;
}

/// How many messages were posted.
fn posted(graph: &Graph) -> usize {
    graph.calls().iter().filter(|call| call.ends_with("/messages")).count()
}

/// A send under a key, in a task of its own.
fn ask(world: &World, key: &str) -> impl Future<Output = (u16, Value)> + Send + use<> {
    let request = world.request("POST", "/send").header("idempotency-key", key);
    answer(request.json(&json!({ "number": FRIEND, "message": "hola" })))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_in_trouble_may_have_taken_it() {
    let (graph, mut world) = super::impatient().await;
    let in_trouble = [(500, 1), (400, 1), (503, 2), (500, 131_000), (503, 131_016)];
    let keys: Vec<String> = in_trouble.map(|(status, code)| format!("{status} {code}")).into();
    // At the same time, because each of them waits for a report of its message.
    let mut sends = Vec::new();
    for (key, (status, code)) in keys.iter().zip(in_trouble) {
        let calls = posted(&graph);
        graph.fault(GraphFault::Refuse { status, code });
        sends.push(tokio::spawn(ask(&world, key)));
        until("the call", || async { posted(&graph) > calls }).await;
    }
    for (key, send) in keys.iter().zip(sends) {
        let (answered, unconfirmed) = send.await.unwrap();
        assert_eq!((answered, unconfirmed["code"].as_str()), (504, Some("SEND_UNCONFIRMED")), "{key}: {unconfirmed}");
    }
    let calls = posted(&graph);
    for key in &keys {
        assert_eq!(keyed(&world, key, "hola").await.0, 504, "{key}: it is not tried again");
    }
    assert_eq!(posted(&graph), calls);
    assert!(graph.messages().is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_failure_that_overtakes_the_answer_is_the_answer_and_stays_the_keys_outcome() {
    let (graph, mut world) = started().await;
    let cases = [
        (131_047, 409, "TEMPLATE_REQUIRED"),
        (131_026, 400, "NOT_ON_WHATSAPP"),
        (131_053, 415, "MEDIA_TYPE"),
        (131_049, 500, "WHATSAPP_ERROR"),
        (131_056, 500, "WHATSAPP_ERROR"),
    ];
    for (n, (code, status, name)) in cases.into_iter().enumerate() {
        graph.fault(GraphFault::Hang);
        let key = format!("k{n}");
        let reported = async {
            until("the message", || async { graph.messages().len() > n }).await;
            let failed = graph.failed(&graph.messages()[n], code);
            assert_eq!(graph.tell(&super::webhook(&world), &failed).await.unwrap(), 200);
        };
        let ((answered, refused), ()) = tokio::join!(keyed(&world, &key, "hola"), reported);
        let told = (answered, refused["code"].as_str(), &refused["whatsapp_code"]);
        assert_eq!(told, (status, Some(name), &json!(code)), "{refused}");
        // The message is in the log as failed, and found by the reference that the answer names.
        let reference = refused["message_id"].as_str().unwrap().to_owned();
        let entry = logged(&world, &reference).await;
        let found = (&entry["ack"], &entry["error_code"], &entry["id"]);
        assert_eq!(found, (&json!(-1), &json!(code), &json!(graph.messages()[n].id)), "{entry}");
        assert_eq!(keyed(&world, &key, "hola").await, (status, refused), "{code}: the key has its outcome");
    }
    assert_eq!(graph.messages().len(), cases.len());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_who_got_too_much_is_left_alone_and_the_others_are_not() {
    let (graph, mut world) = started().await;
    graph.open_window("5491155554444");
    graph.fault(GraphFault::Refuse { status: 429, code: 131_056 });
    assert_eq!(world.send(FRIEND, "hola").await.0, 429);
    let before = graph.calls().len();
    let (status, refused) = world.send(FRIEND, "hola").await;
    assert_eq!((status, refused["code"].as_str()), (429, Some("RATE_LIMITED")), "{refused}");
    assert_eq!(graph.calls().len(), before, "Meta is not asked again so soon");
    assert_eq!(world.send("5491155554444", "hola").await.0, 200);
    // The same, told of a message that was taken, for another form of the number.
    let mut failed = graph.failed(&graph.messages()[0], 131_056);
    failed["statuses"][0]["recipient_id"] = json!("541155554444");
    assert_eq!(graph.tell(&super::webhook(&world), &failed).await.unwrap(), 200);
    let before = graph.calls().len();
    let (status, refused) = world.send("5491155554444", "hola").await;
    assert_eq!((status, refused["code"].as_str()), (429, Some("RATE_LIMITED")), "{refused}");
    assert_eq!(graph.calls().len(), before);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_stops_the_sends_and_a_good_one_is_noticed() {
    let (graph, mut world) = world().await;
    world.tune = |_| {};
    world.start().await;
    super::until_ready(&world).await;
    graph.set_token("another");
    let (status, refused) = world.send(FRIEND, "hola").await;
    assert_eq!((status, refused["code"].as_str()), (503, Some("CLOUD_UNAUTHORIZED")), "{refused}");
    assert!(!refused["message"].as_str().unwrap().contains("EAAG"), "{refused}");
    let (status, ready) = world.get("/health/ready").await;
    assert_eq!((status, ready["code"].as_str()), (503, Some("CLOUD_UNAUTHORIZED")), "{ready}");
    let (_, answered) = world.get("/status").await;
    assert_eq!(answered["recommended_action"], "CHECK_SERVER", "{answered}");
    assert!(answered["detail"].as_str().unwrap().contains("CLOUD_API_TOKEN"), "{answered}");
    assert_eq!((&answered["can_send_messages"], &answered["send"]["available"]), (&json!(false), &json!(false)));
    let before = graph.calls().len();
    assert_eq!(world.send(FRIEND, "hola").await.0, 503);
    assert_eq!(graph.calls().len(), before, "Meta is not asked with a token that it refuses");
    graph.set_token(&graph.options().token);
    until("the token to be accepted again", || async { world.send(FRIEND, "hola").await.0 == 200 }).await;
    world.stop().await;
}

async fn refused(world: &World, body: Value) -> (u16, String) {
    let (status, refused) = world.post("/send", body).await;
    (status, refused["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_never_takes_is_refused_before_the_call() {
    let (graph, mut world) = started().await;
    let before = graph.calls().len();
    let (status, long) = world.send(FRIEND, &"ñ".repeat(4097)).await;
    assert_eq!((status, long["code"].as_str(), &long["limit"]), (400, Some("INVALID_MESSAGE"), &json!(4096)), "{long}");
    for chat in ["120363000000000001@g.us", "22300000000001@lid"] {
        let body = json!({ "to": chat, "message": "hola" });
        assert_eq!(refused(&world, body).await, (501, "NOT_POSSIBLE_VIA_CLOUD".to_owned()));
    }
    let via = json!({ "number": FRIEND, "message": "hola", "via": "carrier pigeon" });
    assert_eq!(refused(&world, via).await, (400, "INVALID_FIELD".to_owned()));
    assert_eq!(graph.calls().len(), before);
    assert_eq!(world.send(FRIEND, &"ñ".repeat(4096)).await.0, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_cloud_api_its_way_is_not_configured() {
    let mut world = World::new(simulator::Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let cloud = json!({ "number": FRIEND, "message": "hola", "via": "cloud" });
    assert_eq!(refused(&world, cloud).await, (400, "VIA_NOT_CONFIGURED".to_owned()));
    let web = json!({ "number": FRIEND, "message": "hola", "via": "web" });
    assert_eq!(refused(&world, web).await, (503, "SESSION_NOT_READY".to_owned()));
    assert_eq!(world.get("/cloud/webhook").await.0, 404);
    assert_eq!(world.get("/health/ready").await.0, 503);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn auto_takes_the_cloud_api_where_it_can_and_else_the_page() {
    let (graph, mut world) = world().await;
    world.set("SEND_VIA", "auto").start().await;
    assert_eq!(world.send(FRIEND, "hola").await.0, 200);
    assert_eq!(graph.messages().len(), 1);
    // The page would have to send this, and no page runs.
    let group = json!({ "to": "120363000000000001@g.us", "message": "hola" });
    assert_eq!(refused(&world, group).await, (503, "SESSION_NOT_READY".to_owned()));
    let long = json!({ "number": FRIEND, "message": "x".repeat(4097) });
    assert_eq!(refused(&world, long).await, (503, "SESSION_NOT_READY".to_owned()));
    // The token is no matter of what goes by the page, whatever the content is.
    graph.set_token("another");
    assert_eq!(world.send(FRIEND, "hola").await.0, 503);
    let file = json!({ "data": "data:text/plain;base64,aG9sYQ==", "filename": "a.txt" });
    let group = json!({ "to": "120363000000000001@g.us", "media": file });
    assert_eq!(refused(&world, group).await, (503, "SESSION_NOT_READY".to_owned()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_comes_later_is_an_ack_of_the_message() {
    let (graph, mut world) = started().await;
    let (status, sent) = keyed(&world, "k", "hola").await;
    assert_eq!(status, 200, "{sent}");
    let message = graph.messages()[0].clone();
    report(&graph, &world, &message, "failed").await;
    let entry = logged(&world, &message.id).await;
    assert_eq!((&entry["ack"], &entry["error_code"]), (&json!(-1), &json!(131_049)));
    assert_eq!(keyed(&world, "k", "hola").await.1, sent, "a key has its first outcome");
    world.stop().await;
}
