//! Who has received, read and played a message of this account.

use serde_json::{Value, json};
use simulator::{Incoming, Record};

use crate::messages::log;
use crate::world::{DEADLINE, FRIEND, World};

const ANA: &str = "5491133330001";
const BO: &str = "5491133330003";

/// The answer with receipts, once it has what is wanted.
async fn until(world: &World, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let (status, told) = world.get(&format!("/messages/{id}?receipts=true")).await;
        assert_eq!(status, 200, "{told}");
        if wanted(&told["receipts"]) {
            return told["receipts"].clone();
        }
        assert!(tokio::time::Instant::now() < deadline, "{told}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

fn of<'a>(receipts: &'a Value, number: &str) -> &'a Value {
    let people = receipts.as_array().map_or(&[][..], Vec::as_slice);
    people.iter().find(|person| person["phone"] == number).unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_a_group_tells_who_has_read_it_and_when() {
    let mut world = World::ready().await;
    let lids = [ANA, BO].map(|number| world.simulator.add_person(number).unwrap());
    let made = world.post("/groups", json!({ "subject": "Equipo", "participants": [ANA, BO] })).await;
    assert_eq!(made.0, 200, "{}", made.1);
    let group = made.1["id"].as_str().unwrap();
    let (status, sent) = world.post("/send", json!({ "to": group, "message": "hola a todos" })).await;
    assert_eq!(status, 200, "{sent}");
    let id = sent["message_id"].as_str().unwrap();
    let both = |receipts: &Value| receipts.as_array().is_some_and(|people| people.len() == 2);
    let none = until(&world, id, both).await;
    for (number, lid) in [ANA, BO].iter().zip(&lids) {
        let person = of(&none, number);
        assert_eq!(
            (&person["lid"], &person["read_at"], &person["played_at"]),
            (&json!(lid), &Value::Null, &Value::Null)
        );
    }
    world.simulator.person_ack(id, ANA, 2, 1_700_000_001).unwrap();
    world.simulator.person_ack(id, ANA, 3, 1_700_000_002).unwrap();
    world.simulator.person_ack(id, BO, 4, 1_700_000_003).unwrap();
    let told = until(&world, id, |receipts| of(receipts, BO)["played_at"].is_string()).await;
    let ana = of(&told, ANA);
    assert_eq!(ana["delivered_at"], "2023-11-14T22:13:21.000Z");
    assert_eq!((&ana["read_at"], &ana["played_at"]), (&json!("2023-11-14T22:13:22.000Z"), &Value::Null));
    assert_eq!(of(&told, BO)["played_at"], "2023-11-14T22:13:23.000Z");
    assert_eq!(told.as_array().unwrap().len(), 2, "the account itself is no receiver");

    let (_, plain) = world.get(&format!("/messages/{id}")).await;
    assert_eq!(plain.get("receipts"), None, "only who asks for them gets them");
    assert_eq!(world.get(&format!("/messages/{id}?receipts=yes")).await.1["code"], "INVALID_PARAMETER");
    assert_eq!(world.post("/disconnect", json!({})).await.0, 200);
    let (status, away) = world.get(&format!("/messages/{id}?receipts=true")).await;
    assert_eq!((status, away.get("receipts")), (200, Some(&Value::Null)), "{away}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_to_one_person_has_one_receiver_and_one_of_others_has_none() {
    let mut world = World::ready().await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    let (_, sent) = world.send(FRIEND, "hola").await;
    let id = sent["message_id"].as_str().unwrap();
    let arrived = |record: &Record| record.received.iter().any(|one| one.ack == 2);
    world.simulator.wait_until("the message to arrive", DEADLINE, arrived).await.unwrap();
    world.simulator.person_ack(id, FRIEND, 3, 1_900_000_000).unwrap();
    let told = until(&world, id, |receipts| of(receipts, FRIEND)["read_at"].is_string()).await;
    let person = of(&told, FRIEND);
    assert_eq!((&person["lid"], &person["read_at"]), (&json!(lid), &json!("2030-03-17T17:46:40.000Z")));
    assert!(person["delivered_at"].is_string(), "{person}");
    assert_eq!(told.as_array().unwrap().len(), 1);

    let received = world.simulator.incoming(Incoming::text(FRIEND, "hola")).unwrap();
    log(&world, 2).await;
    let told = until(&world, received.as_str(), |_| true).await;
    assert_eq!(told, Value::Null);
    world.stop().await;
}
