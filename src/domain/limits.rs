//! WhatsApp's limits on messages to people who do not know the account. The page knows the limits but does not enforce
//! them.

use super::time::Timestamp;

/// The limits as the page knows them; None where the page does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// How many new chats the account may start in a cycle.
    pub new_chats: Option<NewChats>,
    /// The account may not start chats for a time.
    pub timelock: Option<Timelock>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChats {
    pub status: NewChatsStatus,
    pub used: Option<u64>,
    pub quota: Option<u64>,
    /// The end of the cycle, in seconds since the epoch.
    pub until_s: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewChatsStatus {
    FirstWarning,
    SecondWarning,
    Capped,
    /// No limit, or a word that this version does not know.
    None,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timelock {
    /// WhatsApp's word for the lock, such as `DEFAULT` or `WEB_COMPANION_ONLY`.
    pub kind: String,
    /// The end of the lock, in seconds since the epoch.
    pub until_s: Option<u64>,
}

/// The account is banned for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// WhatsApp's number for the reason.
    pub code: Option<i64>,
    pub message: Option<String>,
    pub until: Option<Timestamp>,
}

/// What WhatsApp allows this account from a time on: everything that `/status` shows as `limits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsChange {
    pub at: Timestamp,
    pub limits: Limits,
    pub ban: Option<Ban>,
}
