//! Allows one send at a time under a key: a second request waits for the first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::domain::idempotency::SendKey;

#[derive(Clone, Default)]
pub(super) struct KeyLocks(Arc<Mutex<HashMap<SendKey, Arc<tokio::sync::Mutex<()>>>>>);

/// Held while a send under the key is under way.
pub(super) type KeyLock = OwnedMutexGuard<()>;

impl KeyLocks {
    /// Whether a send under the key is under way.
    pub(super) fn is_held(&self, key: SendKey) -> bool {
        let key_locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        key_locks.get(&key).is_some_and(|key_lock| Arc::strong_count(key_lock) > 1)
    }

    /// Waits as long as another send holds the lock.
    pub(super) async fn take(&self, key: SendKey) -> KeyLock {
        let own = {
            let mut key_locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Removes the locks that nobody holds or waits for.
            key_locks.retain(|_, key_lock| Arc::strong_count(key_lock) > 1);
            Arc::clone(key_locks.entry(key).or_default())
        };
        own.lock_owned().await
    }
}
