//! What the account receives, and what is sent from elsewhere: stored once, in order of arrival, before anyone is told.
//! After every absence the page is asked for what was missed.
//!
//! ```text
//! page event ──► sealed? wait for it to open (60 s) ──► batch ──► store, flushed ──► `newest` moves
//! READY, or a new document ──► history of the page since the last known message ──► what is missing, as recovered
//! ```
//!
//! What a new document says is held until its history has been asked for: what an earlier one said and was lost comes
//! first, unless the page takes long to tell it. The page keeps what is held here, so nothing depends on it.

mod held;
mod phones;
mod reader;
mod reconcile;
mod sealed;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::config::Timings;
use crate::domain::log::{CIPHERTEXT, LoggedMessage};
use crate::domain::message::{MessageEvent, PageMessage};
use crate::domain::state::State;
use crate::domain::time::{Clock, Timestamp};
use crate::session::{Handle, Snapshot};
pub use crate::store::LogQuery;
use crate::store::{LogChange, Store, StoreError};

use held::Held;
pub use phones::{Nameless, PATIENCE as PHONE_PATIENCE};
pub use reader::{Inbound, LogError};
use reconcile::{Missed, OVERLAP_S, Outcome};
use sealed::Sealed;

/// Events stored with one flush; a flush takes milliseconds, in which so many arrive in a burst.
const BATCH: usize = 512;
/// A store that refuses (a full disk) is asked again this often; meanwhile the page's events wait in their queue, and
/// what does not fit there is asked for again.
const STORE_RETRY: Duration = Duration::from_secs(2);
/// How often old messages are looked for, and how many go at a time.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
const SWEEP_BATCH: usize = 1000;
/// Messages of one batch whose number is not known; what does not fit is not asked for.
const NAMELESS: usize = 256;

pub struct Parts {
    pub store: Store,
    pub session: Handle,
    pub clock: Arc<dyn Clock>,
    /// Everything that happens to messages, in order. The task ends with it.
    pub events: mpsc::Receiver<MessageEvent>,
    /// What tells of messages of ours is passed on to those who wait for an acknowledgement.
    pub acks: mpsc::Sender<MessageEvent>,
    /// How long messages are kept.
    pub retention: Duration,
    pub timings: Timings,
}

/// The reading end, the task that writes, and where the number of a message is asked for again.
pub type Started = (Inbound, JoinHandle<()>, mpsc::Sender<Nameless>);

/// Starts the task that owns the log's writing end.
pub fn start(parts: Parts) -> Started {
    let (reconciling_tx, reconciling) = watch::channel(false);
    let inbound = Inbound::new(parts.store.clone(), reconciling);
    let (nameless, wanted) = mpsc::channel(NAMELESS);
    tokio::spawn(phones::run(wanted, parts.session.clone(), parts.store.clone()));
    let snapshots = parts.session.watch();
    let (missed_tx, missed) = mpsc::channel(1);
    let held = Held::new(parts.timings.missed_hold);
    let task = Task {
        parts,
        snapshots,
        missed,
        missed_tx,
        reconciling: reconciling_tx,
        nameless: nameless.clone(),
        own: None,
        sealed: Sealed::default(),
        reconciled: None,
        whole: 0,
        held,
        incomplete: false,
    };
    (inbound, tokio::spawn(task.run()), nameless)
}

/// One stay in READY with one document: what is reconciled once.
type Stay = (Timestamp, u64);

struct Task {
    parts: Parts,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// What a reconciliation found, and whether it got to the end.
    missed: mpsc::Receiver<Missed>,
    missed_tx: mpsc::Sender<Missed>,
    reconciling: watch::Sender<bool>,
    nameless: mpsc::Sender<Nameless>,
    /// The account's own phone digits, also while no page is there to tell them.
    own: Option<String>,
    sealed: Sealed,
    /// The stay that was reconciled last, or is being.
    reconciled: Option<Stay>,
    /// The document whose history has been asked for; of this one nothing is missing.
    whole: u64,
    held: Held,
    /// Not all that was missed is in the log: it is asked for again now and then.
    incomplete: bool,
}

