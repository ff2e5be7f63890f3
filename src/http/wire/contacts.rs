//! Who is behind a number or a LID.

use serde::Serialize;
use utoipa::ToSchema;

use super::Timestamp;
use super::business::BusinessProfile;
use crate::directory;

#[derive(Serialize, ToSchema)]
pub struct Contact {
    pub ok: bool,
    /// When WhatsApp Web knew this: now, unless the session is away.
    pub as_of: Timestamp,
    #[serde(flatten)]
    pub person: Person,
    /// Only with `business=true`; null for who is no business, or says nothing as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BusinessProfile>, required = false)]
    pub business_profile: Option<Option<BusinessProfile>>,
    /// True where a block was asked for with `SEND_MODE=dry-run`: the person is as they were.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Person {
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
    pub business: bool,
    /// This account has blocked the person.
    pub blocked: bool,
    /// It is this account itself.
    pub me: bool,
}

#[derive(Serialize, ToSchema)]
pub struct About {
    pub ok: bool,
    /// Null where they say nothing, or not to this account.
    pub about: Option<String>,
}

/// People, by their LIDs.
#[derive(Serialize, ToSchema)]
pub struct Contacts {
    pub ok: bool,
    /// When WhatsApp Web was read.
    pub as_of: Timestamp,
    /// False where WhatsApp Web has more people than the service keeps.
    pub complete: bool,
    pub items: Vec<Person>,
    /// To be handed back as `after`, for what follows; null at the end.
    #[schema(pattern = r"^[0-9]{1,32}@(lid|c\.us)$")]
    pub next: Option<String>,
}

impl From<directory::Contact> for Person {
    fn from(contact: directory::Contact) -> Self {
        let directory::Contact { phone, lid, name, pushname, verified_name, business, blocked, me } = contact;
        Self { phone, lid, name, pushname, verified_name, business, blocked, me }
    }
}

impl From<directory::Known<directory::Contact>> for Contact {
    fn from(directory::Known { as_of, item }: directory::Known<directory::Contact>) -> Self {
        Self { ok: true, as_of: as_of.into(), person: item.into(), business_profile: None, dry_run: false }
    }
}
