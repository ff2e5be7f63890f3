//! The kinds of content that are neither texts nor files, with what WhatsApp's applications take of each.

use super::ContentError;
use crate::domain::address::PhoneNumber;
use crate::domain::secret::Secret;

/// WhatsApp's applications let people write no more than this.
pub const POLL_QUESTION_MAX: usize = 255;
pub const POLL_OPTION_MAX: usize = 100;
pub const POLL_OPTIONS_MAX: usize = 12;
/// The most contacts in one message.
pub const CONTACTS_MAX: usize = 100;
/// The most characters of the name of a contact, and of the name and the address of a place.
pub const NAME_MAX: usize = 1_000;

/// A place on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Location {
    latitude: f64,
    longitude: f64,
    pub name: Option<Secret>,
    pub address: Option<Secret>,
}

/// A person in an address book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    name: Secret,
    pub phone: PhoneNumber,
}

/// A question with options to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    question: Secret,
    options: Vec<Secret>,
    /// Whether people may choose more than one option.
    pub multiple: bool,
}

/// Why something is no place, no contact or no poll. The sentence goes on after the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KindError {
    #[error("latitude must be a number from -90 to 90")]
    Latitude,
    #[error("longitude must be a number from -180 to 180")]
    Longitude,
    #[error("{field} {error}")]
    Text { field: &'static str, error: ContentError },
    #[error("{field} may have at most {max} characters")]
    TooLong { field: &'static str, max: usize },
    #[error("options must be 2 to {POLL_OPTIONS_MAX}")]
    Options,
    #[error("options must differ from each other")]
    SameOptions,
    #[error("must have 1 to {CONTACTS_MAX} people")]
    Contacts,
}

impl Location {
    /// # Errors
    /// [`KindError`]: there is no such place, or its name or address cannot be sent. A blank name or address is none.
    pub fn new(latitude: f64, longitude: f64, name: Option<&str>, address: Option<&str>) -> Result<Self, KindError> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(KindError::Latitude);
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(KindError::Longitude);
        }
        Ok(Self { latitude, longitude, name: perhaps("name", name)?, address: perhaps("address", address)? })
    }

    pub fn latitude(&self) -> f64 {
        self.latitude
    }

    pub fn longitude(&self) -> f64 {
        self.longitude
    }
}

impl Contact {
    /// # Errors
    /// [`KindError`]: the name is blank or cannot be sent.
    pub fn new(name: &str, phone: PhoneNumber) -> Result<Self, KindError> {
        Ok(Self { name: line("name", name, NAME_MAX)?, phone })
    }

    pub fn name(&self) -> &Secret {
        &self.name
    }
}

impl Poll {
    /// # Errors
    /// [`KindError`]: WhatsApp's applications make no such poll.
    pub fn new<'a>(
        question: &str,
        options: impl IntoIterator<Item = &'a str>,
        multiple: bool,
    ) -> Result<Self, KindError> {
        let question = line("question", question, POLL_QUESTION_MAX)?;
        let options = options
            .into_iter()
            .map(|option| line("options", option, POLL_OPTION_MAX))
            .collect::<Result<Vec<_>, _>>()?;
        if !(2..=POLL_OPTIONS_MAX).contains(&options.len()) {
            return Err(KindError::Options);
        }
        // A vote names an option by the hash of its text.
        if options.iter().enumerate().any(|(at, option)| options[..at].contains(option)) {
            return Err(KindError::SameOptions);
        }
        Ok(Self { question, options, multiple })
    }

    pub fn question(&self) -> &Secret {
        &self.question
    }

    pub fn options(&self) -> &[Secret] {
        &self.options
    }
}

/// A text of one line, without the spaces around it: the page removes them too. The limit counts these spaces.
fn line(field: &'static str, text: &str, max: usize) -> Result<Secret, KindError> {
    let control = text.chars().enumerate().find(|(_, c)| c.is_control());
    if let Some((before, character)) = control {
        return Err(KindError::Text { field, error: ContentError::Control { character, position: before + 1 } });
    }
    if text.trim().is_empty() {
        return Err(KindError::Text { field, error: ContentError::Blank });
    }
    if text.chars().count() > max {
        return Err(KindError::TooLong { field, max });
    }
    Ok(Secret::new(text.trim()))
}

fn perhaps(field: &'static str, text: Option<&str>) -> Result<Option<Secret>, KindError> {
    text.filter(|text| !text.trim().is_empty()).map(|text| line(field, text, NAME_MAX)).transpose()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_place_is_on_the_map() {
        let place = Location::new(-34.6, -58.38, Some(" Obelisco "), Some(" ")).unwrap();
        assert_eq!((place.name, place.address), (Some(Secret::new("Obelisco")), None));
        for (latitude, longitude, error) in [
            (90.5, 0.0, KindError::Latitude),
            (f64::NAN, 0.0, KindError::Latitude),
            (0.0, -180.1, KindError::Longitude),
            (0.0, f64::INFINITY, KindError::Longitude),
        ] {
            assert_eq!(Location::new(latitude, longitude, None, None), Err(error));
        }
        let split = Location::new(0.0, 0.0, Some("a\nb"), None);
        assert!(split.is_err_and(|error| error.to_string().starts_with("name has the control character")));
    }

    #[test]
    fn a_poll_has_options_that_differ() {
        let poll = |options: &[&str]| Poll::new("¿Cuándo?", options.iter().copied(), false);
        assert!(poll(&["lunes", "martes"]).is_ok());
        assert_eq!(poll(&["lunes"]), Err(KindError::Options));
        assert_eq!(poll(&["lunes", " lunes "]), Err(KindError::SameOptions));
        let names: Vec<_> = (0..=POLL_OPTIONS_MAX).map(|n| n.to_string()).collect();
        assert_eq!(Poll::new("?", names.iter().map(String::as_str), true), Err(KindError::Options));
        let long = "a".repeat(POLL_OPTION_MAX + 1);
        assert_eq!(poll(&["lunes", &long]), Err(KindError::TooLong { field: "options", max: POLL_OPTION_MAX }));
        assert!(poll(&["lunes", " "]).is_err());
    }

    #[test]
    fn what_they_say_stays_out_of_logs() {
        let phone = PhoneNumber::parse("5491122334455").unwrap();
        let printed = format!(
            "{:?}{:?}{:?}",
            Contact::new("secreto", phone).map(|contact| contact.name),
            Poll::new("secreto", ["secreto uno", "secreto dos"], false),
            Location::new(0.0, 0.0, Some("secreto"), Some("secreto"))
        );
        assert!(!printed.contains("secreto"), "{printed}");
    }
}
