//! The parameters of a request's query.

use std::collections::HashMap;

use crate::domain::slip;

use super::body::shortened;
use super::error::ApiError;

/// The known parameters of a query. An empty value counts as not given. Unknown parameters are ignored; one that looks like a
/// typing error of a known parameter that is not given is refused.
pub fn parameters(query: Option<&str>, known: &[&'static str]) -> Result<HashMap<String, String>, ApiError> {
    let mut found: HashMap<String, String> = HashMap::new();
    let pairs = || url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    for (name, value) in pairs().filter(|(name, value)| known.contains(&name.as_ref()) && !value.is_empty()) {
        if found.get(name.as_ref()).is_some_and(|other| *other != value) {
            let message = format!("{name} is given twice with different values: send it once.");
            return Err(ApiError::bad_request("CONTRADICTION", message));
        }
        found.insert(name.into_owned(), value.into_owned());
    }
    let unknown = pairs().map(|(name, _)| name).filter(|name| !known.contains(&name.as_ref()));
    let not_given: Vec<_> = known.iter().copied().filter(|name| !found.contains_key(*name)).collect();
    let Some((unknown, meant)) = slip::first(unknown, &not_given) else { return Ok(found) };
    let message = format!("The parameter {} is not known. Did you mean {meant}?", shortened(&unknown));
    Err(ApiError::bad_request("INVALID_PARAMETER", message))
}

/// A parameter of the query.
pub fn given<'a>(query: &'a HashMap<String, String>, name: &str) -> Option<&'a str> {
    query.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// A parameter that is true or false, and false where it is not given.
pub fn flag(query: &HashMap<String, String>, name: &str) -> Result<bool, ApiError> {
    match given(query, name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ApiError::bad_request("INVALID_PARAMETER", format!("{name} must be true or false."))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KNOWN: [&str; 3] = ["limit", "chat", "cliente_id"];

    fn read(query: &str) -> Result<Vec<(String, String)>, String> {
        let mut read: Vec<_> =
            parameters(Some(query), &KNOWN).map_err(|error| format!("{error:?}"))?.into_iter().collect();
        read.sort();
        Ok(read)
    }

    #[test]
    fn what_is_given_is_found_and_what_is_not_known_is_ignored() {
        let owned =
            |pairs: &[(&str, &str)]| Ok(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect());
        for (query, expected) in [
            ("", vec![]),
            ("limit=5&chat=%2B549+11", vec![("chat", "+549 11"), ("limit", "5")]),
            ("limit=5&limit=5", vec![("limit", "5")]),
            ("limit=&limit=5&chat", vec![("limit", "5")]),
            ("t=1&t=2&_=3&limits=7&limit=5&x=%ff", vec![("limit", "5")]),
        ] {
            assert_eq!(read(query), owned(&expected), "{query}");
        }
        let many = "unknown&".repeat(64) + "limt=5";
        assert_eq!(read(&many), Ok(vec![]), "a long query is not compared to its end");
        assert!(parameters(None, &KNOWN).is_ok_and(|found| found.is_empty()));
    }

    #[test]
    fn contradictions_and_slips_are_named() {
        for (query, code, what) in [
            ("limit=5&limit=6", "CONTRADICTION", "limit is given twice"),
            ("chat=a&x=1&ch%61t=b", "CONTRADICTION", "chat is given twice"),
            ("limt=5", "INVALID_PARAMETER", "limt is not known. Did you mean limit?"),
            ("clienteId=5&limit=1", "INVALID_PARAMETER", "Did you mean cliente_id?"),
            ("limits=5&limit=", "INVALID_PARAMETER", "Did you mean limit?"),
        ] {
            assert!(read(query).is_err_and(|error| error.contains(code) && error.contains(what)), "{query}");
        }
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(query in "[limtchaeno_d=&%0-9+]{0,40}|\\PC{0,20}") {
            if let Ok(found) = parameters(Some(&query), &KNOWN) {
                prop_assert!(found.iter().all(|(name, value)| KNOWN.contains(&name.as_str()) && !value.is_empty()));
            }
        }
    }
}
