//! Takes the results of a reading of the page's table into the log.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::Instant;

use crate::domain::log::may_open;
use crate::domain::message::{MessageEvent, MessageId, PageMessage};
use crate::domain::state::State;
use crate::inbound::Stay;
use crate::inbound::reading::{Found, Outcome, Reader, Scope};
use crate::inbound::source::Source;
use crate::inbound::undecrypted::PATIENCE;
use crate::store::LogChange;

use super::Task;

/// A row may be read before its event arrives; after this time the event counts as missed.
const TOLD_WITHIN_S: u64 = 30;

impl<S: Source> Task<S> {
    pub(super) fn session_moved(&mut self) {
        let session = Arc::clone(&self.snapshots.borrow_and_update());
        if let Some(phone) = session.account.as_ref().and_then(|account| account.phone.as_ref()) {
            self.own = Some(phone.clone());
        }
        if session.state != State::Ready {
            return;
        }
        let stay = (session.since, session.documents);
        if self.stay != Some(stay) {
            self.stay = Some(stay);
            self.places.forget();
            self.read(stay, Scope::Gap);
        } else if self.line_lost && session.line_up {
            // The session stayed READY, but events of the meantime may be missing.
            self.gap(stay);
        }
        self.line_lost = !session.line_up;
    }

    fn gap(&mut self, stay: Stay) {
        if self.reading.is_some() {
            self.again = true;
        } else {
            self.read(stay, Scope::Gap);
        }
    }

    fn read(&mut self, stay: Stay, scope: Scope) {
        if scope == Scope::Gap {
            self.reconciles(true);
            self.again = false;
        }
        self.reading = Some(self.kept.activity.begin());
        self.has_dropped = false;
        let reader = Reader {
            store: self.kept.store.clone(),
            source: self.kept.source.clone(),
            stay,
            scope,
            tries: self.kept.timings.missed_tries,
            now: self.now_s(),
            found: self.found_tx.clone(),
        };
        tokio::spawn(reader.run());
    }

    /// Watchers are notified only when the value changes.
    fn reconciles(&self, now: bool) {
        self.reconciling.send_if_modified(|known| std::mem::replace(known, now) != now);
    }

    /// Starts a reading without a gap, unless one is running.
    pub(super) fn look(&mut self, scope: Scope) {
        if self.stay.is_none() {
            return self.session_moved();
        }
        let is_ready = self.snapshots.borrow().state == State::Ready;
        if let Some(stay) = self.stay.filter(|_| is_ready && self.reading.is_none()) {
            self.read(stay, scope);
        }
    }

    pub(super) async fn found(&mut self, stay: Stay, found: Found) {
        // The current stay finds again what an earlier stay found.
        if self.stay != Some(stay) {
            return;
        }
        if matches!(found, Found::Rows(..) | Found::History(..)) {
            self.held.wait_on();
        }
        match found {
            Found::Rows(messages, place) => {
                let changes = self.remembered(messages).await;
                if let Some(place) = place {
                    self.places.reached(place);
                    // The table is readable after all, and its changed rows have not been looked at.
                    self.again |= self.unreadable.take().is_some();
                }
                self.store(changes).await;
            }
            Found::History(messages) => {
                let kept = self.kept(messages);
                let changes = kept.filter_map(|message| self.logged(true, message)).collect();
                self.store(changes).await;
            }
            Found::Again(messages) => {
                let changes = self.known(messages).await;
                self.store(changes).await;
            }
            Found::Addons(addons, until) => {
                let now = self.kept.clock.now();
                let reactions = addons.reactions.into_iter().map(|reaction| LogChange::Reacted(reaction, now));
                let votes = addons.votes.into_iter().map(|vote| LogChange::Voted(vote, now));
                self.store(reactions.chain(votes).collect()).await;
                if let Err(error) = self.kept.store.addons_known(until).await {
                    tracing::warn!(%error, "reactions and votes will be asked for once more");
                }
            }
            Found::Ack(id, ack) => {
                self.pass_on(MessageEvent::Acked(id.clone(), ack, None)).await;
                self.store(vec![LogChange::Ack(id, ack, None, self.kept.clock.now())]).await;
            }
            Found::CaughtUp => self.release(stay.1).await,
            Found::Unreadable => self.unreadable(stay.1),
            Found::End(scope, outcome) => self.ended(stay, scope, outcome).await,
        }
    }

