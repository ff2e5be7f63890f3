#![allow(clippy::unwrap_used)]

use std::path::Path;

use proptest::prelude::*;

use crate::domain::log::tests::page_message;
use crate::domain::log::{Direction, told_by};
use crate::domain::message::{Ack, PageMessage};

use super::*;

/// The wall clock of these tests: one second per step.
fn at(step: usize) -> Timestamp {
    Timestamp::from_millis(u64::try_from(step).unwrap() * 1000)
}

fn add(id: &str, body: &str, step: usize) -> LogChange {
    LogChange::Add(Box::new(LoggedMessage::from_page(page_message(id, body), at(step), false).unwrap()))
}

async fn open(dir: &Path) -> Store {
    Store::open(dir).await.unwrap().store
}

async fn everything(store: &Store) -> Vec<LogEntry> {
    store.logged(LogQuery { limit: usize::MAX, ..LogQuery::default() }).await.unwrap().items
}

#[derive(Clone, Debug)]
enum Step {
    Add(u8, usize),
    Edit(u8, usize),
    Revoke(u8),
    Ack(u8, i8),
    /// Sweeps everything that arrived before the n-th step.
    Sweep(usize),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..20u8, 0..20_000usize).prop_map(|(id, length)| Step::Add(id, length)),
        2 => (0..20u8, 0..20_000usize).prop_map(|(id, length)| Step::Edit(id, length)),
        1 => (0..20u8).prop_map(Step::Revoke),
        2 => (0..20u8, -1..5i8).prop_map(|(id, ack)| Step::Ack(id, ack)),
        1 => (0..30usize).prop_map(Step::Sweep),
        1 => Just(Step::Reopen),
    ]
}

/// The expected log: the messages, and the kind, message and time of every event.
#[derive(Default)]
struct Model {
    messages: Vec<LoggedMessage>,
    happened: Vec<(&'static str, MessageId, Timestamp)>,
}

impl Model {
    fn add(&mut self, message: &LoggedMessage) {
        if !self.messages.iter().any(|known| known.id == message.id) {
            self.messages.push(message.clone());
            self.happened.push(("message", message.id.clone(), message.received_at));
        }
    }

    fn change(&mut self, id: &MessageId, at: Timestamp, change: impl FnOnce(&mut LoggedMessage)) {
        let Some(known) = self.messages.iter_mut().find(|known| known.id == *id) else { return };
        let before = known.clone();
        change(known);
        for (kind, changed) in [
            ("message.edited", before.edited_at != known.edited_at),
            ("message.revoked", before.revoked_at.is_none() && known.revoked_at.is_some()),
            ("message.ack", before.ack != known.ack),
        ] {
            if changed {
                self.happened.push((kind, id.clone(), at));
            }
        }
    }

    /// Returns how many entries are removed.
    fn sweep(&mut self, end: Timestamp) -> usize {
        let swept = self.happened.iter().position(|(_, _, at)| *at >= end).unwrap_or(self.happened.len());
        let gone: Vec<_> = self.happened.drain(..swept).filter(|(kind, ..)| *kind == "message").collect();
        self.messages.retain(|message| !gone.iter().any(|(_, id, _)| *id == message.id));
        // The remaining events of a removed message belong to no message, even if a message with the same id is added
        // again.
        for (_, id, _) in self.happened.iter_mut().filter(|(_, id, _)| gone.iter().any(|(_, gone, _)| id == gone)) {
            *id = MessageId::new("gone");
        }
        swept
    }

