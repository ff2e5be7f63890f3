//! Each message that the account receives is in the log once, in order, whichever process died meanwhile.

mod chats;

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use session_manager::domain::state::State;
use simulator::{Incoming, Options};

use crate::events::Follower;
use crate::process::{self, Process};
use crate::world::{DEADLINE, FRIEND, World};

/// Waits until the log has this many entries; returns all entries.
pub async fn log(world: &World, entries: usize) -> Vec<Value> {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let items = all(world).await;
        if items.len() >= entries {
            return items;
        }
        assert!(tokio::time::Instant::now() < deadline, "{} of {entries} in the log", items.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn all(world: &World) -> Vec<Value> {
    let (mut items, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let (status, page) = world.get(&format!("/messages?limit=1000&after={after}")).await;
        assert_eq!(status, 200, "{page}");
        let found = page["items"].as_array().unwrap();
        if found.is_empty() {
            return items;
        }
        items.extend(found.iter().cloned());
        after = page["next"].as_str().unwrap().to_owned();
    }
}

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["id"].as_str().unwrap()).collect()
}

/// WhatsApp's times have whole seconds: a message sent in the second in which the session becomes READY does not count
/// as missed.
async fn a_second_passes() {
    let second = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let sent = second();
    while second() == sent {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn reconciling_becomes(world: &World, wanted: bool) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while world.get("/status").await.1["reconciling"] != wanted {
        assert!(tokio::time::Instant::now() < deadline, "reconciling never became {wanted}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_message_is_kept_as_it_came() {
    let mut world = World::ready().await;
    let simulator = &world.simulator;
    let plain = simulator.incoming(Incoming::text(FRIEND, "hola \u{1f44b}").named("Ana")).unwrap();
    let group = simulator.incoming(Incoming::text(FRIEND, "a todos").in_group("120363000000000001@g.us")).unwrap();
    let sealed = simulator.incoming(Incoming::text(FRIEND, "secreto").ciphertext(50)).unwrap();
    simulator.incoming(Incoming::text(FRIEND, "").kind("e2e_notification")).unwrap();
    let stranger = simulator.incoming(Incoming::text("5491199998888", "¿quién?").phone_unknown()).unwrap();
    let own = simulator.from_phone(FRIEND, "desde el teléfono").unwrap();
    let items = log(&world, 5).await;
    assert_eq!(
        ids(&items).into_iter().collect::<HashSet<_>>(),
        [&plain, &group, &sealed, &stranger, &own].map(String::as_str).into()
    );
    let item = |id: &str| items.iter().find(|item| item["id"] == *id).unwrap();
    assert_eq!((&item(&plain)["body"], &item(&plain)["phone"]), (&"hola \u{1f44b}".into(), &FRIEND.into()));
    assert_eq!((&item(&plain)["name"], &item(&plain)["recovered"]), (&"Ana".into(), &false.into()));
    assert!(item(&group)["author"].as_str().unwrap().ends_with("@lid"), "{}", item(&group));
    assert_eq!((&item(&sealed)["body"], &item(&sealed)["type"]), (&"secreto".into(), &"chat".into()));
    assert_eq!(item(&stranger)["phone"], Value::Null, "never the digits of a LID");
    assert_eq!(item(&own)["direction"], "out");

    simulator.edit(&plain, "hola de nuevo").unwrap();
    simulator.revoke(&stranger).unwrap();
    simulator.set_ack(&own, 3).unwrap();
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let (edited, gone, read) = (
            world.get(&format!("/messages/{plain}")).await.1,
            world.get(&format!("/messages/{stranger}")).await.1,
            world.get(&format!("/messages/{own}")).await.1,
        );
        if edited["edited_at"].is_string() && gone["revoked_at"].is_string() && read["ack"] == 3 {
            assert_eq!((&edited["body"], &gone["body"]), (&"hola de nuevo".into(), &"¿quién?".into()));
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{edited} {gone} {read}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (_, page) = world.get("/messages?direction=out&limit=1").await;
    assert_eq!(ids(page["items"].as_array().unwrap()), [own]);
    let (_, page) = world.get(&format!("/messages?chat={FRIEND}&direction=in")).await;
    assert!(page["items"].as_array().unwrap().len() >= 2, "{page}");
    assert_eq!(world.get("/messages/nothing").await.0, 404);
    assert_eq!(world.get("/messages?limit=0").await.0, 400);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_while_the_service_was_down_is_recovered_once_and_history_is_no_news() {
    let mut world = World::new(Options { history_on_link: 12, ..Options::fast() }).await;
    world.start().await;
    world.link().await;
    let heard = world.simulator.incoming(Incoming::text(FRIEND, "uno")).unwrap();
    assert_eq!(ids(&log(&world, 1).await), [heard.as_str()], "history of before the link is not in it");
    world.stop().await;
    // More than the page keeps of a chat in memory, and a message from a new person.
    let mut missed: Vec<_> =
        (0..12).map(|n| world.simulator.incoming(Incoming::text(FRIEND, format!("ausente {n}"))).unwrap()).collect();
    missed.push(world.simulator.incoming(Incoming::text("5491177776666", "hola, soy nueva")).unwrap());
    a_second_passes().await;
    world.start().await;
    world.until(State::Ready).await;
    let items = log(&world, 14).await;
    let recovered: HashSet<_> =
        items.iter().filter(|i| i["recovered"] == true).map(|i| i["id"].as_str().unwrap()).collect();
    assert_eq!(recovered, missed.iter().map(String::as_str).collect());
    world.stop().await;
    world.start().await;
    world.until(State::Ready).await;
    let session = world.service.as_ref().unwrap();
    assert!(session.session().is_alive());
    assert_eq!(log(&world, 14).await.len(), 14, "each once, also after another restart");
    world.stop().await;
}

/// The events of one type, as webhooks and followers get them.
async fn events(world: &World, kind: &str, count: usize) -> Vec<Value> {
    let mut follower = Follower::follow(world, Some("from the beginning")).await;
    let mut found = Vec::new();
    while found.len() < count {
        let sent = follower.next().await;
        if sent.data["type"] == kind {
            found.push(sent.data["data"].clone());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_while_the_service_was_down_is_told_once() {
    let mut world = World::ready().await;
    let mut sent: Vec<_> = ["editado", "borrado", "querido"]
        .map(|body| world.simulator.incoming(Incoming::text(FRIEND, body)).unwrap())
        .into();
    log(&world, 3).await;
    world.simulator.react(&sent[2], FRIEND, "👍").unwrap();
    assert_eq!(events(&world, "message.reaction", 1).await[0]["emoji"], "👍");
    world.stop().await;
    world.simulator.edit(&sent[0], "corregido").unwrap();
    world.simulator.revoke(&sent[1]).unwrap();
    world.simulator.react(&sent[2], FRIEND, "❤").unwrap();
    sent.push(world.simulator.incoming(Incoming::text(FRIEND, "nunca vista")).unwrap());
    world.simulator.revoke(&sent[3]).unwrap();
    for _ in 0..2 {
        world.start().await;
        world.until(State::Ready).await;
        let reactions = events(&world, "message.reaction", 2).await;
        assert_eq!((&reactions[1]["emoji"], &reactions[1]["message_id"]), (&"❤".into(), &sent[2].as_str().into()));
        let edited = events(&world, "message.edited", 1).await;
        assert_eq!((&edited[0]["id"], &edited[0]["body"]), (&sent[0].as_str().into(), &"corregido".into()));
        events(&world, "message.revoked", 1).await;
        reconciling_becomes(&world, false).await;
        world.stop().await;
    }
    world.start().await;
    let items = log(&world, 4).await;
    assert_eq!(ids(&items), sent.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(items.iter().map(|item| item["revoked_at"].is_string()).collect::<Vec<_>>(), [false, true, false, true]);
    assert_eq!((&items[1]["body"], &items[3]["type"]), (&"borrado".into(), &"revoked".into()));
    // Each event occurs once, over three starts.
    let mut follower = Follower::follow(&world, Some("from the beginning")).await;
    let mark = world.simulator.incoming(Incoming::text(FRIEND, "fin")).unwrap();
    let mut kinds = Vec::new();
    loop {
        let sent = follower.next().await;
        if sent.data["data"]["id"] == *mark {
            break;
        }
        kinds.push(sent.name);
    }
    for (kind, count) in [("message", 4), ("message_edited", 1), ("message_revoked", 1), ("message_reaction", 2)] {
        assert_eq!(kinds.iter().filter(|known| *known == kind).count(), count, "{kind}: {kinds:?}");
    }
    drop(follower);
    world.stop().await;
}

/// A new link empties the page's table, and brings the messages missed meanwhile as history.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_new_link_what_was_missed_is_news_and_nothing_older() {
    let mut world = World::new(Options { history_on_link: 12, ..Options::fast() }).await;
    world.start().await;
    world.link().await;
    let heard = world.simulator.incoming(Incoming::text(FRIEND, "antes")).unwrap();
    log(&world, 1).await;
    world.simulator.unlink();
    world.until_session("the end of the link", |session| session.state != State::Ready).await;
    let missed = world.simulator.incoming(Incoming::text(FRIEND, "sin dispositivo")).unwrap();
    world.post("/connect", serde_json::json!({})).await;
    world.until(State::QrRequired).await;
    world.link().await;
    let new = world.simulator.incoming(Incoming::text(FRIEND, "después")).unwrap();
    let items = log(&world, 3).await;
    assert_eq!(ids(&items), [&heard, &missed, &new]);
    assert_eq!(items[1]["recovered"], true);
    world.stop().await;
}

/// The page stores this many messages before it shows any, and fires no events for them.
#[tokio::test(flavor = "multi_thread")]
async fn thousands_that_waited_are_all_there_once_and_in_order() {
    let mut world = World::ready().await;
    world.stop().await;
    let sent = world.simulator.burst(5000, |n| Incoming::text(FRIEND, format!("{n}"))).unwrap();
    world.start().await;
    world.until(State::Ready).await;
    let items = log(&world, sent.len()).await;
    assert_eq!(ids(&items), sent.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(items.iter().all(|item| item["recovered"] == true));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_never_be_opened_says_so_at_once() {
    let mut world = World::ready().await;
    let once = Incoming::text(FRIEND, "").kind("ciphertext").field("subtype", "view_once_unavailable_fanout");
    world.simulator.incoming(once).unwrap();
    let items = log(&world, 1).await;
    let kind = (&items[0]["type"], &items[0]["subtype"]);
    assert_eq!(kind, (&"view_once".into(), &"view_once_unavailable_fanout".into()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vote_is_an_event_of_its_poll() {
    let mut world = World::ready().await;
    let options = serde_json::json!([{ "name": "hoy", "localId": 0 }, { "name": "mañana", "localId": 1 }]);
    let poll =
        Incoming::text(FRIEND, "").kind("poll_creation").field("pollName", "¿Cuándo?").field("pollOptions", options);
    let poll = world.simulator.incoming(poll).unwrap();
    let items = log(&world, 1).await;
    assert_eq!((&items[0]["body"], &items[0]["data"]["poll"]["options"][1]), (&"¿Cuándo?".into(), &"mañana".into()));
    world.simulator.vote(&poll, FRIEND, &["mañana"]).unwrap();
    let votes = events(&world, "message.vote", 1).await;
    assert_eq!((&votes[0]["message_id"], &votes[0]["options"][0]), (&poll.as_str().into(), &"mañana".into()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_is_stored_whole_and_in_order() {
    let mut world = World::ready().await;
    let sent = world.simulator.burst(5000, |n| Incoming::text(FRIEND, format!("{n}"))).unwrap();
    let items = log(&world, sent.len()).await;
    assert_eq!(ids(&items), sent.iter().map(String::as_str).collect::<Vec<_>>());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_message_whose_arrival_a_killed_service_saw_is_kept_when_it_opens() {
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    process::link(&world, &mut process).await;
    let sealed = world.simulator.incoming(Incoming::text(FRIEND, "secreto").ciphertext(1500)).unwrap();
    let confirmed = |record: &simulator::Record| record.devices.iter().all(|device| device.queued == 0);
    world.simulator.wait_until("the page to have it", DEADLINE, confirmed).await.unwrap();
    process.signal(Signal::SIGKILL);
    process.exit();
    // The next document starts to open the message again, and reports only that.
    let process = Process::started(&world);
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let message = process.get(&format!("/messages/{sealed}")).await;
        if message["body"] == "secreto" {
            break assert_eq!(message["edited_at"], Value::Null);
        }
        assert!(tokio::time::Instant::now() < deadline, "{message}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

/// Kills the browser and its renderer during a stream of messages, at moments that depend on the stream.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_or_doubled_when_the_browser_dies_under_a_stream() {
    let mut world = World::ready().await;
    let mut sent = Vec::new();
    for round in 0..3 {
        for n in 0..40 {
            let from = if n % 3 == 0 { FRIEND } else { "5491155554444" };
            sent.push(world.simulator.incoming(Incoming::text(from, format!("{round}.{n}"))).unwrap());
            if n == 7 * (round + 1) {
                kill(Pid::from_raw(world.browser_pid()), Signal::SIGKILL).unwrap();
            }
        }
        world.until_session("a relaunch", |s| s.state == State::Reconnecting).await;
        world.until(State::Ready).await;
    }
    let items = log(&world, sent.len()).await;
    assert_eq!(items.len(), sent.len());
    assert_eq!(ids(&items).into_iter().collect::<HashSet<_>>(), sent.iter().map(String::as_str).collect());
    world.stop().await;
}

/// Waits until `GET /messages/{id}` answers as wanted; returns the answer.
async fn one(world: &World, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let (_, message) = world.get(&format!("/messages/{id}")).await;
        if wanted(&message) {
            return message;
        }
        assert!(tokio::time::Instant::now() < deadline, "{message}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_tells_what_became_of_it_also_after_a_restart() {
    const OTHER: &str = "5491133334444";
    let mut world = World::ready().await;
    let simulator = world.simulator.clone();
    let said = simulator.incoming(Incoming::text(FRIEND, "uno").in_group("120363000000000001@g.us")).unwrap();
    let poll = Incoming::text(FRIEND, "")
        .kind("poll_creation")
        .field("pollName", "¿cuándo?")
        .field("pollOptions", serde_json::json!([{ "name": "hoy", "localId": 0 }, { "name": "mañana", "localId": 1 }]));
    let poll = simulator.incoming(poll).unwrap();
    log(&world, 2).await;
    for (from, emoji) in [(FRIEND, "👍"), (OTHER, "🎉"), (FRIEND, "❤️")] {
        simulator.react(&said, from, emoji).unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let emoji = |message: &Value| -> Vec<String> {
        let all = message["reactions"].as_array().unwrap();
        all.iter().map(|one| one["emoji"].as_str().unwrap().to_owned()).collect()
    };
    one(&world, &said, |message| emoji(message) == ["🎉", "❤️"]).await;
    simulator.vote(&poll, FRIEND, &["hoy"]).unwrap();
    simulator.vote(&poll, OTHER, &["mañana"]).unwrap();
    one(&world, &poll, |message| message["votes"].as_array().unwrap().len() == 2).await;
    for body in ["dos", "tres"] {
        simulator.edit(&said, body).unwrap();
        one(&world, &said, |message| message["body"] == body).await;
    }
    world.stop().await;
    // What happens meanwhile is in the sum too, and what was taken back is not.
    simulator.react(&said, OTHER, "").unwrap();
    simulator.vote(&poll, FRIEND, &["mañana"]).unwrap();
    simulator.revoke(&said).unwrap();
    world.start().await;
    world.until(State::Ready).await;
    let gone = one(&world, &said, |message| message["revoked_at"].is_string() && emoji(message) == ["❤️"]).await;
    let edits: Vec<_> = gone["edits"].as_array().unwrap().iter().map(|edit| edit["body"].as_str().unwrap()).collect();
    assert_eq!((edits, &gone["body"]), (vec!["uno", "dos"], &"tres".into()));
    assert_eq!((&gone["revoked_by"]["admin"], &gone["revoked_by"]["phone"]), (&false.into(), &FRIEND.into()));
    assert!(gone["revoked_by"]["at"].is_string(), "{gone}");
    let votes = |message: &Value| -> Vec<Value> {
        message["votes"].as_array().unwrap().iter().map(|vote| vote["options"][0].clone()).collect()
    };
    one(&world, &poll, |message| votes(message) == ["mañana", "mañana"]).await;
    world.stop().await;
}
