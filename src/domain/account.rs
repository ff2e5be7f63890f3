//! The account the device is linked to.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Digits.
    pub phone: Option<String>,
    /// `user@lid`.
    pub lid: Option<String>,
    /// The name its owner gave it.
    pub pushname: Option<String>,
    /// The phone's kind, in WhatsApp's words.
    pub platform: Option<String>,
}
