//! The task that fetches files, evicts the oldest over the quota, and removes those that no message has.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt, future::BoxFuture};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::cloud::CloudFiles;
use super::fetch::{Outcome, fetch};
use super::source::Source;
use crate::blobs::Blobs;
use crate::domain::media::{BlobId, MediaStatus};
use crate::domain::state::State;
use crate::domain::time::Clock;
use crate::host::activity::Activity;
use crate::host::config::Timings;
use crate::host::metrics::Metrics;
use crate::host::trouble::Trouble;
use crate::store::{LogChange, PendingFile, Store, StoreError};
use crate::transport::web::session::Snapshot;

/// Files that are fetched at a time. The page holds each of them whole, encrypted and decrypted.
const LANES: usize = 2;
/// Of files from this size, one is fetched at a time.
const LARGE: u64 = 8 << 20;
/// Files that are looked at for one to fetch: small ones overtake the large ones that wait for each other.
const LOOKED_AT: usize = 32;
/// The most messages whose file is marked as evicted in one write: a sticker may have come thousands of times.
const USERS: usize = 500;
/// A file is given up after this many tries; `Timings::file_again` says how long they take.
const ATTEMPTS_MAX: u32 = 24;
/// The pause before a write to the store that failed is tried again.
const STORE_RETRY: Duration = Duration::from_secs(2);
/// How often files are looked for that no message has any more.
const UNUSED_EVERY: Duration = Duration::from_secs(3600);
/// How long the task sleeps if it waits for nothing.
const IDLE: Duration = Duration::from_secs(3600);

pub(super) struct Kept<S> {
    pub store: Store,
    pub source: S,
    /// The files that came by the Cloud API.
    pub cloud: Option<CloudFiles>,
    pub blobs: Blobs,
    pub clock: Arc<dyn Clock>,
    pub max: u64,
    pub metrics: Metrics,
    pub activity: Activity,
    pub timings: Timings,
    /// Notified when a file is asked for.
    pub asked: Arc<Notify>,
}

pub(super) struct Task<S> {
    kept: Kept<S>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    running: FuturesUnordered<BoxFuture<'static, Done>>,
    /// The places of the messages whose files are being fetched, and whether the file is large.
    busy: Vec<(u64, bool)>,
    /// The disk had no room: nothing is fetched before this time.
    blocked: Option<Instant>,
    no_room: Trouble,
    /// When the next file is due.
    next: Option<Instant>,
}

struct Done {
    file: PendingFile,
    outcome: Outcome,
    took: Duration,
}

impl<S: Source> Task<S> {
    pub(super) fn new(kept: Kept<S>, snapshots: watch::Receiver<Arc<Snapshot>>) -> Self {
        let (running, busy) = (FuturesUnordered::new(), Vec::new());
        Self { kept, snapshots, running, busy, blocked: None, no_room: Trouble::default(), next: None }
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let asked = Arc::clone(&self.kept.asked);
        let (mut newest, mut total) = (self.kept.store.newest(), self.kept.blobs.follow());
        let mut unused = tokio::time::interval(UNUSED_EVERY);
        unused.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.begin().await;
            let next = self.next.unwrap_or_else(|| Instant::now() + IDLE);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                Some(done) = self.running.next() => self.ended(done).await,
                () = asked.notified() => {}
                Ok(()) = newest.changed() => {}
                Ok(()) = self.snapshots.changed() => {}
                Ok(()) = total.changed() => self.kept.evict().await,
                _ = unused.tick() => {
                    self.kept.remove_unused().await;
                    // The quota may be smaller than before the restart.
                    self.kept.evict().await;
                }
                () = tokio::time::sleep_until(next) => {}
                else => return,
            }
        }
    }

    /// Begins as many fetches as may run at a time.
    async fn begin(&mut self) {
        let now = Instant::now();
        self.next = None;
        if let Some(until) = self.blocked.filter(|until| *until > now) {
            self.next = Some(until);
            return;
        }
        let is_ready = self.snapshots.borrow().state == State::Ready;
        if (!is_ready && self.kept.cloud.is_none()) || self.busy.len() >= LANES {
            return;
        }
        let busy = self.busy.iter().map(|(place, _)| *place).collect();
        let due = self.kept.store.due_files(self.kept.clock.now(), LOOKED_AT, busy, !is_ready).await;
        let (files, later) = match due {
            Ok(due) => due,
            Err(StoreError::Closed) => return,
            Err(error) => {
                tracing::warn!(%error, "the files that are to be fetched cannot be looked up");
                self.next = Some(now + STORE_RETRY);
                return;
            }
        };
        // If more files are due than are looked at, the end of a fetch begins the next. The time of a file that is due later
        // may have come since the store was asked.
        let wait = later.map(|at| at.as_millis().saturating_sub(self.kept.clock.now().as_millis()));
        self.next = wait.filter(|_| files.len() < LOOKED_AT).map(|wait| now + Duration::from_millis(wait));
        for file in files {
            let is_large = file.media.size.is_none_or(|size| size >= LARGE);
            if self.busy.len() >= LANES || (is_large && self.busy.iter().any(|(_, is_large)| *is_large)) {
                continue;
            }
            self.busy.push((file.place, is_large));
            self.running.push(self.fetching(file).boxed());
        }
    }

    fn fetching(&self, file: PendingFile) -> impl Future<Output = Done> + Send + 'static {
        let (source, blobs, max) = (self.kept.source.clone(), self.kept.blobs.clone(), self.kept.max);
        let by_cloud = file.message.is_wamid();
        let (cloud, working) = (self.kept.cloud.clone(), (!by_cloud).then(|| self.kept.activity.begin()));
        async move {
            let started = Instant::now();
            let outcome = match cloud {
                Some(cloud) if by_cloud => cloud.fetch(&blobs, &file, max).await,
                None if by_cloud => Outcome::Later("the Cloud API is not configured".to_owned()),
                _ => fetch(&source, &blobs, &file, max).await,
            };
            drop(working);
            Done { file, outcome, took: started.elapsed() }
        }
    }

    async fn ended(&mut self, done: Done) {
        let Done { file, outcome, took } = done;
        let kind = file.media.kind.map_or("other", |kind| kind.name());
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        if !matches!(outcome, Outcome::NoRoom(_) | Outcome::NotReady) && self.no_room.note(None) {
            self.blocked = None;
        }
        match outcome {
            Outcome::Here { pin, was_known } => {
                tracing::info!(
                    kind,
                    bytes = pin.size(),
                    took_ms,
                    was_known,
                    message_id = file.message.masked(),
                    "a file is here"
                );
                self.kept.metrics.file(kind, "stored");
                self.kept.became(&file, MediaStatus::Stored, Some(pin.id())).await;
            }
            Outcome::TooLarge(size) => {
                tracing::info!(
                    kind,
                    message_id = file.message.masked(),
                    "a file is larger than MEDIA_MAX_MB and its message said"
                );
                self.kept.metrics.file(kind, MediaStatus::TooLarge.name());
                let change = LogChange::FileTooLarge(file.message.clone(), size, self.kept.clock.now());
                self.kept.log(vec![change]).await;
            }
            Outcome::Over(status) => {
                tracing::info!(
                    kind,
                    status = status.name(),
                    message_id = file.message.masked(),
                    "a file will not come"
                );
                self.kept.metrics.file(kind, status.name());
                self.kept.became(&file, status, None).await;
            }
            Outcome::NotReady => {}
            Outcome::NoRoom(error) => {
                self.no_room.note(Some(&format!("files are not fetched: {error}")));
                self.blocked = Some(Instant::now() + self.kept.timings.file_no_room);
            }
            Outcome::Later(why) => self.kept.later(&file, kind, &why).await,
        }
        self.busy.retain(|(place, _)| *place != file.place);
    }
}

