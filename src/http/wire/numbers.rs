//! Whether a number is on WhatsApp.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::address;

/// A phone number in international form, digits only.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl From<address::PhoneNumber> for PhoneNumber {
    fn from(number: address::PhoneNumber) -> Self {
        Self(number.digits().to_owned())
    }
}

#[derive(Serialize, ToSchema)]
pub struct Lookup {
    pub ok: bool,
    /// As it was asked for.
    pub number: PhoneNumber,
    /// The number that is on WhatsApp: another form of it, where its country has two.
    pub to: Option<PhoneNumber>,
    /// Whether it is on WhatsApp.
    pub exists: bool,
    pub chat_id: Option<String>,
    /// `user@lid`, where WhatsApp tells it.
    pub lid: Option<String>,
}

/// The answer about one of many numbers.
#[derive(Serialize, ToSchema)]
pub struct Checked {
    /// Its digits, or the text where it is no number.
    pub number: String,
    /// The number that is on WhatsApp: another form of it, where its country has two.
    pub to: Option<PhoneNumber>,
    /// Whether it is on WhatsApp; null where this is not known, and `code` says why.
    pub exists: Option<bool>,
    pub chat_id: Option<String>,
    /// `user@lid`, where WhatsApp tells it.
    pub lid: Option<String>,
    /// `INVALID_NUMBER`; `RATE_LIMITED`: the minute's look-ups are used up; or `WHATSAPP_ERROR`: WhatsApp said nothing about
    /// this number, or the page was lost after it had answered about others.
    pub code: Option<&'static str>,
    pub message: Option<String>,
}

impl Checked {
    /// Nothing is known of this number.
    pub fn unknown(number: String) -> Self {
        Self { number, to: None, exists: None, chat_id: None, lid: None, code: None, message: None }
    }
}

/// In the order of the request.
#[derive(Serialize, ToSchema)]
pub struct Lookups {
    pub ok: bool,
    pub items: Vec<Checked>,
    /// After how many seconds the numbers that were not looked up may be asked for again.
    pub retry_after: Option<u32>,
}
