//! Edits of the account's own messages that WhatsApp's server does not take: the page shows them, and nobody is told of them.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{Action, Faults, Incoming, Network, Options, ServerFault};

use crate::acts_routes::{ask, mine};
use crate::acts_send::entry;
use crate::events::Follower;
use crate::world::{DEADLINE, FRIEND, World, family};

async fn edit(world: &World, id: &str, text: &str) -> (u16, Value) {
    ask(world, "PATCH", &format!("/messages/{id}"), None, json!({ "message": text })).await
}

/// The page is loaded again, and the service has read what it missed.
async fn load_again(world: &World) {
    let documents = world.snapshot().documents;
    for renderer in family(world.browser_pid(), "--type=renderer") {
        kill(Pid::from_raw(renderer), Signal::SIGKILL).unwrap();
    }
    world.until_session("another document", |now| now.documents > documents && now.state == State::Ready).await;
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while world.get("/status").await.1["reconciling"] != json!(false) {
        assert!(tokio::time::Instant::now() < deadline, "what was missed is not read");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Whether the log still has the text that was sent, without an edit.
async fn is_as_sent(world: &World, id: &str) {
    let logged = entry(world, id).await;
    assert_eq!((&logged["body"], &logged["edited_at"]), (&json!("ola"), &Value::Null), "{logged}");
}

/// An edit that fails in this way, and one that the server takes afterwards: only the second is told, also after a load.
async fn is_untold(faults: impl Fn(&mut Faults), status: u16, code: &str) -> Value {
    let mut world = World::new(Options::fast()).await;
    world.set("SEND_TIMEOUT", "5s").start().await;
    world.link().await;
    let mut follower = Follower::follow_at(&world, "/events?events=message,message.edited", None).await;
    world.simulator.add_person(FRIEND).unwrap();
    let sent = mine(&world, "ola").await;
    world.simulator.faults(faults);
    world.simulator.heard(DEADLINE).await.unwrap();
    let (answered, refused) = edit(&world, &sent, "nunca").await;
    assert_eq!((answered, refused["code"].as_str()), (status, Some(code)), "{refused}");
    is_as_sent(&world, &sent).await;
    load_again(&world).await;
    // The log takes what it is told in order.
    let later = world.simulator.incoming(Incoming::text(FRIEND, "después")).unwrap();
    entry(&world, &later).await;
    is_as_sent(&world, &sent).await;

    world.simulator.faults(|faults| *faults = Faults::default());
    world.simulator.heard(DEADLINE).await.unwrap();
    let (answered, done) = edit(&world, &sent, "hola").await;
    assert_eq!(answered, 200, "{done}");
    let told = loop {
        let event = follower.next().await;
        if event.data["type"] == "message.edited" {
            break event.data["data"].clone();
        }
    };
    assert_eq!((&told["id"], &told["body"]), (&json!(sent), &json!("hola")), "{told}");
    let logged = entry(&world, &sent).await;
    assert_eq!(logged["body"], "hola");
    let versions: Vec<_> = logged["edits"].as_array().into_iter().flatten().map(|one| one["body"].clone()).collect();
    assert_eq!(versions, [json!("ola")], "what the server did not take is no version: {logged}");
    world.stop().await;
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_the_server_refuses_is_told_to_nobody() {
    is_untold(|faults| faults.nack = Some(479), 500, "WHATSAPP_ERROR").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_the_server_takes_too_late_is_refused_with_that_reason() {
    let refused = is_untold(|faults| faults.late_edits = true, 409, "EDIT_NOT_POSSIBLE").await;
    assert!(refused["message"].as_str().unwrap().contains("20 minutes"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_the_server_does_not_answer_is_told_once_it_does() {
    is_untold(|faults| faults.server = ServerFault::Drop, 504, "SEND_UNCONFIRMED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_on_another_device_is_told_as_it_comes() {
    let mut world = World::ready().await;
    let mut follower = Follower::follow_at(&world, "/events?events=message.edited", None).await;
    world.simulator.add_person(FRIEND).unwrap();
    let sent = mine(&world, "ola").await;
    world.simulator.edit(&sent, "hola").unwrap();
    let told = follower.next().await.data["data"].clone();
    assert_eq!((&told["id"], &told["body"]), (&json!(sent), &json!("hola")), "{told}");
    let done = edit(&world, &sent, "chau").await;
    assert_eq!(done.0, 200, "{}", done.1);
    assert_eq!(follower.next().await.data["data"]["body"], "chau");
    let text = "chau".to_owned();
    let message = sent.split('_').nth(2).unwrap().to_owned();
    assert_eq!(world.simulator.record().actions, [Action::Edit { message, text }]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_is_not_answered_yet_may_be_asked_for_again_and_no_other_one() {
    let mut world = World::new(Options::fast()).await;
    world.set("SEND_TIMEOUT", "5s").start().await;
    world.link().await;
    world.simulator.add_person(FRIEND).unwrap();
    let sent = mine(&world, "ola").await;
    world.simulator.faults(|faults| faults.server = ServerFault::Drop);
    world.simulator.heard(DEADLINE).await.unwrap();
    for text in ["hola", "hola", "chau"] {
        let (status, refused) = edit(&world, &sent, text).await;
        assert_eq!((status, &refused["code"]), (504, &json!("SEND_UNCONFIRMED")), "{text}: {refused}");
    }
    is_as_sent(&world, &sent).await;
    world.simulator.faults(|faults| faults.server = ServerFault::None);
    world.simulator.heard(DEADLINE).await.unwrap();
    // With a new line the page asks the server again.
    world.simulator.network(Network::ServerOnly);
    world.until(State::Reconnecting).await;
    world.simulator.network(Network::Up);
    world.until(State::Ready).await;
    let (status, done) = edit(&world, &sent, "hola").await;
    assert_eq!(status, 200, "{done}");
    assert_eq!(entry(&world, &sent).await["body"], "hola");
    let message = sent.split('_').nth(2).unwrap().to_owned();
    let actions = world.simulator.record().actions;
    let same = Action::Edit { message, text: "hola".to_owned() };
    assert!(!actions.is_empty() && actions.iter().all(|one| *one == same), "no other text is sent: {actions:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_edit_was_refused_is_still_a_message_that_was_sent() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    let sent = mine(&world, "ola").await;
    world.simulator.faults(|faults| faults.nack = Some(479));
    world.simulator.heard(DEADLINE).await.unwrap();
    let (status, refused) = edit(&world, &sent, "nunca").await;
    assert_eq!((status, &refused["code"]), (500, &json!("WHATSAPP_ERROR")), "{refused}");
    world.simulator.faults(|faults| faults.nack = None);
    world.simulator.heard(DEADLINE).await.unwrap();
    for is_loaded_again in [false, true] {
        if is_loaded_again {
            load_again(&world).await;
        }
        let path = format!("/messages/{sent}");
        let emoji = if is_loaded_again { "🎉" } else { "👍" };
        let (status, done) = ask(&world, "POST", &format!("{path}/reaction"), None, json!({ "emoji": emoji })).await;
        assert_eq!(status, 200, "{done}");
        let (status, refused) = ask(&world, "POST", &format!("{path}/forward"), None, json!({ "to": FRIEND })).await;
        let why = refused["message"].as_str().unwrap_or_default();
        assert_eq!((status, &refused["code"]), (409, &json!("FORWARD_NOT_POSSIBLE")), "{refused}");
        assert!(why.contains("its last edit is not sent"), "{refused}");
        let logged = entry(&world, &sent).await;
        assert!(logged["ack"].as_i64() >= Some(1), "the ack never falls: {logged}");
    }
    world.stop().await;
}