impl<S: Source> Kept<S> {
    async fn later(&self, file: &PendingFile, kind: &str, why: &str) {
        let attempts = file.attempts.saturating_add(1);
        if attempts >= ATTEMPTS_MAX {
            tracing::warn!(kind, why, attempts, message_id = file.message.masked(), "a file is given up");
            self.metrics.file(kind, "gone");
            return self.became(file, MediaStatus::Gone, None).await;
        }
        let pause =
            self.timings.file_again_max.min(self.timings.file_again.saturating_mul(1 << (attempts - 1).min(16)));
        tracing::info!(
            kind,
            why,
            attempts,
            again_s = pause.as_secs(),
            message_id = file.message.masked(),
            "a file comes later"
        );
        self.metrics.file(kind, "later");
        let next = self.clock.now().plus(pause);
        while let Err(error) = self.store.postpone_file(file.place, attempts, next).await {
            if matches!(error, StoreError::Closed) {
                return;
            }
            tracing::warn!(%error, "when a file is tried again could not be stored");
            tokio::time::sleep(STORE_RETRY).await;
        }
    }

    async fn became(&self, file: &PendingFile, status: MediaStatus, id: Option<BlobId>) {
        self.log(vec![LogChange::File(file.message.clone(), status, id, self.clock.now())]).await;
    }

    /// Stores changes; a disk that is full is waited for. False if the store is closed.
    async fn log(&self, changes: Vec<LogChange>) -> bool {
        let changes = Arc::new(changes);
        while let Err(error) = self.store.log(Arc::clone(&changes)).await {
            if matches!(error, StoreError::Closed) {
                return false;
            }
            tracing::warn!(%error, "what became of a file could not be stored; trying again");
            tokio::time::sleep(STORE_RETRY).await;
        }
        true
    }

    /// Removes the oldest files until the others fit into the quota. Their messages can be asked for them again.
    async fn evict(&self) {
        for id in self.blobs.surplus() {
            loop {
                let users = match self.store.users_of_file(id, USERS).await {
                    Ok(users) if users.is_empty() => break,
                    Ok(users) => users,
                    Err(error) => return tracing::warn!(%error, "files over MEDIA_QUOTA_MB stay for now"),
                };
                let now = self.clock.now();
                let changes = users.into_iter().map(|user| LogChange::File(user, MediaStatus::OnRequest, None, now));
                if !self.log(changes.collect()).await {
                    return;
                }
            }
            self.remove(id, "evicted a file: MEDIA_QUOTA_MB is reached").await;
        }
    }

    async fn remove_unused(&self) {
        // A store that was started anew knows no message: the files stay until an operator has accepted that.
        if self.store.sending_is_held().await {
            return;
        }
        for id in self.blobs.unpinned() {
            match self.store.users_of_file(id, 1).await {
                Ok(users) if users.is_empty() => self.remove(id, "removed a file that no message has").await,
                Ok(_) => {}
                Err(error) => return tracing::warn!(%error, "files that no message has stay for now"),
            }
        }
    }

    async fn remove(&self, id: BlobId, why: &str) {
        match self.blobs.remove(id).await {
            Ok(true) => tracing::debug!("{why}"),
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "a file could not be removed"),
        }
    }
}
