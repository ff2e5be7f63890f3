//! The messages that this service sends. Table `origins`: WhatsApp's id → milliseconds since the epoch (big-endian)
//! and the origin as JSON, written before a message leaves, so that the log recognises the message when the page
//! reports it. Table `origins_by_age`: see `age`.

use super::StoreError;
use super::age::ByAge;
use super::engine::Engine;
use super::records::StoredOrigin;
use super::table::Table;
use crate::domain::log::Origin;
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

const NAME: &str = "origins";

pub(super) struct Origins {
    table: Table,
    by_age: ByAge,
}

impl Origins {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self { table: engine.table(NAME)?, by_age: ByAge::open(engine, "origins_by_age")? })
    }

    pub(super) fn keep(&self, id: &MessageId, origin: &Origin, at: Timestamp) -> Result<(), StoreError> {
        let mut value = at.as_millis().to_be_bytes().to_vec();
        let stored = StoredOrigin::from(origin.clone());
        serde_json::to_writer(&mut value, &stored).map_err(|source| StoreError::Encoding { table: NAME, source })?;
        self.by_age.put(at, id.as_str().as_bytes())?;
        self.table.put(id.as_str().as_bytes(), &value)
    }

    pub(super) fn of(&self, id: &MessageId) -> Result<Option<Origin>, StoreError> {
        let value = self.table.get(id.as_str().as_bytes())?;
        // A message with a record was sent by this service, even if the rest of the record cannot be read.
        let read = |json: &[u8]| serde_json::from_slice::<StoredOrigin>(json).map(Origin::from).unwrap_or_default();
        Ok(value.map(|value| read(value.get(8..).unwrap_or_default())))
    }

    /// Removes origins from before `end`, at most `limit`: the log removes their messages too. Returns how many.
    pub(super) fn sweep(&self, end: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.by_age.sweep(end, limit, |id| {
            let is_old =
                |value: &Vec<u8>| value.get(..8).is_none_or(|at| at < end.as_millis().to_be_bytes().as_slice());
            if self.table.get(id)?.is_some_and(|value| is_old(&value)) { self.table.remove(id) } else { Ok(()) }
        })
    }
}
