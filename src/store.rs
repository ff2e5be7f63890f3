//! The data that survives a restart. The only module that imports sled.
//!
//! Layout of `DATA_DIR`: `store/` is the database, `store.reset` the marker that sending waits for an operator,
//! `store.suspect` the marker that data could not be read, and `store.damaged-<time>/` each store that was set aside;
//! nothing deletes those folders.
//!
//! Every call of sled blocks, so all calls run in tokio's blocking pool: one writer (`writer`), and a few reads at a
//! time. A call that has begun finishes there even if its caller has gone or has been told [`StoreError::NoAnswer`].
//!
//! Each kind of data has its own module and its own field of `Tables` (see `daily`). Only that module knows its keys
//! and encodings; a change of either is a step in `migrations`.

mod addons;
mod age;
mod block;
mod changes;
mod cloud_sends;
mod daily;
mod engine;
mod entries;
mod error;
mod files;
mod health;
mod idempotency;
mod ids;
mod log;
mod marks;
mod messages;
mod opening;
mod opt_outs;
mod origins;
mod postings;
mod raw;
mod records;
mod reset;
mod table;
mod targets;
#[cfg(test)]
mod tests;
mod uploads;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::domain::idempotency::{Departure, SendKey, SendRecord};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
pub use changes::LogChange;
pub use error::StoreError;
pub use files::PendingFile;
pub use log::Reading;
pub use marks::{Place, Relink};
pub use reset::{accept_reset, announce_restored, check_all};

use engine::guarded;
use health::Health;
use opening::Tables;

/// How long a call waits for the disk. A busy disk can take seconds for a flush; a send gives up after 50 s and must
/// learn earlier than that of a disk that hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// The most reads at a time: each uses a thread of the pool, and a disk that hangs blocks all of them.
const READERS: usize = 8;

/// The store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

/// A store that was opened, and where a damaged one went.
pub struct OpenedStore {
    pub store: Store,
    /// Where a damaged store was put; the open store is then new and sending is held.
    pub set_aside: Option<PathBuf>,
}

struct Shared {
    dir: PathBuf,
    health: Arc<Health>,
    slot: Mutex<Slot>,
    queue: writer::Queue,
    readers: Arc<Semaphore>,
    /// Sending waits for an operator.
    held: AtomicBool,
}

enum Slot {
    Open(Arc<Tables>),
    /// A write failed. sled refuses every call after that, so the next call opens the store again: this is how the
    /// service recovers from a full disk.
    Broken,
    Closed,
}

impl Store {
    /// Opens the store of `dir` (`DATA_DIR`), and creates it if it is absent. Older formats are migrated; a damaged
    /// store is set aside. If an earlier run found data it could not read, the whole store is read first, without a
    /// deadline.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for a store of a later version, [`StoreError::InUse`] while another process has it,
    /// [`StoreError::DiskFull`] and [`StoreError::Io`]. The store on the disk is then unchanged.
    pub async fn open(dir: &Path) -> Result<OpenedStore, StoreError> {
        let dir = dir.to_owned();
        in_the_pool(move || {
            let health = Arc::new(Health::default());
            let (tables, set_aside) = opening::open(&dir, &health)?;
            let slot = Mutex::new(Slot::Open(Arc::new(tables)));
            let (readers, held) = (Arc::new(Semaphore::new(READERS)), AtomicBool::new(reset::is_pending(&dir)));
            let shared = Arc::new(Shared { dir, health, slot, queue: writer::Queue::default(), readers, held });
            Ok(OpenedStore { store: Self { shared }, set_aside })
        })
        .await
    }

    /// Whether nothing may be sent until an operator has accepted that the store was started anew. While sending is
    /// held, each call looks at the disk, because `session-manager store accept` is another process.
    pub async fn sending_is_held(&self) -> bool {
        if !self.shared.held.load(Ordering::Relaxed) {
            return false;
        }
        let shared = Arc::clone(&self.shared);
        let looked = spawn_blocking(move || {
            let held = reset::is_pending(&shared.dir);
            shared.held.store(held, Ordering::Relaxed);
            held
        });
        // While the disk does not answer, sending stays held.
        timeout(PATIENCE, looked).await.ok().and_then(Result::ok).unwrap_or(true)
    }

    /// Why the store cannot be written to, in words; None while it works. The next write that works clears it
    /// ([`Store::flush`] is such a write).
    pub fn trouble(&self) -> Option<String> {
        self.shared.health.trouble()
    }

    /// Whether data could not be read: only the next start, which reads everything, can repair that.
    pub fn is_damaged(&self) -> bool {
        self.shared.health.is_damaged()
    }

    /// How many messages left on this day, given as its number since the epoch.
    pub async fn sent_on(&self, day: u64) -> Result<u32, StoreError> {
        self.read(move |tables| tables.daily.count(day)).await
    }

    /// How many first messages to somebody left on this day.
    pub async fn first_on(&self, day: u64) -> Result<u32, StoreError> {
        self.read(move |tables| tables.first.count(day)).await
    }

    /// Stores that a message is about to leave, and counts it on its day; returns once that is durable.
    pub async fn keep_departure(&self, departure: Departure) -> Result<(), StoreError> {
        self.write(move |tables| {
            let Departure { message_id, origin, at, day, first_on, key, message } = &departure;
            day.map_or(Ok(()), |day| tables.daily.add(day))?;
            first_on.map_or(Ok(()), |day| tables.first.add(day))?;
            tables.messages.departs(message_id, origin, message.as_deref(), (*day, *first_on), *at)?;
            key.as_ref().map_or(Ok(()), |(key, record)| tables.idempotency.keep(*key, record, *at))
        })
        .await
    }

