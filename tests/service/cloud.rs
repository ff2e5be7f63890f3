//! Meta's Cloud API as the second way out, against a stand-in of the Graph API: without any browser.

mod caps;
mod changes;
mod contents;
mod errors;
mod files;
mod health;
mod killed;
mod marks;
mod opt_outs;
mod shared;
mod webhook;

use std::time::Duration;

use serde_json::{Value, json};
use simulator::Options;
use simulator::graph::{Graph, GraphMessage, GraphOptions};

use crate::world::{DEADLINE, FRIEND, World, answer};

/// A stand-in, and a service that sends by it and starts no browser.
pub async fn world() -> (Graph, World) {
    let graph = Graph::start(GraphOptions::default()).await.unwrap();
    graph.open_window(FRIEND);
    let mut world = World::new(Options::fast()).await;
    settings(&graph, &mut world);
    (graph, world)
}

pub fn settings(graph: &Graph, world: &mut World) {
    let options = graph.options();
    world.set("SEND_VIA", "cloud").set("AUTO_CONNECT", "false");
    world.set("CLOUD_API_BASE_URL", &graph.url()).set("CLOUD_API_TOKEN", &options.token);
    world.set("CLOUD_API_PHONE_NUMBER_ID", &options.phone_number_id);
    world.set("CLOUD_API_APP_SECRET", &options.app_secret).set("CLOUD_API_VERIFY_TOKEN", "verify-token");
}

pub async fn started() -> (Graph, World) {
    let (graph, mut world) = world().await;
    world.start().await;
    until_ready(&world).await;
    (graph, world)
}

/// A service whose sends wait a second for Meta's answer.
pub async fn impatient() -> (Graph, World) {
    let (graph, mut world) = world().await;
    world.tune = |timings| timings.dispatch = Duration::from_secs(1);
    world.set("SEND_TIMEOUT", "1s").start().await;
    until_ready(&world).await;
    (graph, world)
}

/// Waits until the token was accepted.
pub async fn until_ready(world: &World) {
    until("the token to be accepted", || async { world.get("/health/ready").await.0 == 200 }).await;
}

pub async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "waited for {what} in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub fn webhook(world: &World) -> String {
    world.url("/cloud/webhook")
}

/// The message of the log with this id.
pub async fn logged(world: &World, id: &str) -> Value {
    world.get(&format!("/messages/{}", id.replace('/', "%2F").replace('+', "%2B"))).await.1
}

pub async fn keyed(world: &World, key: &str, message: &str) -> (u16, Value) {
    let body = json!({ "number": FRIEND, "message": message });
    answer(world.request("POST", "/send").header("idempotency-key", key).json(&body)).await
}

