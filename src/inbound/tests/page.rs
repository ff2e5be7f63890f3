//! A fake page with a table of messages, and the inbound task on it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::domain::event::{Event, Happening};
use crate::domain::log::tests::page_message;
use crate::domain::log::{LogEntry, LogQuery};
use crate::domain::media::{FetchMode, FetchPolicy};
use crate::domain::message::{Ack, MessageEvent, MessageId, PageMessage, Reaction, Vote};
use crate::domain::state::{State, Transition};
use crate::domain::time::{Clock, Timestamp};
use crate::host::activity::Activity;
use crate::host::byte_queue;
use crate::host::config::Timings;
use crate::inbound::Stay;
use crate::inbound::opt_outs::OptOuts;
use crate::inbound::source::Source;
use crate::inbound::task::{Kept, Task};
use crate::store::{LogChange, Store};
use crate::transport::web::session::{SessionError, Snapshot};
use crate::transport::web::whatsapp::{Addons, ById, History, Row, RowKey, Rows, RowsBack};

/// The row number of the first live row.
pub(super) const LIVE: u64 = 1_000_000_001;
/// The current time, in seconds since the epoch.
pub(super) const NOW: u64 = 1_000_000;

/// A stay before the first READY.
fn before() -> Stay {
    (Timestamp::from_millis(0), 0)
}

#[derive(Default)]
pub(super) struct Table {
    pub stay: Option<Stay>,
    pub device: String,
    /// In ascending order; history has numbers below [`LIVE`].
    pub rows: Vec<Row>,
    pub reactions: Vec<Reaction>,
    pub votes: Vec<Vote>,
    /// The table cannot be read.
    pub missing: bool,
    /// How long an answer is under way after the page has made it.
    pub slow: Duration,
    /// The rows after which rows were asked for, and the size of the largest part.
    pub asked: Vec<Option<u64>>,
    pub largest: usize,
    pub resends: Vec<MessageId>,
}

#[derive(Clone, Default)]
pub(super) struct FakePage(Arc<Mutex<Table>>);

impl FakePage {
    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap()
    }

    /// Stores the message in the next row.
    pub(super) fn receive(&self, message: PageMessage) {
        let mut table = self.table();
        let row = table.rows.last().map_or(LIVE, |last| last.row + 1).max(LIVE);
        table.rows.push(Row { row, id: message.id.clone(), message: Some(message) });
    }

    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut PageMessage)) {
        let mut table = self.table();
        let row = table.rows.iter_mut().find(|row| row.id.as_str() == id).unwrap();
        change(row.message.as_mut().unwrap());
    }

    fn readable(&self) -> Result<MutexGuard<'_, Table>, SessionError> {
        let table = self.table();
        if table.missing { Err(SessionError::PageLacks("the table".to_owned())) } else { Ok(table) }
    }

    fn part(&self, after: Option<u64>, limit: usize) -> Result<Rows, SessionError> {
        let mut table = self.readable()?;
        table.asked.push(after);
        let first = table.rows.iter().find(|row| Some(row.row) == after);
        let first = first.map(|row| RowKey { row: row.row, id: row.id.clone() });
        let low = after.unwrap_or(LIVE - 1);
        let mut rows: Vec<_> = table.rows.iter().filter(|row| row.row > low).take(limit + 1).cloned().collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        table.largest = table.largest.max(rows.len());
        Ok(Rows { device: Some(table.device.clone()), first, rows, more })
    }

    fn back(
        &self,
        is_wanted: impl Fn(&Row) -> bool,
        before: Option<u64>,
        limit: usize,
    ) -> Result<RowsBack, SessionError> {
        let table = self.readable()?;
        let rows = table.rows.iter().rev().filter(|row| before.is_none_or(|before| row.row < before));
        let mut rows: Vec<_> = rows.filter(|row| is_wanted(row)).cloned().collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        Ok(RowsBack { next: rows.last().map(|row| row.row), rows, more })
    }
}

fn sent_since(row: &Row, since: u64) -> bool {
    row.message.as_ref().is_some_and(|message| message.t >= since)
}

