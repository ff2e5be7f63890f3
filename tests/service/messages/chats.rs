//! If the page's table of messages cannot be read, its chats are read.

use std::collections::{HashMap, HashSet};

use session_manager::domain::state::State;
use simulator::{EarlierFault, Incoming};

use crate::world::{DEADLINE, FRIEND, World};

use super::{all, ids, log, reconciling_becomes};

/// A build of the page whose table of messages has another place.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_table_the_chats_are_asked_and_hold_up_nothing_that_is_new() {
    let mut world = World::ready().await;
    let people = [FRIEND, "5491155554444"];
    let mut wanted: Vec<_> = people.map(|from| world.simulator.incoming(Incoming::text(from, "antes")).unwrap()).into();
    log(&world, wanted.len()).await;
    world.stop().await;
    world.simulator.faults(|faults| {
        faults.missing_modules = vec!["WAWebSchemaMessage".to_owned()];
        faults.earlier = EarlierFault::Hang;
    });
    wanted.extend(people.map(|from| world.simulator.incoming(Incoming::text(from, "mientras tanto")).unwrap()));
    world.start().await;
    world.until(State::Ready).await;
    wanted.push(world.simulator.incoming(Incoming::text(FRIEND, "ahora")).unwrap());
    let items = log(&world, wanted.len()).await;
    assert_eq!(ids(&items).into_iter().collect::<HashSet<_>>(), wanted.iter().map(String::as_str).collect());
    reconciling_becomes(&world, false).await;
    assert_eq!(all(&world).await.len(), wanted.len());
    world.stop().await;
}

/// Otherwise messages that the log lacks would count as present.
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
        let words = part.messages.iter().filter(|message| message.kind == "chat").count();
        assert_eq!((words, part.partial), (2, partial), "{fault:?}");
    }
    world.stop().await;
}

/// After a load the page holds the last messages of a chat in memory, and appends loaded earlier messages behind them.
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
    // Times have whole seconds, and all these messages come within one or two.
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
            // A new chat has its own notices.
            told.extend(part.messages.into_iter().filter(|message| message.kind == "chat"));
        }
        for (from, sent) in &sent {
            let of_chat = told.iter().filter(|message| message.phone.as_deref() == Some(from));
            let of_chat: Vec<_> = of_chat.map(|message| message.id.as_str()).collect();
            assert!(of_chat == *sent, "in parts of {size}: {of_chat:#?} of {sent:#?}");
        }
    }
    world.stop().await;
}
