//! The task that writes messages to the log.

mod missed;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior};

use crate::domain::log::{LoggedMessage, may_open};
use crate::domain::media::FetchPolicy;
use crate::domain::message::{Ack, MessageEvent, MessageId, PageMessage};
use crate::domain::notice::Notice;
use crate::domain::state::State;
use crate::domain::time::{Clock, Timestamp};
use crate::host::activity::{Activity, Working};
use crate::host::byte_queue;
use crate::host::config::Timings;
use crate::store::{LogChange, Store, StoreError};
use crate::transport::web::session::Snapshot;

use super::Stay;
use super::held::Held;
use super::lid_numbers::{self, UnknownNumber};
use super::opt_outs::OptOuts;
use super::places::Places;
use super::reading::{Found, OVERLAP_S, Scope};
use super::source::Source;
use super::undecrypted::{Decryption, Undecrypted};

/// Events stored with one flush; a flush takes milliseconds, and in a burst this many arrive meanwhile.
const BATCH: usize = 512;
/// The pause before a write that failed (a full disk) is tried again. Meanwhile the page's events wait in their queue,
/// and events that do not fit are read from the page again.
const STORE_RETRY: Duration = Duration::from_secs(2);
/// How long the task sleeps if it waits for nothing.
const IDLE: Duration = Duration::from_secs(3600);

/// The parts of the task that do not change.
pub(super) struct Kept<S> {
    pub store: Store,
    pub source: S,
    pub clock: Arc<dyn Clock>,
    /// The clock by which messages become too old for the log.
    pub steady: Arc<dyn Clock>,
    pub acks: mpsc::Sender<MessageEvent>,
    pub unknown_numbers: mpsc::Sender<UnknownNumber>,
    pub retention: Duration,
    pub files: FetchPolicy,
    pub timings: Timings,
    pub activity: Activity,
    pub opt_outs: OptOuts,
}

pub(super) struct Task<S> {
    kept: Kept<S>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// The results of a reading, which waits after each part until the task has taken it.
    found: mpsc::Receiver<(Stay, Found)>,
    found_tx: mpsc::Sender<(Stay, Found)>,
    reconciling: watch::Sender<bool>,
    /// The account's own phone digits, remembered while no page can report them.
    own: Option<String>,
    undecrypted: Undecrypted,
    places: Places,
    /// The stay that is being read, or was read last.
    stay: Option<Stay>,
    /// The reading that is running needs the browser.
    reading: Option<Working>,
    /// The document before whose events everything has been read.
    whole: u64,
    held: Held,
    /// The connection was lost since the last reading, or during the current one.
    line_lost: bool,
    /// A gap occurred during the reading: the table is read again.
    again: bool,
    /// Held events were dropped since the current reading began: what is held now has to wait for the next reading, or it
    /// would be stored before what was dropped.
    has_dropped: bool,
    /// The document whose table cannot be read.
    unreadable: Option<u64>,
}

impl<S: Source> Task<S> {
    pub(super) fn new(
        kept: Kept<S>,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        reconciling: watch::Sender<bool>,
    ) -> Self {
        let (found_tx, found) = mpsc::channel(1);
        let held = Held::new(kept.timings.missed_hold);
        Self {
            kept,
            snapshots,
            found,
            found_tx,
            reconciling,
            own: None,
            undecrypted: Undecrypted::default(),
            places: Places::default(),
            stay: None,
            reading: None,
            whole: 0,
            held,
            line_lost: false,
            again: false,
            has_dropped: false,
            unreadable: None,
        }
    }

