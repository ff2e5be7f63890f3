//! The values of single fields.

use serde_json::{Map, Number, Value};

use crate::http::error::ApiError;

/// Up to this number, a floating-point number can hold every whole number exactly.
const EXACT_MAX: f64 = 9_007_199_254_740_991.0;

/// A field that is true or false, false when absent.
pub fn flag(fields: &Map<String, Value>, name: &str) -> Result<bool, ApiError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(ApiError::bad_request("INVALID_FIELD", format!("{name} must be true or false."))),
    }
}

/// A field that callers write as text or as a number, such as `"51"` or `51`.
pub fn text_or_number(fields: &Map<String, Value>, name: &str) -> Option<Result<String, ApiError>> {
    match fields.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(Ok(text.clone())),
        Some(Value::Number(number)) => Some(Ok(written(number))),
        Some(_) => Some(Err(ApiError::bad_request("INVALID_FIELD", format!("{name} must be text or a number.")))),
    }
}

/// Whether a field is a number of JSON that is below zero or has a fraction. As text it would be read as a phone number,
/// because dashes and dots in phone numbers are ignored.
pub fn is_not_whole(fields: &Map<String, Value>, name: &str) -> bool {
    fields.get(name).and_then(Value::as_f64).is_some_and(|number| number < 0.0 || number.fract() != 0.0)
}

/// A number as text. `51` and `51.0` are the same number in JSON, so both give `51`.
pub fn written(number: &Number) -> String {
    match number.as_f64() {
        Some(whole) if number.is_f64() && whole.fract() == 0.0 && whole.abs() <= EXACT_MAX => format!("{whole:.0}"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_written_without_its_fraction() {
        for (given, expected) in
            [("51", "51"), ("51.0", "51"), ("5.1e1", "51"), ("-3.0", "-3"), ("1.5", "1.5"), ("1e300", "1e+300")]
        {
            let number = serde_json::from_str::<Number>(given).ok();
            assert_eq!(number.map(|number| written(&number)).as_deref(), Some(expected), "{given}");
        }
    }
}
