//! The state of the store beside its tables: how far the log is durable, and whether the disk fails.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::StoreError;

#[derive(Default)]
pub(super) struct Health {
    newest: watch::Sender<u64>,
    /// The last write error; None once a write works again.
    trouble: Mutex<Option<String>>,
    damaged: AtomicBool,
}

impl Health {
    /// The newest entry of the log that no crash can take back: readers are told of no later entry.
    pub(super) fn durable(&self) -> u64 {
        *self.newest.borrow()
    }

    pub(super) fn follow(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Everything up to `newest` is on the disk.
    pub(super) fn committed(&self, newest: u64) {
        self.newest.send_if_modified(|known| newest > std::mem::replace(known, newest.max(*known)));
        *self.lock() = None;
    }

    pub(super) fn failed(&self, error: &StoreError) {
        *self.lock() = Some(error.to_string());
    }

    pub(super) fn damaged(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
