//! Text that must not reach a log.

use std::fmt;

/// A token, a link code or a message body: prints as `***` wherever it is formatted.
#[derive(Default, Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the code that has to hand it on.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The text itself, for the code that has to keep it.
    pub fn into_revealed(self) -> String {
        self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// A phone number or chat id reduced to its last two digits, which a log may hold.
pub fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let tail: String = digits.iter().rev().take(2).rev().collect();
    format!("…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_prints_what_it_holds() {
        let secret = Secret::new("ref,key,key,adv");
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
        assert_eq!(masked("5491122334455@c.us"), "…55");
        assert_eq!(masked(""), "…");
    }
}
