//! The task of one target: it delivers the events of the log in order, and sets aside events that cannot be delivered.
//!
//! ```text
//! log ──► head ──► delivered ─────────────────────────────► position moves
//!          │ refused for good ──► dead letter ────────────► position moves
//!          │ its phone number is unknown ──► waiting letter ──► position moves
//!          └ failed ──► pause, tried again; failed often and the next event passes: dead letter (poison)
//! ```
//!
//! Delivery is at least once: the position is written after the delivery, so a crash between the two delivers the
//! event again under the same id. A letter and the position are written together.

mod aside;
mod failing;
mod lookahead;
mod parallel;
mod poison;
mod record;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ledger::Ledger;
use super::status::TargetStatus;
use super::target::{Cause, Outcome, Target, Wants};
use crate::domain::backoff::Backoff;
use crate::domain::dead_letter::{DeadLetter, Stage};
use crate::domain::event::Event;
use crate::domain::message::MessageId;
use crate::domain::time::Clock;
use crate::store::StoreError;

use aside::Aside;
use failing::Failing;
pub(super) use failing::Limits;
use lookahead::Lookahead;
use parallel::Flight;

/// After so many failures of one event the dispatcher tests whether a later event passes: a target that was down for a
/// moment has come back by then (1 + 2 + 4 + 8 s).
const POISON_AFTER: u32 = 5;
/// The pause before a store that failed (a full disk) is tried again; nothing is delivered meanwhile.
const STORE_AGAIN: Duration = Duration::from_secs(2);
/// A position that only passed over unwanted events is written once it is this far ahead: reading so many entries
/// again costs less than a write for each.
const LAZY: u64 = 1000;

/// A request to try dead letters again.
pub(super) enum Replay {
    /// The letter of one event; the answer is whether it exists.
    One(u64, oneshot::Sender<bool>),
    /// Every dead letter; the answer is how many there are.
    All(oneshot::Sender<usize>),
}

pub(super) struct Parts<T, L> {
    pub name: String,
    pub address: String,
    pub target: Arc<T>,
    pub ledger: L,
    /// The place up to which the target has got.
    pub position: u64,
    /// The events that were set aside earlier.
    pub letters: Vec<DeadLetter>,
    pub clock: Arc<dyn Clock>,
    pub backoff: Backoff,
    /// How long a letter waits for its phone number.
    pub patience: Duration,
    pub limits: Limits,
    /// How many chats are delivered to beside each other; with 1 everything goes in the order of the log.
    pub parallel: usize,
    /// The channel for messages whose number is to be asked for again.
    pub unknown_numbers: mpsc::Sender<(MessageId, String)>,
    pub replays: mpsc::Receiver<Replay>,
    pub status: watch::Sender<TargetStatus>,
    pub stop: CancellationToken,
}

struct Dispatcher<T, L> {
    parts: Parts<T, L>,
    ahead: Lookahead,
    failing: Option<Failing>,
    aside: Aside,
    flight: Flight,
    /// Letters and the log take turns.
    letter_was_last: bool,
    /// The position to be written to disk.
    position: watch::Sender<u64>,
    newest: watch::Receiver<u64>,
    delivered: u64,
    failed_attempts: u64,
    timeouts: u64,
    given_up: u64,
}

/// The service is stopping.
struct Stopped;

/// Runs until it is stopped, and stores the position it reached.
pub(super) async fn run<T: Target, L: Ledger>(parts: Parts<T, L>) {
    let (position, saved) = watch::channel(parts.position);
    let saver = save(parts.ledger.clone(), parts.name.clone(), saved);
    let aside = Aside::new(&parts.letters, parts.patience);
    let ahead = Lookahead::new(parts.position, parts.parallel);
    let newest = parts.ledger.newest();
    let dispatcher = Dispatcher {
        ahead,
        failing: None,
        aside,
        flight: Flight::default(),
        letter_was_last: false,
        position,
        newest,
        delivered: 0,
        failed_attempts: 0,
        timeouts: 0,
        given_up: 0,
        parts,
    };
    dispatcher.run().await;
    // The position's sender is dropped, so the saver writes the last position and ends.
    let _ = saver.await;
}

/// Writes positions as fast as the disk allows, so that the disk does not slow down a burst.
fn save<L: Ledger>(ledger: L, target: String, mut position: watch::Receiver<u64>) -> JoinHandle<()> {
    tokio::spawn(async move {
        while position.changed().await.is_ok() {
            let reached = *position.borrow_and_update();
            while let Err(error) = ledger.advance(target.clone(), reached, None).await {
                tracing::warn!(%error, target, "how far deliveries got could not be stored; trying again");
                if matches!(error, StoreError::Closed) {
                    return;
                }
                // A newer position replaces this one, and a stop does not wait for the disk.
                match tokio::time::timeout(STORE_AGAIN, position.changed()).await {
                    Ok(Ok(())) => {
                        position.mark_changed();
                        break;
                    }
                    Ok(Err(_)) => return,
                    Err(_) => {}
                }
            }
        }
    })
}

