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
