//! A form as `curl -d number=… -d message=…` and pages of the web send it: `application/x-www-form-urlencoded`.

use encoding_rs::Encoding;
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use super::decoding::decoded;
use super::{Field, Kind, shortened, twice};
use crate::http::error::ApiError;

/// The most fields of a form. Routes know five; reading 200,000 fields of a body of 1 MiB takes most of a second.
const FIELDS_MAX: usize = 1000;

/// The fields of a form. `encoding` is the encoding of the bytes after the escapes are resolved.
pub fn fields(form: &[u8], encoding: &'static Encoding, known: &[Field]) -> Result<Map<String, Value>, ApiError> {
    if !form.contains(&b'=') {
        return Err(ApiError::bad_request(
            "INVALID_JSON",
            "The body is neither a JSON object nor a form (name=value&…).",
        ));
    }
    let mut fields = Map::new();
    for pair in form.trim_ascii().split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &[][..]),
        };
        if fields.len() == FIELDS_MAX {
            let message = format!("The form has more than {FIELDS_MAX} fields.");
            return Err(ApiError::bad_request("INVALID_JSON", message));
        }
        let unreadable = |what: &str| {
            let message = format!("{what} of the form is not text in {}.", encoding.name());
            ApiError::bad_request("INVALID_JSON", message)
        };
        let name = decoded(&unescaped(name), encoding).ok_or_else(|| unreadable("The name of a field"))?;
        let value = decoded(&unescaped(value), encoding).ok_or_else(|| unreadable(&shortened(&name)))?;
        put(&mut fields, name, value, known)?;
    }
    Ok(fields)
}

/// Adds a field of a form. In a form every value is text: the text `true` or `false` of a flag becomes a boolean and a list an
/// array, so that handlers read them as in JSON.
pub fn put(fields: &mut Map<String, Value>, name: String, text: String, known: &[Field]) -> Result<(), ApiError> {
    let kind = known.iter().find(|field| field.name == name).map(|field| field.kind);
    let value = match text.as_str() {
        "true" if kind == Some(Kind::Flag) => Value::Bool(true),
        "false" if kind == Some(Kind::Flag) => Value::Bool(false),
        _ if kind == Some(Kind::List) => {
            let items = text.split(',').filter(|item| !item.trim().is_empty());
            items.map(Value::from).collect()
        }
        _ => Value::String(text),
    };
    match (fields.get_mut(&name), value) {
        (Some(Value::Array(items)), Value::Array(more)) => items.extend(more),
        (Some(_), _) => return Err(twice(&name)),
        (None, value) => drop(fields.insert(name, value)),
    }
    Ok(())
}

/// `+` is a space and `%41` is `A`. A `%` without two hexadecimal digits is itself.
fn unescaped(part: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = part.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use encoding_rs::{UTF_8, WINDOWS_1252};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const KNOWN: [Field; 3] = [Field::text("message"), Field::flag("force"), Field::list("people")];

    fn read(form: &str) -> Result<Value, String> {
        fields(form.as_bytes(), UTF_8, &KNOWN).map(Value::Object).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn a_form_with_more_fields_than_anybody_needs_is_refused() {
        let form = |fields: usize| (0..fields).map(|n| format!("f{n}=x&")).collect::<String>();
        assert!(read(&form(FIELDS_MAX)).is_ok());
        assert!(read(&form(FIELDS_MAX + 1)).is_err_and(|error| error.contains("more than 1000 fields")));
    }

    #[test]
    fn a_form_is_read_as_the_web_writes_it() {
        for (form, expected) in [
            ("number=549+11&message=a%20b%26c%3Dd", json!({ "number": "549 11", "message": "a b&c=d" })),
            ("message=%C3%B1%F0%9F%91%8D+ñ\r\n", json!({ "message": "ñ👍 ñ" })),
            ("message=100%&x=%zz%4", json!({ "message": "100%", "x": "%zz%4" })),
            ("&message=a=b&&x&", json!({ "message": "a=b", "x": "" })),
            ("force=true&message=true", json!({ "force": true, "message": "true" })),
            ("force=false&x=false", json!({ "force": false, "x": "false" })),
            ("force=1", json!({ "force": "1" })),
            ("people=1,+2&people=3", json!({ "people": ["1", " 2", "3"] })),
            ("people=&message=1,2", json!({ "people": [], "message": "1,2" })),
        ] {
            assert_eq!(read(form), Ok(expected), "{form}");
        }
        let latin = fields(b"message=a%F1o+\xf1&\xf1=1", WINDOWS_1252, &KNOWN).unwrap();
        assert_eq!(Value::Object(latin), json!({ "message": "año ñ", "ñ": "1" }));
    }

    #[test]
    fn what_is_wrong_in_a_form_is_named() {
        for (form, code, what) in [
            ("nope", "INVALID_JSON", "neither"),
            ("message=%F1", "INVALID_JSON", "message of the form is not text in UTF-8"),
            ("%F1=1", "INVALID_JSON", "The name of a field"),
            ("message=a&number=1&message=b", "CONTRADICTION", "message is given twice"),
            ("m%65ssage=a&message=a", "CONTRADICTION", "message is given twice"),
        ] {
            let error = read(form).unwrap_err();
            assert!(error.contains(code) && error.contains(what), "{form}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_form_makes_it_panic(form in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"%+&=aF1".to_vec())], 0..60)) {
            let _ = fields(&form, UTF_8, &KNOWN);
        }

        #[test]
        fn what_a_writer_of_forms_wrote_is_read(given in prop::collection::btree_map("\\PC{1,6}", any::<String>(), 1..6)) {
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&given).finish();
            let expected: Map<_, _> = given.into_iter().map(|(name, text)| (name, Value::String(text))).collect();
            prop_assert_eq!(fields(form.as_bytes(), UTF_8, &[]).ok(), Some(expected));
        }
    }
}
