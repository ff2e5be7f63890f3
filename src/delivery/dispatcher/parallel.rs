//! Deliveries of several chats beside each other, each chat in order.
//!
//! ```text
//! held:   a1  b1  a2  c1  b2        a1, b1 and c1 are under way; a2 waits for a1, and b2 for b1
//!         done    …                 what is done at the front of the line moves the position
//! ```
//!
//! After one has failed nothing behind it sets out. Once everything before it is delivered it is the head, and is treated
//! as any head that fails. What was delivered behind it is noted in the store, and is not delivered again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::{Dispatcher, Stopped};
use crate::delivery::ledger::Ledger;
use crate::delivery::target::{Outcome, Target, Wants};
use crate::domain::dead_letter::Stage;
use crate::domain::event::Event;

/// How long a stop waits for what is under way, so that it is not delivered again by the next start. Most targets answer
/// within milliseconds.
const LAND_WITHIN: Duration = Duration::from_millis(500);

/// An event's place, and what became of it.
pub(super) type Landed = (u64, Outcome);

/// The deliveries under way.
#[derive(Default)]
pub(super) struct Flight {
    under_way: JoinSet<Landed>,
    /// The chats that they are of, by the event.
    chats: BTreeMap<u64, Option<String>>,
    /// Delivered, while one before them is not.
    done: BTreeSet<u64>,
    /// The first that failed.
    setback: Option<(Event, Outcome)>,
}

impl Flight {
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// How many of those held are delivered.
    pub(super) fn done(&self) -> u64 {
        self.done.len() as u64
    }

    /// The next that comes back; None while none is under way. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Landed> {
        match self.under_way.join_next().await? {
            Ok(landed) => Some(landed),
            // A delivery that panics ends the dispatcher, and with it the service, as it does where there is one at a time.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Nobody cancels a delivery but the end of the dispatcher.
                Err(_) => None,
            },
        }
    }
}

impl<T: Target, L: Ledger> Dispatcher<T, L> {
    /// Sends out what can go beside what is under way.
    pub(super) fn take_off(&mut self) {
        if self.parts.parallel < 2 || self.failing.is_some() || !self.aside.alive().is_empty() {
            return;
        }
        let end = self.flight.setback.as_ref().map_or(u64::MAX, |(event, _)| event.cursor);
        let now = self.parts.clock.now();
        let mut busy: HashSet<Option<String>> = self.flight.chats.values().cloned().collect();
        for event in self.ahead.held() {
            if busy.len() >= self.parts.parallel || event.cursor >= end {
                break;
            }
            if self.flight.chats.contains_key(&event.cursor) || self.flight.done.contains(&event.cursor) {
                continue;
            }
            // What needs more than a delivery is treated as the head, and all behind it waits for that.
            if self.parts.target.wants(event, now) != Wants::Yes || self.aside.has(event.cursor) {
                break;
            }
            let chat = event.chat().map(str::to_owned);
            if !busy.insert(chat.clone()) {
                continue;
            }
            self.flight.chats.insert(event.cursor, chat);
            let (target, event) = (Arc::clone(&self.parts.target), event.clone());
            self.flight.under_way.spawn(async move { (event.cursor, target.deliver(&event).await) });
        }
    }

    /// One is back.
    pub(super) async fn landed(&mut self, (cursor, outcome): Landed) -> Result<(), Stopped> {
        self.count(&outcome);
        self.flight.chats.remove(&cursor);
        if outcome == Outcome::Delivered {
            self.flight.done.insert(cursor);
            if self.move_over_done() {
                self.forget_done().await?;
            }
        } else if self.flight.setback.as_ref().is_none_or(|(first, _)| cursor < first.cursor) {
            let event = self.ahead.held().find(|event| event.cursor == cursor).cloned();
            self.flight.setback = event.map(|event| (event, outcome));
        }
        Ok(())
    }

    /// True where the position moves.
    fn move_over_done(&mut self) -> bool {
        let before = self.ahead.position();
        while self.ahead.head().is_some_and(|head| self.flight.done.remove(&head.cursor)) {
            self.ahead.take();
        }
        let moves = self.ahead.position() > before;
        if moves {
            self.moved(1);
        }
        moves
    }

    /// Nothing more can set out before the first that failed. Where one before it needs more than a delivery, it is tried
    /// again in its turn.
    pub(super) async fn after_setback(&mut self) -> Result<(), Stopped> {
        let Some((failed, outcome)) = self.flight.setback.take() else { return Ok(()) };
        for cursor in std::mem::take(&mut self.flight.done) {
            let event = self.ahead.held().find(|event| event.cursor == cursor).cloned();
            if let Some(event) = event {
                self.keep(self.letter(&event, Stage::Done, "delivered".to_owned(), 0)).await?;
            }
        }
        let is_head = self.ahead.head().is_some_and(|head| head.cursor == failed.cursor);
        if is_head { self.settle(&failed, outcome).await } else { Ok(()) }
    }

    /// The service stops: what is under way may still land.
    pub(super) async fn land_all(&mut self) {
        let deadline = tokio::time::Instant::now() + LAND_WITHIN;
        while let Ok(Some((cursor, outcome))) = tokio::time::timeout_at(deadline, self.flight.next()).await {
            if outcome == Outcome::Delivered {
                self.flight.done.insert(cursor);
            }
        }
        self.move_over_done();
    }
}
