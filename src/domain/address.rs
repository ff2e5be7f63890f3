//! The recipient of a message: a phone number as people write it, or a chat id.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

/// E.164 allows 15 digits; the shortest numbers in use, country code included, have 7.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// The LIDs and group ids seen so far have 14 to 18 digits; old group ids (`creator-time`) have up to 26.
const CHAT_USER_MAX: usize = 32;

/// A phone number in international form, digits only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(transparent)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Reads a number as a person writes it: `+54 9 11 2233-4455`, `(598) 99 123 456`.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let text = text.strip_prefix('+').unwrap_or(text);
        let mut digits = String::with_capacity(15);
        for c in text.chars() {
            match c {
                '0'..='9' => digits.push(c),
                ' ' | '-' | '(' | ')' => {}
                _ => return Err(AddressError::NotDigits),
            }
        }
        if PHONE_DIGITS.contains(&digits.len()) { Ok(Self(digits)) } else { Err(AddressError::Length) }
    }
}

/// The kind of server part a chat id has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Server {
    /// `c.us`: a person, by phone number.
    Phone,
    /// `lid`: a person, by an id that does not reveal the phone number.
    Lid,
    /// `g.us`: a group.
    Group,
}

impl Server {
    fn suffix(self) -> &'static str {
        match self {
            Self::Phone => "c.us",
            Self::Lid => "lid",
            Self::Group => "g.us",
        }
    }
}

/// A chat as WhatsApp names it, `user@server`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChatId {
    user: String,
    server: Server,
}

impl ChatId {
    pub fn of_phone(number: &PhoneNumber) -> Self {
        Self { user: number.0.clone(), server: Server::Phone }
    }

    pub fn user(&self) -> &str {
        &self.user
    }

    pub fn server(&self) -> Server {
        self.server
    }

    /// Reads `user@c.us`, `user@lid` or `user@g.us`.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (user, server) = text.trim().split_once('@').ok_or(AddressError::NotDigits)?;
        let server = match server {
            "c.us" => return PhoneNumber::parse(user).map(|number| Self::of_phone(&number)),
            "lid" => Server::Lid,
            "g.us" => Server::Group,
            _ => return Err(AddressError::Server),
        };
        let legal = |c: char| c.is_ascii_digit() || (server == Server::Group && c == '-');
        if user.is_empty() || user.len() > CHAT_USER_MAX {
            Err(AddressError::Length)
        } else if !user.chars().all(legal) {
            Err(AddressError::NotDigits)
        } else {
            Ok(Self { user: user.to_owned(), server })
        }
    }

    /// Reads a recipient in either form that a caller may use: a phone number or a chat id.
    pub fn parse_recipient(text: &str) -> Result<Self, AddressError> {
        if text.contains('@') { Self::parse(text) } else { PhoneNumber::parse(text).map(|n| Self::of_phone(&n)) }
    }
}

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.server.suffix())
    }
}

impl Serialize for ChatId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Each message completes the sentence "the number …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("may hold digits, a leading '+', spaces, dashes and parentheses, or be a chat id")]
    NotDigits,
    #[error("must have 7 to 15 digits, country code included")]
    Length,
    #[error("must end in @c.us, @lid or @g.us when it is a chat id")]
    Server,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_numbers_as_people_write_them() -> Result<(), AddressError> {
        for text in ["5491122334455", "+54 9 11 2233-4455", " +54 (911) 2233 4455 ", "5491122334455@c.us"] {
            assert_eq!(ChatId::parse_recipient(text)?.to_string(), "5491122334455@c.us", "{text}");
        }
        assert_eq!(ChatId::parse_recipient("120363000000000001@g.us")?.server(), Server::Group);
        assert_eq!(ChatId::parse_recipient("5491122334455-1600000000@g.us")?.server(), Server::Group);
        assert_eq!(ChatId::parse_recipient("22300000000001@lid")?.server(), Server::Lid);
        Ok(())
    }

    #[test]
    fn says_what_is_wrong_with_the_others() {
        let cases = [
            ("", AddressError::Length),
            ("123456", AddressError::Length),
            ("1234567890123456", AddressError::Length),
            ("54911abc4455", AddressError::NotDigits),
            ("5491122334455+", AddressError::NotDigits),
            ("٥٤٩١١٢٢٣٣٤٤٥٥", AddressError::NotDigits),
            ("@lid", AddressError::Length),
            ("status@broadcast", AddressError::Server),
            ("1@2@lid", AddressError::Server),
            ("12-3@lid", AddressError::NotDigits),
        ];
        for (text, error) in cases {
            assert_eq!(ChatId::parse_recipient(text), Err(error), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_reads_back_the_same(text in "\\PC{0,40}") {
            if let Ok(chat) = ChatId::parse_recipient(&text) {
                prop_assert_eq!(ChatId::parse(&chat.to_string()), Ok(chat));
            }
        }
    }
}
