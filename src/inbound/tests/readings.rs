//! Every row of the page's table is in the log once, whichever events arrived.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::json;

use crate::domain::log::CIPHERTEXT;
use crate::domain::message::{MessageEvent, MessageId, Outcome, PageMessage, Reaction, Vote};
use crate::domain::secret::Secret;
use crate::journal::wire;
use crate::transport::web::whatsapp::Row;

use super::page::{LIVE, NOW, World, message};

#[tokio::test(start_paused = true)]
async fn thousands_that_nobody_heard_of_are_read_in_parts_in_order_and_once() {
    let mut world = World::new().await;
    let sent: Vec<_> = (0..5000).map(|n| format!("m{n}")).collect();
    for id in &sent {
        world.page.receive(message(id, "hola", NOW - 500));
    }
    world.ready().await;
    assert_eq!(world.ids().await, sent);
    assert!(world.log().await.iter().all(|entry| entry.message.recovered));
    assert!(world.page.table().largest <= 300);
    let mut world = world.restart().await;
    world.page.table().asked.clear();
    world.page.receive(message("new", "hola", NOW - 400));
    world.ready().await;
    assert_eq!(world.ids().await.len(), 5001);
    assert_eq!(world.page.table().asked, [Some(LIVE + 4999)], "from where the log ends");
}

#[tokio::test(start_paused = true)]
async fn what_was_heard_is_not_recovered_and_what_was_not_heard_is_found_by_a_look() {
    let mut world = World::new().await;
    world.ready().await;
    let heard = message("heard", "hola", NOW);
    world.page.receive(heard.clone());
    world.tell(MessageEvent::Added(Box::new(heard))).await;
    world.events(1).await;
    world.page.receive(message("unheard", "hola", NOW - 100));
    world.events(2).await;
    let log = world.log().await;
    let recovered: Vec<_> = log.iter().map(|entry| (entry.message.id.as_str(), entry.message.recovered)).collect();
    assert_eq!(recovered, [("heard", false), ("unheard", true)]);
}

#[tokio::test(start_paused = true)]
async fn what_a_new_document_says_comes_after_what_was_missed_before_it() {
    let mut world = World::new().await;
    world.ready().await;
    *world.documents() += 1;
    let new = message("new", "ahora", NOW);
    world.page.receive(message("missed", "antes", NOW - 100));
    world.page.receive(new.clone());
    world.tell(MessageEvent::Added(Box::new(new))).await;
    world.begins();
    world.read().await;
    assert_eq!(world.ids().await, ["missed", "new"]);
    assert!(!world.log().await[1].message.recovered, "it was heard");
}

