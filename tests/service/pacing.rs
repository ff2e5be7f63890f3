//! Sends that wait for their turn, and sends that are refused with `Retry-After`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::Options;

use crate::world::{DEADLINE, FRIEND, World};

async fn ready(settings: &[(&str, &str)]) -> World {
    let mut world = World::new(Options::fast()).await;
    for (name, value) in settings {
        world.set(name, value);
    }
    world.start().await;
    world.link().await;
    world.simulator.add_person(FRIEND).unwrap();
    world
}

/// The answer to a send, with its status and `Retry-After`.
async fn attempt(world: &World, message: &str) -> (u16, Value, Option<u64>) {
    let body = json!({ "number": FRIEND, "message": message });
    let response = world.request("POST", "/send").json(&body).send().await.unwrap();
    let after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
    (response.status().as_u16(), response.json().await.unwrap(), after)
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_minute_may_have_is_refused_at_once() {
    let mut world = ready(&[("SEND_RATE_PER_MINUTE", "2")]).await;
    for text in ["uno", "dos"] {
        assert_eq!(world.send(FRIEND, text).await.0, 200);
    }
    let asked = Instant::now();
    let (status, refused, after) = attempt(&world, "tres").await;
    assert_eq!((status, refused["code"].as_str()), (429, Some("RATE_LIMITED")), "{refused}");
    // A minute after the first send, minus the 40 s that a send may wait.
    assert!(after.is_some_and(|seconds| (1..=20).contains(&seconds)), "{after:?}");
    assert!(asked.elapsed() < Duration::from_secs(1));
    assert_eq!(world.simulator.record().received.len(), 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_days_cap_outlives_a_restart() {
    let mut world = ready(&[("SEND_DAILY_MAX", "1")]).await;
    assert_eq!(world.send("5491100000000", "a nadie").await.0, 400);
    assert_eq!(world.send(FRIEND, "uno").await.0, 200, "what did not leave does not count");
    for restart in [false, true] {
        if restart {
            world.stop().await;
            world.start().await;
            world.until(session_manager::domain::state::State::Ready).await;
        }
        let (status, refused, after) = attempt(&world, "dos").await;
        assert_eq!((status, refused["code"].as_str()), (429, Some("RATE_LIMITED")), "{refused}");
        assert!(after.is_some_and(|seconds| (1..=86_400).contains(&seconds)), "{after:?}");
    }
    assert_eq!(world.simulator.record().received.len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_is_served_in_order_and_whoever_hangs_up_is_not_sent_for() {
    let mut world = ready(&[("SEND_PAUSE_MS", "1500"), ("SEND_QUEUE_MAX", "2")]).await;
    assert_eq!(world.send(FRIEND, "uno").await.0, 200);
    let began = Instant::now();
    let queued = |count: u64| {
        let (request, deadline) = (world.request("GET", "/status"), Instant::now() + DEADLINE);
        async move {
            while crate::world::answer(request.try_clone().unwrap()).await.1["send"]["queued"] != count {
                assert!(Instant::now() < deadline, "waited in vain for {count} in line");
            }
        }
    };
    let send = |text: &str| {
        let request = world.request("POST", "/send").json(&json!({ "number": FRIEND, "message": text }));
        tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
    };
    let hangs_up = send("cuelga");
    queued(1).await;
    let waits = send("dos");
    queued(2).await;
    let (status, refused, after) = attempt(&world, "tres").await;
    assert_eq!((status, refused["code"].as_str(), after.is_some()), (429, Some("RATE_LIMITED"), true), "{refused}");
    hangs_up.abort();
    queued(1).await;
    assert_eq!(waits.await.unwrap(), 200);
    assert!(began.elapsed() >= Duration::from_secs(1), "without its pause");
    let bodies: Vec<_> = world.simulator.record().received.into_iter().map(|message| message.body).collect();
    assert_eq!(bodies, ["uno", "dos"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_lost_while_a_send_waits_refuses_it_when_its_turn_comes() {
    let mut world = ready(&[("SEND_PAUSE_MS", "2000")]).await;
    assert_eq!(world.send(FRIEND, "uno").await.0, 200);
    let (waited, disconnected) = tokio::join!(attempt(&world, "dos"), world.post("/disconnect", json!({})));
    assert_eq!(disconnected.0, 200);
    assert_eq!((waited.0, waited.1["code"].as_str()), (503, Some("SESSION_NOT_READY")), "{}", waited.1);
    assert_eq!(world.simulator.record().received.len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn those_never_talked_to_have_a_cap_of_their_own() {
    let mut world = ready(&[("SEND_NEW_CONTACTS_DAILY_MAX", "1")]).await;
    let stranger = "5491133334444";
    world.simulator.add_person(stranger).unwrap();
    assert_eq!(world.send(FRIEND, "mucho gusto").await.0, 200);
    for _ in 0..2 {
        let (status, refused) = world.send(stranger, "mucho gusto").await;
        assert_eq!((status, &refused["code"]), (429, &json!("RATE_LIMITED")), "{refused}");
        assert!(refused["message"].as_str().unwrap().contains("SEND_NEW_CONTACTS_DAILY_MAX"), "{refused}");
    }
    assert_eq!(world.send(FRIEND, "¿cómo va?").await.0, 200, "no stranger any more");
    world.simulator.incoming(simulator::Incoming::text(stranger, "hola")).unwrap();
    let deadline = Instant::now() + DEADLINE;
    while world.send(stranger, "buenas").await.0 != 200 {
        assert!(Instant::now() < deadline, "who wrote first is no stranger");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.simulator.record().received.len(), 3);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_it_is_seen_to_write_before_a_message_comes() {
    let mut world = ready(&[("SEND_TYPING", "true")]).await;
    assert_eq!(world.send(FRIEND, "hola").await.0, 200);
    let record = world.simulator.record();
    assert!(record.chat_states.iter().any(|shown| shown.state == "composing"), "{:?}", record.chat_states);
    world.stop().await;
}
