//! One send at a time under a key: whoever asks second waits for the first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::domain::once::SendKey;

#[derive(Clone, Default)]
pub(super) struct Leases(Arc<Mutex<HashMap<SendKey, Arc<tokio::sync::Mutex<()>>>>>);

/// Held while a send under the key is under way.
pub(super) type Lease = OwnedMutexGuard<()>;

impl Leases {
    /// Waits for as long as another holds it.
    pub(super) async fn take(&self, key: SendKey) -> Lease {
        let own = {
            let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that nobody holds or waits for.
            leases.retain(|_, lease| Arc::strong_count(lease) > 1);
            Arc::clone(leases.entry(key).or_default())
        };
        own.lock_owned().await
    }
}
