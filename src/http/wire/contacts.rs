//! Who is behind a number or a LID.

use serde::Serialize;
use utoipa::ToSchema;

use crate::directory;

#[derive(Serialize, ToSchema)]
pub struct Contact {
    pub ok: bool,
    /// The phone's digits; null where WhatsApp does not tell them.
    pub phone: Option<String>,
    /// `user@lid`.
    pub lid: Option<String>,
    /// The name in the account's address book.
    pub name: Option<String>,
    /// The name that the person chose.
    pub pushname: Option<String>,
    /// The name of a business that WhatsApp has verified.
    pub verified_name: Option<String>,
}

impl From<directory::Contact> for Contact {
    fn from(contact: directory::Contact) -> Self {
        let directory::Contact { phone, lid, name, pushname, verified_name } = contact;
        Self { ok: true, phone, lid, name, pushname, verified_name }
    }
}
