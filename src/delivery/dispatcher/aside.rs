//! What a target has put aside: letters that wait for a number or were asked for again, and those that are dead.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Dispatcher, POISON_AFTER, Stopped};
use crate::delivery::ledger::Ledger;
use crate::delivery::target::{Outcome, Target, Wants};
use crate::domain::dead_letter::{DeadLetter, DeadLetterId, Stage};
use crate::domain::event::Event;

/// How often it is seen whether a number has become known.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often it is seen which dead letters retention has taken.
const GONE_EVERY: Duration = Duration::from_secs(3600);

/// One letter that is not given up; the rest of it is in the store.
struct Put {
    /// It was put here for its number.
    is_nameless: bool,
    /// The chat of its message, once it was read.
    chat: Option<String>,
    attempts: u32,
    /// Since it was put here.
    failures: u32,
    /// When it is looked at again.
    due: Instant,
    /// Until when its number is waited for.
    until: Instant,
}

/// By the places of their events.
pub(super) struct Aside {
    alive: BTreeMap<u64, Put>,
    dead: BTreeSet<u64>,
    done: BTreeSet<u64>,
    patience: Duration,
    /// When it was last seen which are gone.
    seen: Instant,
}

impl Aside {
    pub(super) fn new(letters: &[DeadLetter], patience: Duration) -> Self {
        let (alive, dead, done) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let mut aside = Self { alive, dead, done, patience, seen: Instant::now() };
        letters.iter().for_each(|letter| aside.put(letter));
        aside
    }

    pub(super) fn put(&mut self, letter: &DeadLetter) {
        self.remove(letter.event);
        let now = Instant::now();
        match letter.stage {
            Stage::Dead => drop(self.dead.insert(letter.event)),
            Stage::Done => drop(self.done.insert(letter.event)),
            Stage::Waiting | Stage::Again => {
                let is_nameless = letter.stage == Stage::Waiting;
                let (attempts, until) = (letter.attempts, now + self.patience);
                let put = Put { is_nameless, chat: None, attempts, failures: 0, due: now, until };
                self.alive.insert(letter.event, put);
            }
        }
    }

    fn remove(&mut self, event: u64) {
        self.alive.remove(&event);
        self.dead.remove(&event);
        self.done.remove(&event);
    }

    pub(super) fn has(&self, event: u64) -> bool {
        self.alive.contains_key(&event) || self.dead.contains(&event) || self.done.contains(&event)
    }

    /// Those that are not given up, oldest first.
    pub(super) fn alive(&self) -> Vec<u64> {
        self.alive.keys().copied().collect()
    }

    pub(super) fn dead(&self) -> u64 {
        self.dead.len() as u64
    }

    /// When the next one is to be looked at.
    pub(super) fn due(&self) -> Option<Instant> {
        self.alive.values().map(|put| put.due).min()
    }
}

impl<T: Target, L: Ledger> Dispatcher<T, L> {
    pub(super) async fn replay(&mut self, event: u64, found: oneshot::Sender<bool>) -> Result<(), Stopped> {
        if self.aside.dead.contains(&event) {
            let reason = "it was asked for again".to_owned();
            let letter = DeadLetter { event, stage: Stage::Again, reason, attempts: 0, at: self.parts.clock.now() };
            self.keep(letter).await?;
            self.ask_for_number(event).await;
        }
        // One that is on its way already is found too. Whoever asked may have gone.
        let _ = found.send(self.aside.alive.contains_key(&event));
        Ok(())
    }

    /// Looks at those whose number may be known by now, all at once so that they keep their order, up to the first that
    /// has to be handed over.
    pub(super) async fn try_letters(&mut self) -> Result<(), Stopped> {
        let now = Instant::now();
        let due: Vec<_> = self.aside.alive.iter().filter(|(_, put)| put.due <= now).map(|(event, _)| *event).collect();
        for cursor in due {
            if self.try_letter(cursor).await? {
                break;
            }
        }
        Ok(())
    }

    /// Looks at those of a message's chat before it.
    pub(super) async fn try_letters_before(&mut self, event: &Event) -> Result<(), Stopped> {
        let Some(message) = event.message() else { return Ok(()) };
        for cursor in self.aside.alive() {
            let put = self.aside.alive.get(&cursor);
            let waits = cursor < event.cursor && put.is_some_and(|put| put.is_nameless && put.failures == 0);
            if waits && self.chat_of(cursor).await?.as_deref() == Some(&message.chat) {
                self.try_letter(cursor).await?;
            }
        }
        Ok(())
    }

