//! Sends with a key: one message, however often it is requested and whichever process dies meanwhile.

use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{Incoming, Options, ServerFault};

use crate::process::{Process, link};
use crate::world::{DEADLINE, FRIEND, World, answer, client};

fn keyed(world: &World, key: &str, message: &str) -> reqwest::RequestBuilder {
    world.request("POST", "/send").header("idempotency-key", key).json(&json!({ "number": FRIEND, "message": message }))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_message_and_one_answer() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    let (first, second) = tokio::join!(answer(keyed(&world, "k", "hola")), answer(keyed(&world, "k", "hola")));
    assert_eq!((first.0, &first), (200, &second));
    let (status, other) = answer(keyed(&world, "k", "otra cosa")).await;
    assert_eq!((status, other["code"].as_str()), (422, Some("IDEMPOTENCY_CONFLICT")), "{other}");
    world.stop().await;
    world.set("AUTO_CONNECT", "false").start().await;
    assert_eq!(answer(keyed(&world, "k", "hola")).await, first, "in any state");
    let in_body = json!({ "number": FRIEND, "message": "hola", "idempotency_key": "k" });
    assert_eq!(world.post("/send", in_body).await, first);
    assert_eq!(answer(keyed(&world, "l", "hola")).await.0, 503);
    world.post("/connect", json!({})).await;
    world.until(State::Ready).await;
    assert_eq!(world.simulator.record().received.len(), 1);
    // The service remembers no send that was refused before anything left.
    assert_eq!(answer(keyed(&world, "l", "hola")).await.0, 200);
    assert_eq!(world.simulator.record().received.len(), 2);
    world.stop().await;
}

/// Sends under a key, in a separate future so that the service can die meanwhile: then the status is 0.
pub fn ask(process: &Process, key: &str, message: &str) -> impl Future<Output = (u16, Value)> + Send + use<> {
    ask_for(process, key, &json!({ "number": FRIEND, "message": message }))
}

/// The same with any body.
pub fn ask_for(process: &Process, key: &str, body: &Value) -> impl Future<Output = (u16, Value)> + Send + use<> {
    let request = client().post(format!("{}/send", process.url()));
    let request = request.header("idempotency-key", key).json(body);
    async move {
        match request.send().await {
            // An answer that is cut off in the middle is no answer either.
            Ok(answer) => {
                let status = answer.status().as_u16();
                answer.json().await.map_or((0, Value::Null), |said| (status, said))
            }
            Err(_) => (0, Value::Null),
        }
    }
}

async fn settled(process: &Process) -> Value {
    let settled = tokio::time::timeout(DEADLINE, async {
        loop {
            let (status, sent) = ask(process, "k", "hola").await;
            if status == 200 {
                return sent;
            }
            assert_eq!((status, sent["code"].as_str()), (504, Some("SEND_UNCONFIRMED")), "{sent}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    settled.await.expect("the key was never settled")
}

/// The server acknowledges the message while the service is dead, or while it no longer receives events and its page
/// does; also if the message is older than those that are read again.
#[tokio::test(flavor = "multi_thread")]
async fn an_ack_that_nobody_heard_settles_the_key_all_the_same() {
    for (page_hears, long_ago) in [(false, false), (true, false), (true, true)] {
        let world = World::new(Options::fast()).await;
        let mut process = Process::started(&world);
        link(&world, &mut process).await;
        world.simulator.add_person(FRIEND).unwrap();
        if long_ago {
            let in_an_hour =
                std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 3600;
            world.simulator.incoming(Incoming::text("5491155554444", "mucho después").at(in_an_hour)).unwrap();
            process.logged(1, DEADLINE).await;
        }
        world.simulator.faults(|faults| faults.server = ServerFault::NeverAck);
        world.simulator.heard(DEADLINE).await.unwrap();
        let cut_off = tokio::spawn(ask(&process, "k", "hola"));
        let record = world.simulator.wait_until("the message", DEADLINE, |record| !record.received.is_empty()).await;
        let key = record.unwrap().received[0].key.clone();
        if page_hears {
            process.signal(Signal::SIGSTOP);
            world.simulator.set_ack(&key, 1).unwrap();
            let confirmed = |record: &simulator::Record| record.devices.iter().all(|device| device.queued == 0);
            world.simulator.wait_until("the page to have the ack", DEADLINE, confirmed).await.unwrap();
        }
        process.signal(Signal::SIGKILL);
        process.exit();
        assert_eq!(cut_off.await.unwrap().0, 0, "it died before it could answer");
        if !page_hears {
            world.simulator.set_ack(&key, 1).unwrap();
        }
        let mut process = Process::started(&world);
        process.reaches("READY");
        let sent = settled(&process).await;
        assert_eq!((&sent["status"], sent["message_id"].as_str()), (&json!("SENT"), Some(key.as_str())));
        assert_eq!(world.simulator.record().received.len(), 1);
        process.signal(Signal::SIGTERM);
        assert_eq!(process.exit().0, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_the_ack_it_is_unconfirmed_until_the_ack_and_never_sent_again() {
    let mut world = World::new(Options::fast()).await;
    world.set("SEND_TIMEOUT", "10s");
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    world.simulator.add_person(FRIEND).unwrap();
    world.simulator.faults(|faults| faults.server = ServerFault::NeverAck);
    world.simulator.heard(DEADLINE).await.unwrap();
    let cut_off = tokio::spawn(ask(&process, "k", "hola"));
    world.simulator.wait_until("the message", DEADLINE, |record| !record.received.is_empty()).await.unwrap();
    process.signal(Signal::SIGKILL);
    process.exit();
    assert_eq!(cut_off.await.unwrap().0, 0, "it died before it could answer");

    let mut process = Process::started(&world);
    process.reaches("READY");
    let (status, unconfirmed) = ask(&process, "k", "hola").await;
    assert_eq!((status, unconfirmed["code"].as_str()), (504, Some("SEND_UNCONFIRMED")), "{unconfirmed}");
    let received = world.simulator.record().received;
    assert_eq!((received.len(), unconfirmed["message_id"].as_str()), (1, Some(received[0].key.as_str())));
    world.simulator.set_ack(&received[0].key, 1).unwrap();
    let sent = settled(&process).await;
    assert_eq!((&sent["status"], &sent["message_id"]), (&json!("SENT"), &unconfirmed["message_id"]));
    assert_eq!(world.simulator.record().received.len(), 1);
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
