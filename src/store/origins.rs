//! Which messages this service sends itself: table `origins`, WhatsApp's id → milliseconds since the epoch (big-endian)
//! and what is known of it as JSON. Written before a message leaves, so that the log knows it when it appears there.

use super::StoreError;
use super::engine::Engine;
use super::table::Table;
use crate::domain::log::Origin;
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

const NAME: &str = "origins";

pub(super) struct Origins(Table);

impl Origins {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self(engine.table(NAME)?))
    }

    pub(super) fn keep(&self, id: &MessageId, origin: &Origin, at: Timestamp) -> Result<(), StoreError> {
        let mut value = at.as_millis().to_be_bytes().to_vec();
        serde_json::to_writer(&mut value, origin).map_err(|source| StoreError::Encoding { table: NAME, source })?;
        self.0.put(id.as_str().as_bytes(), &value)
    }

    pub(super) fn of(&self, id: &MessageId) -> Result<Option<Origin>, StoreError> {
        let value = self.0.get(id.as_str().as_bytes())?;
        // That it is ours is known by its being there, whatever else can be read.
        Ok(value.map(|value| serde_json::from_slice(value.get(8..).unwrap_or_default()).unwrap_or_default()))
    }

    /// Forgets those from before `end`: their messages are forgotten too.
    pub(super) fn sweep(&self, end: Timestamp) -> Result<(), StoreError> {
        let mut after: Option<Vec<u8>> = None;
        while let Some((key, value)) = self.0.next(after.as_deref())? {
            if value.get(..8).is_none_or(|at| at < end.as_millis().to_be_bytes().as_slice()) {
                self.0.remove(&key)?;
            }
            after = Some(key);
        }
        Ok(())
    }
}
