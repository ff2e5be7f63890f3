//! What WhatsApp Web knows of chats, people and groups: the lists, and one entry of each.

pub mod chats;
pub mod contacts;
pub mod groups;
pub mod marks;
pub mod person;
pub mod picture;

use std::collections::HashMap;

use crate::directory::Wanted;
use crate::domain::address::ChatId;

use crate::http::error::ApiError;
use crate::http::query::{flag, given};
use crate::http::routes::messages::{limit, wrong};

/// The longest text that is searched for, in characters.
const QUERY_MAX: usize = 100;

/// What is wanted of a list; `is_cursor` knows the list's own cursors.
fn wanted(query: &HashMap<String, String>, is_cursor: impl Fn(&str) -> bool) -> Result<Wanted, ApiError> {
    let after = given(query, "after").map(str::to_owned);
    if after.as_deref().is_some_and(|after| !is_cursor(after)) {
        return Err(wrong("after", "the `next` of an earlier answer"));
    }
    let wanted = Wanted::new(after, limit(query)?).unread(flag(query, "unread")?);
    match given(query, "query") {
        Some(text) if text.chars().count() > QUERY_MAX => {
            Err(wrong("query", &format!("a text of at most {QUERY_MAX} characters")))
        }
        Some(text) => Ok(wanted.matching(text)),
        None => Ok(wanted),
    }
}

/// A chat id or a phone number in an address.
fn id_of(text: &str) -> Result<ChatId, ApiError> {
    ChatId::parse_recipient(text).map_err(|error| ApiError::bad_request("INVALID_NUMBER", format!("number {error}.")))
}

/// Digits, and hyphens where the kind of id has them.
fn is_user(text: &str, max: usize, hyphens: bool) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || hyphens && b == b'-')
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use crate::http::docs::allowed::Allowed;

    use super::*;

    const NAMES: [&str; 5] = ["after", "limit", "query", "unread", "refresh"];
    static ALLOWED: LazyLock<[Allowed; 5]> = LazyLock::new(|| NAMES.map(|name| Allowed::parameter("/chats", name)));
    static AFTER: LazyLock<[Allowed; 2]> =
        LazyLock::new(|| ["/contacts", "/groups"].map(|path| Allowed::parameter(path, "after")));

    proptest! {
        #[test]
        fn the_document_allows_what_is_read(
            text in prop_oneof![
                "true|false|True|", "[0-9]{0,5}", "[0-9]{1,14}-?[0-9-]{0,35}@(lid|c\\.us|g\\.us|newsletter|x)?", "\\PC{0,9}", "x{99,102}",
            ],
        ) {
            let query = |name: &str| HashMap::from([(name.to_owned(), text.clone())]);
            for (name, allowed) in NAMES.iter().zip(&*ALLOWED) {
                let is_read = wanted(&query(name), chats::is_cursor).is_ok() && flag(&query(name), "refresh").is_ok();
                prop_assert_eq!(allowed.holds_text(&text), is_read, "{}", name);
            }
            prop_assert_eq!(AFTER[0].holds_text(&text), wanted(&query("after"), contacts::is_cursor).is_ok());
            prop_assert_eq!(AFTER[1].holds_text(&text), wanted(&query("after"), groups::is_cursor).is_ok());
        }
    }
}
