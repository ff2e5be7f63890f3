//! The contract with the central hub, tested with a Node server that behaves like it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use simulator::{Incoming, Options};

use crate::world::{DEADLINE, FRIEND, World, client};

const OWN: &str = "5491150000001";

pub struct Hub {
    process: Child,
    pub url: String,
    client: reqwest::Client,
}

impl Hub {
    pub fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/service/hub/hub.mjs");
        let mut command = Command::new("node");
        command.arg(script).env("HUB_USER", "u").env("HUB_PASS", "p").env("HUB_INTERNAL_TOKEN", "secret");
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("node is needed");
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, url: format!("http://127.0.0.1:{}", port.trim()), client: client() }
    }

    /// A service that is linked and delivers to this hub.
    async fn world(&self) -> World {
        let mut world = World::new(Options::fast()).await;
        world.set("CENTRAL_HUB_BASE_URL", &self.url).set("CENTRAL_HUB_USER", "u").set("CENTRAL_HUB_PASS", "p");
        world.set("INTERNAL_LISTENER_TOKEN", "secret").set("CENTRAL_HUB_CLIENTE_ID", "51");
        world.start().await;
        world.link().await;
        world
    }

    async fn mode(&self, mode: Value) {
        self.client.post(format!("{}/test/mode", self.url)).json(&mode).send().await.unwrap();
    }

    async fn record(&self) -> Value {
        self.client.get(format!("{}/test/record", self.url)).send().await.unwrap().json().await.unwrap()
    }

    pub async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            let record = self.record().await;
            if wanted(&record) {
                return record;
            }
            assert!(tokio::time::Instant::now() < deadline, "waited for {what} in vain: {record}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn count(list: &Value) -> usize {
    list.as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_hears_both_sides_of_a_conversation_and_nothing_else() {
    let hub = Hub::start();
    let mut world = hub.world().await;
    let simulator = &world.simulator;
    simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    simulator.incoming(Incoming::text(FRIEND, "a todos").in_group("120363000000000001@g.us")).unwrap();
    simulator.incoming(Incoming::text(FRIEND, " ")).unwrap();
    simulator.from_phone(FRIEND, "desde el teléfono").unwrap();
    assert_eq!(world.send(FRIEND, "desde la API").await.0, 200);
    let record = hub
        .until("three messages and two of them in the conversation", |record| {
            count(&record["incoming"]) + count(&record["outgoing"]) == 3 && count(&record["conversation"]) == 2
        })
        .await;
    let incoming = &record["incoming"][0];
    assert_eq!((&incoming["cliente_id"], &incoming["from"]), (&51.into(), &FRIEND.into()));
    assert_eq!(incoming["message"], "hola");
    for outgoing in record["outgoing"].as_array().unwrap() {
        assert_eq!((&outgoing["from"], &outgoing["to"]), (&OWN.into(), &FRIEND.into()));
    }
    let told = |text: &str| json!({ "cliente_id": 51, "telefono": FRIEND, "texto": text, "esHumano": text != "hola" });
    assert_eq!(record["conversation"], json!([told("hola"), told("desde el teléfono")]));
    assert_eq!((&record["logins"], &record["doubled"], &record["refused"]), (&1.into(), &0.into(), &json!({})));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hubs_bad_days_cost_nothing() {
    let hub = Hub::start();
    let mut world = hub.world().await;
    let say = |text: &str| world.simulator.incoming(Incoming::text(FRIEND, text)).unwrap();
    say("1");
    hub.until("the first", |record| count(&record["conversation"]) == 1).await;
    // The hub's tokens expire: one more login follows, and the message is not lost.
    hub.mode(json!({ "forget_tokens": true })).await;
    say("2");
    let record = hub.until("the second", |record| count(&record["conversation"]) == 2).await;
    assert_eq!(record["logins"], 2, "{record}");
    hub.mode(json!({ "failing": 500 })).await;
    say("3");
    hub.until("both targets to have failed", |record| {
        let refused = |path: &str| record["refused"].get(format!("/api/listener/{path} 500")).is_some();
        refused("incoming-message") && refused("test-message")
    })
    .await;
    hub.mode(json!({ "failing": 0, "slow_ms": 300 })).await;
    say("4");
    // A wrong token is an error in the settings, so the message is not given up.
    hub.mode(json!({ "slow_ms": 0, "internal_token": "other" })).await;
    say("5");
    let refused = "/api/listener/incoming-message 401";
    hub.until("the token to be refused", |record| record["refused"].get(refused).is_some()).await;
    hub.mode(json!({ "internal_token": "secret" })).await;
    let all =
        |list: &Value, field: &str| list.as_array().unwrap().iter().map(|one| one[field].clone()).collect::<Vec<_>>();
    let record =
        hub.until("all of them", |record| count(&record["incoming"]) == 5 && count(&record["conversation"]) == 5).await;
    assert_eq!(all(&record["incoming"], "message"), ["1", "2", "3", "4", "5"]);
    assert_eq!(all(&record["conversation"], "texto"), ["1", "2", "3", "4", "5"]);
    assert_eq!(world.get("/deliveries/dead").await.1["items"], json!([]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_not_known_delays_nothing_and_is_never_a_lids_digits() {
    let hub = Hub::start();
    let mut world = hub.world().await;
    let late = Incoming { phone_after_ms: Some(800), ..Incoming::text("5491177776666", "tarde") };
    let never = world.simulator.incoming(Incoming::text("5491199998888", "nunca").phone_unknown()).unwrap();
    world.simulator.incoming(late).unwrap();
    world.simulator.incoming(Incoming::text(FRIEND, "enseguida")).unwrap();
    let record = hub.until("those with a number", |record| count(&record["incoming"]) == 2).await;
    let messages: Vec<_> = record["incoming"].as_array().unwrap().iter().map(|one| &one["message"]).collect();
    assert_eq!(messages, ["enseguida", "tarde"]);
    assert_eq!(record["incoming"][1]["from"], "5491177776666");
    let deadline = tokio::time::Instant::now() + DEADLINE;
    let dead = loop {
        let (_, dead) = world.get("/deliveries/dead").await;
        if count(&dead["items"]) == 2 {
            break dead;
        }
        assert!(tokio::time::Instant::now() < deadline, "{dead}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert!(dead["items"].as_array().unwrap().iter().all(|letter| letter["message_id"] == never.as_str()), "{dead}");
    world.stop().await;
}
