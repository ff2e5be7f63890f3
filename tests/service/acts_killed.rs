//! Acts with a key, while the service is killed in the middle of them.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use simulator::{Action, Incoming, Options, ServerFault};

use crate::process::{Process, link};
use crate::world::{DEADLINE, FRIEND, World, client};

/// Asks under a key, in a separate future so that the service can die meanwhile: then the status is 0.
fn ask(process: &Process, method: &str, path: &str, body: &Value) -> impl Future<Output = (u16, Value)> + Send + use<> {
    let request = client().request(method.parse().unwrap(), format!("{}{path}", process.url()));
    let request = request.header("idempotency-key", "k").json(body);
    async move {
        match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                answer.json().await.map_or((0, Value::Null), |said| (status, said))
            }
            Err(_) => (0, Value::Null),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_and_an_edit_are_repeated_under_their_keys() {
    for is_edit in [false, true] {
        let world = World::new(Options::fast()).await;
        let mut process = Process::started(&world);
        link(&world, &mut process).await;
        world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
        let said = process.logged(1, DEADLINE).await[0]["id"].as_str().unwrap().to_owned();
        let (method, path, body) = if is_edit {
            let send =
                client().post(format!("{}/send", process.url())).json(&json!({ "number": FRIEND, "message": "ola" }));
            let sent: Value = send.send().await.unwrap().json().await.unwrap();
            ("PATCH", format!("/messages/{}", sent["message_id"].as_str().unwrap()), json!({ "message": "hola" }))
        } else {
            ("POST", format!("/messages/{said}/reaction"), json!({ "emoji": "👍" }))
        };
        world.simulator.faults(|faults| faults.server = ServerFault::NeverAck);
        world.simulator.heard(DEADLINE).await.unwrap();
        let cut_off = tokio::spawn(ask(&process, method, &path, &body));
        world.simulator.wait_until("the act", DEADLINE, |record| !record.actions.is_empty()).await.unwrap();
        process.signal(Signal::SIGKILL);
        process.exit();
        assert_eq!(cut_off.await.unwrap().0, 0, "it died before it could answer");
        world.simulator.faults(|faults| faults.server = ServerFault::None);

        let mut process = Process::started(&world);
        process.reaches("READY");
        let other = if is_edit { json!({ "message": "chau" }) } else { json!({ "emoji": "🎉" }) };
        assert_eq!(ask(&process, method, &path, &other).await.0, 422, "the key has a body");
        let done = ask(&process, method, &path, &body).await;
        assert_eq!((done.0, &done.1["guarantee"]), (200, &json!("repeatable")), "{}", done.1);
        assert_eq!(ask(&process, method, &path, &body).await, done);
        let actions = world.simulator.record().actions;
        let is_same = |action: &Action| *action == actions[0];
        assert!(actions.len() == 2 && actions.iter().all(is_same), "once before the death and once after: {actions:?}");
        process.signal(Signal::SIGTERM);
        assert_eq!(process.exit().0, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forward_is_one_message_whoever_dies_meanwhile() {
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    world.simulator.incoming(Incoming::text(FRIEND, "pasalo")).unwrap();
    let said = process.logged(1, DEADLINE).await[0]["id"].as_str().unwrap().to_owned();
    let (path, body) = (format!("/messages/{said}/forward"), json!({ "to": FRIEND }));
    world.simulator.faults(|faults| faults.server = ServerFault::NeverAck);
    world.simulator.heard(DEADLINE).await.unwrap();
    let cut_off = tokio::spawn(ask(&process, "POST", &path, &body));
    let record = world.simulator.wait_until("the message", DEADLINE, |record| !record.received.is_empty()).await;
    let key = record.unwrap().received[0].key.clone();
    process.signal(Signal::SIGKILL);
    process.exit();
    assert_eq!(cut_off.await.unwrap().0, 0, "it died before it could answer");
    world.simulator.set_ack(&key, 1).unwrap();
    world.simulator.faults(|faults| faults.server = ServerFault::None);

    let mut process = Process::started(&world);
    process.reaches("READY");
    let deadline = tokio::time::Instant::now() + DEADLINE;
    let sent = loop {
        let (status, sent) = ask(&process, "POST", &path, &body).await;
        if status == 200 {
            break sent;
        }
        assert!(tokio::time::Instant::now() < deadline && status == 504, "{sent}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!((sent["message_id"].as_str(), &sent["guarantee"]), (Some(key.as_str()), &json!("exactly_once")));
    let received = world.simulator.record().received;
    assert_eq!((received.len(), &received[0].fields["isForwarded"]), (1, &json!(true)));
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
