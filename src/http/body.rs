//! Reads the fields of a body, JSON or a form, from a caller who may be slow, large, or wrong.

mod arriving;
mod decoding;
mod form;
mod json;
pub mod multipart;
mod values;

use axum::body::Body;
use futures_util::StreamExt;
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::domain::slip;

use super::error::ApiError;

pub use arriving::{BODY_MAX, Place, bytes_up_to};
pub use decoding::refuse_compression;
pub use values::{flag, is_not_whole, text_or_number, written};

/// The most characters of a caller's own text that an error message quotes.
const REPEATED_MAX: usize = 64;

/// A field that a route reads.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    name: &'static str,
    kind: Kind,
}

/// The type that a form's field is read as. In JSON the value itself has a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Flag,
    List,
}

impl Field {
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text }
    }

    pub const fn texts<const N: usize>(names: [&'static str; N]) -> [Self; N] {
        let mut fields = [Self::text(""); N];
        let mut at = 0;
        while at < N {
            fields[at] = Self::text(names[at]);
            at += 1;
        }
        fields
    }

    pub const fn flag(name: &'static str) -> Self {
        Self { name, kind: Kind::Flag }
    }

    /// In a form the values are separated by commas, or the field is repeated.
    pub const fn list(name: &'static str) -> Self {
        Self { name, kind: Kind::List }
    }
}

/// The fields of a body; none for an empty body. Unknown fields are among them. An unknown field that looks like a typing error
/// of a known field that is not given is refused.
pub async fn fields(headers: &HeaderMap, body: Body, known: &[Field]) -> Result<Map<String, Value>, ApiError> {
    read(headers, arriving::bytes(body).await?, known)
}

/// Whether a body begins with `{`, which is JSON whatever its type says; and the same body.
pub async fn is_json(body: Body) -> Result<(bool, Body), ApiError> {
    let (first, rest) = arriving::beginning(body).await?;
    let is_json = first.trim_ascii_start().first() == Some(&b'{');
    let first = futures_util::stream::once(std::future::ready(Ok::<_, axum::Error>(first)));
    Ok((is_json, Body::from_stream(first.chain(rest.into_data_stream()))))
}

/// As [`fields`], where a JSON object may have up to 25 MiB. The place is one among few for such long bodies; whoever
/// has the fields holds it while they are in memory.
pub async fn long_fields(
    headers: &HeaderMap,
    body: Body,
    known: &[Field],
) -> Result<(Map<String, Value>, Option<Place>), ApiError> {
    let (bytes, place) = arriving::long(body).await?;
    Ok((read(headers, bytes, known)?, place))
}

fn read(headers: &HeaderMap, bytes: Vec<u8>, known: &[Field]) -> Result<Map<String, Value>, ApiError> {
    let Some(written) = decoding::recognised(headers, bytes)? else { return Ok(Map::new()) };
    let fields = match written.form {
        decoding::Form::Json => json::fields(&written.text()?)?,
        decoding::Form::UrlEncoded if written.bytes.len() > BODY_MAX => return Err(arriving::too_large(BODY_MAX)),
        decoding::Form::UrlEncoded => form::fields(&written.bytes, written.encoding, known)?,
    };
    refuse_slips(&fields, known)?;
    Ok(fields)
}

/// Refuses an unknown field that looks like a slip of a known one.
pub fn refuse_slips(fields: &Map<String, Value>, known: &[Field]) -> Result<(), ApiError> {
    let unknown = fields.keys().filter(|name| !known.iter().any(|field| field.name == *name));
    let not_given: Vec<_> = known.iter().map(|field| field.name).filter(|name| !fields.contains_key(*name)).collect();
    let Some((unknown, meant)) = slip::first(unknown, &not_given) else { return Ok(()) };
    let message = format!("The field {} is not known. Did you mean {meant}?", shortened(unknown));
    Err(ApiError::bad_request("INVALID_FIELD", message))
}

/// The error for a field that is given twice: the service cannot know which of the two values is meant.
fn twice(name: &str) -> ApiError {
    ApiError::bad_request("CONTRADICTION", format!("{} is given twice: send it once.", shortened(name)))
}

/// A caller's own text, shortened and without control characters, to be quoted in an error message.
pub fn shortened(text: &str) -> String {
    let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    match text.char_indices().nth(REPEATED_MAX) {
        Some(_) => clean.take(REPEATED_MAX).chain(['…']).collect(),
        None => clean.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::arriving::BODY_MAX;
    use super::*;

    const KNOWN: [Field; 4] = [Field::text("number"), Field::text("to"), Field::text("message"), Field::flag("force")];

    async fn refusal(bytes: impl Into<Body>) -> Option<String> {
        fields(&HeaderMap::new(), bytes.into(), &KNOWN).await.err().map(|error| format!("{error:?}"))
    }

    #[tokio::test]
    async fn tells_what_is_wrong_with_a_body() {
        assert_eq!(refusal("{\"a\":1}").await, None);
        assert_eq!(refusal(" \n").await, None);
        for wrong in ["[1]", "{", "nope", "\"text\""] {
            assert!(refusal(wrong).await.is_some_and(|e| e.contains("INVALID_JSON")), "{wrong}");
        }
        assert!(refusal(&b"{\"a\":\"\xff\"}"[..]).await.is_some_and(|e| e.contains("INVALID_JSON")));
        assert!(refusal(vec![b' '; BODY_MAX + 1]).await.is_some_and(|e| e.contains("BODY_TOO_LARGE")));
    }

    #[tokio::test]
    async fn a_field_that_looks_like_a_slip_of_another_is_named_with_that_one() {
        for (body, unknown, meant) in [
            (r#"{"number":"1","mesage":"x"}"#, "mesage", "message"),
            (r#"{"number":"1","Message":"x"}"#, "Message", "message"),
            (r#"{"nubmer":null,"to":"1","message":"x"}"#, "nubmer", "number"),
            (r#"{"To":"1","message":"x"}"#, "To", "to"),
        ] {
            let refusal = refusal(body).await.unwrap_or_default();
            let sentence = format!("The field {unknown} is not known. Did you mean {meant}?");
            assert!(refusal.contains("INVALID_FIELD") && refusal.contains(&sentence), "{body}: {refusal}");
        }
        for body in [
            r#"{"number":"1","message":"x","mesage":"x","Number":"2"}"#,
            r#"{"number":"1","message":"x","subject":"x","tu":1,"":2}"#,
        ] {
            assert_eq!(refusal(body).await, None, "{body}");
        }
    }

    #[tokio::test]
    async fn what_a_caller_wrote_is_not_repeated_at_length() {
        let long = format!("{}\u{0}", "ñ".repeat(5000));
        let refusal = refusal(
            serde_json::json!({ "a": 1 }).to_string().replace("{", &format!("{{\"{}\":1,\"{0}\":2,", "ñ".repeat(5000))),
        )
        .await;
        assert!(refusal.is_some_and(|refusal| refusal.len() < 500 && refusal.contains('…')));
        assert_eq!(shortened(&long).chars().count(), REPEATED_MAX + 1);
        assert_eq!(shortened("a\u{0}b"), "a b");
    }

    #[tokio::test(start_paused = true)]
    async fn does_not_wait_for_ever() {
        let never = Body::from_stream(futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
        assert!(refusal(never).await.is_some_and(|e| e.contains("BODY_TOO_SLOW")));
    }
}