    /// The events without those of removed messages.
    fn events(&self) -> Vec<(&'static str, MessageId, Timestamp)> {
        let there = |id: &MessageId| self.messages.iter().any(|message| message.id == *id);
        self.happened.iter().filter(|(_, id, _)| there(id)).cloned().collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The log equals a list in memory to which the same steps are applied.
    #[test]
    fn equals_a_simple_model(steps in proptest::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let mut store = open(dir.path()).await;
            let mut model = Model::default();
            for (n, step) in steps.into_iter().enumerate() {
                let change = match step {
                    Step::Add(id, length) => {
                        let change = add(&id.to_string(), &"ñ".repeat(length / 2), n);
                        if let LogChange::Add(message) = &change {
                            model.add(message);
                        }
                        change
                    }
                    Step::Edit(id, length) => amend(&mut model, page_message(&id.to_string(), &"x".repeat(length)), n),
                    Step::Revoke(id) => {
                        let gone = PageMessage { kind: "revoked".to_owned(), ..page_message(&id.to_string(), "") };
                        amend(&mut model, gone, n)
                    }
                    Step::Ack(id, ack) => {
                        let (id, ack) = (MessageId::new(id.to_string()), Ack::new(ack));
                        model.change(&id, at(n), |known| known.acknowledge(ack, None, told_by(&id), at(n)));
                        LogChange::Ack(id, ack, None, at(n))
                    }
                    Step::Sweep(end) => {
                        assert_eq!(store.sweep_log(at(end), usize::MAX, vec![]).await.unwrap(), model.sweep(at(end)));
                        continue;
                    }
                    Step::Reopen => {
                        store.close().await.unwrap();
                        store = open(dir.path()).await;
                        continue;
                    }
                };
                store.log(Arc::new(vec![change])).await.unwrap();
            }
            let kept = everything(&store).await;
            assert!(kept.windows(2).all(|pair| pair[0].cursor < pair[1].cursor));
            assert_eq!(kept.into_iter().map(|entry| entry.message).collect::<Vec<_>>(), model.messages);
            let events = store.events(0, usize::MAX).await.unwrap().items;
            assert!(events.windows(2).all(|pair| pair[0].cursor < pair[1].cursor));
            let told: Vec<_> = events.iter().map(|e| (e.kind(), e.message().unwrap().id.clone(), e.at)).collect();
            assert_eq!(told, model.events());
            store.close().await.unwrap();
        });
    }
}

fn amend(model: &mut Model, page: PageMessage, n: usize) -> LogChange {
    model.change(&page.id, at(n), |known| known.amend(&page, at(n)));
    LogChange::Amend(Box::new(page), at(n))
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.log(Arc::new((0..25).map(|n| add(&n.to_string(), "x", n)).collect())).await.unwrap();
    assert_eq!(*store.newest().borrow(), 25);
    let part = async |span| store.logged(LogQuery { span, limit: 10, ..LogQuery::default() }).await.unwrap();
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let page = part(Span::After(after)).await;
        if page.items.is_empty() {
            break;
        }
        seen.extend(page.items.iter().map(|entry| entry.message.id.as_str().to_owned()));
        after = page.next;
    }
    assert_eq!(seen, (0..25).map(|n| n.to_string()).collect::<Vec<_>>());
    let (mut before, mut back) = (Some(u64::MAX), Vec::new());
    while let Some(place) = before {
        let page = part(Span::Before(place)).await;
        back.extend(page.items.iter().rev().map(|entry| entry.message.id.as_str().to_owned()));
        let newer = part(Span::After(page.next)).await.items.first().map(|entry| entry.cursor);
        assert_eq!(newer, page.items.last().map(|entry| entry.cursor + 1).filter(|at| *at <= 25), "{page:?}");
        before = page.previous;
    }
    assert_eq!(back, (0..25).rev().map(|n| n.to_string()).collect::<Vec<_>>());
    let outgoing = LogQuery { limit: 9, direction: Some(Direction::Out), ..LogQuery::default() };
    let none = store.logged(outgoing).await.unwrap();
    assert_eq!((none.items.len(), none.next), (0, 25), "what was looked at need not be looked at again");
    store.close().await.unwrap();
}

