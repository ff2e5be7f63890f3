//! WhatsApp's limits on messages to people who do not know the account. The page knows the limits but does not enforce
//! them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The limits as the page knows them; None where the page does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How many new chats the account may start in a cycle.
    #[serde(default)]
    pub new_chats: Option<NewChats>,
    /// The account may not start chats for a time.
    #[serde(default)]
    pub timelock: Option<Timelock>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewChats {
    pub status: NewChatsStatus,
    #[serde(default)]
    pub used: Option<u64>,
    #[serde(default)]
    pub quota: Option<u64>,
    /// The end of the cycle, in seconds since the epoch.
    #[serde(default)]
    pub until_s: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NewChatsStatus {
    FirstWarning,
    SecondWarning,
    Capped,
    #[serde(other)]
    None,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timelock {
    /// WhatsApp's word for the lock, such as `DEFAULT` or `WEB_COMPANION_ONLY`.
    pub kind: String,
    /// The end of the lock, in seconds since the epoch.
    #[serde(default)]
    pub until_s: Option<u64>,
}
