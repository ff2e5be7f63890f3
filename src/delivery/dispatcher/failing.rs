//! A head that was not delivered: tried again after a pause, and given up once it is clear that the event is at fault, or
//! when it has had its time.

use std::time::Duration;

use tokio::time::Instant;

use super::{Dispatcher, POISON_AFTER, Stopped};
use crate::delivery::ledger::Ledger;
use crate::delivery::retry_after::at_least;
use crate::delivery::target::{Cause, Outcome, Target};
use crate::domain::dead_letter::Stage;
use crate::domain::event::Event;
use crate::domain::time::Timestamp;

/// When an event is given up that its target never takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Unanswered requests for one event.
    pub timeouts: u32,
    /// Time since the first attempt at the event, of this run of the service.
    pub give_up: Duration,
}

/// The target does not take the head.
pub(super) struct Failing {
    /// Failures in a row, also of earlier heads that went out of date meanwhile.
    pub(super) failures: u32,
    pub(super) since: Timestamp,
    pub(super) again: Instant,
    pub(super) reason: String,
    /// What counts against the head itself.
    head: Charges,
}

struct Charges {
    event: u64,
    began: Instant,
    /// Requests that got no answer in time.
    timeouts: u32,
    /// The target refused the event; a second refusal is final.
    is_refused: bool,
}

impl Charges {
    fn none(event: u64) -> Self {
        Self { event, began: Instant::now(), timeouts: 0, is_refused: false }
    }
}

impl<T: Target, L: Ledger> Dispatcher<T, L> {
    /// Acts on the outcome of a delivery of the head.
    pub(super) async fn settle(&mut self, head: &Event, outcome: Outcome) -> Result<(), Stopped> {
        match outcome {
            Outcome::Delivered => {
                self.failing = None;
                self.pass().await
            }
            Outcome::Refused(reason) => {
                let charges = self.charge(head, &reason);
                if std::mem::replace(&mut charges.is_refused, true) {
                    return self.bury(head, reason).await;
                }
                self.wait(None);
                Ok(())
            }
            Outcome::Retry { reason, after, cause } => self.failed(head, reason, after, cause).await,
        }
    }

    async fn failed(
        &mut self,
        head: &Event,
        reason: String,
        after: Option<Duration>,
        cause: Cause,
    ) -> Result<(), Stopped> {
        let limits = self.parts.limits;
        let charges = self.charge(head, &reason);
        charges.timeouts += u32::from(cause == Cause::Timeout);
        let (timeouts, is_late) = (charges.timeouts, charges.began.elapsed() >= limits.give_up);
        if timeouts >= limits.timeouts {
            return self.bury(head, format!("{reason}, {timeouts} times")).await;
        }
        if is_late {
            let span = humantime::format_duration(limits.give_up);
            return self.bury(head, format!("{reason}, and was not taken for {span}")).await;
        }
        let failures = self.failing.as_ref().map_or(0, |failing| failing.failures);
        if failures >= POISON_AFTER && cause != Cause::Target && self.passes_behind(failures).await? {
            return Ok(());
        }
        self.wait(after);
        Ok(())
    }

    /// Notes a failure of the head.
    fn charge(&mut self, head: &Event, reason: &str) -> &mut Charges {
        if self.failing.is_none() {
            tracing::warn!(target = self.parts.name, reason, "a delivery failed; trying again until it passes");
        }
        let (since, again) = (self.parts.clock.now(), Instant::now());
        let failing = self.failing.get_or_insert_with(|| Failing {
            failures: 0,
            since,
            again,
            reason: String::new(),
            head: Charges::none(head.cursor),
        });
        failing.failures = failing.failures.saturating_add(1);
        reason.clone_into(&mut failing.reason);
        if failing.head.event != head.cursor {
            failing.head = Charges::none(head.cursor);
        }
        &mut failing.head
    }

    /// Sets the time of the next attempt.
    fn wait(&mut self, after: Option<Duration>) {
        if let Some(failing) = &mut self.failing {
            let pause = self.parts.backoff.pause(failing.failures, &mut rand::rng());
            failing.again = Instant::now() + at_least(after, pause);
        }
    }

    async fn bury(&mut self, event: &Event, reason: String) -> Result<(), Stopped> {
        tracing::warn!(target = self.parts.name, event = event.id(), reason, "a delivery is given up: a dead letter");
        let attempts = self.failing.as_ref().map_or(0, |failing| failing.failures);
        let letter = self.letter(event, Stage::Dead, reason, attempts);
        self.ahead.take();
        self.failing = None;
        self.put_aside(letter).await
    }
}
