//! What a caller wants of a list.

/// A question with this many digits and no letters is one for a number.
const DIGITS_MIN: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The `next` of an earlier answer.
    pub after: Option<String>,
    pub limit: usize,
    /// Only chats with unread messages, or marked as unread.
    pub unread: bool,
    query: Option<Query>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Query {
    words: String,
    /// The digits of a number as people write it.
    digits: Option<String>,
}

impl Wanted {
    pub fn new(after: Option<String>, limit: usize) -> Self {
        Self { after, limit, unread: false, query: None }
    }

    #[must_use]
    pub fn unread(self, unread: bool) -> Self {
        Self { unread, ..self }
    }

    /// Only entries in whose names, numbers or ids this text is.
    #[must_use]
    pub fn matching(self, text: &str) -> Self {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_number = digits.len() >= DIGITS_MIN && !text.chars().any(char::is_alphabetic);
        let query = Query { words: text.trim().to_lowercase(), digits: is_number.then_some(digits) };
        Self { query: Some(query), ..self }
    }

    pub(super) fn fits<'a>(&self, mut texts: impl Iterator<Item = &'a String>) -> bool {
        let Some(Query { words, digits }) = &self.query else { return true };
        texts.any(|text| {
            text.to_lowercase().contains(words.as_str())
                || digits.as_ref().is_some_and(|digits| text.contains(digits.as_str()))
        })
    }
}
