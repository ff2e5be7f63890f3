//! What a target has put aside: letters that wait for a number or were asked for again, and those that are dead.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Dispatcher, Stopped};
use crate::delivery::ledger::Ledger;
use crate::delivery::target::{Outcome, Target, Wants};
use crate::domain::letter::{Letter, LetterId, Stage};

/// How often it is seen whether a number has become known.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// One letter; the rest of it is in the store.
struct Put {
    stage: Stage,
    attempts: u32,
    /// When it is looked at again; dead ones are not.
    due: Instant,
    /// Until when its number is waited for.
    until: Instant,
}

/// By the places of their events.
pub(super) struct Aside {
    letters: BTreeMap<u64, Put>,
    patience: Duration,
}

impl Aside {
    pub(super) fn new(letters: &[Letter], patience: Duration) -> Self {
        let mut aside = Self { letters: BTreeMap::new(), patience };
        letters.iter().for_each(|letter| aside.put(letter));
        aside
    }

    pub(super) fn put(&mut self, letter: &Letter) {
        let now = Instant::now();
        let (stage, attempts) = (letter.stage, letter.attempts);
        self.letters.insert(letter.event, Put { stage, attempts, due: now, until: now + self.patience });
    }

    pub(super) fn has(&self, event: u64) -> bool {
        self.letters.contains_key(&event)
    }

    pub(super) fn waiting(&self) -> Vec<u64> {
        self.alive().map(|(event, _)| event).collect()
    }

    pub(super) fn dead(&self) -> u64 {
        self.letters.values().filter(|put| put.stage == Stage::Dead).count() as u64
    }

    /// When the next one is to be looked at.
    pub(super) fn due(&self) -> Option<Instant> {
        self.alive().map(|(_, put)| put.due).min()
    }

    fn alive(&self) -> impl Iterator<Item = (u64, &Put)> {
        self.letters.iter().filter(|(_, put)| put.stage != Stage::Dead).map(|(event, put)| (*event, put))
    }
}

impl<T: Target, L: Ledger> Dispatcher<T, L> {
    pub(super) async fn replay(&mut self, event: u64, found: oneshot::Sender<bool>) -> Result<(), Stopped> {
        let dead = self.aside.letters.get(&event).filter(|put| put.stage == Stage::Dead);
        if let Some(attempts) = dead.map(|put| put.attempts) {
            let reason = "it was asked for again".to_owned();
            let letter = Letter { event, stage: Stage::Again, reason, attempts, at: self.parts.clock.now() };
            self.keep(letter).await?;
            self.ask_for_number(event).await;
        }
        // One that is on its way already is found too. Whoever asked may have gone.
        let _ = found.send(self.aside.has(event));
        Ok(())
    }

    pub(super) async fn try_letter(&mut self) -> Result<(), Stopped> {
        let Some(cursor) = self.aside.alive().min_by_key(|(_, put)| put.due).map(|(event, _)| event) else {
            return Ok(());
        };
        // Retention took the message: nobody can have it any more.
        let Some(event) = self.read(cursor).await? else { return self.forget(cursor).await };
        match self.parts.target.wants(&event, self.parts.clock.now()) {
            Wants::No => self.forget(cursor).await,
            Wants::WithPhone => self.still_nameless(cursor).await,
            Wants::Yes => match self.deliver(&event).await? {
                Outcome::Delivered => self.forget(cursor).await,
                Outcome::Refused(reason) => self.die(cursor, reason).await,
                Outcome::Retry { reason, after } => {
                    tracing::debug!(target = self.parts.name, reason, "a letter could not be delivered yet");
                    if let Some(put) = self.aside.letters.get_mut(&cursor) {
                        put.attempts = put.attempts.saturating_add(1);
                        put.due = Instant::now() + self.parts.backoff.pause(put.attempts, after, &mut rand::rng());
                    }
                    Ok(())
                }
            },
        }
    }

    async fn still_nameless(&mut self, cursor: u64) -> Result<(), Stopped> {
        let now = Instant::now();
        match self.aside.letters.get_mut(&cursor) {
            Some(put) if now < put.until => {
                put.due = (now + LOOK_EVERY).min(put.until);
                Ok(())
            }
            _ => self.die(cursor, "the phone number of its chat is not known".to_owned()).await,
        }
    }

    async fn die(&mut self, event: u64, reason: String) -> Result<(), Stopped> {
        tracing::warn!(target = self.parts.name, event, reason, "a delivery is given up: a dead letter");
        let attempts = self.aside.letters.get(&event).map_or(0, |put| put.attempts).saturating_add(1);
        let letter = Letter { event, stage: Stage::Dead, reason, attempts, at: self.parts.clock.now() };
        self.keep(letter).await
    }

    async fn forget(&mut self, event: u64) -> Result<(), Stopped> {
        loop {
            let id = LetterId { target: self.parts.name.clone(), event };
            let dropped = self.parts.ledger.drop_letter(id).await;
            if self.stored(dropped).await? {
                break;
            }
        }
        self.aside.letters.remove(&event);
        Ok(())
    }
}
