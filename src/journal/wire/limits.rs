//! WhatsApp's own limits on this account, as `/status` and `limits.changed` tell them.

use serde::Serialize;
use utoipa::ToSchema;

use super::values::Timestamp;
use crate::domain::limits::{self, LimitsChange};
use crate::domain::time;

/// WhatsApp's own limits on this account, as WhatsApp Web knows them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Limits {
    /// New chats that may be begun in a cycle.
    pub new_chats: Option<NewChats>,
    /// A time in which no chats may be begun.
    pub timelock: Option<Timelock>,
    /// The account is banned for a time.
    pub ban: Option<Banned>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NewChats {
    pub status: NewChatsStatus,
    pub used: Option<u64>,
    pub quota: Option<u64>,
    /// When the cycle ends.
    pub until: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Timelock {
    /// WhatsApp's word for it.
    pub kind: String,
    pub until: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Banned {
    /// WhatsApp's number for the reason.
    pub code: Option<i64>,
    pub message: Option<String>,
    /// The service does not try to log in before.
    pub until: Option<Timestamp>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NewChatsStatus {
    FirstWarning,
    SecondWarning,
    Capped,
    None,
}

impl Limits {
    pub fn new(known: limits::Limits, ban: Option<limits::Ban>) -> Self {
        let limits::Limits { new_chats, timelock } = known;
        Self {
            new_chats: new_chats.map(NewChats::from),
            timelock: timelock.map(Timelock::from),
            ban: ban.map(Banned::from),
        }
    }
}

impl From<&LimitsChange> for Limits {
    fn from(change: &LimitsChange) -> Self {
        let LimitsChange { at: _, limits, ban } = change;
        Self::new(limits.clone(), ban.clone())
    }
}

impl From<limits::NewChats> for NewChats {
    fn from(known: limits::NewChats) -> Self {
        let limits::NewChats { status, used, quota, until_s } = known;
        Self { status: status.into(), used, quota, until: until_s.map(at) }
    }
}

impl From<limits::NewChatsStatus> for NewChatsStatus {
    fn from(status: limits::NewChatsStatus) -> Self {
        match status {
            limits::NewChatsStatus::FirstWarning => Self::FirstWarning,
            limits::NewChatsStatus::SecondWarning => Self::SecondWarning,
            limits::NewChatsStatus::Capped => Self::Capped,
            limits::NewChatsStatus::None => Self::None,
        }
    }
}

impl From<limits::Timelock> for Timelock {
    fn from(known: limits::Timelock) -> Self {
        let limits::Timelock { kind, until_s } = known;
        Self { kind, until: until_s.map(at) }
    }
}

fn at(seconds: u64) -> Timestamp {
    time::Timestamp::from_millis(seconds.saturating_mul(1000)).into()
}

impl From<limits::Ban> for Banned {
    fn from(ban: limits::Ban) -> Self {
        let limits::Ban { code, message, until } = ban;
        Self { code, message, until: until.map(Timestamp::from) }
    }
}