    /// The chat of one that waits. The log is read for it once.
    async fn chat_of(&mut self, cursor: u64) -> Result<Option<String>, Stopped> {
        if let Some(known) = self.aside.alive.get(&cursor).and_then(|put| put.chat.clone()) {
            return Ok(Some(known));
        }
        let chat = self.read(cursor).await?.and_then(|event| Some(event.message()?.chat.clone()));
        if let Some(put) = self.aside.alive.get_mut(&cursor) {
            put.chat.clone_from(&chat);
        }
        Ok(chat)
    }

    /// True where it was handed to the target, whatever came of it.
    async fn try_letter(&mut self, cursor: u64) -> Result<bool, Stopped> {
        // Retention took the message: nobody can have it any more.
        let Some(event) = self.read(cursor).await? else { return self.forget(cursor).await.map(|()| false) };
        match self.parts.target.wants(&event, self.parts.clock.now()) {
            Wants::No => self.forget(cursor).await.map(|()| false),
            Wants::WithPhone => self.still_nameless(cursor).await.map(|()| false),
            Wants::Yes => {
                match self.deliver(&event).await? {
                    Outcome::Delivered => self.letter_passed(cursor).await?,
                    Outcome::Refused(reason) => self.die(cursor, reason).await?,
                    Outcome::Retry { reason, after, .. } => self.letter_failed(cursor, reason, after).await?,
                }
                Ok(true)
            }
        }
    }

    async fn letter_failed(&mut self, cursor: u64, reason: String, after: Option<Duration>) -> Result<(), Stopped> {
        tracing::debug!(target = self.parts.name, reason, "a letter could not be delivered yet");
        let Some(put) = self.aside.alive.get_mut(&cursor) else { return Ok(()) };
        put.attempts = put.attempts.saturating_add(1);
        put.failures = put.failures.saturating_add(1);
        put.due = Instant::now() + self.parts.backoff.pause(put.failures, after, &mut rand::rng());
        // On a target that takes the others it is this one's fault.
        let given_up = put.failures >= POISON_AFTER && self.failing.is_none();
        if given_up { self.die(cursor, format!("{reason}, again and again")).await } else { Ok(()) }
    }

    async fn still_nameless(&mut self, cursor: u64) -> Result<(), Stopped> {
        let now = Instant::now();
        match self.aside.alive.get_mut(&cursor) {
            Some(put) if now < put.until => {
                put.due = (now + LOOK_EVERY).min(put.until);
                Ok(())
            }
            _ => self.die(cursor, "the phone number of its chat is not known".to_owned()).await,
        }
    }

    async fn die(&mut self, event: u64, reason: String) -> Result<(), Stopped> {
        tracing::warn!(target = self.parts.name, event, reason, "a delivery is given up: a dead letter");
        let attempts = self.aside.alive.get(&event).map_or(0, |put| put.attempts).saturating_add(1);
        let letter = DeadLetter { event, stage: Stage::Dead, reason, attempts, at: self.parts.clock.now() };
        self.keep(letter).await
    }

    async fn letter_passed(&mut self, event: u64) -> Result<(), Stopped> {
        if event <= self.ahead.position() {
            return self.forget(event).await;
        }
        let reason = "delivered".to_owned();
        self.keep(DeadLetter { event, stage: Stage::Done, reason, attempts: 0, at: self.parts.clock.now() }).await
    }

    /// Forgets what was delivered early, once everything before it is done with.
    pub(super) async fn forget_done(&mut self) -> Result<(), Stopped> {
        let position = self.ahead.position();
        while let Some(event) = self.aside.done.first().copied().filter(|event| *event <= position) {
            self.forget(event).await?;
        }
        Ok(())
    }

    /// Forgets the dead whose messages retention took: the store has done so, and nobody can have them any more.
    pub(super) async fn forget_gone(&mut self) -> Result<(), Stopped> {
        if self.aside.seen.elapsed() < GONE_EVERY {
            return Ok(());
        }
        self.aside.seen = Instant::now();
        while let Some(event) = self.aside.dead.first().copied() {
            if self.read(event).await?.is_some() {
                break;
            }
            self.forget(event).await?;
        }
        Ok(())
    }

    async fn forget(&mut self, event: u64) -> Result<(), Stopped> {
        loop {
            let id = DeadLetterId { target: self.parts.name.clone(), event };
            let dropped = self.parts.ledger.drop_letter(id).await;
            if self.stored(dropped).await? {
                break;
            }
        }
        self.aside.remove(event);
        Ok(())
    }
}
