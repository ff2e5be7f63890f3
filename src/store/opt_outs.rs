//! People who asked for no further messages. Table `opt_outs`: the phone digits → milliseconds since the epoch (big-endian).
//! Nothing removes them but a person who takes the wish back.

use super::engine::Engine;
use super::table::Table;
use super::{Store, StoreError};
use crate::domain::time::Timestamp;

pub(super) struct OptOuts(Table);

impl OptOuts {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self(engine.table("opt_outs")?))
    }
}

impl Store {
    /// Remembers that somebody wants no further messages; returns once that is durable.
    pub async fn opt_out(&self, phone: String, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |tables| tables.opt_outs.0.put(phone.as_bytes(), &at.as_millis().to_be_bytes())).await
    }

    /// Whether somebody under one of these numbers wants no further messages.
    pub async fn has_opted_out(&self, phones: Vec<String>) -> Result<bool, StoreError> {
        self.read(move |tables| {
            for phone in &phones {
                if tables.opt_outs.0.get(phone.as_bytes())?.is_some() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }
}
