//! Who is online: this account never, unless PRESENCE says so; others, if it does.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{Network, Options, Present, Record};

use crate::events::Follower;
use crate::world::{DEADLINE, FRIEND, World, family};

const PRESENCE: &str = "/contacts/5491122334455/presence";

fn told(kind: Option<&str>, last: Option<&str>, chat: Option<&str>) -> Present {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Present { kind: owned(kind), last: owned(last), chat: owned(chat) }
}

/// What the server tells of somebody, and then their state, since when, and whether that is hidden.
fn changes() -> [(Present, Value); 5] {
    [
        (told(None, None, None), json!(["available", null, false])),
        (told(None, None, Some("composing")), json!(["typing", null, false])),
        (told(None, None, Some("paused")), json!(["available", null, false])),
        (
            told(Some("unavailable"), Some("1700000000"), None),
            json!(["unavailable", "2023-11-14T22:13:20.000Z", false]),
        ),
        (told(Some("unavailable"), Some("deny"), None), json!(["unavailable", null, true])),
    ]
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
    let (status, chats) = world.get("/chats").await;
    assert_eq!((status, &chats["items"]), (200, &json!([])), "to ask for somebody's presence opens no chat with them");
    for (change, expected) in changes() {
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

#[tokio::test(flavor = "multi_thread")]
async fn people_who_cannot_be_followed_after_a_reload_are_tried_again() {
    let mut world = World::new(Options::fast()).await;
    world.tune = |timings| timings.follow_again = Duration::from_millis(200);
    world.set("PRESENCE", "available").start().await;
    world.link().await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    assert_eq!(world.get(PRESENCE).await.0, 200);
    // The next document lacks what following needs: it defines that late, or the server does not answer.
    world.simulator.faults(|faults| faults.missing_modules = vec!["WAWebPresenceCollection".to_owned()]);
    let documents = world.snapshot().documents;
    for renderer in family(world.browser_pid(), "--type=renderer") {
        kill(Pid::from_raw(renderer), Signal::SIGKILL).unwrap();
    }
    world.until_session("another document", |now| now.documents > documents && now.state == State::Ready).await;
    // The document was told whom to follow when it became READY, which was before this.
    let (status, refused) = world.get(PRESENCE).await;
    assert_eq!((status, &refused["code"]), (503, &json!("PAGE_UNAVAILABLE")), "{refused}");
    assert_eq!(world.simulator.record().subscriptions, [lid.as_str()]);
    world.simulator.faults(|faults| faults.missing_modules.clear());
    let again = |record: &Record| record.subscriptions.len() == 2;
    world.simulator.wait_until("the person to be followed again", DEADLINE, again).await.unwrap();
    world.stop().await;
}

/// The next event of the stream, which is of somebody's presence: the state, since when, and whether that is hidden.
async fn next(follower: &mut Follower, lid: &str) -> Value {
    let event = follower.next().await;
    let data = &event.data["data"];
    assert_eq!((event.name.as_str(), &event.data["type"], event.id.as_str()), ("presence", &json!("presence"), ""));
    assert!(event.data["id"].as_str().unwrap().starts_with("prs_"), "{:?}", event.data);
    assert_eq!(json!([data["lid"], data["chat_id"], data["phone"]]), json!([lid, lid, FRIEND]));
    json!([data["state"], data["last_seen"], data["hidden"]])
}

#[tokio::test(flavor = "multi_thread")]
async fn what_becomes_of_those_who_are_followed_is_told_as_it_happens() {
    let mut world = World::new(Options::fast()).await;
    world.set("PRESENCE", "available").start().await;
    world.link().await;
    let lid = world.simulator.add_person(FRIEND).unwrap();
    let mut follower = Follower::follow_at(&world, "/events?events=presence", None).await;
    let mut others = Follower::follow_at(&world, "/events?events=message", None).await;
    // Nobody asked for this person yet.
    world.simulator.present(FRIEND, &told(None, None, None)).unwrap();
    assert_eq!(world.get(PRESENCE).await.1["state"], Value::Null);
    for (change, expected) in changes() {
        world.simulator.present(FRIEND, &change).unwrap();
        assert_eq!(next(&mut follower, &lid).await, expected);
    }

    // The page forgets on a lost line what it was told; another document of it has never heard of the person.
    world.simulator.network(Network::ServerOnly);
    world.until_session("the line to be down", |session| !session.line_up).await;
    world.simulator.network(Network::Up);
    world.until(State::Ready).await;
    assert_eq!(next(&mut follower, &lid).await, json!([null, null, false]));
    let documents = world.snapshot().documents;
    let asked = world.simulator.record().subscriptions.len();
    for renderer in family(world.browser_pid(), "--type=renderer") {
        kill(Pid::from_raw(renderer), Signal::SIGKILL).unwrap();
    }
    world.until_session("another document", |now| now.documents > documents && now.state == State::Ready).await;
    let again = |record: &Record| record.subscriptions.len() > asked;
    world.simulator.wait_until("the next document to ask for the presence", DEADLINE, again).await.unwrap();
    world.simulator.present(FRIEND, &told(None, None, None)).unwrap();
    assert_eq!(next(&mut follower, &lid).await, json!(["available", null, false]));

    // It is in no log: a client that comes later is told nothing of before.
    let id = world.simulator.incoming(simulator::Incoming::text(FRIEND, "hola")).unwrap();
    let message = others.next().await;
    assert_eq!((message.name.as_str(), &message.data["data"]["id"]), ("message", &json!(id.as_str())));
    let mut late = Follower::follow(&world, Some("rubbish")).await;
    loop {
        let event = late.next().await;
        assert_ne!(event.name, "presence");
        if event.id == message.id {
            break;
        }
    }
    world.stop().await;
}