#[tokio::test]
async fn cursors_are_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.log(Arc::new(vec![add("a", "x", 0), add("b", "x", 1)])).await.unwrap();
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    store.log(Arc::new(vec![add("a", "again", 2), add("c", "x", 2)])).await.unwrap();
    assert_eq!(*store.newest().borrow(), 3);
    assert_eq!(store.sweep_log(at(9), 100, vec![]).await.unwrap(), 3);
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    store.log(Arc::new(vec![add("d", "x", 9)])).await.unwrap();
    assert_eq!(*store.newest().borrow(), 4, "also after all of them are gone");
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_may_be_missing_is_remembered_until_nothing_is() {
    let dir = tempfile::tempdir().unwrap();
    let sent_at = |t: u64, id: &str| {
        let message = PageMessage { t, ..page_message(id, "x") };
        Arc::new(vec![LogChange::Add(Box::new(LoggedMessage::from_page(message, at(0), false).unwrap()))])
    };
    let store = open(dir.path()).await;
    assert_eq!(store.missed_since(100, 10).await.unwrap(), 100, "nothing is older than the first link");
    store.nothing_missed().await.unwrap();
    store.log(sent_at(150, "a")).await.unwrap();
    assert_eq!(store.missed_since(900, 10).await.unwrap(), 140);
    // Newer messages do not replace the missing older ones.
    store.log(sent_at(300, "b")).await.unwrap();
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.missed_since(900, 10).await.unwrap(), 140);
    store.nothing_missed().await.unwrap();
    assert_eq!(store.missed_since(900, 10).await.unwrap(), 290);
    for _ in 0..TRIES_MAX {
        assert_eq!(store.missed_since(900, 1000).await.unwrap(), 100);
        store.still_missing().await.unwrap();
    }
    assert_eq!(store.missed_since(900, 10).await.unwrap(), 290, "it is not asked for forever");
    store.close().await.unwrap();
}

/// The files as a kill leaves them: nothing is flushed before the copy.
fn killed(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let from = format!("{}/.", dir.display());
    assert!(std::process::Command::new("cp").args(["-r", &from]).arg(copy.path()).status().unwrap().success());
    copy
}

/// A text much longer than one part, with different content in each part.
fn long() -> String {
    (0..13_000).map(|n| format!("{n:05}")).collect()
}

#[tokio::test]
async fn an_id_that_a_crash_left_alone_hides_no_message() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.close().await.unwrap();
    {
        let engine = super::super::engine::Engine::open(&dir.path().join("store")).unwrap();
        engine.table("message_ids").unwrap().put(b"a", &1_u64.to_be_bytes()).unwrap();
        engine.flush().unwrap();
    }
    let store = open(dir.path()).await;
    store.log(Arc::new(vec![add("a", "hola", 1)])).await.unwrap();
    assert_eq!(everything(&store).await.len(), 1);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_kill_in_the_middle_of_a_batch_loses_and_spoils_nothing_that_is_said_again() {
    let dir = tempfile::tempdir().unwrap();
    let (store, body) = (open(dir.path()).await, long());
    let kept: Vec<_> = (0..6).map(|n| add(&format!("kept{n}"), &body, 1)).collect();
    store.log(Arc::new(kept.clone())).await.unwrap();
    let phone = |n: usize| LogChange::Phone(MessageId::new(format!("kept{n}")), "5491122334455".to_owned());
    let new: Vec<_> = (0..6).map(phone).chain((0..6).map(|n| add(&format!("new{n}"), &body, 2))).collect();
    let unflushed = new.clone();
    store.read(move |tables| tables.messages.apply(&unflushed)).await.unwrap();
    let copy = killed(dir.path());
    store.close().await.unwrap();
    let store = open(copy.path()).await;
    store.log(Arc::new(new)).await.unwrap();
    let all = everything(&store).await;
    assert_eq!(all.len(), 12);
    assert!(all.iter().all(|entry| entry.message.body.reveal() == body));
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_never_sees_half_of_what_is_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let (store, body) = (open(dir.path()).await, long());
    store.log(Arc::new(vec![add("a", &body, 1)])).await.unwrap();
    let writing = store.clone();
    let writer = tokio::spawn(async move {
        for n in 0..100 {
            let digits = if n % 2 == 0 { "5491122334455" } else { "549112233" };
            let change = [LogChange::Phone(MessageId::new("a"), digits.to_owned())];
            writing.write(move |tables| tables.messages.apply(&change)).await.unwrap();
        }
    });
    while !writer.is_finished() {
        let page = store.events(0, 1).await.unwrap();
        assert_eq!(page.items[0].message().unwrap().body.reveal(), body);
    }
    writer.await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_log_that_was_swept_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.log(Arc::new(vec![add("a", "x", 1), add("b", "x", 1)])).await.unwrap();
    assert_eq!(store.sweep_log(at(10), 1000, vec![]).await.unwrap(), 2);
    assert_eq!(store.events(0, 10).await.unwrap().next, 2);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_log_that_was_put_back_gives_no_event_the_id_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    store.log(Arc::new(vec![add("a", "x", 1)])).await.unwrap();
    let before = store.events(0, 1).await.unwrap().items[0].id();
    store.close().await.unwrap();
    crate::store::announce_restored(dir.path(), "a test").unwrap();
    let store = open(dir.path()).await;
    let after = store.events(0, 1).await.unwrap().items[0].id();
    assert_ne!(before, after);
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.events(0, 1).await.unwrap().items[0].id(), after, "once");
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_a_target_was_not_told_yet_is_not_swept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let targets = || vec!["a".to_owned(), "b".to_owned()];
    store.log(Arc::new((0..6).map(|n| add(&n.to_string(), "x", n)).collect())).await.unwrap();
    store.advance("a".to_owned(), 6, None).await.unwrap();
    store.advance("b".to_owned(), 2, None).await.unwrap();
    assert_eq!(store.sweep_log(at(99), 1000, targets()).await.unwrap(), 2);
    store.advance("b".to_owned(), 5, None).await.unwrap();
    assert_eq!(store.sweep_log(at(99), 1000, targets()).await.unwrap(), 3);
    assert_eq!(everything(&store).await.len(), 1);
    // A target that is no longer configured holds no entries back.
    assert_eq!(store.sweep_log(at(99), 1000, vec!["a".to_owned()]).await.unwrap(), 1);
    store.close().await.unwrap();
}