pub async fn report(graph: &Graph, world: &World, message: &GraphMessage, status: &str) {
    assert_eq!(graph.tell(&webhook(world), &graph.status(message, status)).await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hubs_calls_work_unchanged_without_any_browser() {
    let (graph, mut world) = started().await;
    let (status, answered) = world.get("/status").await;
    assert_eq!(
        (status, &answered["can_send_messages"], &answered["send"]["via"]),
        (200, &json!(true), &json!("cloud"))
    );
    assert_eq!(answered["recommended_action"], "NONE", "{answered}");
    let (status, sent) = world.send(FRIEND, "hola, ¿qué tal? 👋").await;
    assert_eq!(status, 200, "{sent}");
    let taken = graph.messages();
    assert_eq!((taken.len(), taken[0].body["text"]["body"].as_str()), (1, Some("hola, ¿qué tal? 👋")));
    assert_eq!(
        (&sent["ok"], &sent["success"], &sent["status"], &sent["to"], &sent["chat_id"]),
        (&json!(true), &json!(true), &json!("ACCEPTED"), &json!(FRIEND), &json!(format!("{FRIEND}@c.us")))
    );
    assert_eq!(
        (&sent["message_id"], &sent["guarantee"], &sent["via"]),
        (&json!(taken[0].id), &json!("at_most_once"), &json!("cloud"))
    );
    assert!(taken[0].reference.starts_with("cloud_"), "{:?}", taken[0].reference);
    // What was sent is in the log at once, under the id of the answer.
    let entry = logged(&world, &taken[0].id).await;
    assert_eq!(
        (&entry["body"], &entry["source"], &entry["sent_by_api"]),
        (&json!("hola, ¿qué tal? 👋"), &json!("cloud"), &json!(true))
    );
    assert_eq!(entry["direction"], "out");
    assert!(!world.profile().join("Default").exists(), "no browser was started");
    assert_eq!(world.get("/health").await.0, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_one_message_also_after_a_restart() {
    let (graph, mut world) = started().await;
    let first = keyed(&world, "k", "hola").await;
    assert_eq!((first.0, &first.1["status"]), (200, &json!("ACCEPTED")), "{}", first.1);
    assert_eq!(keyed(&world, "k", "hola").await, first);
    let (status, other) = keyed(&world, "k", "otra").await;
    assert_eq!((status, other["code"].as_str()), (422, Some("IDEMPOTENCY_CONFLICT")));
    world.stop().await;
    world.set("SEND_VIA", "web").start().await;
    assert_eq!(keyed(&world, "k", "hola").await, first, "in any state, and whatever SEND_VIA is now");
    let named = json!({ "number": FRIEND, "message": "hola", "via": "cloud", "idempotency_key": "k" });
    let (status, other) = world.post("/send", named).await;
    assert_eq!((status, other["code"].as_str()), (422, Some("IDEMPOTENCY_CONFLICT")), "via is a part of the body");
    let named = json!({ "number": FRIEND, "message": "hola", "via": "web", "idempotency_key": "k" });
    let (status, other) = world.post("/send", named).await;
    assert_eq!((status, other["code"].as_str()), (422, Some("IDEMPOTENCY_CONFLICT")), "it went another way: {other}");
    assert_eq!(graph.messages().len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acks_come_by_webhook_in_any_order_and_never_fall() {
    let (graph, mut world) = started().await;
    assert_eq!(world.send(FRIEND, "hola").await.0, 200);
    let message = graph.messages()[0].clone();
    for (status, ack) in [("read", 3), ("sent", 3), ("delivered", 3), ("failed", 3)] {
        report(&graph, &world, &message, status).await;
        assert_eq!(logged(&world, &message.id).await["ack"], ack, "{status}");
    }
    assert_eq!(world.send(FRIEND, "otra").await.0, 200);
    let message = graph.messages()[1].clone();
    for (status, ack, code) in
        [("failed", -1, json!(131_049)), ("sent", -1, json!(131_049)), ("delivered", 2, json!(null))]
    {
        report(&graph, &world, &message, status).await;
        let entry = logged(&world, &message.id).await;
        assert_eq!((&entry["ack"], &entry["error_code"]), (&json!(ack), &code), "{status}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_lost_is_settled_by_the_report_with_our_reference() {
    use simulator::graph::GraphFault;
    let settled = |fault: GraphFault| async move {
        let (graph, mut world) = impatient().await;
        graph.fault(fault);
        let (status, unconfirmed) = keyed(&world, "k", "hola").await;
        assert_eq!((status, unconfirmed["code"].as_str()), (504, Some("SEND_UNCONFIRMED")), "{fault:?}: {unconfirmed}");
        let reference = unconfirmed["message_id"].as_str().unwrap().to_owned();
        assert_eq!(keyed(&world, "k", "hola").await.0, 504, "it is never sent again");
        let message = graph.messages()[0].clone();
        assert_eq!((graph.messages().len(), &message.reference), (1, &reference));
        // What is known of it is told, though the log has no place for it yet.
        let pending = logged(&world, &reference).await;
        let shown = (&pending["id"], &pending["ack"], &pending["body"], &pending["sent_by_api"], &pending["cursor"]);
        assert_eq!(shown, (&json!(reference), &json!(0), &json!("hola"), &json!(true), &json!("0")), "{pending}");
        assert_eq!(world.get("/messages").await.1["items"], json!([]));
        report(&graph, &world, &message, "delivered").await;
        let (status, settled) = keyed(&world, "k", "hola").await;
        assert_eq!((status, &settled["message_id"]), (200, &json!(message.id)), "{fault:?}: {settled}");
        // The reference finds the message too.
        assert_eq!(logged(&world, &reference).await["id"], json!(message.id));
        assert_eq!(logged(&world, &message.id).await["ack"], 2);
        world.stop().await;
    };
    let faults = [GraphFault::BreakAfter, GraphFault::TroubleAfter, GraphFault::Hang];
    futures_util::future::join_all(faults.map(settled)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_it_arrived_counts_for_more_than_an_earlier_one_that_it_failed() {
    use simulator::graph::GraphFault;
    let (graph, mut world) = impatient().await;
    graph.fault(GraphFault::Hang);
    assert_eq!(keyed(&world, "k", "hola").await.0, 504);
    let message = graph.messages()[0].clone();
    report(&graph, &world, &message, "failed").await;
    let (status, failed) = keyed(&world, "k", "hola").await;
    assert_eq!((status, failed["code"].as_str()), (500, Some("WHATSAPP_ERROR")), "{failed}");
    report(&graph, &world, &message, "delivered").await;
    let (status, sent) = keyed(&world, "k", "hola").await;
    assert_eq!((status, &sent["message_id"]), (200, &json!(message.id)), "{sent}");
    assert_eq!(keyed(&world, "k", "hola").await, (200, sent));
    assert_eq!(graph.messages().len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_overtakes_the_answer_makes_it_a_success() {
    use simulator::graph::GraphFault;
    let (graph, mut world) = started().await;
    graph.fault(GraphFault::Hang);
    let reported = async {
        until("the message", || async { !graph.messages().is_empty() }).await;
        report(&graph, &world, &graph.messages()[0].clone(), "sent").await;
    };
    let ((status, sent), ()) = tokio::join!(keyed(&world, "k", "hola"), reported);
    assert_eq!((status, &sent["message_id"]), (200, &json!(graph.messages()[0].id)), "{sent}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_open_what_is_closed_and_are_checked_before_they_go() {
    let (graph, mut world) = started().await;
    let stranger = "5491155554444";
    graph.approve_template("pago_vencido", 1);
    let (status, refused) = world.send(stranger, "hola").await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("TEMPLATE_REQUIRED")), "{refused}");
    let with = |template: Value| json!({ "number": stranger, "template": template, "cliente_id": 51 });
    let body = |values: usize| {
        let parameters: Vec<_> = (0..values).map(|n| json!({ "type": "text", "text": n.to_string() })).collect();
        json!([{ "type": "body", "parameters": parameters }])
    };
    let before = graph.calls().len();
    for wrong in
        [json!({ "name": "Pago", "language": "es" }), json!({ "name": "pago", "language": "español" }), json!("x")]
    {
        let (status, refused) = world.post("/send", with(wrong)).await;
        assert_eq!((status, refused["code"].as_str()), (400, Some("TEMPLATE_INVALID")), "{refused}");
    }
    assert_eq!(graph.calls().len(), before, "nothing was asked of Meta");
    for (name, values) in [("otra", 1), ("pago_vencido", 2)] {
        let template = json!({ "name": name, "language": "es_AR", "components": body(values) });
        let (status, refused) = world.post("/send", with(template)).await;
        assert_eq!((status, refused["code"].as_str()), (400, Some("TEMPLATE_INVALID")), "{refused}");
    }
    let good = json!({ "name": "pago_vencido", "language": "es_AR", "components": body(1) });
    let (status, sent) = world.post("/send", with(good.clone())).await;
    assert_eq!(status, 200, "{sent}");
    let message = graph.messages()[0].clone();
    assert_eq!(message.body["template"]["language"]["code"], "es_AR");
    let entry = logged(&world, &message.id).await;
    assert_eq!((&entry["type"], &entry["data"]["template"]["name"]), (&json!("template"), &json!("pago_vencido")));
    // What Meta bills is counted once a message, however often it is told.
    for status in ["sent", "sent", "delivered"] {
        report(&graph, &world, &message, status).await;
    }
    let metrics = world.request("GET", "/metrics").send().await.unwrap().text().await.unwrap();
    let counted = r#"session_manager_cloud_billed_total{category="marketing",cliente_id="51"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    assert!(metrics.contains("session_manager_cloud_token_accepted 1"));
    world.set("SEND_VIA", "web");
    world.stop().await;
    world.start().await;
    let (status, refused) = world.post("/send", with(good)).await;
    assert_eq!((status, refused["code"].as_str()), (501, Some("NOT_POSSIBLE_VIA_WEB")), "{refused}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_takes_longer_than_its_caller_waits_is_shown_meanwhile() {
    use simulator::graph::GraphFault;
    let (graph, mut world) = world().await;
    world.set("SEND_TIMEOUT", "2s").start().await;
    until_ready(&world).await;
    graph.slow_uploads(Duration::from_secs(5));
    let file = json!({ "data": "data:text/plain;base64,aG9sYQ==", "filename": "a.txt" });
    let send = |key: &str| {
        let body = json!({ "number": FRIEND, "media": file.clone() });
        let request = world.request("POST", "/send").header("idempotency-key", key).json(&body);
        async move { answer(request).await }
    };
    for is_refused in [false, true] {
        if is_refused {
            graph.fault(GraphFault::Refuse { status: 400, code: 131_053 });
        }
        let key = format!("k {is_refused}");
        let (status, unconfirmed) = send(&key).await;
        assert_eq!((status, unconfirmed["code"].as_str()), (504, Some("SEND_UNCONFIRMED")), "{unconfirmed}");
        let reference = unconfirmed["message_id"].as_str().unwrap();
        let waiting = logged(&world, reference).await;
        assert_eq!(
            (&waiting["cursor"], &waiting["type"], &waiting["ack"]),
            (&json!("0"), &json!("document"), &json!(0))
        );
        // Whoever asks again while the file is on its way changes nothing of that.
        let (status, again) = send(&key).await;
        assert_eq!((status, &again["message_id"]), (504, &unconfirmed["message_id"]), "{again}");
        assert_eq!(logged(&world, reference).await["cursor"], "0");
        if is_refused {
            until("the refusal", || async { logged(&world, reference).await["code"] == "MESSAGE_NOT_FOUND" }).await;
        } else {
            until("the message", || async { logged(&world, reference).await["cursor"] == "1" }).await;
            assert_eq!(send(&key).await.1["message_id"], json!(graph.messages()[0].id));
        }
    }
    assert_eq!(graph.messages().len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_uploaded_and_then_sent_by_its_id() {
    let (graph, mut world) = started().await;
    let picture = concat!(
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJ",
        "RU5ErkJggg=="
    );
    let body = json!({ "number": FRIEND, "message": "una foto", "media": { "data": picture } });
    let (status, sent) = world.post("/send", body).await;
    assert_eq!(status, 200, "{sent}");
    let message = graph.messages()[0].clone();
    let (kind, bytes) = graph.file(message.body["image"]["id"].as_str().unwrap()).unwrap();
    assert_eq!(
        (kind.as_str(), &bytes[1..4], &message.body["image"]["caption"]),
        ("image/png", &b"PNG"[..], &json!("una foto"))
    );
    let entry = logged(&world, &message.id).await;
    assert_eq!((&entry["type"], &entry["media"]["status"]), (&json!("image"), &json!("stored")));
    let file = world.request("GET", entry["media"]["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(file.bytes().await.unwrap().to_vec(), bytes);
    world.stop().await;
}