    /// The record of a send with a key. An expired record may still be found.
    pub async fn find_send(&self, key: SendKey) -> Result<Option<SendRecord>, StoreError> {
        self.read(move |tables| tables.idempotency.find(key)).await
    }

    /// Stores the record of a send; returns once that is durable.
    ///
    /// # Errors
    /// Besides a failing disk, [`StoreError::TooManyKeys`] for a new key.
    pub async fn keep_send(&self, key: SendKey, record: SendRecord, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tables| tables.idempotency.keep(key, &record, now)).await
    }

    /// Removes the record of a send of which nothing left, if the record is about this message; returns once that is
    /// durable.
    pub async fn forget_send(&self, key: SendKey, message: MessageId) -> Result<(), StoreError> {
        self.write(move |tables| tables.idempotency.forget(key, &message)).await
    }

    /// The sends that may have left, and for which WhatsApp has reported no end yet.
    pub async fn unsettled_sends(&self) -> Result<Vec<(SendKey, SendRecord)>, StoreError> {
        self.read(|tables| tables.idempotency.unsettled()).await
    }

    /// Flushes without a change, to test whether the store can be written to.
    pub async fn flush(&self) -> Result<(), StoreError> {
        self.write(|_| Ok(())).await
    }

    /// Closes the store for all clones; later calls return [`StoreError::Closed`]. Calls that are still running finish
    /// first. Closing twice is fine.
    pub async fn close(&self) -> Result<(), StoreError> {
        // The flush also writes everything that waits in the queue.
        let flushed = match self.flush().await {
            Err(StoreError::Closed) => Ok(()),
            other => other,
        };
        let shared = Arc::clone(&self.shared);
        in_time(in_the_pool(move || {
            if shared.leave(Slot::Closed) {
                // sled writes its snapshot when it opens. If that fails, the next start takes longer.
                opening::reopen(&shared.dir).unwrap_or_else(|error| tracing::debug!(%error, "the store was not noted"));
            }
            flushed
        }))
        .await
    }

    /// Makes a change; returns once it is durable.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tables) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let answered = writer::ask(&self.shared, work)?;
        in_time(async { answered.await.unwrap_or(Err(StoreError::Closed)) }).await
    }

    /// Runs a read. It may see changes that are not durable yet.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tables) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        in_time(async {
            // The thread holds the permit, because the thread goes on when its caller gives up.
            let reader = Arc::clone(&shared.readers).acquire_owned().await;
            in_the_pool(move || {
                let _reader = reader;
                shared.read(work)
            })
            .await
        })
        .await
    }
}

impl Shared {
    fn read<T>(&self, work: impl FnOnce(&Tables) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let tables = self.tables().inspect_err(|error| self.health.failed(error))?;
        let result = guarded(|| work(&tables)).map_err(|error| self.cause(error));
        if let Err(error) = &result
            && error.breaks_the_engine()
        {
            self.health.failed(error);
            self.give_up(tables, error);
        }
        result
    }

    /// sled may panic on a full disk, or without its folder: the stored data is not damaged then, and the sentence has
    /// to name the disk.
    fn cause(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Damaged(why) => match opening::require_space(&self.dir) {
                Ok(()) => StoreError::Damaged(why),
                Err(cause) => cause,
            },
            other => other,
        }
    }

    fn give_up(&self, broken: Arc<Tables>, error: &StoreError) {
        if let StoreError::Damaged(why) = error {
            reset::suspect(&self.dir, why);
            self.health.damaged();
        }
        let mut slot = self.slot();
        // Another call may have done this first, and the store may be open again.
        if matches!(&*slot, Slot::Open(current) if Arc::ptr_eq(current, &broken)) {
            *slot = Slot::Broken;
        }
        drop(slot);
        discard(broken);
    }

    /// The open store, opened again if it broke.
    fn tables(&self) -> Result<Arc<Tables>, StoreError> {
        let mut slot = self.slot();
        match &*slot {
            Slot::Open(tables) => Ok(Arc::clone(tables)),
            Slot::Closed => Err(StoreError::Closed),
            Slot::Broken => {
                let tables = Arc::new(opening::existing(&self.dir, &self.health)?);
                *slot = Slot::Open(Arc::clone(&tables));
                Ok(tables)
            }
        }
    }

    /// Returns true if the store should be opened once more before the next start.
    fn leave(&self, next: Slot) -> bool {
        let before = std::mem::replace(&mut *self.slot(), next);
        let Slot::Open(tables) = before else { return false };
        let is_to_be_noted = tables.engine.is_to_be_noted();
        discard(tables);
        is_to_be_noted
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops the tables, perhaps as the last owner of the engine; sled then writes, and panics if it cannot.
fn discard(tables: Arc<Tables>) {
    if let Err(error) = guarded(move || {
        drop(tables);
        Ok(())
    }) {
        tracing::warn!(%error, "the store did not close cleanly");
    }
}

/// Runs blocking work in tokio's pool.
async fn in_the_pool<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    // The pool refuses work only while the runtime shuts down.
    spawn_blocking(move || guarded(work)).await.unwrap_or(Err(StoreError::Closed))
}

/// Bounds the wait for work in the pool; the work itself cannot be cancelled.
async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    timeout(PATIENCE, work).await.unwrap_or(Err(StoreError::NoAnswer { waited: PATIENCE }))
}