    pub(super) async fn run(mut self, mut events: byte_queue::Receiver<MessageEvent>) {
        let mut batch = Vec::with_capacity(BATCH);
        let start = Instant::now();
        let Timings { missed_look, missed_again, .. } = self.kept.timings;
        let mut look = tokio::time::interval_at(start + missed_look, missed_look);
        let mut again = tokio::time::interval_at(start + missed_again, missed_again);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.session_moved();
        loop {
            let opens = self.undecrypted.deadline().unwrap_or_else(|| Instant::now() + IDLE);
            let held_until = self.held.until().unwrap_or_else(|| Instant::now() + IDLE);
            tokio::select! {
                biased;
                read = events.recv_many(&mut batch, BATCH) => {
                    if read == 0 {
                        let left = self.undecrypted.give_up_all();
                        let left = self.additions(left);
                        self.held.put(left);
                        return self.store_early().await;
                    }
                    let changes = self.changes(&mut batch);
                    self.take_in(changes).await;
                }
                Some((stay, found)) = self.found.recv() => self.found(stay, found).await,
                Ok(()) = self.snapshots.changed() => self.session_moved(),
                () = tokio::time::sleep_until(opens) => self.give_up().await,
                () = tokio::time::sleep_until(held_until) => self.wait_no_longer().await,
                _ = again.tick() => self.look(Scope::Gap),
                _ = look.tick() => self.look(Scope::Look),
            }
        }
    }

    async fn take_in(&mut self, mut changes: Vec<LogChange>) {
        // A call rings now, whatever else is missing.
        let calls: Vec<_> = changes.extract_if(.., |change| is_call(change)).collect();
        if !calls.is_empty() {
            self.store(calls).await;
        }
        if self.snapshots.borrow().documents == self.whole && self.held.is_empty() {
            return self.store(changes).await;
        }
        self.held.put(changes);
        if self.held.is_full() {
            // The page's table has these messages too, and in order. The current reading may already have passed them,
            // so it runs again.
            tracing::info!("too much is said before what was missed has been read: it is read from the page instead");
            drop(self.held.take());
            (self.again, self.has_dropped) = (true, true);
        }
    }

    /// Stores held events before the missed messages have been read. First it stores from when messages are missing,
    /// because the newer events would hide that.
    async fn store_early(&mut self) {
        let held = self.held.take();
        if held.is_empty() {
            return;
        }
        if let Err(error) = self.kept.store.missed_since(self.now_s(), OVERLAP_S).await {
            tracing::warn!(%error, "since when messages are missing could not be stored");
        }
        self.store(held).await;
    }

    fn changes(&mut self, events: &mut Vec<MessageEvent>) -> Vec<LogChange> {
        let now = self.kept.clock.now();
        let mut changes = Vec::with_capacity(events.len());
        for event in events.drain(..) {
            match event {
                MessageEvent::Added(message) | MessageEvent::Changed(message) if message.notice.is_some() => {
                    changes.extend(self.addition(*message));
                }
                MessageEvent::Added(message) if may_open(&message) => self.undecrypted.put(*message, Instant::now()),
                MessageEvent::Added(message) => changes.extend(self.addition(*message)),
                MessageEvent::Changed(message) => match self.undecrypted.open(&message) {
                    Decryption::Still => {}
                    // The message arrives now, unless it was stored undecrypted before; then this amends it.
                    Decryption::Now => {
                        changes.extend(self.addition((*message).clone()));
                        changes.push(LogChange::Amend(message, now));
                    }
                    Decryption::NotSealed => changes.push(LogChange::Amend(message, now)),
                },
                MessageEvent::Removed(id) => {
                    if !self.undecrypted.withdraw(&id) {
                        changes.push(LogChange::Withdrawn(id, now));
                    }
                }
                MessageEvent::Acked(id, ack, code) => changes.push(LogChange::Ack(id, ack, code, now)),
                MessageEvent::Outcome(outcome) if outcome.certain => {
                    changes.push(LogChange::Ack(outcome.id, Ack::FAILED, outcome.code, now));
                }
                // An uncertain outcome is settled by a later ack, or never.
                MessageEvent::Outcome(_) => {}
                // The Cloud API's reports have their own way to the log.
                MessageEvent::Accepted(..) => {}
                MessageEvent::Reacted(reaction) => changes.push(LogChange::Reacted(*reaction, now)),
                MessageEvent::Voted(vote) => changes.push(LogChange::Voted(*vote, now)),
                MessageEvent::Noticed(notice) => changes.push(LogChange::Noticed(notice, now)),
            }
        }
        changes
    }

    /// Passes acks that the page remembers to those who wait; the driver itself passes on the acks that the page
    /// reports live.
    async fn pass_on(&self, event: MessageEvent) {
        // This fails if nobody waits any more.
        let _ = self.kept.acks.send(event).await;
    }

