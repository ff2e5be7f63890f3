//! The only writer. Changes in its queue are made in the order in which they arrived and then flushed together: many
//! callers share one flush. The writer uses one thread of tokio's blocking pool while there are changes, and never
//! two: a disk that hangs blocks one thread, however many callers wait.
//!
//! ```text
//! queue ──► up to BATCH changes, one after the other ──► one flush ──► every caller is answered
//!                        └─ a change breaks the engine: nothing of this batch is durable, and all its callers are told so
//! ```
//!
//! A change whose caller has stopped waiting is still made, before every later change.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::engine::guarded;
use super::opening::Tables;
use super::{Shared, StoreError};

/// The most changes that wait while the disk flushes. Each of the few dozen tasks that write waits for its answer, and
/// so does each send, of which there are some hundreds at most.
const QUEUE: usize = 1024;
/// Changes that share a flush. A flush takes milliseconds and a change some ten microseconds.
const BATCH: usize = 256;

#[derive(Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    changes: VecDeque<Box<dyn Change>>,
    /// A thread is writing, and will also take changes that arrive now.
    is_written: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch; if it is empty, the thread that asked ends.
    fn next(&self) -> Vec<Box<dyn Change>> {
        let mut waiting = self.lock();
        let count = waiting.changes.len().min(BATCH);
        waiting.is_written = count > 0;
        waiting.changes.drain(..count).collect()
    }
}

/// A change of the tables, with a caller who waits until the change is durable.
pub(super) trait Change: Send {
    /// Makes the change. Returns only errors that break the engine.
    fn make(&mut self, tables: &Tables) -> Result<(), StoreError>;
    /// Answers the caller: with the result of the change, or with the reason why the batch is not durable.
    fn answer(self: Box<Self>, failure: Option<&StoreError>);
}

struct Asked<T, W> {
    work: Option<W>,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, W: FnOnce(&Tables) -> Result<T, StoreError> + Send> Change for Asked<T, W> {
    fn make(&mut self, tables: &Tables) -> Result<(), StoreError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        let result = guarded(|| work(tables));
        let broken = result.as_ref().err().filter(|error| error.breaks_the_engine()).map(StoreError::again);
        self.result = Some(result);
        broken.map_or(Ok(()), Err)
    }

    fn answer(self: Box<Self>, failure: Option<&StoreError>) {
        let result = match (self.result, failure) {
            // The failure of the batch is this error too, and names the disk where sled only panicked.
            (Some(Err(own)), Some(failure)) if own.breaks_the_engine() => Err(failure.again()),
            (Some(Err(own)), _) => Err(own),
            (_, Some(failure)) => Err(failure.again()),
            (Some(Ok(value)), None) => Ok(value),
            // Only a batch that failed has changes that were not made.
            (None, None) => Err(StoreError::Closed),
        };
        let _ = self.answer.send(result);
    }
}

/// Puts a change into the queue.
///
/// # Errors
/// [`StoreError::Busy`] where the queue is full.
pub(super) fn ask<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Tables) -> Result<T, StoreError> + Send + 'static,
) -> Result<oneshot::Receiver<Result<T, StoreError>>, StoreError> {
    let (answer, answered) = oneshot::channel();
    let mut waiting = shared.queue.lock();
    if waiting.changes.len() >= QUEUE {
        return Err(StoreError::Busy);
    }
    waiting.changes.push_back(Box::new(Asked { work: Some(work), result: None, answer }));
    if !waiting.is_written {
        waiting.is_written = true;
        let shared = Arc::clone(shared);
        spawn_blocking(move || run(&shared));
    }
    Ok(answered)
}

fn run(shared: &Shared) {
    loop {
        let mut batch = shared.queue.next();
        if batch.is_empty() {
            return;
        }
        let failure = shared.write(&mut batch).err();
        for change in batch {
            change.answer(failure.as_ref());
        }
    }
}

impl Shared {
    /// Makes all changes and flushes them.
    fn write(&self, batch: &mut [Box<dyn Change>]) -> Result<(), StoreError> {
        let tables = self.tables().inspect_err(|error| self.health.failed(error))?;
        let made = batch.iter_mut().try_for_each(|change| change.make(&tables));
        let durable = made.and_then(|()| guarded(|| tables.commit())).map_err(|error| self.cause(error));
        if let Err(error) = &durable {
            self.health.failed(error);
            if error.breaks_the_engine() {
                self.give_up(tables, error);
            }
        }
        durable
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::super::Store;
    use super::*;
    use crate::domain::idempotency::SendKey;

    /// A store whose writer is inside a change until the other end of the channel sends or closes.
    async fn occupied(store: &Store) -> std::sync::mpsc::Sender<()> {
        let (go, wait) = channel::<()>();
        let (begun, begins) = oneshot::channel();
        let held = ask(&store.shared, move |_| {
            let _ = begun.send(());
            let _ = wait.recv();
            Ok(())
        });
        drop(held.unwrap());
        begins.await.unwrap();
        go
    }

    #[tokio::test]
    async fn many_changes_share_a_flush_and_come_in_the_order_of_their_asking() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let go = occupied(&store).await;
        let (told, order) = channel();
        let asked: Vec<_> = (0..100)
            .map(|n| {
                let told = told.clone();
                ask(&store.shared, move |_| {
                    told.send(n).unwrap();
                    Ok(())
                })
                .unwrap()
            })
            .collect();
        let before = flushes(&dir);
        go.send(()).unwrap();
        for answered in asked {
            answered.await.unwrap().unwrap();
        }
        assert_eq!(order.try_iter().collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
        assert!(flushes(&dir) - before <= 2, "the first change, and all others together");
        store.close().await.unwrap();
    }

    fn flushes(dir: &tempfile::TempDir) -> u64 {
        let bytes = std::fs::read(dir.path().join("store/flushed")).unwrap();
        u64::from_be_bytes(bytes.try_into().unwrap())
    }

    #[tokio::test]
    async fn a_change_that_breaks_the_engine_takes_its_batch_along() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let go = occupied(&store).await;
        let full = StoreError::io(dir.path(), std::io::ErrorKind::StorageFull.into());
        let key = SendKey::of("k");
        let refused = ask::<()>(&store.shared, |_| Err(StoreError::TooManyKeys { limit: 1 })).unwrap();
        let before = ask(&store.shared, |_| Ok(())).unwrap();
        let broken = ask::<()>(&store.shared, move |_| Err(full)).unwrap();
        let after = ask(&store.shared, move |tables| tables.idempotency.find(key)).unwrap();
        go.send(()).unwrap();
        assert!(matches!(refused.await.unwrap(), Err(StoreError::TooManyKeys { .. })));
        for answered in [before, broken] {
            assert!(answered.await.unwrap().unwrap_err().is_disk_full());
        }
        assert!(after.await.unwrap().unwrap_err().is_disk_full());
        store.flush().await.unwrap();
        store.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_full_queue_is_said_at_once_and_reads_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let go = occupied(&store).await;
        let waiting: Vec<_> = (0..QUEUE).map(|_| ask(&store.shared, |_| Ok(())).unwrap()).collect();
        assert!(matches!(store.flush().await, Err(StoreError::Busy)));
        let read = tokio::time::timeout(Duration::from_secs(5), store.find_send(SendKey::of("k"))).await;
        assert_eq!(read.unwrap().unwrap(), None);
        go.send(()).unwrap();
        for answered in waiting {
            answered.await.unwrap().unwrap();
        }
        store.close().await.unwrap();
    }
}
