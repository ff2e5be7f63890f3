//! Acts that are asked for again, and the keys of acts beside the keys of the messages that they are about.

use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{Action, Options, ServerFault};

use crate::acts::incoming;
use crate::acts_routes::{ask, mine};
use crate::acts_send::entry;
use crate::world::{DEADLINE, FRIEND, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_for_this_account_is_of_a_message_that_there_was() {
    let mut world = World::ready().await;
    let said = incoming(&world, "hola").await.into_string();
    let absent = said.replace(|c: char| c.is_ascii_uppercase(), "Z");
    for _ in 0..2 {
        let (status, refused) = ask(&world, "DELETE", &format!("/messages/{absent}?for=me"), None, json!(null)).await;
        assert_eq!((status, &refused["code"]), (404, &json!("MESSAGE_NOT_FOUND")), "{refused}");
    }
    let path = format!("/messages/{said}?for=me");
    for _ in 0..2 {
        let (status, done) = ask(&world, "DELETE", &path, None, json!(null)).await;
        assert_eq!(status, 200, "{done}");
    }
    world.stop().await;
    world.start().await;
    world.until(State::Ready).await;
    let (status, done) = ask(&world, "DELETE", &path, None, json!(null)).await;
    assert_eq!(status, 200, "the log knows that there was such a message: {done}");
    assert_eq!(world.simulator.record().actions.len(), 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_deleted_for_everyone_stays_so_after_a_new_page() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    let sent = mine(&world, "ola").await;
    let path = format!("/messages/{sent}");
    assert_eq!(ask(&world, "DELETE", &path, None, json!(null)).await.0, 200);
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while entry(&world, &sent).await["revoked_at"].is_null() {
        assert!(tokio::time::Instant::now() < deadline, "the log does not know of the deletion");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    world.stop().await;
    world.start().await;
    world.until(State::Ready).await;
    for key in [None, Some("k"), Some("k")] {
        let (status, done) = ask(&world, "DELETE", &path, key, json!(null)).await;
        assert_eq!((status, &done["message_id"]), (200, &json!(sent)), "{done}");
    }
    let other = ask(&world, "DELETE", &format!("{path}?for=me"), Some("k"), json!(null)).await;
    assert_eq!(other.1["code"], "IDEMPOTENCY_CONFLICT", "the key has its act");
    let deletions = world.simulator.record().actions;
    assert!(matches!(&deletions[..], [Action::Revoke { .. }]), "it was asked for once: {deletions:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_an_act_and_that_of_its_message_do_not_touch_each_other() {
    let mut world = World::new(Options::fast()).await;
    world.set("SEND_TIMEOUT", "4s").start().await;
    world.link().await;
    world.simulator.add_person(FRIEND).unwrap();
    let send = json!({ "number": FRIEND, "message": "ola", "idempotency_key": "send" });
    let sent = world.post("/send", send.clone()).await;
    assert_eq!(sent.0, 200, "{}", sent.1);
    let id = sent.1["message_id"].as_str().unwrap().to_owned();
    let path = format!("/messages/{id}");
    let edit = |key: &'static str| ask(&world, "PATCH", &path, Some(key), json!({ "message": "hola" }));

    // An ack of the message says nothing about the edit.
    world.simulator.faults(|faults| faults.server = ServerFault::NeverAck);
    world.simulator.heard(DEADLINE).await.unwrap();
    assert_eq!(edit("act").await.1["code"], "SEND_UNCONFIRMED");
    for ack in [2, 3] {
        world.simulator.set_ack(&id, ack).unwrap();
    }
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while entry(&world, &id).await["ack"] != 3 {
        assert!(tokio::time::Instant::now() < deadline, "the log does not know of the ack");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (status, unknown) = edit("act").await;
    assert_eq!((status, &unknown["code"]), (504, &json!("SEND_UNCONFIRMED")), "{unknown}");
    world.simulator.faults(|faults| faults.server = ServerFault::None);

    // Nor does a refused act forget what is known of the message.
    world.simulator.faults(|faults| faults.nack = Some(479));
    world.simulator.heard(DEADLINE).await.unwrap();
    let reaction = format!("{path}/reaction");
    let (status, refused) = ask(&world, "POST", &reaction, Some("refused"), json!({ "emoji": "👍" })).await;
    assert_eq!((status, &refused["code"]), (500, &json!("WHATSAPP_ERROR")), "{refused}");
    let (_, conflict) = ask(&world, "POST", &reaction, Some("send"), json!({ "emoji": "👍" })).await;
    assert_eq!(conflict["code"], "IDEMPOTENCY_CONFLICT");
    world.simulator.faults(|faults| faults.nack = None);
    world.simulator.heard(DEADLINE).await.unwrap();
    let again = world.post("/send", send).await;
    assert_eq!((again.0, &again.1["message_id"]), (200, &json!(id)), "{}", again.1);
    assert_eq!(world.simulator.record().received.iter().map(|one| one.count).collect::<Vec<_>>(), [1]);
    let (status, done) = edit("act").await;
    assert_eq!(status, 200, "{done}");
    let told: Value = done["guarantee"].clone();
    assert_eq!(told, "repeatable");
    world.stop().await;
}
