//! The account the device is linked to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The linked account, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
