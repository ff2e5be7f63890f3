//! What the dispatcher writes to the store and reads from it. A store that fails is tried again until it works or the
//! service stops.

use std::time::Duration;

use super::{Dispatcher, STORE_AGAIN, Stopped};
use crate::delivery::ledger::Ledger;
use crate::delivery::target::Target;
use crate::domain::dead_letter::{DeadLetter, Stage};
use crate::domain::event::Event;
use crate::store::StoreError;

impl<T: Target, L: Ledger> Dispatcher<T, L> {
    pub(super) fn letter(&self, event: &Event, stage: Stage, reason: String, attempts: u32) -> DeadLetter {
        DeadLetter { event: event.cursor, stage, reason, attempts, at: self.parts.clock.now() }
    }

    /// Stores the letter and the position in one write.
    pub(super) async fn put_aside(&mut self, letter: DeadLetter) -> Result<(), Stopped> {
        let reached = self.ahead.position();
        loop {
            let kept = self.parts.ledger.advance(self.parts.name.clone(), reached, Some(letter.clone())).await;
            if self.stored(kept).await? {
                break;
            }
        }
        self.put(&letter);
        Ok(())
    }

    pub(super) fn put(&mut self, letter: &DeadLetter) {
        self.given_up += u64::from(letter.stage == Stage::Dead);
        self.aside.put(letter);
    }

    /// Stores the letter without the position.
    pub(super) async fn keep(&mut self, letter: DeadLetter) -> Result<(), Stopped> {
        self.keep_all(vec![letter]).await
    }

    /// Stores letters in one write.
    pub(super) async fn keep_all(&mut self, letters: Vec<DeadLetter>) -> Result<(), Stopped> {
        loop {
            let kept = self.parts.ledger.keep_letters(self.parts.name.clone(), letters.clone()).await;
            if self.stored(kept).await? {
                break;
            }
        }
        letters.iter().for_each(|letter| self.put(letter));
        Ok(())
    }

    /// False if the store failed and must be tried again.
    pub(super) async fn stored(&self, result: Result<(), StoreError>) -> Result<bool, Stopped> {
        match result {
            Ok(()) => Ok(true),
            Err(StoreError::Closed) => Err(Stopped),
            Err(error) => {
                tracing::error!(%error, target = self.parts.name, "a delivery could not be recorded; trying again");
                self.pause(STORE_AGAIN).await.map(|()| false)
            }
        }
    }

    pub(super) async fn read(&self, cursor: u64) -> Result<Option<Event>, Stopped> {
        loop {
            match self.parts.ledger.event(cursor).await {
                Ok(event) => return Ok(event),
                Err(StoreError::Closed) => return Err(Stopped),
                Err(_) => self.pause(STORE_AGAIN).await?,
            }
        }
    }

    pub(super) async fn pause(&self, span: Duration) -> Result<(), Stopped> {
        let stopped = tokio::time::timeout(span, self.parts.stop.cancelled()).await.is_ok();
        if stopped { Err(Stopped) } else { Ok(()) }
    }
}
