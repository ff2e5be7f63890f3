//! The history of states: table `history`, sequence number (big-endian, so that it sorts) → transition as JSON.

use std::sync::{Mutex, PoisonError};

use super::StoreError;
use super::engine::Engine;
use super::table::Table;
use crate::domain::state::Transition;

/// How many transitions are kept. The contract promises the last 1,000: weeks of a session that is well, and the
/// whole of a bad night.
pub const HISTORY_LENGTH: u64 = 1_000;

const NAME: &str = "history";

pub(super) struct History {
    table: Table,
    /// The sequence number of the next transition. The lock also keeps appending and trimming in one piece.
    next: Mutex<u64>,
}

impl History {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        let table = engine.table(NAME)?;
        let newest = table.newest_first().next().transpose()?;
        let newest = newest.and_then(|(key, _)| key.as_ref().try_into().ok()).map(u64::from_be_bytes);
        let next = Mutex::new(newest.map_or(0, |sequence| sequence.saturating_add(1)));
        Ok(Self { table, next })
    }

    pub(super) fn append(&self, transition: &[u8]) -> Result<(), StoreError> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.table.put(&next.to_be_bytes(), transition)?;
        *next += 1;
        let oldest_kept = next.saturating_sub(HISTORY_LENGTH).to_be_bytes();
        for key in self.table.keys_below(&oldest_kept) {
            self.table.remove(&key?)?;
        }
        Ok(())
    }

    /// The last `limit` transitions that can be read, newest last.
    pub(super) fn recent(&self, limit: usize) -> Result<Vec<Transition>, StoreError> {
        let readable = self.table.newest_first().filter_map(|entry| match entry {
            Ok((key, value)) => decode(&key, &value).map(Ok),
            Err(error) => Some(Err(error)),
        });
        let mut transitions = readable.take(limit).collect::<Result<Vec<_>, _>>()?;
        transitions.reverse();
        Ok(transitions)
    }
}

pub(super) fn encode(transition: &Transition) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(transition).map_err(|source| StoreError::Encoding { table: NAME, source })
}

/// An entry that cannot be read costs that entry: history explains, nothing depends on it.
fn decode(key: &[u8], value: &[u8]) -> Option<Transition> {
    serde_json::from_slice(value)
        .inspect_err(|error| tracing::warn!(?key, %error, "skipped a transition of the history that cannot be read"))
        .ok()
}
