#![allow(clippy::unwrap_used)]

use std::path::Path;

use proptest::prelude::*;

use crate::domain::log::tests::page_message;
use crate::domain::message::{Ack, PageMessage};

use super::*;

/// The wall clock of these tests: a step is a second.
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
    /// Everything that arrived before the n-th step.
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The log equals a list in memory to which the same is done.
    #[test]
    fn equals_a_simple_model(steps in proptest::collection::vec(step(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let mut store = open(dir.path()).await;
            let mut model: Vec<LoggedMessage> = Vec::new();
            for (n, step) in steps.into_iter().enumerate() {
                let change = match step {
                    Step::Add(id, length) => {
                        let change = add(&id.to_string(), &"ñ".repeat(length / 2), n);
                        if let LogChange::Add(message) = &change
                            && !model.iter().any(|known| known.id == message.id)
                        {
                            model.push(message.as_ref().clone());
                        }
                        change
                    }
                    Step::Edit(id, length) => amend(&mut model, page_message(&id.to_string(), &"x".repeat(length)), n),
                    Step::Revoke(id) => {
                        let gone = PageMessage { kind: "revoked".to_owned(), ..page_message(&id.to_string(), "") };
                        amend(&mut model, gone, n)
                    }
                    Step::Ack(id, ack) => {
                        let id = MessageId::new(id.to_string());
                        let known = model.iter_mut().find(|known| known.id == id);
                        known.map(|known| known.acknowledge(Ack::new(ack), at(n)));
                        LogChange::Ack(id, Ack::new(ack), at(n))
                    }
                    Step::Sweep(end) => {
                        let keep = model.iter().position(|message| message.received_at >= at(end));
                        let swept = store.sweep_log(at(end), usize::MAX).await.unwrap();
                        assert_eq!(swept, keep.unwrap_or(model.len()));
                        model.drain(..swept);
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
            assert_eq!(kept.into_iter().map(|entry| entry.message).collect::<Vec<_>>(), model);
            store.close().await.unwrap();
        });
    }
}

fn amend(model: &mut [LoggedMessage], page: PageMessage, n: usize) -> LogChange {
    let known = model.iter_mut().find(|known| known.id == page.id);
    known.map(|known| known.amend(&page, at(n)));
    LogChange::Amend(Box::new(page), at(n))
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    let changes = (0..25).map(|n| add(&n.to_string(), "x", n)).collect();
    assert_eq!(store.log(Arc::new(changes)).await.unwrap(), 25);
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let page = store.logged(LogQuery { after, limit: 10, ..LogQuery::default() }).await.unwrap();
        if page.items.is_empty() {
            break;
        }
        seen.extend(page.items.iter().map(|entry| entry.message.id.as_str().to_owned()));
        after = page.next;
    }
    assert_eq!(seen, (0..25).map(|n| n.to_string()).collect::<Vec<_>>());
    let outgoing = LogQuery { limit: 10, direction: Some(Direction::Out), ..LogQuery::default() };
    let none = store.logged(outgoing).await.unwrap();
    assert_eq!((none.items.len(), none.next), (0, 25), "what was looked at need not be looked at again");
    store.close().await.unwrap();
}

#[tokio::test]
async fn the_first_link_is_remembered_and_cursors_are_never_given_twice() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.first_link(7).await.unwrap(), 7);
    store.log(Arc::new(vec![add("a", "x", 0), add("b", "x", 1)])).await.unwrap();
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.first_link(9).await.unwrap(), 7);
    assert_eq!(store.log(Arc::new(vec![add("a", "again", 2), add("c", "x", 2)])).await.unwrap(), 3);
    assert_eq!(store.newest_logged().await.unwrap().unwrap().message.id.as_str(), "c");
    assert_eq!(store.sweep_log(at(9), 100).await.unwrap(), 3);
    store.close().await.unwrap();
    let store = open(dir.path()).await;
    assert_eq!(store.log(Arc::new(vec![add("d", "x", 9)])).await.unwrap(), 4, "also after all of them are gone");
    store.close().await.unwrap();
}