impl<T: Target, L: Ledger> Dispatcher<T, L> {
    async fn run(mut self) {
        let mut newest = self.newest.clone();
        for event in self.aside.alive() {
            self.ask_for_number(event).await;
        }
        loop {
            if self.look_ahead(&mut newest).await.is_err() || self.forget_gone().await.is_err() {
                return;
            }
            self.take_off();
            if self.flight.is_empty() && self.after_setback().await.is_err() {
                return;
            }
            self.report();
            let now = Instant::now();
            // While the target is left alone, no letter is sent to it either.
            let earliest = self.failing.as_ref().map_or(now, |failing| failing.again);
            let grounded = self.flight.is_empty();
            let head = self.ahead.head().filter(|_| grounded).map(|_| earliest);
            let letter = self.aside.due().filter(|_| grounded).map(|due| due.max(earliest));
            let letter = letter.filter(|_| !self.letter_was_last || head.is_none_or(|head| head > now));
            let step = tokio::select! {
                biased;
                () = self.parts.stop.cancelled() => return self.land_all().await,
                Some(landed) = self.flight.next() => self.landed(landed).await,
                Some(replay) = self.parts.replays.recv() => self.replay(replay).await,
                () = until(letter) => {
                    self.letter_was_last = true;
                    self.try_letters().await
                }
                () = until(head) => {
                    self.letter_was_last = false;
                    self.try_head().await
                }
                changed = newest.changed() => changed.map_err(|_| Stopped),
            };
            if step.is_err() {
                return;
            }
        }
    }

    async fn look_ahead(&mut self, newest: &mut watch::Receiver<u64>) -> Result<(), Stopped> {
        let newest = *newest.borrow_and_update();
        while self.ahead.needs(newest, self.failing.is_some()) {
            if self.parts.stop.is_cancelled() {
                return Err(Stopped);
            }
            let (target, now) = (&self.parts.target, self.parts.clock.now());
            let wants = |event: &Event| target.wants(event, now) != Wants::No;
            if let Err(error) = self.ahead.read(&self.parts.ledger, wants).await {
                tracing::error!(%error, target = self.parts.name, "the log cannot be read for delivery; trying again");
                self.pause(STORE_AGAIN).await?;
            }
        }
        self.moved(LAZY);
        Ok(())
    }

    async fn try_head(&mut self) -> Result<(), Stopped> {
        let Some(mut event) = self.ahead.head().cloned() else { return Ok(()) };
        if self.aside.has(event.cursor) {
            // The event was set aside before a crash.
            self.ahead.take();
            return Ok(());
        }
        let now = self.parts.clock.now();
        if self.parts.target.wants(&event, now) == Wants::WithPhone {
            // The number may have become known since the event was read.
            match self.read(event.cursor).await? {
                Some(fresh) => event = fresh,
                None => return self.pass().await,
            }
        }
        match self.parts.target.wants(&event, now) {
            Wants::No => return self.pass().await,
            Wants::WithPhone => return self.wait_for_number(event).await,
            Wants::Yes => {}
        }
        // Earlier messages of the same chat that waited for a number go first.
        self.try_letters_before(&event).await?;
        let outcome = self.deliver(&event).await?;
        self.settle(&event, outcome).await
    }

    /// The head is delivered or not wanted.
    async fn pass(&mut self) -> Result<(), Stopped> {
        self.ahead.take();
        self.moved(1);
        self.forget_done().await
    }

    /// Requests that the position is written, if it moved by at least `least`.
    fn moved(&self, least: u64) {
        let reached = self.ahead.position();
        self.position.send_if_modified(|known| {
            let moves = reached >= known.saturating_add(least);
            if moves {
                *known = reached;
            }
            moves
        });
    }

    async fn deliver(&mut self, event: &Event) -> Result<Outcome, Stopped> {
        let stop = self.parts.stop.clone();
        // An interrupted delivery is repeated after the next start.
        let outcome = stop.run_until_cancelled(self.parts.target.deliver(event)).await.ok_or(Stopped)?;
        self.count(&outcome);
        Ok(outcome)
    }

    fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Delivered => self.delivered += 1,
            Outcome::Refused(_) => self.failed_attempts += 1,
            Outcome::Retry { cause, .. } => {
                self.failed_attempts += 1;
                self.timeouts += u64::from(*cause == Cause::Timeout);
            }
        }
    }

    async fn wait_for_number(&mut self, event: Event) -> Result<(), Stopped> {
        self.ahead.take();
        self.put_aside(self.unknown_numbers(&event)).await?;
        self.ask_for_number(event.cursor).await;
        Ok(())
    }

    fn unknown_numbers(&self, event: &Event) -> DeadLetter {
        self.letter(event, Stage::Waiting, "the phone number of its chat is not known yet".to_owned(), 0)
    }

    async fn ask_for_number(&self, cursor: u64) {
        if let Ok(Some(event)) = self.parts.ledger.event(cursor).await
            && let Some(message) = event.message()
        {
            // If too many numbers are asked for already, this event waits in vain.
            let _ = self.parts.unknown_numbers.try_send((message.id.clone(), message.chat.clone()));
        }
    }

    fn report(&self) {
        let now = self.parts.clock.now();
        let failing = self.failing.as_ref();
        let until = |at: Instant| now.plus(at.saturating_duration_since(Instant::now()));
        self.parts.status.send_replace(TargetStatus {
            target: self.parts.name.clone(),
            address: self.parts.address.clone(),
            backlog: self.ahead.backlog(*self.newest.borrow()).saturating_sub(self.flight.done())
                + self.aside.alive().len() as u64,
            oldest_at: self.ahead.head().map(|event| event.at),
            failing_since: failing.map(|failing| failing.since),
            last_error: failing.map(|failing| failing.reason.clone()),
            next_attempt_at: failing.map(|failing| until(failing.again)),
            dead_letters: self.aside.dead(),
            delivered: self.delivered,
            failed_attempts: self.failed_attempts,
            timeouts: self.timeouts,
            given_up: self.given_up,
        });
    }
}

/// Waits until `at`; without a time it waits for ever.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
