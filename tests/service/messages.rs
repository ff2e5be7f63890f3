//! What the account receives is in the log once, in order, whatever died meanwhile.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use session_manager::domain::state::State;
use simulator::{EarlierFault, Incoming, Options};

use crate::process::{self, Process};
use crate::world::{DEADLINE, FRIEND, World};

/// Waits until the log has so many entries; gives all of them.
async fn log(world: &World, entries: usize) -> Vec<Value> {
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

/// Where the page's table cannot be read its chats are asked, and these load forever. Each costs 3 s then.
#[tokio::test(flavor = "multi_thread")]
async fn earlier_messages_that_never_load_do_not_hold_up_what_is_new() {
    let mut world = World::ready().await;
    let people = [FRIEND, "5491155554444", "5491166665555"];
    let mut wanted: Vec<_> = people.map(|from| world.simulator.incoming(Incoming::text(from, "antes")).unwrap()).into();
    log(&world, wanted.len()).await;
    world.stop().await;
    world.simulator.faults(|faults| {
        faults.earlier = EarlierFault::Hang;
        faults.missing_modules.push("WAWebSchemaMessage".to_owned());
    });
    world.tune = |timings| timings.missed_again = Duration::from_secs(2);
    wanted.extend(people.map(|from| world.simulator.incoming(Incoming::text(from, "mientras tanto")).unwrap()));
    world.start().await;
    world.until(State::Ready).await;
    let new = world.simulator.incoming(Incoming::text(FRIEND, "ahora")).unwrap();
    let items = log(&world, people.len() + 1).await;
    assert_eq!(items.last().unwrap()["id"], *new);
    assert_eq!(world.get("/status").await.1["reconciling"], true, "it was not waited for");
    wanted.push(new);
    let items = log(&world, wanted.len()).await;
    assert_eq!(ids(&items).into_iter().collect::<HashSet<_>>(), wanted.iter().map(String::as_str).collect());
    assert_eq!(items.len(), wanted.len());
    // What it could not tell it is asked for again.
    reconciling_becomes(&world, false).await;
    reconciling_becomes(&world, true).await;
    world.simulator.faults(|faults| faults.earlier = EarlierFault::None);
    reconciling_becomes(&world, false).await;
    assert_eq!(all(&world).await.len(), wanted.len());
    world.stop().await;
}

/// Otherwise what it may lack would be taken to be there.
#[tokio::test(flavor = "multi_thread")]
async fn a_chat_that_cannot_be_loaded_costs_no_other_and_is_said() {
    let mut world = World::ready().await;
    for from in [FRIEND, "5491155554444"] {
        world.simulator.incoming(Incoming::text(from, "hola")).unwrap();
    }
    log(&world, 2).await;
    for (fault, partial) in [(EarlierFault::Throw, true), (EarlierFault::None, false)] {
        world.simulator.faults(|faults| faults.earlier = fault);
        world.simulator.heard(DEADLINE).await.unwrap();
        let part = world
            .service
            .as_ref()
            .unwrap()
            .session()
            .page(State::Ready)
            .unwrap()
            .history(0, 0, 100, DEADLINE)
            .await
            .unwrap();
        let texts = part.messages.iter().filter(|message| message.kind == "chat").count();
        assert_eq!((texts, part.partial), (2, partial), "{fault:?}");
    }
    world.stop().await;
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
    // More than the page keeps of a chat in memory, and somebody never seen before.
    let mut missed: Vec<_> =
        (0..12).map(|n| world.simulator.incoming(Incoming::text(FRIEND, format!("ausente {n}"))).unwrap()).collect();
    missed.push(world.simulator.incoming(Incoming::text("5491177776666", "hola, soy nueva")).unwrap());
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
    // The next document begins to open it again, and tells of nothing but that.
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

/// After a load the page keeps the last messages of a chat in memory and puts what it loads of the others behind them.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_page_remembers_is_told_in_order_however_often_and_in_whatever_parts_it_is_asked() {
    is_told_in_order(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_of_an_older_build_remembers_is_told_in_order() {
    is_told_in_order(true).await;
}

async fn is_told_in_order(bare_load: bool) {
    let mut world = World::ready().await;
    world.simulator.page_build(|build| build.bare_load = bare_load);
    // Times are whole seconds, and these come in one or two.
    let mut sent: HashMap<&str, Vec<String>> = HashMap::new();
    for n in 0..120 {
        let from = if n % 3 == 0 { FRIEND } else { "5491155554444" };
        sent.entry(from).or_default().push(world.simulator.incoming(Incoming::text(from, format!("{n}"))).unwrap());
    }
    log(&world, 120).await;
    world.stop().await;
    world.start().await;
    world.until(State::Ready).await;
    for size in [1000, 50, 7] {
        let (mut told, mut next, mut more) = (Vec::new(), 0, true);
        while more {
            let session = world.service.as_ref().unwrap().session();
            let part = session.page(State::Ready).unwrap().history(0, next, size, DEADLINE).await.unwrap();
            assert!(!part.partial);
            (next, more) = (part.next, part.more);
            told.extend(part.messages);
        }
        for (from, sent) in &sent {
            let texts = told.iter().filter(|message| message.kind == "chat");
            let of_chat = texts.filter(|message| message.phone.as_deref() == Some(from));
            let of_chat: Vec<_> = of_chat.map(|message| message.id.as_str()).collect();
            assert!(of_chat == *sent, "in parts of {size}: {of_chat:#?} of {sent:#?}");
        }
    }
    world.stop().await;
}

/// Kills the browser and its renderer under a stream of messages, at moments the stream itself chooses.
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
