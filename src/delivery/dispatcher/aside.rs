//! The events that a target has set aside: letters that wait for a number or are being replayed, and dead letters.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::{Dispatcher, POISON_AFTER, Replay, Stopped};
use crate::delivery::ledger::Ledger;
use crate::delivery::retry_after::at_least;
use crate::delivery::target::{Outcome, Target, Wants};
use crate::domain::dead_letter::{DeadLetter, DeadLetterId, Stage};
use crate::domain::event::Event;

/// How often a letter checks whether its number has become known.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often dead letters whose messages retention removed are looked for.
const GONE_EVERY: Duration = Duration::from_secs(3600);

/// Letters that are marked for a new attempt in one write.
const REPLAYED: usize = 1000;

/// A letter that is not given up; the rest of it is in the store.
struct Put {
    /// The letter waits for its phone number.
    is_nameless: bool,
    /// The chat of the letter's message, once it was read.
    chat: Option<String>,
    attempts: u32,
    /// Failures since the letter was put here.
    failures: u32,
    /// When the letter is tried next.
    due: Instant,
    /// Until when the letter waits for its number.
    until: Instant,
}

/// Letters by the place of their event.
pub(super) struct Aside {
    alive: BTreeMap<u64, Put>,
    dead: BTreeSet<u64>,
    done: BTreeSet<u64>,
    patience: Duration,
    /// When dead letters of removed messages were last looked for.
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

    /// The letters that are not given up, oldest first.
    pub(super) fn alive(&self) -> Vec<u64> {
        self.alive.keys().copied().collect()
    }

    pub(super) fn dead(&self) -> u64 {
        self.dead.len() as u64
    }

    fn has_failed(&self, event: u64) -> bool {
        self.alive.get(&event).is_some_and(|put| put.failures > 0)
    }

    /// When the next letter is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.alive.values().map(|put| put.due).min()
    }
}

impl<T: Target, L: Ledger> Dispatcher<T, L> {
    pub(super) async fn replay(&mut self, replay: Replay) -> Result<(), Stopped> {
        match replay {
            Replay::One(event, found) => {
                if self.aside.dead.contains(&event) {
                    self.try_again(vec![event]).await?;
                }
                // A letter that is on its way already counts as found, too. The caller may have gone.
                let _ = found.send(self.aside.alive.contains_key(&event));
            }
            Replay::All(count) => {
                let dead: Vec<_> = self.aside.dead.iter().copied().collect();
                for events in dead.chunks(REPLAYED) {
                    self.try_again(events.to_vec()).await?;
                }
                let _ = count.send(dead.len());
            }
        }
        Ok(())
    }

    async fn try_again(&mut self, events: Vec<u64>) -> Result<(), Stopped> {
        let (reason, at) = ("it was asked for again".to_owned(), self.parts.clock.now());
        let letters: Vec<_> = events
            .iter()
            .map(|event| DeadLetter { event: *event, stage: Stage::Again, reason: reason.clone(), attempts: 0, at })
            .collect();
        self.keep_all(letters).await?;
        for event in events {
            self.ask_for_number(event).await;
        }
        Ok(())
    }

    /// Tries the letters that are due, in their order, until one is handed to the target.
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

    /// Tries earlier letters of the same chat that wait for a number.
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

    /// The chat of a waiting letter. The log is read for it once.
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

    /// True if the letter was handed to the target, whatever the result.
    async fn try_letter(&mut self, cursor: u64) -> Result<bool, Stopped> {
        // Retention removed the message, so it cannot be delivered any more.
        let Some(event) = self.read(cursor).await? else { return self.forget(cursor).await.map(|()| false) };
        match self.parts.target.wants(&event, self.parts.clock.now()) {
            Wants::No => self.forget(cursor).await.map(|()| false),
            Wants::WithPhone => self.still_nameless(cursor).await.map(|()| false),
            Wants::Yes => {
                match self.deliver(&event).await? {
                    Outcome::Delivered => self.letter_passed(cursor).await?,
                    Outcome::Refused(reason) if self.aside.has_failed(cursor) => self.die(cursor, reason).await?,
                    Outcome::Refused(reason) => self.letter_failed(cursor, reason, None).await?,
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
        put.due = Instant::now() + at_least(after, self.parts.backoff.pause(put.failures, &mut rand::rng()));
        // The target accepts other events, so this event is the cause.
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

    /// Removes letters of events that were delivered early, once every event before them is delivered or set aside.
    pub(super) async fn forget_done(&mut self) -> Result<(), Stopped> {
        let position = self.ahead.position();
        while let Some(event) = self.aside.done.first().copied().filter(|event| *event <= position) {
            self.forget(event).await?;
        }
        Ok(())
    }

    /// Removes dead letters whose messages retention removed: the store has dropped them, and they cannot be
    /// delivered.
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