    fn additions(&self, messages: Vec<PageMessage>) -> Vec<LogChange> {
        messages.into_iter().filter_map(|message| self.addition(message)).collect()
    }

    fn addition(&self, message: PageMessage) -> Option<LogChange> {
        self.logged(self.is_late(&message), message)
    }

    /// Whether the message was sent before this session was READY.
    fn is_late(&self, message: &PageMessage) -> bool {
        let session = self.snapshots.borrow();
        session.state != State::Ready || message.t < session.since.as_millis() / 1000
    }

    fn logged(&self, recovered: bool, mut message: PageMessage) -> Option<LogChange> {
        if let Some(notice) = message.notice.take() {
            return Some(LogChange::Noticed(notice, self.kept.clock.now()));
        }
        let mut logged = LoggedMessage::from_page(message, self.kept.clock.now(), recovered)?;
        logged.account = self.own.clone();
        Some(LogChange::Add(Box::new(logged)))
    }

    /// Stores changes, and with them up to which row the page's table is in the log. It retries without end: a
    /// received message is not dropped because the disk is full.
    async fn store(&mut self, mut changes: Vec<LogChange>) {
        if let Some(place) = self.places.next(self.undecrypted.first_row()) {
            changes.push(LogChange::Read(place));
        }
        if changes.is_empty() {
            return;
        }
        changes.iter_mut().for_each(|change| self.decide_file(change));
        let changes = Arc::new(changes);
        loop {
            let stored = match self.kept.opt_outs.note(&changes).await {
                Ok(()) => self.kept.store.log(Arc::clone(&changes)).await,
                Err(error) => Err(error),
            };
            match stored {
                Ok(()) => return self.ask_for_phones(&changes),
                Err(StoreError::Closed) => return,
                Err(error) => {
                    tracing::error!(%error, messages = changes.len(), "messages could not be stored; trying again");
                    tokio::time::sleep(STORE_RETRY).await;
                }
            }
        }
    }

    /// Decides whether the file of a message is fetched.
    fn decide_file(&self, change: &mut LogChange) {
        let media = match change {
            LogChange::Add(message) => message.media.as_mut(),
            LogChange::Amend(message, _) => message.media.as_mut(),
            _ => None,
        };
        if let Some(media) = media {
            media.status = self.kept.files.first(media);
        }
    }

    fn ask_for_phones(&self, stored: &[LogChange]) {
        for change in stored {
            if let LogChange::Add(message) = change
                && let Some(one) = lid_numbers::unknown_number(message)
            {
                let _ = self.kept.unknown_numbers.try_send(one);
            }
        }
    }

    /// Asks the phone for messages that do not open by themselves, and stores those that have not opened in time
    /// undecrypted.
    async fn give_up(&mut self) {
        let now = Instant::now();
        let ids = self.undecrypted.due_to_ask(now);
        if !ids.is_empty() {
            self.ask_phone(ids);
        }
        let overdue = self.undecrypted.overdue(now);
        let changes = self.additions(overdue);
        self.take_in(changes).await;
    }

    fn ask_phone(&self, ids: Vec<MessageId>) {
        let source = self.kept.source.clone();
        tokio::spawn(async move {
            let count = ids.len();
            match source.ask_resend(ids).await {
                Ok(()) => tracing::info!(count, "asked the phone for messages that could not be decrypted"),
                Err(why) => tracing::info!(%why, count, "the phone could not be asked for what could not be decrypted"),
            }
        });
    }

    fn now_s(&self) -> u64 {
        self.kept.clock.now().as_millis() / 1000
    }

    /// Messages from before this time are not stored.
    fn horizon(&self) -> Timestamp {
        let retention = u64::try_from(self.kept.retention.as_millis()).unwrap_or(u64::MAX);
        Timestamp::from_millis(self.kept.steady.now().as_millis().saturating_sub(retention))
    }
}

fn is_call(change: &LogChange) -> bool {
    matches!(change, LogChange::Noticed(notice, _) if matches!(**notice, Notice::Call(_)))
}
