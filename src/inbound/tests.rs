#![allow(clippy::unwrap_used)]

use tokio::time::Instant;

use crate::domain::log::CIPHERTEXT;
use crate::domain::log::tests::page_message;
use crate::domain::message::PageMessage;

use super::sealed::{Opened, Sealed};

fn sealed(id: &str) -> PageMessage {
    PageMessage { kind: CIPHERTEXT.to_owned(), ..page_message(id, "") }
}

#[tokio::test(start_paused = true)]
async fn a_sealed_message_arrives_when_it_opens_or_sealed_after_a_minute() {
    let mut waiting = Sealed::default();
    waiting.put(sealed("a"), Instant::now());
    waiting.put(sealed("a"), Instant::now());
    waiting.put(sealed("b"), Instant::now());
    assert_eq!(waiting.open(&sealed("a")), Opened::Still);
    assert_eq!(waiting.open(&page_message("a", "hola")), Opened::Now);
    assert_eq!(waiting.open(&page_message("a", "hola")), Opened::NotSealed);
    assert!(waiting.overdue(Instant::now()).is_empty());
    tokio::time::sleep_until(waiting.deadline().unwrap()).await;
    let overdue = waiting.overdue(Instant::now());
    assert_eq!(overdue.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["b"]);
    assert!(waiting.deadline().is_none());
}

#[test]
fn what_waits_is_bounded_and_nothing_of_it_is_dropped() {
    let mut waiting = Sealed::default();
    let now = Instant::now();
    for n in 0..5000 {
        waiting.put(sealed(&format!("{n}")), now);
    }
    assert_eq!(waiting.overdue(now).len(), 5000 - 4096);
    assert_eq!(waiting.give_up_all().len(), 4096);
}
