//! How many messages left on each day: table `daily`, number of the day since the epoch (UTC) → count, both
//! big-endian; and how many of them were first messages to somebody: table `daily_first`.

use std::sync::{Mutex, PoisonError};

use super::StoreError;
use super::engine::Engine;
use super::table::Table;

pub(super) const SENT: &str = "daily";
pub(super) const FIRST: &str = "daily_first";

pub(super) struct Daily {
    table: Table,
    /// Makes reading and writing the count one step.
    counting: Mutex<()>,
}

impl Daily {
    pub(super) fn open(engine: &Engine, name: &str) -> Result<Self, StoreError> {
        Ok(Self { table: engine.table(name)?, counting: Mutex::new(()) })
    }

    pub(super) fn count(&self, day: u64) -> Result<u32, StoreError> {
        let bytes = self.table.get(&day.to_be_bytes())?;
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes))
    }

    /// Adds one message to the day, and removes the counts of earlier days.
    pub(super) fn add(&self, day: u64) -> Result<(), StoreError> {
        let _counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = self.count(day)?.saturating_add(1);
        self.table.put(&day.to_be_bytes(), &count.to_be_bytes())?;
        for past in self.table.keys_below(&day.to_be_bytes()) {
            self.table.remove(&past?)?;
        }
        Ok(())
    }

    /// Takes back one message of the day. The count of an earlier day than the newest is gone already.
    pub(super) fn take_back(&self, day: u64) -> Result<(), StoreError> {
        let _counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        match self.count(day)? {
            0 => Ok(()),
            count => self.table.put(&day.to_be_bytes(), &(count - 1).to_be_bytes()),
        }
    }
}
