#![allow(clippy::unwrap_used)]

pub(in crate::inbound) mod page;
mod readings;

use tokio::time::Instant;

use crate::domain::log::CIPHERTEXT;
use crate::domain::log::tests::page_message;
use crate::domain::message::{MessageId, PageMessage};
use crate::store::Place;

use super::places::Places;
use super::undecrypted::{Decryption, Undecrypted};

fn undecrypted(id: &str) -> PageMessage {
    PageMessage { kind: CIPHERTEXT.to_owned(), ..page_message(id, "") }
}

#[tokio::test(start_paused = true)]
async fn a_sealed_message_arrives_when_it_opens_or_sealed_after_a_minute() {
    let mut waiting = Undecrypted::default();
    let start = Instant::now();
    waiting.put(undecrypted("a"), start);
    waiting.put(undecrypted("a"), start);
    waiting.put(undecrypted("b"), start);
    assert_eq!(waiting.open(&undecrypted("a")), Decryption::Still);
    assert_eq!(waiting.open(&page_message("a", "hola")), Decryption::Now);
    assert_eq!(waiting.open(&page_message("a", "hola")), Decryption::NotSealed);
    assert!(waiting.overdue(Instant::now()).is_empty() && waiting.due_to_ask(Instant::now()).is_empty());
    tokio::time::sleep_until(waiting.deadline().unwrap()).await;
    assert_eq!(waiting.due_to_ask(Instant::now()), [MessageId::new("b")], "the phone is asked before it is given up");
    assert!(waiting.due_to_ask(Instant::now()).is_empty(), "once");
    tokio::time::sleep_until(waiting.deadline().unwrap()).await;
    let overdue = waiting.overdue(Instant::now());
    assert_eq!(overdue.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(start.elapsed().as_secs(), 60);
    assert!(waiting.deadline().is_none());
}

#[test]
fn what_waits_is_bounded_and_nothing_of_it_is_dropped() {
    let mut waiting = Undecrypted::default();
    let now = Instant::now();
    for n in 0..5000 {
        waiting.put(undecrypted(&format!("{n}")), now);
    }
    assert_eq!(waiting.overdue(now).len(), 5000 - 4096);
    assert_eq!(waiting.give_up_all().len(), 4096);
    assert!(waiting.is_empty() && waiting.due_to_ask(now).is_empty());
}

#[test]
fn what_the_page_takes_away_was_no_message() {
    let mut waiting = Undecrypted::default();
    waiting.put(undecrypted("a"), Instant::now());
    assert!(waiting.withdraw(&MessageId::new("a")) && !waiting.withdraw(&MessageId::new("a")));
    assert!(waiting.give_up_all().is_empty());
}

#[test]
fn a_place_is_written_when_nothing_before_it_waits() {
    let place = |row: u64| Place { device: None, row: Some((row, MessageId::new(row.to_string()))) };
    let mut places = Places::default();
    for row in [10, 20, 30] {
        places.reached(place(row));
    }
    assert_eq!(places.next(Some(15)), Some(place(10)));
    assert_eq!(places.next(Some(15)), None);
    places.reached(place(30));
    assert_eq!(places.next(None), Some(place(30)));
    places.reached(place(30));
    assert_eq!(places.next(None), None, "it is written");
}
