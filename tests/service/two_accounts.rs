//! Two services, each with its own account, on one simulator: they write to each other.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::Options;

use crate::world::{DEADLINE, World};

const A: &str = "5491150000001";
const B: &str = "5491150000002";

/// Links the service with the phone of an account.
pub async fn link(world: &World, account: &str) {
    world.until(State::QrRequired).await;
    let code = world.simulator.code(DEADLINE).await.unwrap();
    world.simulator.account(account).unwrap().scan(&code).unwrap();
    world.until(State::Ready).await;
}

/// The entries of a service's log in one direction, once they are as wanted.
async fn logged(world: &World, direction: &str, wanted: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let (status, page) = world.get(&format!("/messages?direction={direction}")).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap().clone();
        if wanted(&items) {
            return items;
        }
        assert!(tokio::time::Instant::now() < deadline, "the log has only {items:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn any(items: &[Value]) -> bool {
    !items.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_service_sends_the_other_receives_once_and_the_sender_hears_of_it() {
    let mut a = World::new(Options { more_accounts: vec![B.to_owned()], ..Options::fast() }).await;
    let mut b = World::beside(Arc::clone(&a.simulator));
    a.start().await;
    link(&a, A).await;
    b.start().await;
    link(&b, B).await;
    assert_eq!(b.snapshot().account.as_ref().unwrap().phone.as_deref(), Some(B));

    let (status, sent) = a.send(B, "hola, ¿me lees?").await;
    assert_eq!(status, 200, "{sent}");
    let id = sent["message_id"].as_str().unwrap();
    // Delivered once B's page has the message, and read by nobody.
    let delivered = |record: &simulator::Record| record.message(id).is_some_and(|message| message.ack == 2);
    a.simulator.wait_until("delivery", DEADLINE, delivered).await.unwrap();
    let received = logged(&b, "in", any).await;
    assert_eq!((&received[0]["body"], &received[0]["phone"]), (&json!("hola, ¿me lees?"), &json!(A)), "{received:?}");
    let acked = logged(&a, "out", |items| items.first().is_some_and(|item| item["ack"] == 2)).await;
    assert_eq!(acked[0]["id"], id);

    // The answer goes back; after that, each log has each message once.
    let (status, answer) = b.send(A, "sí").await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(logged(&a, "in", any).await[0]["body"], "sí");
    for world in [&a, &b] {
        let all = logged(world, "all", |items| items.len() >= 2).await;
        assert_eq!(all.len(), 2, "{all:?}");
    }
    assert_eq!(a.simulator.record().received.iter().map(|message| message.count).collect::<Vec<_>>(), [1, 1]);
    a.stop().await;
    b.stop().await;
}
