//! Which events are delivered, to which targets, and what happens while a target is away.

use std::collections::{BTreeSet, HashSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use session_manager::domain::state::State;
use sha2::Sha256;
use simulator::{Incoming, Options};

use crate::receiver::{Received, Receiver, messages};
use crate::world::{DEADLINE, FRIEND, World};

const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn world(targets: &[&Receiver]) -> World {
    let mut world = World::new(Options::fast()).await;
    let urls: Vec<_> = targets.iter().map(|target| target.url()).collect();
    world.set("WEBHOOK_URLS", &urls.join(","));
    world.start().await;
    world.link().await;
    world
}

/// Waits until the deliveries in `/status` are as wanted.
async fn deliveries(world: &World, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let status = world.get("/status").await.1["deliveries"].clone();
        if wanted(&status) {
            return status;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited for {what} in vain: {status}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn kinds(taken: &[Received]) -> BTreeSet<String> {
    taken.iter().map(|received| received.body["type"].as_str().unwrap().to_owned()).collect()
}

fn is_signed(received: &Received) -> bool {
    let header = |name: &str| received.headers[name].to_str().unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(SECRET).unwrap()).unwrap();
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&received.raw);
    header("webhook-signature") == format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_told_everything_signed_and_under_ids_of_its_own() {
    let receiver = Receiver::start().await;
    let mut world = World::new(Options::fast()).await;
    world.set("WEBHOOK_URLS", &receiver.url()).set("WEBHOOK_SECRET", SECRET);
    world.start().await;
    receiver.until("a code", |taken| kinds(taken).contains("session.qr")).await;
    world.link().await;
    let received = world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    receiver.until("the message", |taken| messages(taken) == [received.as_str()]).await;
    world.simulator.edit(&received, "hola de nuevo").unwrap();
    receiver.until("the edit", |taken| kinds(taken).contains("message.edited")).await;
    world.simulator.revoke(&received).unwrap();
    let (status, answer) =
        world.post("/send", json!({ "number": FRIEND, "message": "bien", "cliente_id": "51" })).await;
    assert_eq!(status, 200, "{answer}");
    let all = ["message", "message.ack", "message.edited", "message.revoked", "session.qr", "session.state"];
    let taken = receiver.until("every kind", |taken| kinds(taken).iter().eq(all)).await;
    assert!(taken.iter().all(is_signed));
    assert_eq!(taken.iter().map(|one| &one.id).collect::<HashSet<_>>().len(), taken.len());
    assert!(taken.iter().all(|one| one.body["id"] == one.id && one.body["session"] == "admin"));
    let code = taken.iter().find(|one| one.body["type"] == "session.qr").unwrap();
    assert_eq!(code.body["data"].get("qr"), None, "whoever has the code can link the account");
    let own = taken.iter().find(|one| one.body["data"]["id"] == answer["message_id"]).unwrap();
    assert_eq!((&own.body["data"]["sent_by_api"], &own.body["data"]["cliente_id"]), (&true.into(), &"51".into()));
    let (_, page) = world.get("/messages?cliente_id=51").await;
    assert_eq!(page["items"][0]["id"], answer["message_id"]);
    assert_eq!(world.get("/messages?cliente_id=7").await.1["items"], json!([]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_may_have_the_code_gets_it() {
    let receiver = Receiver::start().await;
    let mut world = World::new(Options::fast()).await;
    world.set("WEBHOOK_URLS", &receiver.url()).set("WEBHOOK_QR", "true");
    world.start().await;
    world.until(State::QrRequired).await;
    let shows = |one: &Received| one.body["data"]["qr"].as_str().is_some_and(|qr| qr.starts_with("data:image/png"));
    receiver.until("a code", |taken| taken.iter().any(shows)).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_delivered_whole_in_order_and_once() {
    let receiver = Receiver::start().await;
    let mut world = world(&[&receiver]).await;
    let sent = world.simulator.burst(2000, |n| Incoming::text(FRIEND, format!("{n}"))).unwrap();
    let taken = receiver.until("the burst", |taken| messages(taken).len() >= sent.len()).await;
    assert_eq!(messages(&taken), sent);
    deliveries(&world, "an empty backlog", |targets| targets[0]["backlog"] == 0).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_away_delays_no_other_and_loses_nothing_over_a_restart() {
    let (steady, away) = (Receiver::start().await, Receiver::start().await);
    let mut world = world(&[&steady, &away]).await;
    let mut sent = vec![world.simulator.incoming(Incoming::text(FRIEND, "0")).unwrap()];
    for receiver in [&steady, &away] {
        receiver.until("the first", |taken| messages(taken).len() == 1).await;
    }
    // An event without an answer is delivered once more, as it must be.
    let all_quiet = |targets: &Value| targets.as_array().unwrap().iter().all(|target| target["backlog"] == 0);
    deliveries(&world, "both to be up to date", all_quiet).await;
    away.dies();
    for n in 1..150 {
        sent.push(world.simulator.incoming(Incoming::text(FRIEND, format!("{n}"))).unwrap());
    }
    steady.until("the others", |taken| messages(taken) == sent).await;
    let target = |targets: &Value| targets.as_array().unwrap().iter().find(|t| t["backlog"] == 149).cloned();
    let targets = deliveries(&world, "the backlog", |targets| target(targets).is_some()).await;
    let waiting = target(&targets).unwrap();
    assert!(waiting["failing_since"].is_string() && waiting["last_error"].is_string(), "{waiting}");
    assert!(waiting["oldest_at"].is_string() && waiting["dead_letters"] == 0, "{waiting}");
    world.stop().await;
    let back = Receiver::on(away.address).await;
    world.start().await;
    let taken = back.until("what it missed", |taken| messages(taken).len() >= 149).await;
    assert_eq!(messages(&taken), sent[1..], "in order, each once");
    deliveries(&world, "an empty backlog", all_quiet).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_or_poisons_is_a_dead_letter_that_can_be_replayed() {
    let receiver = Receiver::start().await;
    let mut world = world(&[&receiver]).await;
    let (refused, poison) = ("no", "veneno");
    receiver.answers(move |one| match one.body["data"]["body"].as_str() {
        Some(body) if body == refused => 400,
        Some(body) if body == poison => 500,
        _ => 200,
    });
    let ids: Vec<_> =
        [refused, "a", poison, "b"].map(|body| world.simulator.incoming(Incoming::text(FRIEND, body)).unwrap()).into();
    receiver.until("the good ones", |taken| messages(taken) == [ids[1].as_str(), ids[3].as_str()]).await;
    let targets = deliveries(&world, "two dead letters", |targets| targets[0]["dead_letters"] == 2).await;
    assert_eq!(targets[0]["failing_since"], Value::Null, "{targets}");
    let (status, dead) = world.get("/deliveries/dead?limit=1").await;
    assert_eq!((status, &dead["items"][0]["message_id"]), (200, &ids[0].as_str().into()), "{dead}");
    assert!(dead["items"][0]["reason"].as_str().unwrap().contains("400"), "{dead}");
    let next = dead["next"].as_str().unwrap();
    let (_, rest) = world.get(&format!("/deliveries/dead?after={next}")).await;
    assert_eq!(rest["items"][0]["message_id"], ids[2].as_str(), "{rest}");

    receiver.answers(|_| 200);
    let path = format!("/deliveries/dead/{}/replay", dead["items"][0]["id"].as_str().unwrap());
    let (status, answer) = world.post(&path, json!({})).await;
    assert_eq!((status, &answer["status"]), (200, &"QUEUED".into()), "{answer}");
    deliveries(&world, "the first one", |targets| targets[0]["dead_letters"] == 1).await;
    let path = format!("/deliveries/dead/replay?target={}", targets[0]["target"].as_str().unwrap());
    let (status, answer) = world.post(&path, json!({})).await;
    assert_eq!((status, &answer["replaying"]), (200, &1.into()), "{answer}");
    receiver.until("the dead", |taken| messages(taken).len() == 4).await;
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while world.get("/deliveries/dead").await.1["items"] != json!([]) {
        assert!(tokio::time::Instant::now() < deadline, "a letter that was delivered is still there");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    for id in ["nonsense", "webhook-00000000.1"] {
        assert_eq!(world.post(&format!("/deliveries/dead/{id}/replay"), json!({})).await.0, 404);
    }
    let (status, answer) = world.post("/deliveries/dead/replay?target=webhook-00000000", json!({})).await;
    assert_eq!((status, &answer["code"]), (409, &"TARGET_NOT_CONFIGURED".into()), "{answer}");
    assert_eq!(world.post("/deliveries/dead/replay", json!({})).await.0, 400);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_sending_off_everything_is_heard_and_nothing_leaves() {
    let receiver = Receiver::start().await;
    let mut world = World::new(Options::fast()).await;
    world.set("WEBHOOK_URLS", &receiver.url()).set("SEND_MODE", "off");
    world.start().await;
    world.link().await;
    let heard = world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    receiver.until("the message", |taken| messages(taken) == [heard.as_str()]).await;
    let (status, answer) = world.send(FRIEND, "no").await;
    assert_eq!((status, &answer["code"]), (403, &"SEND_DISABLED".into()));
    assert!(world.simulator.record().received.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_webhook_is_told_what_was_chosen_for_it() {
    let (groups, votes) = (Receiver::start().await, Receiver::start().await);
    let mut world = World::new(Options::fast()).await;
    world.set("WEBHOOK_1_URL", &groups.url()).set("WEBHOOK_1_EVENTS", "message").set("WEBHOOK_1_CHATS", "group");
    world.set("WEBHOOK_2_URL", &votes.url()).set("WEBHOOK_2_EVENTS", "message,message.reaction");
    world.start().await;
    world.link().await;
    let direct = world.simulator.incoming(Incoming::text(FRIEND, "a ti")).unwrap();
    world.simulator.react(&direct, FRIEND, "👍").unwrap();
    let group = Incoming::text(FRIEND, "a todos").in_group("120363000000000001@g.us");
    let group = world.simulator.incoming(group).unwrap();
    votes.until("both messages and the reaction", |taken| taken.len() >= 3).await;
    let taken = groups.until("the group's message", |taken| messages(taken) == [group.as_str()]).await;
    assert!(kinds(&taken).iter().eq(["message"]), "{:?}", kinds(&taken));
    let taken = votes.until("both messages", |taken| messages(taken) == [direct.as_str(), group.as_str()]).await;
    assert!(kinds(&taken).iter().eq(["message", "message.reaction"]), "{:?}", kinds(&taken));
    world.stop().await;
}
