//! Poison events: when deliveries fail, the target may be down, or it may fail on one event. The events behind it show
//! which.

use std::time::Duration;

use tokio::time::Instant;

use super::{Dispatcher, POISON_AFTER, Stopped};
use crate::delivery::ledger::Ledger;
use crate::delivery::target::{Cause, Outcome, Target, Wants};
use crate::domain::dead_letter::Stage;
use crate::domain::event::Event;

/// The most events behind the head that are tried: one more with each failure, because several in a row may be poison.
const REACH: usize = 8;
/// No further event is tried after this time: an event that gets no answer takes 15 s.
const ROUND_MAX: Duration = Duration::from_secs(10);

impl<T: Target, L: Ledger> Dispatcher<T, L> {
    /// Whether an event behind the head passes; they are tried in order. If one does, the failed events before it
    /// become dead letters, because the target is up.
    pub(super) async fn passes_behind(&mut self, failures: u32) -> Result<bool, Stopped> {
        let reach = usize::try_from(failures - POISON_AFTER + 1).unwrap_or(REACH).min(REACH);
        let began = Instant::now();
        for places in 1..=reach {
            // A target that hangs is not tried eight times.
            if began.elapsed() > ROUND_MAX {
                return Ok(false);
            }
            let Some(next) = self.deliverable(places).await? else { return Ok(false) };
            let passed = match self.deliver(&next).await? {
                Outcome::Retry { cause: Cause::Unclear | Cause::Timeout, .. } => continue,
                Outcome::Retry { cause: Cause::Target, .. } => return Ok(false),
                Outcome::Delivered => true,
                // The target is up, and the event has its turn as a head.
                Outcome::Refused(_) => false,
            };
            for left in (1..=places).rev() {
                if !self.last_try(failures).await? {
                    if passed {
                        // The event that passed is behind events that still wait.
                        self.keep(self.letter(&next, Stage::Done, "delivered".to_owned(), 0)).await?;
                        self.ahead.take_behind_head(left);
                    }
                    return Ok(false);
                }
                self.ahead.take();
            }
            if passed {
                self.ahead.take();
            }
            self.failing = None;
            self.moved(1);
            self.forget_done().await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Tries the head once more, because the target may have come back just now. False if the target reports that it
    /// is down itself, which says nothing about the head.
    async fn last_try(&mut self, failures: u32) -> Result<bool, Stopped> {
        let Some(head) = self.ahead.head().cloned() else { return Ok(true) };
        let why = match self.deliver(&head).await? {
            Outcome::Delivered => return Ok(true),
            Outcome::Retry { cause: Cause::Target, .. } => return Ok(false),
            Outcome::Refused(why) => why,
            Outcome::Retry { cause: Cause::Unclear | Cause::Timeout, reason, .. } => {
                format!("{reason}, again and again, while one behind it was taken")
            }
        };
        tracing::warn!(target = self.parts.name, event = head.id(), why, "a delivery is given up: a dead letter");
        self.keep(self.letter(&head, Stage::Dead, why, failures)).await?;
        Ok(true)
    }

    /// The event so many places behind the head. Events that wait for a number prove nothing and are set aside.
    async fn deliverable(&mut self, places: usize) -> Result<Option<Event>, Stopped> {
        while let Some(next) = self.ahead.behind_head(places).cloned() {
            match self.parts.target.wants(&next, self.parts.clock.now()) {
                Wants::Yes if !self.aside.has(next.cursor) => return Ok(Some(next)),
                Wants::WithPhone if !self.aside.has(next.cursor) => {
                    self.keep(self.unknown_numbers(&next)).await?;
                    self.ask_for_number(next.cursor).await;
                }
                _ => {}
            }
            self.ahead.take_behind_head(places);
        }
        Ok(None)
    }
}