impl Source for FakePage {
    fn stay(&self) -> Stay {
        self.table().stay.unwrap_or_else(before)
    }

    async fn rows(&self, after: Option<u64>, limit: usize) -> Result<Rows, SessionError> {
        let (answer, slow) = (self.part(after, limit), self.table().slow);
        tokio::time::sleep(slow).await;
        answer
    }

    async fn recent(&self, since_s: u64, before: Option<u64>, limit: usize) -> Result<RowsBack, SessionError> {
        self.back(|row| row.row >= LIVE && sent_since(row, since_s), before, limit)
    }

    async fn older(&self, newer_than_s: u64, before: Option<u64>, limit: usize) -> Result<RowsBack, SessionError> {
        self.back(|row| row.row < LIVE && sent_since(row, newer_than_s + 1), before, limit)
    }

    async fn by_id(&self, ids: Vec<MessageId>) -> Result<ById, SessionError> {
        let table = self.readable()?;
        let rows = table.rows.iter().filter_map(|row| Some((row.row, row.message.clone()?)));
        let messages = rows.map(|(row, message)| PageMessage { row: Some(row), ..message });
        Ok(ById { messages: messages.filter(|message| ids.contains(&message.id)).collect(), missing: Vec::new() })
    }

    async fn addons(&self, since_s: u64) -> Result<Addons, SessionError> {
        let table = self.readable()?;
        let reactions = table.reactions.iter().filter(|reaction| reaction.t_ms / 1000 >= since_s).cloned().collect();
        Ok(Addons { reactions, votes: table.votes.clone() })
    }

    async fn ask_resend(&self, ids: Vec<MessageId>) -> Result<(), SessionError> {
        self.table().resends.extend(ids);
        Ok(())
    }

    async fn history(&self, since_s: u64, skip: usize, limit: usize) -> Result<History, SessionError> {
        let table = self.table();
        let rows = table.rows.iter().filter(|row| sent_since(row, since_s)).filter_map(|row| row.message.clone());
        let messages: Vec<_> = rows.skip(skip).take(limit).collect();
        let next = skip + messages.len();
        Ok(History { more: messages.len() == limit, messages, next, partial: false })
    }

    async fn ack(&self, _: MessageId) -> Result<Option<Ack>, SessionError> {
        Ok(None)
    }
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(NOW * 1000)
    }
}

/// The task on a page that becomes READY again and again.
pub(super) struct World {
    pub page: FakePage,
    pub dir: tempfile::TempDir,
    pub store: Store,
    pub events: byte_queue::Sender<MessageEvent>,
    snapshots: watch::Sender<Arc<Snapshot>>,
    reconciling: watch::Receiver<bool>,
    task: JoinHandle<()>,
    documents: u64,
    _acks: mpsc::Receiver<MessageEvent>,
}

pub(in crate::inbound) fn snapshot(stay: Stay, state: State) -> Arc<Snapshot> {
    Arc::new(Snapshot {
        n: 1,
        state,
        reason: None,
        detail: String::new(),
        since: stay.0,
        attempts: 0,
        documents: stay.1,
        initialized: true,
        active: true,
        account: None,
        code: None,
        web_version: None,
        pinned: false,
        browser_version: None,
        line_up: state == State::Ready,
        progress: None,
        limits: None,
        ban: None,
        send_broken: None,
    })
}

impl World {
    /// A world whose store has seen the account being linked.
    pub(super) async fn new() -> Self {
        let world = Self::unlinked().await;
        let step = Transition {
            at: Timestamp::from_millis(0),
            from: State::Init,
            to: State::QrRequired,
            reason: None,
            detail: String::new(),
        };
        let happened = vec![LogChange::Happened(Happening::State(step))];
        world.store.log(Arc::new(happened)).await.unwrap();
        world
    }

