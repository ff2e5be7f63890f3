//! The memory for long bodies and long answers. A caller that is slow to send or to take one holds it; when there is none
//! left, the connections of slow callers are closed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connections::{Connection, Connections};

/// Bodies and answers up to this length are not counted: 12,288 of them are at most 192 MiB.
pub const SMALL: usize = 16 << 10;
/// The memory for all longer bodies and answers together.
const TOTAL_KIB: u32 = 64 << 10;
/// How often a request that waits for memory looks for callers that have become slow.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Cheap to clone.
#[derive(Clone)]
pub struct Memory {
    free: Arc<Semaphore>,
    connections: Connections,
}

/// Memory in use; it is free again when this is dropped.
pub struct Held {
    connection: Arc<Connection>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Memory {
    pub fn new(connections: Connections) -> Self {
        Self { free: Arc::new(Semaphore::new(TOTAL_KIB as usize)), connections }
    }

    /// Waits until there is memory for `bytes`, in the order in which it was asked for. More than the total counts as the
    /// total.
    pub async fn take(&self, bytes: usize, connection: Arc<Connection>) -> Held {
        let kib = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(TOTAL_KIB).min(TOTAL_KIB);
        let mut permit = std::pin::pin!(Arc::clone(&self.free).acquire_many_owned(kib));
        loop {
            match tokio::time::timeout(LOOK_EVERY, &mut permit).await {
                Ok(permit) => {
                    connection.holds_memory(true);
                    // The semaphore is never closed.
                    return Held { connection, _permit: permit.ok() };
                }
                Err(_) => self.connections.close_slow_holders(),
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.connection.holds_memory(false);
    }
}

/// A piece of an answer together with the memory that is counted for it.
struct Piece {
    data: Bytes,
    _held: Arc<Held>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

/// The same bytes; the memory counts as held until the last of them is gone.
pub fn held(data: Bytes, held: &Arc<Held>) -> Bytes {
    Bytes::from_owner(Piece { data, _held: Arc::clone(held) })
}