    fn unreadable(&mut self, document: u64) {
        if self.unreadable.replace(document) != Some(document) {
            tracing::warn!(
                "the page's table of messages cannot be read: what was missed is asked for chat by chat, which may not \
                 find all of it"
            );
        }
    }

    async fn ended(&mut self, stay: Stay, scope: Scope, outcome: Outcome) {
        self.reading = None;
        // The events of a newer document wait for that document's own reading.
        if outcome == Outcome::Interrupted || self.snapshots.borrow().documents != stay.1 {
            self.stay = None;
            self.reconciles(false);
            return;
        }
        self.release(stay.1).await;
        if scope == Scope::Gap {
            // Messages that wait to be decrypted are not in the log yet.
            let marked = if outcome != Outcome::Whole || !self.undecrypted.is_empty() {
                self.kept.store.still_missing().await
            } else {
                self.kept.store.nothing_missed().await
            };
            if let Err(error) = marked {
                tracing::warn!(%error, "what was missed will be asked for once more");
            }
        }
        if self.again {
            self.read(stay, Scope::Gap);
        } else {
            self.reconciles(false);
        }
    }

    /// Stores new messages before the missed ones: new messages may be stored late, but they must be stored.
    pub(super) async fn wait_no_longer(&mut self) {
        tracing::warn!("the page takes long to tell what was missed; new messages are stored before it");
        self.store_early().await;
        let document = self.snapshots.borrow().documents;
        if self.stay.is_some_and(|stay| stay.1 == document) {
            self.whole = document;
        }
    }

    /// Stops holding events of this document, unless earlier events were dropped, which the next reading finds. The
    /// events of a newer document wait for that document's own reading.
    async fn release(&mut self, document: u64) {
        if self.snapshots.borrow().documents != document || self.has_dropped {
            return;
        }
        self.whole = document;
        let held = self.held.take();
        self.store(held).await;
    }

    /// Drops messages that are too old for the log: the page remembers longer than the log does.
    fn kept(&self, messages: Vec<PageMessage>) -> impl Iterator<Item = PageMessage> + use<S> {
        let horizon = self.horizon().as_millis() / 1000;
        messages.into_iter().filter(move |message| message.t >= horizon)
    }

    /// The changes for rows of the page: messages that are new to the log, or known to it and changed since.
    async fn remembered(&mut self, messages: Vec<PageMessage>) -> Vec<LogChange> {
        let (now, now_s) = (self.kept.clock.now(), self.now_s());
        let told: HashSet<MessageId> = self.held.added();
        let mut changes = Vec::with_capacity(2 * messages.len());
        for mut message in self.kept(messages) {
            if may_open(&message) {
                match self.held.opened(&message.id) {
                    Some(opened) => message = opened,
                    // For this message the page will only report that it opened.
                    None if message.t + PATIENCE.as_secs() > now_s => {
                        self.undecrypted.put(message, Instant::now());
                        continue;
                    }
                    None => {}
                }
            } else {
                self.undecrypted.open(&message);
            }
            if message.from_me {
                self.pass_on(MessageEvent::Changed(Box::new(message.clone()))).await;
            }
            let untold = message.t + TOLD_WITHIN_S < now_s && !told.contains(&message.id);
            changes.extend(self.logged(untold || self.is_late(&message), message.clone()));
            changes.push(LogChange::Amend(Box::new(message), now));
        }
        changes
    }

    /// The changes for messages that are in the log already.
    async fn known(&mut self, messages: Vec<PageMessage>) -> Vec<LogChange> {
        let now = self.kept.clock.now();
        let mut changes = Vec::with_capacity(messages.len());
        for message in messages {
            if message.from_me {
                self.pass_on(MessageEvent::Changed(Box::new(message.clone()))).await;
            }
            changes.push(LogChange::Amend(Box::new(message), now));
        }
        changes
    }
}
