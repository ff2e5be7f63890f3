//! The records of sends with a key: table `sends`, hash of the key → record as JSON. Table `sends_by_age` (see `age`)
//! finds the keys that have expired.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::StoreError;
use super::age::ByAge;
use super::engine::Engine;
use super::records::StoredSend;
use super::table::Table;
use crate::domain::idempotency::{KEY_LIFE, SendKey, SendRecord, SendStage};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

/// The keys of a day at 20 a minute are 28,800; this many take some 60 MB of disk.
const KEYS_MAX: usize = 100_000;

const NAME: &str = "sends";
const BY_AGE: &str = "sends_by_age";

pub(super) struct IdempotencyKeys {
    records: Table,
    by_age: ByAge,
    /// The number of records. The lock also keeps the two tables consistent.
    count: Mutex<usize>,
}

impl IdempotencyKeys {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        let (records, by_age) = (engine.table(NAME)?, ByAge::open(engine, BY_AGE)?);
        let count = records.newest_first().count();
        Ok(Self { records, by_age, count: Mutex::new(count) })
    }

    pub(super) fn find(&self, key: SendKey) -> Result<Option<SendRecord>, StoreError> {
        self.records.get(key.as_bytes())?.map(|bytes| decode(&bytes)).transpose()
    }

    /// Stores the record, and removes expired records.
    pub(super) fn keep(&self, key: SendKey, record: &SendRecord, now: Timestamp) -> Result<(), StoreError> {
        let stored = StoredSend::from(record.clone());
        let bytes = serde_json::to_vec(&stored).map_err(|source| StoreError::Encoding { table: NAME, source })?;
        let mut count = self.lock();
        self.sweep(now, &mut count)?;
        let before = self.find(key)?;
        if before.is_none() && *count >= KEYS_MAX {
            return Err(StoreError::TooManyKeys { limit: KEYS_MAX });
        }
        self.by_age.put(record.created_at, key.as_bytes())?;
        self.records.put(key.as_bytes(), &bytes)?;
        match before {
            None => *count += 1,
            Some(before) if before.created_at != record.created_at => {
                self.by_age.remove(before.created_at, key.as_bytes())?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Removes the record of a request of which nothing left, if it is about this message and has no outcome: a write that
    /// is repeated may come after another attempt under the key has ended. An act has the id of the message that it is about,
    /// and each attempt has the same.
    pub(super) fn forget(&self, key: SendKey, message: &MessageId) -> Result<(), StoreError> {
        let has_no_outcome = |record: &SendRecord| matches!(record.stage, SendStage::Reserved | SendStage::Dispatching);
        let is_forgotten = |record: &SendRecord| record.message_id == *message && has_no_outcome(record);
        let mut count = self.lock();
        if let Some(record) = self.find(key)?.filter(is_forgotten) {
            self.records.remove(key.as_bytes())?;
            self.by_age.remove(record.created_at, key.as_bytes())?;
            *count = count.saturating_sub(1);
        }
        Ok(())
    }

    /// The sends that may have left and for which WhatsApp has reported no end yet.
    pub(super) fn unsettled(&self) -> Result<Vec<(SendKey, SendRecord)>, StoreError> {
        let mut found = Vec::new();
        for entry in self.records.newest_first() {
            let (key, value) = entry?;
            let record = decode(&value)?;
            if let Ok(key) = key.as_ref().try_into()
                && record.stage == SendStage::Dispatching
            {
                found.push((SendKey::from_bytes(key), record));
            }
        }
        Ok(found)
    }

    fn sweep(&self, now: Timestamp, count: &mut usize) -> Result<(), StoreError> {
        let life = u64::try_from(KEY_LIFE.as_millis()).unwrap_or(u64::MAX);
        let end = Timestamp::from_millis(now.as_millis().saturating_sub(life));
        let forget = |bytes: &[u8]| {
            let Ok(key) = bytes.try_into().map(SendKey::from_bytes) else { return Ok(()) };
            // A key that was used again after a crash may have an older index entry besides its own.
            if self.find(key)?.is_some_and(|record| !record.is_live(now)) {
                self.records.remove(key.as_bytes())?;
                *count = count.saturating_sub(1);
            }
            Ok(())
        };
        self.by_age.sweep(end, usize::MAX, forget).map(drop)
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A record that cannot be read is an error, not a missing record: otherwise the message could be sent twice.
fn decode(bytes: &[u8]) -> Result<SendRecord, StoreError> {
    let stored = serde_json::from_slice::<StoredSend>(bytes);
    stored.map(SendRecord::from).map_err(|source| StoreError::Encoding { table: NAME, source })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::Store;
    use super::*;
    use crate::domain::idempotency::{Departure, End};
    use crate::domain::log::Origin;
    use crate::domain::message::Ack;
    use crate::domain::via::Via;

    fn record(key: SendKey, created_at: Timestamp) -> SendRecord {
        SendRecord {
            fingerprint: key.fingerprint(&["a"]),
            created_at,
            message_id: MessageId::new("m".repeat(200)),
            chat_id: "5491122334455@c.us".to_owned(),
            phone: None,
            via: Via::Web,
            stage: SendStage::Dispatching,
        }
    }

    #[tokio::test]
    async fn a_key_outlives_a_restart_and_not_its_life() {
        let dir = tempfile::tempdir().unwrap();
        let (key, other) = (SendKey::of("k"), SendKey::of("l"));
        let first = Timestamp::from_millis(1_000_000_000);
        let again = first.plus(KEY_LIFE / 2);
        let store = Store::open(dir.path()).await.unwrap().store;
        store.keep_send(key, record(key, first), first).await.unwrap();
        // The same key again: expiry of the first record's index entry must not remove the second record.
        let departure = Departure {
            message_id: MessageId::new("m"),
            origin: Origin::default(),
            at: again,
            day: Some(7),
            first_on: None,
            key: Some((key, record(key, again))),
            message: None,
        };
        store.keep_departure(departure).await.unwrap();
        store.close().await.unwrap();

        let store = Store::open(dir.path()).await.unwrap().store;
        assert_eq!(store.unsettled_sends().await.unwrap(), [(key, record(key, again))]);
        assert_eq!(store.sent_on(7).await.unwrap(), 1);
        let settled = record(key, again).settled(End::Sent(Ack::SERVER), again);
        store.keep_send(key, settled.clone(), again).await.unwrap();
        store.forget_send(key, settled.message_id.clone()).await.unwrap();
        assert_eq!(store.find_send(key).await.unwrap(), Some(settled.clone()), "what has an outcome is not forgotten");
        let late = first.plus(KEY_LIFE + KEY_LIFE / 4);
        store.keep_send(other, record(other, late), late).await.unwrap();
        assert_eq!(store.find_send(key).await.unwrap(), Some(settled));
        let later = again.plus(KEY_LIFE + KEY_LIFE / 8);
        store.keep_send(other, record(other, late), later).await.unwrap();
        assert_eq!(store.find_send(key).await.unwrap(), None);
        store.forget_send(other, MessageId::new("another")).await.unwrap();
        assert_eq!(store.unsettled_sends().await.unwrap().len(), 1, "it is another message's");
        store.forget_send(other, record(other, late).message_id).await.unwrap();
        assert_eq!(store.unsettled_sends().await.unwrap(), []);
        store.close().await.unwrap();
    }
}
