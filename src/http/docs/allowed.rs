//! Says what the document allows in a request. The tests of the handlers compare this with what the handlers accept.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::document;

pub struct Allowed {
    validator: jsonschema::Validator,
    is_empty_allowed: bool,
}

impl Allowed {
    /// The values that a parameter may have.
    pub fn parameter(path: &str, name: &str) -> Self {
        let operation = document()["paths"][path].as_object().unwrap().values().next().unwrap();
        let parameters = operation["parameters"].as_array().unwrap();
        let parameter = parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
        Self::new(&parameter["schema"], parameter["allowEmptyValue"] == true)
    }

    /// The values that the body of a POST may have.
    pub fn body(path: &str) -> Self {
        Self::body_of(path, "post")
    }

    /// The values that the body of a request with this method may have.
    pub fn body_of(path: &str, method: &str) -> Self {
        Self::new(&document()["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"], false)
    }

    fn new(schema: &Value, is_empty_allowed: bool) -> Self {
        let mut schema = schema.clone();
        assert!(schema.is_object());
        schema["components"] = document()["components"].clone();
        Self { validator: jsonschema::validator_for(&schema).unwrap(), is_empty_allowed }
    }

    pub fn holds(&self, value: &Value) -> bool {
        self.validator.is_valid(value)
    }

    /// Whether a parameter may have this text as its value. In an address, whole numbers are text too.
    pub fn holds_text(&self, text: &str) -> bool {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_number.then(|| serde_json::from_str(text.trim_start_matches('0')).unwrap_or(json!(0)));
        let is_given = !(self.is_empty_allowed && text.is_empty());
        !is_given || self.holds(&json!(text)) || number.is_some_and(|number| self.holds(&number))
    }
}