impl Task {
    async fn run(mut self) {
        let mut events = Vec::with_capacity(BATCH);
        let mut sweep = tokio::time::interval(SWEEP_EVERY);
        let mut again = tokio::time::interval(self.parts.timings.missed_again);
        loop {
            let opens = self.sealed.deadline().unwrap_or_else(|| Instant::now() + SWEEP_EVERY);
            let held_until = self.held.until().unwrap_or_else(|| Instant::now() + SWEEP_EVERY);
            tokio::select! {
                biased;
                read = self.parts.events.recv_many(&mut events, BATCH) => {
                    if read == 0 {
                        let left = self.sealed.give_up_all();
                        let left = self.additions(left);
                        self.held.put(left);
                        return self.store_early().await;
                    }
                    let changes = self.changes(&mut events);
                    self.take_in(changes).await;
                }
                Some(missed) = self.missed.recv() => self.recovered(missed).await,
                Ok(()) = self.snapshots.changed() => self.session_moved(),
                () = tokio::time::sleep_until(opens) => {
                    let overdue = self.sealed.overdue(Instant::now());
                    let changes = self.additions(overdue);
                    self.take_in(changes).await;
                }
                () = tokio::time::sleep_until(held_until) => self.wait_no_longer().await,
                _ = sweep.tick() => self.sweep().await,
                _ = again.tick() => self.ask_again(),
            }
        }
    }

    async fn take_in(&mut self, changes: Vec<LogChange>) {
        if self.snapshots.borrow().documents == self.whole && self.held.is_empty() {
            return self.store(changes).await;
        }
        self.held.put(changes);
        if self.held.is_full() {
            self.store_early().await;
        }
    }

    /// Stores what is held before what was missed has been asked for: newer as it is, it must not hide that.
    async fn store_early(&mut self) {
        let held = self.held.take();
        if held.is_empty() {
            return;
        }
        let now = self.parts.clock.now().as_millis() / 1000;
        if let Err(error) = self.parts.store.missed_since(now, OVERLAP_S).await {
            tracing::warn!(%error, "since when messages are missing could not be stored");
        }
        self.store(held).await;
    }

    fn changes(&mut self, events: &mut Vec<MessageEvent>) -> Vec<LogChange> {
        let now = self.parts.clock.now();
        let mut changes = Vec::with_capacity(events.len());
        for event in events.drain(..) {
            match event {
                MessageEvent::Added(message) if message.kind == CIPHERTEXT => self.sealed.put(*message, Instant::now()),
                MessageEvent::Added(message) => changes.extend(self.addition(*message)),
                MessageEvent::Changed(message) => match self.sealed.open(&message) {
                    sealed::Opened::Still => {}
                    // This is its arrival, unless it was given up on before and is in the log as it was.
                    sealed::Opened::Now => {
                        changes.extend(self.addition((*message).clone()));
                        changes.push(LogChange::Amend(message, now));
                    }
                    sealed::Opened::NotSealed => changes.push(LogChange::Amend(message, now)),
                },
                MessageEvent::Acked(id, ack, _) => changes.push(LogChange::Ack(id, ack, now)),
                MessageEvent::Removed(_)
                | MessageEvent::Outcome(_)
                | MessageEvent::Reacted(_)
                | MessageEvent::Voted(_) => {}
            }
        }
        changes
    }

    /// Tells those who wait for an acknowledgement of what the page remembers: the driver tells them of what it reports.
    async fn pass_on(&self, event: &MessageEvent) {
        // It fails where nobody waits any more.
        let _ = self.parts.acks.send(event.clone()).await;
    }

    fn additions(&self, messages: Vec<PageMessage>) -> Vec<LogChange> {
        messages.into_iter().filter_map(|message| self.addition(message)).collect()
    }

    fn addition(&self, message: PageMessage) -> Option<LogChange> {
        self.logged(self.is_late(&message), message)
    }

    /// Whether it was sent before we were ready to hear it.
    fn is_late(&self, message: &PageMessage) -> bool {
        let session = self.snapshots.borrow();
        session.state != State::Ready || message.t < session.since.as_millis() / 1000
    }

    fn logged(&self, recovered: bool, message: PageMessage) -> Option<LogChange> {
        let mut logged = LoggedMessage::from_page(message, self.parts.clock.now(), recovered)?;
        logged.account = self.own.clone();
        Some(LogChange::Add(Box::new(logged)))
    }

