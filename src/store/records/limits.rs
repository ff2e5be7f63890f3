//! WhatsApp's limits on this account, as they were when they changed.

use serde::{Deserialize, Serialize};

use super::values::StoredTime;
use crate::domain::limits::{Ban, Limits, LimitsChange, NewChats, NewChatsStatus, Timelock};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredLimits {
    at: StoredTime,
    new_chats: Option<StoredNewChats>,
    timelock: Option<StoredTimelock>,
    ban: Option<StoredBan>,
}

#[derive(Serialize, Deserialize)]
struct StoredNewChats {
    status: StoredNewChatsStatus,
    used: Option<u64>,
    quota: Option<u64>,
    until_s: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredNewChatsStatus {
    FirstWarning,
    SecondWarning,
    Capped,
    None,
}

#[derive(Serialize, Deserialize)]
struct StoredTimelock {
    kind: String,
    until_s: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct StoredBan {
    code: Option<i64>,
    message: Option<String>,
    until: Option<StoredTime>,
}

impl From<LimitsChange> for StoredLimits {
    fn from(change: LimitsChange) -> Self {
        let LimitsChange { at, limits, ban } = change;
        let Limits { new_chats, timelock } = limits;
        Self {
            at: at.into(),
            new_chats: new_chats.map(StoredNewChats::from),
            timelock: timelock.map(StoredTimelock::from),
            ban: ban.map(StoredBan::from),
        }
    }
}

impl From<StoredLimits> for LimitsChange {
    fn from(stored: StoredLimits) -> Self {
        let StoredLimits { at, new_chats, timelock, ban } = stored;
        let limits = Limits { new_chats: new_chats.map(NewChats::from), timelock: timelock.map(Timelock::from) };
        Self { at: at.into(), limits, ban: ban.map(Ban::from) }
    }
}

impl From<NewChats> for StoredNewChats {
    fn from(known: NewChats) -> Self {
        let NewChats { status, used, quota, until_s } = known;
        let status = match status {
            NewChatsStatus::FirstWarning => StoredNewChatsStatus::FirstWarning,
            NewChatsStatus::SecondWarning => StoredNewChatsStatus::SecondWarning,
            NewChatsStatus::Capped => StoredNewChatsStatus::Capped,
            NewChatsStatus::None => StoredNewChatsStatus::None,
        };
        Self { status, used, quota, until_s }
    }
}

impl From<StoredNewChats> for NewChats {
    fn from(stored: StoredNewChats) -> Self {
        let StoredNewChats { status, used, quota, until_s } = stored;
        let status = match status {
            StoredNewChatsStatus::FirstWarning => NewChatsStatus::FirstWarning,
            StoredNewChatsStatus::SecondWarning => NewChatsStatus::SecondWarning,
            StoredNewChatsStatus::Capped => NewChatsStatus::Capped,
            StoredNewChatsStatus::None => NewChatsStatus::None,
        };
        Self { status, used, quota, until_s }
    }
}

impl From<Timelock> for StoredTimelock {
    fn from(known: Timelock) -> Self {
        let Timelock { kind, until_s } = known;
        Self { kind, until_s }
    }
}

impl From<StoredTimelock> for Timelock {
    fn from(stored: StoredTimelock) -> Self {
        let StoredTimelock { kind, until_s } = stored;
        Self { kind, until_s }
    }
}

impl From<Ban> for StoredBan {
    fn from(ban: Ban) -> Self {
        let Ban { code, message, until } = ban;
        Self { code, message, until: until.map(StoredTime::from) }
    }
}

impl From<StoredBan> for Ban {
    fn from(stored: StoredBan) -> Self {
        let StoredBan { code, message, until } = stored;
        Self { code, message, until: until.map(Into::into) }
    }
}
