//! What became of a message of this account at one of its receivers.

use super::time::Timestamp;

/// Each time is None as long as WhatsApp has not told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The phone's digits, where the page knows them.
    pub phone: Option<String>,
    /// `user@lid`, where the page knows it.
    pub lid: Option<String>,
    pub delivered: Option<Timestamp>,
    pub read: Option<Timestamp>,
    pub played: Option<Timestamp>,
}