    pub(super) async fn unlinked() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let page = FakePage::default();
        page.table().device = "1@lid".to_owned();
        Self::on(dir, store, page, 0)
    }

    fn on(dir: tempfile::TempDir, store: Store, page: FakePage, documents: u64) -> Self {
        let (events, received) = byte_queue::channel(1 << 20);
        let (acks, acked) = mpsc::channel(100_000);
        let (reconciling_tx, reconciling) = watch::channel(false);
        let (snapshots, watched) = watch::channel(snapshot(before(), State::Init));
        let (unknown_numbers, _) = mpsc::channel(1);
        let kept = Kept {
            store: store.clone(),
            source: page.clone(),
            clock: Arc::new(Fixed),
            steady: Arc::new(Fixed),
            acks,
            unknown_numbers,
            retention: Duration::from_secs(NOW),
            files: FetchPolicy { modes: [FetchMode::Auto; 8], max: u64::MAX },
            timings: Timings::default(),
            activity: Activity::default(),
            opt_outs: OptOuts::new(&[], store.clone()),
        };
        let task = tokio::spawn(Task::new(kept, watched, reconciling_tx).run(received));
        Self { page, dir, store, events, snapshots, reconciling, task, documents, _acks: acked }
    }

    /// READY in a new document, until the table is read.
    pub(super) async fn ready(&mut self) {
        self.documents += 1;
        self.begins();
        self.read().await;
    }

    /// READY in the current document; the reading begins.
    pub(super) fn begins(&mut self) {
        let stay = (Timestamp::from_millis((NOW - 10) * 1000 + self.documents), self.documents);
        self.page.table().stay = Some(stay);
        self.reconciling.mark_unchanged();
        self.snapshots.send_replace(snapshot(stay, State::Ready));
    }

    /// The connection is lost for a moment while the session stays READY.
    pub(super) async fn line_lost(&mut self) {
        let before = Arc::clone(&self.snapshots.borrow());
        self.reconciling.mark_unchanged();
        self.snapshots.send_replace(Arc::new(Snapshot { line_up: false, ..(*before).clone() }));
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.snapshots.send_replace(before);
        self.read().await;
    }

    pub(super) fn documents(&mut self) -> &mut u64 {
        &mut self.documents
    }

    pub(super) async fn read(&mut self) {
        let wait = async {
            // A reading may end before this is polled again: the changed value shows that it began.
            self.reconciling.changed().await.unwrap();
            self.reconciling.wait_for(|reading| !*reading).await.unwrap();
        };
        tokio::time::timeout(Duration::from_secs(3600), wait).await.unwrap();
    }

    pub(super) async fn tell(&self, event: MessageEvent) {
        let size = event.size();
        self.events.try_send(event, size).unwrap();
    }

    /// Restarts as after a kill: everything that was not stored is lost.
    pub(super) async fn restart(self) -> Self {
        self.task.abort();
        let _ = self.task.await;
        self.store.close().await.unwrap();
        let store = Store::open(self.dir.path()).await.unwrap().store;
        Self::on(self.dir, store, self.page, self.documents)
    }

    pub(super) async fn log(&self) -> Vec<LogEntry> {
        self.store.logged(LogQuery { limit: usize::MAX, ..LogQuery::default() }).await.unwrap().items
    }

    pub(super) async fn ids(&self) -> Vec<String> {
        self.log().await.into_iter().map(|entry| entry.message.id.as_str().to_owned()).collect()
    }

    /// Waits until the log holds this many events.
    pub(super) async fn events(&self, count: usize) -> Vec<Event> {
        let mut newest = self.store.newest();
        loop {
            let events: Vec<_> = self.store.events(0, usize::MAX).await.unwrap().items;
            let events: Vec<_> = events.into_iter().filter(|event| event.kind() != "session.state").collect();
            if events.len() >= count {
                return events;
            }
            newest.changed().await.unwrap();
        }
    }

    pub(super) async fn kinds(&self) -> Vec<&'static str> {
        self.events(0).await.iter().map(Event::kind).collect()
    }
}

pub(super) fn message(id: &str, body: &str, t: u64) -> PageMessage {
    PageMessage { t, ..page_message(id, body) }
}
