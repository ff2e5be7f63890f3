//! The people on WhatsApp. A number that is not in the directory does not exist.

use super::random::lid_digits;
use crate::error::Error;
use crate::message::Identity;
use crate::protocol::Found;
use std::collections::BTreeMap;

/// The server of one-to-one chats since the LID migration.
pub(crate) const LID: &str = "@lid";
/// The server of phone numbers.
pub(crate) const PHONE: &str = "@c.us";
/// The server of groups.
pub(crate) const GROUP: &str = "@g.us";

/// The people on WhatsApp, by phone number.
#[derive(Debug)]
pub(crate) struct Directory {
    seed: u64,
    people: BTreeMap<String, Person>,
}

#[derive(Debug)]
struct Person {
    lid: String,
    name: Option<String>,
    /// The page must not learn the number from the LID.
    hidden: bool,
}

impl Directory {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, people: BTreeMap::new() }
    }

    /// Adds a person, or finds them; returns their identity.
    pub(crate) fn add(&mut self, number: &str, name: Option<&str>) -> Result<Identity, Error> {
        let phone = digits(number)?;
        let seed = self.seed;
        let person = self.people.entry(phone.clone()).or_insert_with(|| Person {
            lid: format!("{}{LID}", lid_digits(seed, &phone)),
            name: None,
            hidden: false,
        });
        if let Some(name) = name {
            person.name = Some(name.to_owned());
        }
        Ok(Identity { lid: person.lid.clone(), phone: format!("{phone}{PHONE}"), name: person.name.clone() })
    }

    /// Sets whether a question for the person's LID leaves out their number.
    pub(crate) fn hide(&mut self, number: &str, hidden: bool) {
        if let Some(person) = digits(number).ok().and_then(|phone| self.people.get_mut(&phone)) {
            person.hidden = hidden;
        }
    }

    /// Everybody, by phone number.
    pub(crate) fn all(&self) -> impl Iterator<Item = Identity> + '_ {
        self.people.iter().map(|(phone, person)| Identity {
            lid: person.lid.clone(),
            phone: format!("{phone}{PHONE}"),
            name: person.name.clone(),
        })
    }

    /// The person behind a LID.
    pub(crate) fn by_lid(&self, lid: &str) -> Option<Identity> {
        self.all().find(|person| person.lid == lid)
    }

    /// The answer to a page that asks for a wid.
    pub(crate) fn exists(&self, wid: &str) -> Option<Found> {
        if let Some(phone) = wid.strip_suffix(PHONE) {
            let person = self.people.get(phone)?;
            return Some(Found { lid: person.lid.clone(), phone: Some(wid.to_owned()) });
        }
        let (phone, person) = self.people.iter().find(|(_, person)| person.lid == wid)?;
        let phone = (!person.hidden).then(|| format!("{phone}{PHONE}"));
        Some(Found { lid: person.lid.clone(), phone })
    }
}

/// The digits of a phone number; separators and a leading `+` are allowed.
pub(crate) fn digits(number: &str) -> Result<String, Error> {
    let number = number.strip_suffix(PHONE).unwrap_or(number);
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let others = number.chars().any(|c| !c.is_ascii_digit() && !" +-()".contains(c));
    // E.164 allows 15 digits; nowhere does a subscriber number have fewer than 6.
    if others || !(6..=15).contains(&digits.len()) {
        return Err(Error::BadNumber(number.to_owned()));
    }
    Ok(digits)
}
