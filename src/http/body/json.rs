//! JSON in which every field is given once. `serde_json` by itself keeps the last of two.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::twice;
use crate::http::error::ApiError;

/// The most values in a body. In memory each takes many times the bytes that it has in a body.
const VALUES_MAX: usize = 100_000;

/// The fields of a JSON object.
pub fn fields(text: &str) -> Result<Map<String, Value>, ApiError> {
    let (second, left) = (RefCell::new(None), Cell::new(VALUES_MAX));
    let mut json = serde_json::Deserializer::from_str(text);
    let read =
        Reader { second: &second, left: &left }.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    if let Some(name) = second.into_inner() {
        return Err(twice(&name));
    }
    match read {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(ApiError::bad_request("INVALID_JSON", "The body must be a JSON object.")),
        Err(error) => Err(ApiError::bad_request("INVALID_JSON", format!("The body is not JSON: {error}."))),
    }
}

/// Reads a value as `serde_json` does, and ends at a field that is given a second time, at any depth.
#[derive(Clone, Copy)]
struct Reader<'a> {
    /// The name of that field.
    second: &'a RefCell<Option<String>>,
    /// How many values more may come.
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.ok_or_else(|| D::Error::custom("it has more than 100,000 values"))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if fields.contains_key(&name) {
                *self.second.borrow_mut() = Some(name);
                return Err(A::Error::custom("a field is given twice"));
            }
            let value = map.next_value_seed(self)?;
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refusal(text: &str) -> String {
        format!("{:?}", fields(text).unwrap_err())
    }

    #[test]
    fn a_field_that_is_given_twice_is_named() {
        for text in [
            r#"{"message":"a","number":"1","message":"b"}"#,
            r#"{"message":"a","message":"a"}"#,
            r#"{"m\u0065ssage":"a","message":"a"}"#,
            r#"{"data":[{"x":{"message":null,"message":null}}]}"#,
        ] {
            let refusal = refusal(text);
            assert!(refusal.contains("CONTRADICTION") && refusal.contains("message is given twice"), "{refusal}");
        }
        assert!(fields(r#"{"a":{"message":1},"b":{"message":2},"message":3}"#).is_ok(), "in three objects");
    }

    #[test]
    fn what_is_no_object_is_not_read() {
        for text in ["[1]", "{", "nope", "\"text\"", "{} {}", "{\"a\":1,}", "null", "{\"a\":NaN}", "{\"a\":1e999}"] {
            assert!(refusal(text).contains("INVALID_JSON"), "{text}");
        }
        let wide = |values: usize| format!("{{\"a\":[{}1]}}", "1,".repeat(values - 3));
        assert!(fields(&wide(VALUES_MAX)).is_ok());
        assert!(refusal(&wide(VALUES_MAX + 1)).contains("more than 100,000 values"));
        let deep = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert!(fields(&deep(100)).is_ok());
        assert!(refusal(&deep(100_000)).contains("INVALID_JSON"), "nested too deeply");
    }

    /// Values of every type, in one another.
    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn an_object_is_read_as_serde_json_reads_it(
            given in prop::collection::btree_map("\\PC{0,6}", value(), 0..6), is_spaced in any::<bool>(),
        ) {
            let object = Value::Object(given.into_iter().collect());
            let text = if is_spaced { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
            let text = text.unwrap();
            prop_assert_eq!(Value::Object(fields(&text).unwrap()), serde_json::from_str::<Value>(&text).unwrap());
        }

        #[test]
        fn what_looks_like_json_is_read_or_refused_as_serde_json_does(text in r#"[{}\[\],:"\\ue0-9a.+ -]{0,24}|\{("[ab]":[0-9]{1,2},?){0,4}\}"#) {
            let read = fields(&text);
            let expected = serde_json::from_str::<Map<String, Value>>(&text);
            match (read, expected) {
                (Ok(read), expected) => prop_assert_eq!(Some(read), expected.ok()),
                (Err(error), Ok(_)) => prop_assert!(format!("{error:?}").contains("is given twice"), "{:?}", error),
                (Err(_), Err(_)) => {}
            }
        }
    }
}
