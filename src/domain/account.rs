//! The account the device is linked to.

/// The linked account, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The phone number, digits only.
    pub phone: Option<String>,
    /// The account's LID, as `user@lid`.
    pub lid: Option<String>,
    /// The display name that the account's owner chose.
    pub pushname: Option<String>,
    /// The kind of phone, in WhatsApp's words.
    pub platform: Option<String>,
}
