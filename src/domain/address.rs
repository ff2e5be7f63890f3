//! The recipient of a message: a phone number as people write it, or a chat id.

mod second_form;

use std::fmt;

/// The forms that a country has for one number, at most.
const FORMS: usize = 3;

/// E.164 allows 15 digits; the shortest numbers in use, country code included, have 7.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
/// The LIDs and group ids seen so far have 14 to 18 digits; old group ids (`creator-time`) have up to 26.
const CHAT_USER_MAX: usize = 32;

/// A phone number in international form, digits only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Reads a number as people write and paste it: `+54 9 11 2233-4455`, `(598) 99.123.456`, `0054…`, `tel:+54…`. Spaces
    /// and dashes of every kind, dots, slashes, parentheses and invisible formatting characters are ignored.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim_start_matches(is_ignored);
        let text = match text.get(..4) {
            Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => text[4..].trim_start_matches(is_ignored),
            _ => text,
        };
        let (is_international, text) = match text.strip_prefix(['+', '\u{ff0b}']) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut digits = String::with_capacity(15);
        for c in text.chars().filter(|c| !is_ignored(*c)) {
            digits.push(digit(c).ok_or(AddressError::Character(c))?);
        }
        let digits = digits.strip_prefix("00").filter(|_| !is_international).unwrap_or(&digits);
        if !PHONE_DIGITS.contains(&digits.len()) {
            return Err(AddressError::Length);
        }
        if digits.starts_with('0') { Err(AddressError::NoCountry) } else { Ok(Self(digits.to_owned())) }
    }
}

/// The digit that a character is, also in the full width of East Asian text.
fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10),
        _ => None,
    }
}

/// Spaces, dashes, dots, slashes, parentheses and invisible formatting characters. The pattern in the document of the API
/// (`http/wire/requests.rs`) has the same ranges.
fn is_ignored(c: char) -> bool {
    matches!(c,
        '\t'..='\r' | ' ' | '(' | ')' | '-' | '.' | '/' | '\u{85}' | '\u{a0}' | '\u{ad}' | '\u{61c}' | '\u{1680}'
        | '\u{2000}'..='\u{2015}' | '\u{2028}'..='\u{202f}' | '\u{205f}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
        | '\u{2212}' | '\u{3000}' | '\u{fe58}' | '\u{fe63}' | '\u{feff}' | '\u{ff08}' | '\u{ff09}'
        | '\u{ff0d}'..='\u{ff0f}')
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

    /// Reads `user@c.us` (also `@s.whatsapp.net`), `user@lid` or `user@g.us`. A device after a colon, as in
    /// `user:12@c.us`, is ignored.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (user, server) = text.trim().split_once('@').ok_or(AddressError::Length)?;
        let server = match server {
            "c.us" | "s.whatsapp.net" => Server::Phone,
            "lid" => Server::Lid,
            "g.us" => Server::Group,
            _ => return Err(AddressError::Server),
        };
        let user = if server == Server::Group { user } else { without_device(user) };
        if server == Server::Phone {
            return PhoneNumber::parse(user).map(|number| Self::of_phone(&number));
        }
        let legal = |c: char| c.is_ascii_digit() || (server == Server::Group && c == '-');
        if user.is_empty() || user.len() > CHAT_USER_MAX {
            return Err(AddressError::ChatLength);
        }
        match user.chars().find(|c| !legal(*c)) {
            Some(c) => Err(AddressError::Character(c)),
            None => Ok(Self { user: user.to_owned(), server }),
        }
    }

    /// The phone number, if the chat is named by it.
    pub fn phone_number(&self) -> Option<PhoneNumber> {
        (self.server == Server::Phone).then(|| PhoneNumber(self.user.clone()))
    }

    /// The chat of a phone number's second form, where its country has one.
    pub fn second_form(&self) -> Option<Self> {
        self.phone_number()?.second_form().map(|number| Self::of_phone(&number))
    }

    /// The chat in every form that its country has for the number, this one first.
    pub fn forms(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self.clone()), Self::second_form).take(FORMS)
    }

    /// Reads a recipient in either form that a caller may use: a phone number or a chat id.
    pub fn parse_recipient(text: &str) -> Result<Self, AddressError> {
        if text.contains('@') { Self::parse(text) } else { PhoneNumber::parse(text).map(|n| Self::of_phone(&n)) }
    }
}

