//! Small facts about the log, table `marks`: up to which row the page's messages are in it, and what may be missing.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::engine::Engine;
use super::records::{StoredLimits, StoredPlace, StoredRelink};
use super::table::Table;
use crate::domain::event::LogId;
use crate::domain::limits::LimitsChange;
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

const NAME: &str = "marks";
const ASKED_FOR_PHONE: &[u8] = b"asked_for_phone";
const FIRST_LINK: &[u8] = b"first_link";
const FLOOR: &[u8] = b"floor";
const PLACE: &[u8] = b"place";
const RELINK: &[u8] = b"relink";
const ADDONS_SINCE: &[u8] = b"addons_since";
const MISSED_SINCE: &[u8] = b"missed_since";
const MISSED_TRIES: &[u8] = b"missed_tries";
/// The time that was stored last, in milliseconds.
const SEEN: &[u8] = b"seen";
/// The next sequence number, for when retention has removed the newest entries.
const NEXT: &[u8] = b"next";
/// WhatsApp's limits on the account, as the log told them last.
const LIMITS: &[u8] = b"limits";
const INDEXED: &[u8] = b"indexed";
/// Distinguishes this log from the log of another store.
const LOG_ID: &[u8] = b"log_id";

/// Up to which row the page's table of messages is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The linked device that the table belongs to: each link has its own table.
    pub device: Option<String>,
    /// The number and the key of the last row that is in the log; None before the first.
    pub row: Option<(u64, MessageId)>,
}

/// A link that replaced another one: history that comes with it is news if it is newer than the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relink {
    pub device: String,
    /// The time of the newest message in the log at that moment, in seconds since the epoch.
    pub since: u64,
    /// Until when the history of this link may still arrive, in seconds since the epoch.
    pub until: u64,
}

pub(super) struct Marks(Table);

impl Marks {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self(engine.table(NAME)?))
    }

    pub(super) fn log_id(&self) -> Result<Option<LogId>, StoreError> {
        let bytes = self.0.get(LOG_ID)?.and_then(|bytes| bytes.try_into().ok());
        Ok(bytes.map(|bytes| LogId(u32::from_be_bytes(bytes))))
    }

    pub(super) fn set_log_id(&self, log: LogId) -> Result<(), StoreError> {
        self.0.put(LOG_ID, &log.0.to_be_bytes())
    }

    pub(super) fn next(&self) -> Result<Option<u64>, StoreError> {
        self.number(NEXT)
    }

    pub(super) fn set_next(&self, next: u64) -> Result<(), StoreError> {
        self.set(NEXT, next)
    }

    /// All entries before this place have their ids and postings.
    pub(super) fn indexed(&self) -> Result<Option<u64>, StoreError> {
        self.number(INDEXED)
    }

    pub(super) fn set_indexed(&self, next: u64) -> Result<(), StoreError> {
        self.set(INDEXED, next)
    }

    /// The time that was stored last.
    pub(super) fn seen(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.number(SEEN)?.map(Timestamp::from_millis))
    }

    pub(super) fn set_seen(&self, now: Timestamp) -> Result<(), StoreError> {
        self.set(SEEN, now.as_millis())
    }

    /// WhatsApp's limits, as the log told them last; its entry may be removed since.
    pub(super) fn limits(&self) -> Result<Option<LimitsChange>, StoreError> {
        Ok(self.json::<StoredLimits>(LIMITS)?.map(LimitsChange::from))
    }

    pub(super) fn set_limits(&self, told: &LimitsChange) -> Result<(), StoreError> {
        self.set_json(LIMITS, &StoredLimits::from(told.clone()))
    }

    /// Whether the session has been in QR_REQUIRED since this store was created.
    pub(super) fn asked_for_phone(&self) -> Result<bool, StoreError> {
        Ok(self.0.get(ASKED_FOR_PHONE)?.is_some())
    }

    pub(super) fn set_asked_for_phone(&self) -> Result<(), StoreError> {
        if self.asked_for_phone()? { Ok(()) } else { self.0.put(ASKED_FOR_PHONE, &[1]) }
    }

    /// When the account was first linked, in seconds since the epoch: older history is not news.
    pub(super) fn first_link(&self) -> Result<Option<u64>, StoreError> {
        self.number(FIRST_LINK)
    }

    pub(super) fn set_first_link(&self, seconds: u64) -> Result<(), StoreError> {
        self.set(FIRST_LINK, seconds)
    }

    /// Rows of the page from before this time, in seconds since the epoch, are not news.
    pub(super) fn floor(&self) -> Result<Option<u64>, StoreError> {
        self.number(FLOOR)
    }

    pub(super) fn set_floor(&self, seconds: u64) -> Result<(), StoreError> {
        self.set(FLOOR, seconds)
    }

    pub(super) fn place(&self) -> Result<Option<Place>, StoreError> {
        Ok(self.json::<StoredPlace>(PLACE)?.map(Place::from))
    }

    pub(super) fn set_place(&self, place: &Place) -> Result<(), StoreError> {
        self.set_json(PLACE, &StoredPlace::from(place.clone()))
    }

    pub(super) fn relink(&self) -> Result<Option<Relink>, StoreError> {
        Ok(self.json::<StoredRelink>(RELINK)?.map(Relink::from))
    }

    pub(super) fn set_relink(&self, relink: &Relink) -> Result<(), StoreError> {
        self.set_json(RELINK, &StoredRelink::from(relink.clone()))
    }

    /// Reactions and votes from before this time, in seconds since the epoch, are known already.
    pub(super) fn addons_since(&self) -> Result<Option<u64>, StoreError> {
        self.number(ADDONS_SINCE)
    }

    pub(super) fn set_addons_since(&self, seconds: u64) -> Result<(), StoreError> {
        self.set(ADDONS_SINCE, seconds)
    }

    /// From when, in seconds since the epoch, messages may be missing, and how many searches have failed.
    pub(super) fn missed(&self) -> Result<Option<(u64, u64)>, StoreError> {
        let tries = self.number(MISSED_TRIES)?.unwrap_or_default();
        Ok(self.number(MISSED_SINCE)?.map(|since| (since, tries)))
    }

    pub(super) fn set_missed(&self, missed: Option<(u64, u64)>) -> Result<(), StoreError> {
        let Some((since, tries)) = missed else {
            self.0.remove(MISSED_SINCE)?;
            return self.0.remove(MISSED_TRIES);
        };
        self.set(MISSED_TRIES, tries)?;
        self.set(MISSED_SINCE, since)
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        Ok(self.0.get(key)?.and_then(|bytes| bytes.as_slice().try_into().ok()).map(u64::from_be_bytes))
    }

    fn set(&self, key: &[u8], number: u64) -> Result<(), StoreError> {
        self.0.put(key, &number.to_be_bytes())
    }

    /// A value that cannot be decoded counts as missing: the page's table is then read from its start.
    fn json<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        Ok(self.0.get(key)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    fn set_json(&self, key: &[u8], value: &impl Serialize) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(value).map_err(|source| StoreError::Encoding { table: NAME, source })?;
        self.0.put(key, &bytes)
    }
}
