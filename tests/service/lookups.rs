//! The limit that all look-ups share: numbers, presence, mentions, the people and the invite of a group.

use serde_json::{Value, json};
use simulator::Options;

use crate::world::{FRIEND, World};

const STRANGER: &str = "5491199990000";
const GROUP: &str = "120363000000000009@g.us";

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|n| format!("598990000{n:02}")).collect()
}

/// The status, the code, and after how many seconds it may be asked again.
async fn ask(world: &World, method: &str, path: &str, body: &Value) -> (u16, Option<String>, u64) {
    let response = world.request(method, path).json(body).send().await.unwrap();
    let seconds = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["code"].as_str().map(str::to_owned), seconds.unwrap_or(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_look_ups_of_a_minute_are_used_up_nobody_else_is_looked_up() {
    let mut world = World::new(Options::fast()).await;
    world.set("PRESENCE", "available").start().await;
    world.link().await;
    for number in [FRIEND, STRANGER] {
        world.simulator.add_person(number).unwrap();
    }
    assert_eq!(world.get(&format!("/numbers/{FRIEND}")).await.0, 200);
    let (status, _) = world.post("/numbers", json!({ "numbers": numbers(0..30) })).await;
    assert_eq!((status, world.simulator.record().lookups), (200, 30));
    let text = json!({ "number": FRIEND, "message": format!("gracias @{STRANGER}"), "mentions": [STRANGER] });
    let people = json!({ "subject": "Obra", "participants": [FRIEND, STRANGER] });
    for (method, path, body) in [
        ("GET", format!("/numbers/{STRANGER}"), json!({})),
        ("GET", format!("/contacts/{STRANGER}"), json!({})),
        ("GET", format!("/contacts/{STRANGER}/presence"), json!({})),
        ("GET", format!("/groups/{GROUP}/invite"), json!({})),
        ("POST", "/groups".to_owned(), people),
        ("POST", format!("/groups/{GROUP}/participants"), json!({ "add": [STRANGER] })),
        ("POST", "/send".to_owned(), text),
    ] {
        let (status, code, seconds) = ask(&world, method, &path, &body).await;
        assert_eq!((status, code.as_deref()), (429, Some("RATE_LIMITED")), "{method} {path}");
        assert!((1..=60).contains(&seconds), "{method} {path}: {seconds}");
    }
    let record = world.simulator.record();
    assert!(record.lookups == 30 && record.received.is_empty() && record.groups.is_empty(), "{record:?}");
    // Whom the page knows, it looks up nowhere.
    let text = json!({ "number": FRIEND, "message": format!("gracias @{FRIEND}"), "mentions": [FRIEND] });
    for (method, path, body) in [
        ("GET", format!("/contacts/{FRIEND}/presence"), json!({})),
        ("POST", "/groups".to_owned(), json!({ "subject": "Obra", "participants": [FRIEND] })),
        ("POST", "/send".to_owned(), text),
    ] {
        let (status, code, _) = ask(&world, method, &path, &body).await;
        assert_eq!((status, code), (200, None), "{method} {path}");
    }
    assert_eq!(world.simulator.record().lookups, 30);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_mentions_more_people_than_a_minute_has_look_ups_goes_once() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    assert_eq!(world.get(&format!("/contacts/{FRIEND}")).await.0, 200);
    let mentioned = numbers(0..33);
    for number in &mentioned {
        world.simulator.add_person(number).unwrap();
    }
    let words: Vec<_> = mentioned.iter().map(|number| format!("@{number}")).collect();
    let text = |mentions: &[String]| json!({ "number": FRIEND, "message": words.join(" "), "mentions": mentions });
    let (status, sent) = world.post("/send", text(&mentioned)).await;
    assert_eq!(status, 200, "{sent}");
    let record = world.simulator.record();
    // The friend was one of them.
    assert_eq!((record.lookups, record.received.len()), (34, 1));
    let named = record.received[0].fields["mentionedJidList"].as_array().map(Vec::len);
    assert_eq!(named, Some(33));
    let (status, refused) = world.get(&format!("/numbers/{STRANGER}")).await;
    assert_eq!((status, &refused["code"]), (429, &json!("RATE_LIMITED")), "{refused}");
    assert_eq!(world.post("/send", text(&mentioned)).await.0, 200);
    assert_eq!(world.simulator.record().lookups, 34);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_mentioned_who_is_not_on_whatsapp_is_named_before_the_message_has_an_id() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    let mentions = ["59899000000", STRANGER];
    world.simulator.add_person(mentions[0]).unwrap();
    let text = json!({ "number": FRIEND, "message": "@59899000000", "mentions": mentions, "idempotency_key": "k" });
    let (status, refused) = world.post("/send", text).await;
    assert_eq!((status, &refused["code"]), (400, &json!("NOT_ON_WHATSAPP")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("number 2 of those mentioned"), "{refused}");
    assert_eq!((refused["message_id"].as_str(), world.simulator.record().received.len()), (None, 0));
    world.stop().await;
}