/// The user of `user:device`. A user may have a colon of its own, as in `tel:+54…`.
fn without_device(user: &str) -> &str {
    match user.rsplit_once(':') {
        Some((user, device)) if is_device(device) => user,
        _ => user,
    }
}

fn is_device(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user, self.server.suffix())
    }
}

/// Each message completes the sentence "the number …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error(
        "holds {}, which is no part of a number: it may have digits with a leading `+` or `00`, spaces, dashes, dots, \
         slashes and parentheses, or be a chat id",
        named(*.0)
    )]
    Character(char),
    #[error("must have 7 to 15 digits, the country's code included")]
    Length,
    #[error("must begin with the country's code, and no country's code begins with 0")]
    NoCountry,
    #[error("must have 1 to 32 digits before the `@` when it is a chat id")]
    ChatLength,
    #[error("must end in @c.us, @s.whatsapp.net, @lid or @g.us when it is a chat id")]
    Server,
}

/// A character that may be invisible, by its number.
fn named(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_numbers_as_people_write_and_paste_them() -> Result<(), AddressError> {
        for text in [
            "5491122334455",
            "+54 9 11 2233-4455",
            " +54 (911) 2233 4455 ",
            "0054 9 11 2233 4455",
            "00 54 9 11 2233 4455",
            "tel:+54-9-11-2233-4455",
            "TEL: 5491122334455",
            "54.9.11.2233.4455",
            "54/9/11/2233/4455",
            "(+54) 9 11 2233 4455",
            "\u{200e}+54 9 11 2233\u{2011}4455\u{202c}",
            "\u{202a}+54\u{a0}9\u{202f}11\u{2009}2233\u{2013}4455\u{2069}",
            "\u{feff}５４９１１２２３３４４５５",
            "＋54 9 11 2233－4455",
            "5491122334455@c.us",
            "5491122334455@s.whatsapp.net",
            "5491122334455:12@c.us",
            "tel:+5491122334455@c.us",
            "tel:5491122334455:1@s.whatsapp.net",
            "+54 9 11 2233-4455@c.us ",
        ] {
            assert_eq!(ChatId::parse_recipient(text)?.to_string(), "5491122334455@c.us", "{text:?}");
        }
        assert_eq!(ChatId::parse_recipient("120363000000000001@g.us")?.server(), Server::Group);
        assert_eq!(ChatId::parse_recipient("5491122334455-1600000000@g.us")?.server(), Server::Group);
        assert_eq!(ChatId::parse_recipient("22300000000001@lid")?.server(), Server::Lid);
        assert_eq!(ChatId::parse_recipient("22300000000001:7@lid")?.to_string(), "22300000000001@lid");
        Ok(())
    }

    #[test]
    fn says_what_is_wrong_with_the_others() {
        let cases = [
            ("", AddressError::Length),
            ("123456", AddressError::Length),
            ("1234567890123456", AddressError::Length),
            ("0011 2233", AddressError::Length),
            ("011 2233 4455", AddressError::NoCountry),
            ("+0054911223344", AddressError::NoCountry),
            ("54911abc4455", AddressError::Character('a')),
            ("5491122334455+", AddressError::Character('+')),
            ("54911\u{0}2233", AddressError::Character('\0')),
            ("٥٤٩١١٢٢٣٣٤٤٥٥", AddressError::Character('٥')),
            ("@lid", AddressError::ChatLength),
            ("status@broadcast", AddressError::Server),
            ("1@2@lid", AddressError::Server),
            ("12-3@lid", AddressError::Character('-')),
            ("5491122334455:x@c.us", AddressError::Character(':')),
        ];
        for (text, error) in cases {
            assert_eq!(ChatId::parse_recipient(text), Err(error), "{text}");
        }
        let sentence = AddressError::Character('\u{200f}').to_string();
        assert!(sentence.starts_with("holds U+200F"), "{sentence}");
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