    /// Does not give up: what was received is not dropped for a disk that is full at the moment.
    async fn store(&self, changes: Vec<LogChange>) {
        if changes.is_empty() {
            return;
        }
        let changes = Arc::new(changes);
        loop {
            match self.parts.store.log(Arc::clone(&changes)).await {
                Ok(()) => return self.ask_for_phones(&changes),
                Err(StoreError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, messages = changes.len(), "messages could not be stored; trying again");
                    tokio::time::sleep(STORE_RETRY).await;
                }
            }
        }
    }

    fn ask_for_phones(&self, stored: &[LogChange]) {
        for change in stored {
            if let LogChange::Add(message) = change
                && let Some(one) = phones::nameless(message)
            {
                let _ = self.nameless.try_send(one);
            }
        }
    }

    fn session_moved(&mut self) {
        let session = Arc::clone(&self.snapshots.borrow_and_update());
        if let Some(phone) = session.account.as_ref().and_then(|account| account.phone.as_ref()) {
            self.own = Some(phone.clone());
        }
        if session.state != State::Ready {
            return;
        }
        let stay = (session.since, session.documents);
        if self.reconciled != Some(stay) {
            self.reconciled = Some(stay);
            self.reconcile(stay);
        }
    }

    fn reconcile(&self, stay: Stay) {
        self.reconciling.send_replace(true);
        let (store, session) = (self.parts.store.clone(), self.parts.session.clone());
        let found = self.missed_tx.clone();
        let tries = self.parts.timings.missed_tries;
        tokio::spawn(reconcile::run(store, session, stay, tries, found));
    }

    async fn recovered(&mut self, missed: Missed) {
        match missed {
            Missed::Messages(messages) => self.remembered(messages).await,
            Missed::Ack(id, ack) => {
                self.pass_on(&MessageEvent::Acked(id.clone(), ack, None)).await;
                self.store(vec![LogChange::Ack(id, ack, self.parts.clock.now())]).await;
            }
            // An earlier stay's end says nothing of this one.
            Missed::End(stay, _) if self.reconciled != Some(stay) => {}
            Missed::End(stay, outcome) => {
                // What a newer document said meanwhile waits for the asking of its own history.
                if outcome == Outcome::Interrupted || self.snapshots.borrow().documents != stay.1 {
                    self.reconciled = None;
                } else {
                    self.release(stay.1).await;
                    self.ended(outcome).await;
                }
                self.reconciling.send_replace(false);
            }
        }
    }

    async fn ended(&mut self, outcome: Outcome) {
        // What is still sealed is not in the log yet.
        self.incomplete = outcome != Outcome::Whole || self.sealed.deadline().is_some();
        let marked = if self.incomplete {
            self.parts.store.still_missing().await
        } else {
            self.parts.store.nothing_missed().await
        };
        if let Err(error) = marked {
            tracing::warn!(%error, "what was missed will be asked for once more");
        }
    }

    fn ask_again(&mut self) {
        if let Some(stay) = self.reconciled.filter(|_| self.incomplete && !*self.reconciling.borrow()) {
            self.incomplete = false;
            self.reconcile(stay);
        }
    }

    /// New messages go before the missed ones: they may come late, but not never.
    async fn wait_no_longer(&mut self) {
        tracing::warn!("the page takes long to tell what was missed; new messages are stored before it");
        self.store_early().await;
        let document = self.snapshots.borrow().documents;
        if self.reconciled.is_some_and(|stay| stay.1 == document) {
            self.whole = document;
        }
    }

    /// Of this document nothing is held any more.
    async fn release(&mut self, document: u64) {
        self.whole = document;
        let held = self.held.take();
        self.store(held).await;
    }

    /// Takes in what the page remembers: news to the log, or known to it and changed since.
    async fn remembered(&mut self, messages: Vec<PageMessage>) {
        // The page remembers for longer than the log is to.
        let (now, horizon) = (self.parts.clock.now(), self.horizon().as_millis() / 1000);
        let mut changes = Vec::with_capacity(2 * messages.len());
        for mut message in messages.into_iter().filter(|message| message.t >= horizon) {
            if message.kind == CIPHERTEXT {
                match self.held.opened(&message.id) {
                    Some(opened) => message = opened,
                    // Of this the page will tell only that it opened.
                    None => {
                        self.sealed.put(message, Instant::now());
                        continue;
                    }
                }
            }
            if message.from_me {
                self.pass_on(&MessageEvent::Changed(Box::new(message.clone()))).await;
            }
            // What arrives while it is asked for was not missed.
            let missed = !message.is_new || self.is_late(&message);
            changes.extend(self.logged(missed, message.clone()));
            changes.push(LogChange::Amend(Box::new(message), now));
        }
        self.store(changes).await;
    }

    /// What is older is not kept.
    fn horizon(&self) -> Timestamp {
        let retention = u64::try_from(self.parts.retention.as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_millis(self.parts.clock.now().as_millis().saturating_sub(retention))
    }

    async fn sweep(&self) {
        loop {
            match self.parts.store.sweep_log(self.horizon(), SWEEP_BATCH).await {
                Ok(0) => return,
                Ok(swept) => {
                    tracing::info!(swept, "removed entries older than RETENTION_DAYS");
                    if swept < SWEEP_BATCH {
                        return;
                    }
                }
                Err(error) => return tracing::warn!(%error, "old messages could not be removed"),
            }
        }
    }
}