/// A reader follows the log while its older entries are packed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_misses_nothing_that_is_packed_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let writing = store.clone();
    let writer = tokio::spawn(async move {
        for n in 0..400 {
            writing.log(Arc::new(vec![add(&n.to_string(), "x", n)])).await.unwrap();
        }
    });
    let (mut after, mut seen) = (0, Vec::new());
    while seen.len() < 400 {
        let page = store.events(after, 7).await.unwrap();
        seen.extend(page.items.iter().map(|event| event.cursor));
        after = page.next;
    }
    writer.await.unwrap();
    assert_eq!(seen, (1..=400).collect::<Vec<_>>());
    store.close().await.unwrap();
}

#[tokio::test]
async fn messages_of_one_second_are_numbered_by_chat_in_the_order_of_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let said = |id: &str, chat: &str, t: u64| {
        let page = PageMessage { chat: chat.to_owned(), t, from_me: id.starts_with("ours"), ..page_message(id, "x") };
        LogChange::Add(Box::new(LoggedMessage::from_page(page, at(0), false).unwrap()))
    };
    let messages = [
        ("old", "1@lid", 10),
        ("a", "1@lid", 100),
        ("other", "2@lid", 100),
        ("ours", "1@lid", 100),
        // Stored late: its time is not in order.
        ("late", "1@lid", 99),
        ("b", "1@lid", 100),
        ("next", "1@lid", 101),
    ];
    let changes = messages.map(|(id, chat, t)| said(id, chat, t));
    store.log(Arc::new(changes.to_vec())).await.unwrap();
    for round in 0..2 {
        for (id, ordinal) in [("old", 0), ("a", 0), ("other", 0), ("ours", 1), ("late", 0), ("b", 2), ("next", 0)] {
            assert_eq!(store.ordinal(MessageId::new(id)).await.unwrap(), ordinal, "{id} {round}");
        }
        // What is stored later changes nothing.
        store.log(Arc::new(vec![said("later", "1@lid", 100)])).await.unwrap();
    }
    assert_eq!(store.ordinal(MessageId::new("unknown")).await.unwrap(), 0);
}
