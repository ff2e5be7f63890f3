//! A browser that uses too much memory is started afresh, and nobody loses anything by it.

use std::time::Duration;

use session_manager::domain::state::{Reason, State};
use simulator::Incoming;

use crate::receiver::{Received, Receiver};
use crate::world::{DEADLINE, FRIEND, World, browsers, eventually};

/// In bytes. A whole Chromium was seen with 125 MB, when it shared most of its memory with others.
const LESS_THAN_ANY_BROWSER: u64 = 16 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_over_its_limit_is_started_afresh_and_no_message_around_that_is_lost() {
    let receiver = Receiver::start().await;
    let mut world = World::new(simulator::Options::fast()).await;
    world.set("WEBHOOK_URLS", &receiver.url());
    world.memory_max = Some(LESS_THAN_ANY_BROWSER);
    world.tune = |timings| (timings.memory_look, timings.recycle_pause) = (Duration::from_secs(1), DEADLINE);
    world.start().await;
    world.link().await;
    let browser = world.browser_pid();
    let mut said = Vec::new();
    let mut say = |simulator: &simulator::Simulator| {
        let text = format!("message {}", said.len());
        simulator.incoming(Incoming::text(FRIEND, &text)).unwrap();
        said.push(text);
    };
    // Somebody writes all the time: before, while the browser is closed, and after.
    let mut sessions = world.service.as_ref().unwrap().session().watch();
    let recycled = loop {
        say(&world.simulator);
        let moved = sessions.wait_for(|session| session.reason == Some(Reason::BrowserRecycled));
        if let Ok(found) = tokio::time::timeout(Duration::from_millis(20), moved).await {
            break found.unwrap().clone();
        }
    };
    assert_eq!((recycled.state, recycled.attempts), (State::Reconnecting, 0));
    assert!(recycled.detail.contains("BROWSER_MEMORY_MAX_MB"), "{}", recycled.detail);
    say(&world.simulator);
    eventually("the browser to be gone", || !browsers(&world.profile()).contains(&browser)).await;
    say(&world.simulator);
    world.until(State::Ready).await;
    say(&world.simulator);
    let wanted = said.len();
    let texts = |taken: &[Received]| -> Vec<String> {
        let news = taken.iter().filter(|event| event.body["type"] == "message");
        news.map(|event| event.body["data"]["body"].as_str().unwrap().to_owned()).collect()
    };
    receiver.until("all messages", |taken| texts(taken).len() >= wanted).await;
    let told = texts(&receiver.taken());
    assert_eq!(told, said, "each once, and in order");
    assert_ne!(world.browser_pid(), browser);
    assert_eq!(world.simulator.record().links.len(), 1, "the login stayed");
    let first = world.browser_pid();
    world.send(FRIEND, "after it").await;
    assert_eq!(world.browser_pid(), first, "not again so soon");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_the_page_still_holds_keeps_its_browser() {
    let mut world = World::new(simulator::Options::fast()).await;
    world.set("SEND_TIMEOUT", "2s");
    world.memory_max = Some(LESS_THAN_ANY_BROWSER);
    // The first look at the memory comes after the send was answered.
    world.tune = |timings| (timings.memory_look, timings.recycle_pause) = (Duration::from_secs(6), DEADLINE);
    world.start().await;
    world.link().await;
    world.simulator.add_person(FRIEND).unwrap();
    world.simulator.faults(|faults| faults.hold = Some(simulator::SendStep::Transmit));
    world.simulator.heard(DEADLINE).await.unwrap();
    let (status, answer) = world.send(FRIEND, "hola").await;
    assert_eq!((status, answer["code"].as_str()), (504, Some("SEND_UNCONFIRMED")), "{answer}");
    let mut sessions = world.service.as_ref().unwrap().session().watch();
    let mut recycled = Box::pin(sessions.wait_for(|session| session.reason == Some(Reason::BrowserRecycled)));
    let too_early = tokio::time::timeout(Duration::from_secs(10), &mut recycled).await;
    assert!(too_early.is_err(), "the browser was restarted under a message");
    world.simulator.faults(|faults| faults.hold = None);
    let arrived = |record: &simulator::Record| !record.received.is_empty();
    world.simulator.wait_until("the message", DEADLINE, arrived).await.unwrap();
    tokio::time::timeout(DEADLINE, recycled).await.unwrap().unwrap();
    world.until(State::Ready).await;
    world.stop().await;
}
