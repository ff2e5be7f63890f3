//! Who is online: this account never, unless PRESENCE says so; others, if it does.

use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{Network, Options, Present, Record};

use crate::world::{DEADLINE, FRIEND, World};

const PRESENCE: &str = "/contacts/5491122334455/presence";

fn told(kind: Option<&str>, last: Option<&str>, chat: Option<&str>) -> Present {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Present { kind: owned(kind), last: owned(last), chat: owned(chat) }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_is_never_shown_as_online_unless_that_is_wanted() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    assert_eq!(world.send(FRIEND, "hola").await.0, 200);
    let (status, refused) = world.get(PRESENCE).await;
    assert_eq!((status, &refused["code"]), (409, &json!("PRESENCE_OFF")), "{refused}");
    let Record { presences, subscriptions, .. } = world.simulator.record();
    assert!(presences.iter().all(|kind| kind == "unavailable"), "{presences:?}");
    assert!(subscriptions.is_empty());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_presence_others_are_followed_also_after_the_line_was_lost() {
    let mut world = World::new(Options::fast()).await;
    world.set("PRESENCE", "available").start().await;
    world.link().await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    let shown = |record: &Record| record.presences.last().is_some_and(|kind| kind == "available");
    world.simulator.wait_until("the account to be shown", DEADLINE, shown).await.unwrap();

    let (status, first) = world.get(PRESENCE).await;
    assert_eq!((status, &first["state"], &first["lid"]), (200, &Value::Null, &json!(lid)), "{first}");
    for (change, expected) in [
        (told(None, None, None), json!(["available", null, false])),
        (told(None, None, Some("composing")), json!(["typing", null, false])),
        (told(None, None, Some("paused")), json!(["available", null, false])),
        (
            told(Some("unavailable"), Some("1700000000"), None),
            json!(["unavailable", "2023-11-14T22:13:20.000Z", false]),
        ),
        (told(Some("unavailable"), Some("deny"), None), json!(["unavailable", null, true])),
    ] {
        world.simulator.present(FRIEND, &change).unwrap();
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            let (_, now) = world.get(PRESENCE).await;
            let found = json!([now["state"], now["last_seen"], now["hidden"]]);
            if found == expected {
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "{found} is not {expected}");
        }
    }
    assert_eq!(world.simulator.record().subscriptions, [lid.as_str()], "asking again asks WhatsApp once");

    world.simulator.network(Network::ServerOnly);
    world.until_session("the line to be down", |session| !session.line_up).await;
    let before = world.simulator.record().presences.len();
    world.simulator.network(Network::Up);
    world.until(State::Ready).await;
    let renewed = |record: &Record| record.subscriptions.len() == 2 && record.presences.len() > before && shown(record);
    world.simulator.wait_until("the presence to be asked for again", DEADLINE, renewed).await.unwrap();

    let (status, refused) = world.get("/contacts/5491199999999/presence").await;
    assert_eq!((status, &refused["code"]), (404, &json!("CONTACT_NOT_FOUND")), "{refused}");
    world.stop().await;
}
