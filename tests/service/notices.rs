//! What the page tells besides messages: calls, changes of groups, names, chats that are read on the phone.

use std::time::Duration;

use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{Action, Incoming, Options};

use crate::events::Follower;
use crate::messages::log;
use crate::receiver::{Received, Receiver, messages};
use crate::world::{DEADLINE, FRIEND, World};

const GROUP: &str = "120363000000000001@g.us";
const ADMIN: &str = "5491133330001";
const MEMBER: &str = "5491133330002";

/// The next event of a type, with its type and its `data`.
async fn told(follower: &mut Follower, kind: &str) -> Value {
    let event = follower.until(kind).await.data;
    assert_eq!(event["type"], kind, "{event}");
    event["data"].clone()
}

fn of(call: &Value) -> (&str, &str) {
    (call["call_id"].as_str().unwrap(), call["status"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_told_when_it_rings_and_when_it_is_over() {
    let mut world = World::ready().await;
    let mut follower = Follower::follow(&world, None).await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    world.simulator.call(FRIEND, "CALL1", true).unwrap();
    let call = told(&mut follower, "call").await;
    assert_eq!(of(&call), ("CALL1", "offered"));
    assert_eq!((&call["chat_id"], &call["lid"], &call["phone"]), (&json!(lid), &json!(lid), &json!(FRIEND)));
    assert_eq!((&call["video"], &call["from_me"], &call["group_id"]), (&json!(true), &json!(false), &Value::Null));
    world.simulator.hang_up(FRIEND, "CALL1").unwrap();
    assert_eq!(of(&told(&mut follower, "call").await), ("CALL1", "missed"));
    assert_eq!(log(&world, 1).await.len(), 1, "a call is no message");
    assert!(world.simulator.record().actions.is_empty(), "nobody refuses calls here");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_an_absence_is_told_once_by_its_entry() {
    let mut world = World::ready().await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    let known = log(&world, 1).await;
    let mut follower = Follower::follow(&world, None).await;
    let last = {
        world.simulator.incoming(Incoming::text(FRIEND, "adiós")).unwrap();
        follower.until("message").await.id
    };
    drop((known, follower));
    world.stop().await;
    world.simulator.call(FRIEND, "CALL2", false).unwrap();
    world.simulator.hang_up(FRIEND, "CALL2").unwrap();
    world.start().await;
    world.until(State::Ready).await;
    let mut follower = Follower::follow(&world, Some(&last)).await;
    let mut statuses = Vec::new();
    while statuses.last().map(String::as_str) != Some("missed") {
        let call = told(&mut follower, "call").await;
        assert_eq!(call["call_id"], "CALL2");
        statuses.push(call["status"].as_str().unwrap().to_owned());
    }
    // Another start reads the same rows again.
    world.stop().await;
    world.start().await;
    world.until(State::Ready).await;
    world.simulator.incoming(Incoming::text(FRIEND, "hola otra vez")).unwrap();
    log(&world, 3).await;
    let mut follower = Follower::follow(&world, Some(&last)).await;
    let mut again = Vec::new();
    loop {
        let event = follower.next().await;
        match event.name.as_str() {
            "call" => again.push(event.data["data"]["status"].as_str().unwrap().to_owned()),
            "message" => break,
            _ => {}
        }
    }
    assert_eq!(again, statuses, "each status is told once");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_refused_and_whoever_called_is_told_once() {
    let mut world = World::new(Options::fast()).await;
    world.set("CALLS", "reject").set("CALLS_REJECT_TEXT", "We do not take calls here.");
    world.start().await;
    world.link().await;
    let mut follower = Follower::follow(&world, None).await;
    let peer = world.simulator.add_person(FRIEND).unwrap();
    world.simulator.call(FRIEND, "CALL3", false).unwrap();
    assert_eq!(of(&told(&mut follower, "call").await), ("CALL3", "offered"));
    assert_eq!(of(&told(&mut follower, "call").await), ("CALL3", "rejected"));
    let refusal = Action::RejectCall { call: "CALL3".to_owned(), peer };
    // The page hands the refusal over, and nobody tells when the server has it.
    let is_refused = |record: &simulator::Record| record.actions == [refusal.clone()];
    world.simulator.wait_until("the refusal", DEADLINE, is_refused).await.unwrap();
    let written = |record: &simulator::Record| record.received.iter().any(|one| one.body.contains("calls"));
    world.simulator.wait_until("the text", DEADLINE, written).await.unwrap();
    // The entry of the chat says missed, and the call stays refused; the page adds a call again at each of its messages.
    world.simulator.call(FRIEND, "CALL3", false).unwrap();
    world.simulator.hang_up(FRIEND, "CALL3").unwrap();
    world.simulator.call(FRIEND, "CALL4", false).unwrap();
    assert_eq!(of(&told(&mut follower, "call").await), ("CALL4", "offered"));
    let twice =
        |record: &simulator::Record| record.received.iter().filter(|one| one.body.contains("calls")).count() == 2;
    world.simulator.wait_until("the second text", DEADLINE, twice).await.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_did_what_to_whom_in_a_group_is_told() {
    let mut world = World::ready().await;
    let simulator = world.simulator.clone();
    let [admin, member] = [ADMIN, MEMBER].map(|number| simulator.add_person(number).unwrap());
    simulator.incoming(Incoming::text(ADMIN, "a todos").in_group(GROUP)).unwrap();
    log(&world, 1).await;
    let mut follower = Follower::follow(&world, None).await;
    let person = |lid: &str, number: &str| json!({ "id": lid, "phone": number, "lid": lid });
    let (admin, member) = (person(&admin, ADMIN), person(&member, MEMBER));
    for (what, by, of, change, people, value) in [
        ("add", ADMIN, Some(MEMBER), "add", true, Value::Null),
        ("promote", ADMIN, Some(MEMBER), "promote", true, Value::Null),
        ("demote", ADMIN, Some(MEMBER), "demote", true, Value::Null),
        ("subject", ADMIN, Some("Equipo"), "subject", false, json!("Equipo")),
        ("announcement", ADMIN, None, "announce", false, json!("on")),
        ("invite", ADMIN, None, "invite_link", false, Value::Null),
        ("leave", MEMBER, Some(MEMBER), "leave", true, Value::Null),
        ("join", MEMBER, Some(MEMBER), "join", true, Value::Null),
        ("remove", ADMIN, Some(MEMBER), "remove", true, Value::Null),
    ] {
        simulator.change_group(GROUP, what, by, of).unwrap();
        let event = told(&mut follower, "group.changed").await;
        let author = if by == ADMIN { &admin } else { &member };
        let people = if people { json!([member]) } else { json!([]) };
        assert_eq!((&event["change"], &event["chat_id"]), (&json!(change), &json!(GROUP)));
        assert_eq!((&event["author"], &event["participants"], &event["value"]), (author, &people, &value), "{what}");
    }
    assert_eq!(log(&world, 1).await.len(), 1, "a change of a group is no message");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_chats_that_are_read_on_the_phone_are_told_once() {
    let mut world = World::ready().await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    world.simulator.incoming(Incoming::text(FRIEND, "hola").named("Ana")).unwrap();
    log(&world, 1).await;
    let mut follower = Follower::follow(&world, None).await;
    world.simulator.rename(FRIEND, "Ana María").unwrap();
    let contact = told(&mut follower, "contact.changed").await;
    assert_eq!((&contact["pushname"], &contact["lid"]), (&json!("Ana María"), &json!(lid)));
    assert_eq!(contact["phone"], FRIEND);
    world.simulator.read_on_phone(FRIEND).unwrap();
    let event = follower.next().await;
    assert_eq!(event.name, "chat.read", "the name is told once: {event:?}");
    let read = &event.data["data"];
    assert_eq!((&read["chat_id"], &read["phone"], &read["unread"]), (&json!(lid), &json!(FRIEND), &json!(0)));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_told_of_calls_and_groups_only_where_they_want_them() {
    let (usual, all) = (Receiver::start().await, Receiver::start().await);
    let mut world = World::new(Options::fast()).await;
    world.set("WEBHOOK_URLS", &usual.url()).set("WEBHOOK_1_URL", &all.url());
    world.set("WEBHOOK_1_EVENTS", "call,group.changed,message").set("WEBHOOK_1_CHATS", "direct");
    world.start().await;
    world.link().await;
    world.simulator.call(FRIEND, "CALL5", false).unwrap();
    world.simulator.incoming(Incoming::text(ADMIN, "a todos").in_group(GROUP)).unwrap();
    world.simulator.change_group(GROUP, "subject", ADMIN, Some("Equipo")).unwrap();
    world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    let types = |taken: &[Received]| -> Vec<String> {
        taken.iter().map(|one| one.body["type"].as_str().unwrap().to_owned()).collect()
    };
    let wanted = all.until("the call and the message", |taken| taken.len() == 2).await;
    assert_eq!(types(&wanted), ["call", "message"]);
    let others = usual.until("both messages", |taken| messages(taken).len() == 2).await;
    assert!(types(&others).iter().all(|kind| kind.starts_with("message") || kind.starts_with("session")));
    world.stop().await;
}

/// A page that is still loading when its connection is up already.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_not_ready_before_the_service_hears_of_calls() {
    let mut world = World::new(Options::fast()).await;
    world.tune = |timings| timings.surface_settle = DEADLINE;
    world.simulator.faults(|faults| faults.missing_modules.push("WAWebCallCollection".to_owned()));
    world.start().await;
    world.until(State::QrRequired).await;
    world.simulator.scan(&world.simulator.code(DEADLINE).await.unwrap()).unwrap();
    world.until(State::Authenticated).await;
    let ready = tokio::time::timeout(Duration::from_secs(1), world.until(State::Ready)).await;
    assert!(ready.is_err(), "the page would not tell of a call that comes now");
    let mut follower = Follower::follow(&world, None).await;
    world.simulator.call(FRIEND, "CALL6", false).unwrap();
    world.simulator.faults(|faults| faults.missing_modules.clear());
    world.until(State::Ready).await;
    assert_eq!(of(&told(&mut follower, "call").await), ("CALL6", "offered"));
    world.stop().await;
}

/// A page of a build that has no such part, whose loading has ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_calls_is_ready_without_them() {
    let mut world = World::new(Options::fast()).await;
    world.simulator.faults(|faults| faults.missing_modules.push("WAWebCallCollection".to_owned()));
    world.start().await;
    world.link().await;
    let (_, table) = world.get("/capabilities").await;
    assert_eq!(table["wrapped"], json!(["WAWebUpdateDbForGroupActionApi.updateDBForGroupAction"]));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_of_the_page_that_are_wrapped_are_listed() {
    let mut world = World::ready().await;
    let (status, table) = world.get("/capabilities").await;
    assert_eq!(status, 200);
    assert_eq!(
        table["wrapped"],
        json!(["WAWebUpdateDbForGroupActionApi.updateDBForGroupAction", "WAWebCallCollection.add"])
    );
    world.stop().await;
}