/// The page adds what came in an absence while it is read: events overtake the page's answers.
#[tokio::test(start_paused = true)]
async fn what_is_said_in_too_many_bytes_while_a_reading_ends_is_read_in_order() {
    let mut world = World::new().await;
    world.page.receive(message("first", "hola", NOW - 100));
    world.page.table().slow = Duration::from_secs(1);
    *world.documents() += 1;
    world.begins();
    tokio::time::sleep(Duration::from_millis(500)).await;
    // More than is held back, and then as many as are held back when the reading ends, which has not seen their rows.
    let text = "x".repeat(50_000);
    for n in 0..200 {
        let new = message(&format!("m{n}"), &text, NOW - 50);
        world.page.receive(new.clone());
        world.tell(MessageEvent::Added(Box::new(new))).await;
        tokio::time::sleep(Duration::from_micros(1)).await;
    }
    world.read().await;
    let wanted: Vec<_> = std::iter::once("first".to_owned()).chain((0..200).map(|n| format!("m{n}"))).collect();
    assert_eq!(world.ids().await, wanted);
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_takes_minutes_and_brings_something_is_waited_for() {
    let mut world = World::new().await;
    for n in 0..700 {
        world.page.receive(message(&format!("m{n}"), "hola", NOW - 500));
    }
    world.page.table().slow = Duration::from_secs(50);
    *world.documents() += 1;
    world.begins();
    let new = message("new", "ahora", NOW);
    world.tell(MessageEvent::Added(Box::new(new.clone()))).await;
    tokio::time::sleep(Duration::from_secs(140)).await;
    world.page.receive(new);
    world.read().await;
    let wanted: Vec<_> = (0..700).map(|n| format!("m{n}")).chain(["new".to_owned()]).collect();
    assert_eq!(world.ids().await, wanted);
}

#[tokio::test(start_paused = true)]
async fn on_the_first_link_nothing_older_is_news() {
    let mut world = World::new().await;
    world.page.table().rows.push(Row {
        row: LIVE - 1,
        id: MessageId::new("old"),
        message: Some(message("old", "x", 10)),
    });
    world.page.receive(message("while it synced", "hola", NOW - 900));
    world.ready().await;
    assert_eq!(world.ids().await, ["while it synced"]);
    // A new store on an old login does not know which messages were reported before.
    let mut world = World::unlinked().await;
    world.page.receive(message("told long ago", "hola", NOW - 900));
    world.ready().await;
    world.page.receive(message("new", "hola", NOW));
    world.ready().await;
    assert_eq!(world.ids().await, ["new"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_link_brings_the_history_that_is_newer_than_the_log() {
    let mut world = World::new().await;
    world.page.receive(message("known", "hola", NOW - 5000));
    world.ready().await;
    {
        let mut table = world.page.table();
        table.device = "2@lid".to_owned();
        let history = [("old", NOW - 9000), ("known", NOW - 5000), ("between", NOW - 4000), ("then", NOW - 3000)];
        let rows = history.iter().zip(LIVE - 4..).map(|((id, t), row)| Row {
            row,
            id: MessageId::new(*id),
            message: Some(message(id, "hola", *t)),
        });
        table.rows = rows.collect();
    }
    world.page.receive(message("live", "hola", NOW - 60));
    world.ready().await;
    assert_eq!(world.ids().await, ["known", "between", "then", "live"]);
    // The phone sends the rest of the history later.
    let late = Row { row: LIVE - 9, id: MessageId::new("late"), message: Some(message("late", "hola", NOW - 3500)) };
    world.page.table().rows.insert(0, late);
    world.events(5).await;
    assert_eq!(world.ids().await, ["known", "between", "then", "live", "late"]);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_was_turned_back_is_read_from_its_start_and_a_deleted_last_row_is_not() {
    let mut world = World::new().await;
    for id in ["a", "b"] {
        world.page.receive(message(id, "hola", NOW - 100));
    }
    world.ready().await;
    // A deletion gives the row another key; the message keeps its own id.
    world.page.table().rows[1].id = MessageId::new("the revoke's own");
    world.page.change("the revoke's own", |message| message.kind = "revoked".to_owned());
    world.page.table().asked.clear();
    world.ready().await;
    assert_eq!(world.page.table().asked, [Some(LIVE + 1)]);
    assert!(world.log().await[1].message.revoked_at.is_some());
    // A backup from before "b" was restored, and its row holds another message now.
    world.page.table().rows.pop();
    world.page.receive(message("c", "hola", NOW - 90));
    world.page.table().asked.clear();
    world.ready().await;
    assert_eq!(world.page.table().asked, [Some(LIVE + 1), None]);
    assert_eq!(world.ids().await, ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn what_changed_in_an_absence_is_told_once() {
    let mut world = World::new().await;
    for id in ["edited", "deleted", "plain"] {
        world.page.receive(message(id, "hola", NOW - 100));
    }
    world.page.receive(message("deleted first", "", NOW - 100));
    world.page.change("deleted first", |message| message.kind = "revoked".to_owned());
    world.ready().await;
    world.page.change("edited", |message| (message.body, message.edited_ms) = (Secret::new("adiós"), Some(7)));
    world.page.change("deleted", |message| message.kind = "revoked".to_owned());
    for _ in 0..2 {
        world.ready().await;
        let mut kinds = world.kinds().await;
        kinds.drain(..4);
        kinds.sort_unstable();
        assert_eq!(kinds, ["message.edited", "message.revoked"]);
    }
    let log = world.log().await;
    assert_eq!((log[0].message.body.reveal(), log[1].message.body.reveal()), ("adiós", "hola"));
    assert!(log[3].message.revoked_at.is_some() && log[3].message.kind == "revoked");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_was_lost_for_a_moment_is_a_gap() {
    let mut world = World::new().await;
    world.page.receive(message("a", "hola", NOW - 100));
    world.ready().await;
    world.page.change("a", |message| message.kind = "revoked".to_owned());
    world.line_lost().await;
    assert_eq!(world.kinds().await, ["message", "message.revoked"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_page_changes_without_a_word_is_found_by_a_look() {
    let mut world = World::new().await;
    for (id, t) in [("of late", NOW - 100), ("yesterday's", NOW - 90_000)] {
        world.page.receive(message(id, "hola", t));
    }
    world.ready().await;
    for id in ["of late", "yesterday's"] {
        world.page.change(id, |message| message.kind = "revoked".to_owned());
    }
    world.page.table().reactions = vec![reaction("👍", NOW * 1000)];
    let told = |kind: &str, kinds: &[&str]| kinds.iter().filter(|known| **known == kind).count();
    world.events(4).await;
    let kinds = world.kinds().await;
    assert_eq!((told("message.revoked", &kinds), told("message.reaction", &kinds)), (1, 1));
    world.events(5).await;
    assert_eq!(told("message.revoked", &world.kinds().await), 2, "what is older is looked at more rarely");
}

#[tokio::test(start_paused = true)]
async fn a_send_that_failed_for_sure_says_so_with_its_number() {
    let mut world = World::new().await;
    world.ready().await;
    let mine = PageMessage { from_me: true, ..message("mine", "hola", NOW) };
    world.tell(MessageEvent::Added(Box::new(mine))).await;
    let outcome = |result: &str, certain: bool| Outcome {
        id: MessageId::new("mine"),
        result: result.to_owned(),
        code: certain.then_some(475),
        certain,
        message: String::new(),
    };
    world.tell(MessageEvent::Outcome(outcome("ERROR_NETWORK", false))).await;
    world.tell(MessageEvent::Outcome(outcome("ERROR_UNKNOWN", true))).await;
    world.events(2).await;
    let log = world.log().await;
    assert_eq!((log[0].message.ack.level(), log[0].message.error_code), (-1, Some(475)));
    assert_eq!(log[0].message.acks.len(), 1);
}

fn reaction(emoji: &str, t_ms: u64) -> Reaction {
    Reaction {
        id: MessageId::new("r"),
        message_id: MessageId::new("a"),
        chat: "1@lid".to_owned(),
        sender: "1@lid".to_owned(),
        sender_phone: None,
        from_me: false,
        emoji: emoji.to_owned(),
        t_ms,
    }
}

#[tokio::test(start_paused = true)]
async fn reactions_and_votes_are_told_once_each_and_the_newest_holds() {
    let mut world = World::new().await;
    world.ready().await;
    let at = NOW * 1000;
    for (emoji, t_ms) in [("", at), ("👍", at), ("👍", at), ("❤", at + 2), ("👍", at + 1), ("", at + 3), ("", at + 4)]
    {
        world.tell(MessageEvent::Reacted(Box::new(reaction(emoji, t_ms)))).await;
    }
    world.events(3).await;
    let vote = |option: &str, t_ms| Vote {
        id: MessageId::new("v"),
        message_id: MessageId::new("a"),
        chat: "1@lid".to_owned(),
        sender: "1@lid".to_owned(),
        sender_phone: None,
        from_me: false,
        options: vec![Secret::new(option)],
        t_ms,
    };
    {
        let mut table = world.page.table();
        table.reactions = vec![reaction("", at + 3), reaction("🎉", 5)];
        table.votes = vec![vote("mañana", at)];
    }
    let mut world = world.restart().await;
    for _ in 0..2 {
        world.ready().await;
    }
    assert_eq!(world.kinds().await, ["message.reaction", "message.reaction", "message.reaction", "message.vote"]);
    let told = json!(wire::Event::new(&world.events(4).await[3], None));
    assert_eq!((&told["data"]["message_id"], &told["data"]["options"][0]), (&"a".into(), &"mañana".into()));
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_table_the_chats_are_asked() {
    let mut world = World::new().await;
    world.ready().await;
    world.page.table().missing = true;
    world.page.receive(message("a", "hola", NOW - 5));
    world.ready().await;
    assert_eq!(world.ids().await, ["a"]);
    // As soon as there is a table, it is read.
    world.page.table().missing = false;
    world.page.receive(message("b", "hola", NOW - 5));
    world.ready().await;
    assert_eq!(world.ids().await, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_row_that_waits_to_be_opened_is_not_passed() {
    let mut world = World::new().await;
    world.page.receive(message("before", "hola", NOW - 5));
    let mut undecrypted = message("sealed", "", NOW - 5);
    undecrypted.kind = CIPHERTEXT.to_owned();
    world.page.receive(undecrypted.clone());
    world.ready().await;
    assert_eq!(world.ids().await, ["before"]);
    // The service is killed while the message waits; rows read before are not looked at again.
    let mut world = world.restart().await;
    world.page.table().asked.clear();
    world.ready().await;
    assert_ne!(world.page.table().asked, [Some(LIVE + 1)]);
    // The wait is over: the message is stored undecrypted, and the phone was asked to resend it.
    world.events(2).await;
    assert_eq!(world.log().await[1].message.kind, CIPHERTEXT);
    assert_eq!(world.page.table().resends, [MessageId::new("sealed")]);
    // The message opens during an absence.
    world.page.change("sealed", |message| (message.kind, message.body) = ("chat".to_owned(), Secret::new("hola")));
    world.ready().await;
    world.events(3).await;
    let log = world.log().await;
    assert_eq!((log[1].message.body.reveal(), log[1].message.edited_at), ("hola", None));
}

#[tokio::test(start_paused = true)]
async fn what_can_never_open_is_told_at_once_and_what_the_page_takes_away_never() {
    let mut world = World::new().await;
    world.ready().await;
    let mut once = message("once", "", NOW);
    (once.kind, once.subtype) = (CIPHERTEXT.to_owned(), Some("view_once_unavailable_fanout".to_owned()));
    let mut phantom = message("phantom", "", NOW);
    phantom.kind = CIPHERTEXT.to_owned();
    world.tell(MessageEvent::Added(Box::new(phantom))).await;
    world.tell(MessageEvent::Added(Box::new(once))).await;
    world.tell(MessageEvent::Removed(MessageId::new("phantom"))).await;
    world.events(1).await;
    tokio::time::sleep(Duration::from_secs(100)).await;
    let log = world.log().await;
    assert_eq!((log.len(), log[0].message.kind.as_str()), (1, "view_once"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Each message's event arrives or not, in any order, and the service is killed in between.
    #[test]
    fn every_row_is_in_the_log_once(steps in proptest::collection::vec((0..3u8, any::<bool>()), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            world.ready().await;
            let mut sent = Vec::new();
            for (n, (step, heard)) in steps.into_iter().enumerate() {
                match step {
                    0 => world = world.restart().await,
                    1 => world.ready().await,
                    _ => {}
                }
                let new = message(&format!("m{n}"), "hola", NOW - 100);
                sent.push(new.id.as_str().to_owned());
                world.page.receive(new.clone());
                if heard {
                    world.tell(MessageEvent::Added(Box::new(new))).await;
                }
            }
            world.ready().await;
            let mut ids = world.ids().await;
            ids.sort();
            sent.sort();
            assert_eq!(ids, sent);
        });
    }
}
