//! A message template, which WhatsApp has approved before and which alone opens a conversation at the Cloud API.

use serde_json::Value;

use super::message::Details;

/// WhatsApp's limits on names and on what is filled in.
const NAME_MAX: usize = 512;
const COMPONENTS_MAX: usize = 32;
const PARAMETERS_MAX: usize = 64;
/// Meta's limits on a text that is filled in (developers.facebook.com, WhatsApp, "Messages", parameter object): by the component,
/// and a body's by whether other components go with it. A button's is the end of an address.
const HEADER_MAX: usize = 60;
const BODY_MAX: usize = 1024;
const BODY_ALONE_MAX: usize = 32_768;
const BUTTON_MAX: usize = 2000;
/// The deepest component: cards of a carousel have components of their own.
const DEPTH_MAX: usize = 4;
const TYPES: [&str; 7] = ["header", "body", "button", "carousel", "limited_time_offer", "order_status", "footer"];

#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    name: String,
    language: String,
    components: Vec<Details>,
}

impl Eq for Template {}

/// What is wrong with a template. The sentence goes on after `template`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error(".name must have 1 to {NAME_MAX} lower-case letters, digits and underscores")]
    Name,
    #[error(".language must be a code such as es, es_AR or en_US")]
    Language,
    #[error(".components must be a list of at most {COMPONENTS_MAX} objects, each with a type of {}", TYPES.join(", "))]
    Components,
    #[error(
        ".components[{0}].parameters must be a list of at most {PARAMETERS_MAX} objects with a type each. A text is not empty and \
         has no line ends, no tabs and no more than four spaces in a row, and at most {HEADER_MAX} characters in a header, \
         {BODY_ALONE_MAX} in a body that is the only component, {BODY_MAX} in another body, {BUTTON_MAX} in a button; an image, \
         video, gif or document has an id or a link"
    )]
    Parameters(usize),
    #[error(".components[{0}] is a button, so it needs a sub_type and an index")]
    Button(usize),
}

impl Template {
    /// # Errors
    /// [`TemplateError`]: the Cloud API would refuse it.
    pub fn new(name: &str, language: &str, components: Vec<Value>) -> Result<Self, TemplateError> {
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !(1..=NAME_MAX).contains(&name.len()) || !name.bytes().all(is_name) {
            return Err(TemplateError::Name);
        }
        if !is_language(language) {
            return Err(TemplateError::Language);
        }
        if components.len() > COMPONENTS_MAX {
            return Err(TemplateError::Components);
        }
        for (n, component) in components.iter().enumerate() {
            check(n, component, 0, components.len() == 1)?;
        }
        let components = components.into_iter().map(Details).collect();
        Ok(Self { name: name.to_owned(), language: language.to_owned(), components })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn language(&self) -> &str {
        &self.language
    }

    pub fn components(&self) -> Vec<Value> {
        self.components.iter().map(|Details(component)| component.clone()).collect()
    }
}

/// `es`, `es_AR`, `zh_Hans`.
fn is_language(text: &str) -> bool {
    let (language, rest) = text.split_once('_').unwrap_or((text, "AR"));
    let is_lower = (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
    is_lower && (2..=8).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn check(n: usize, component: &Value, depth: usize, is_alone: bool) -> Result<(), TemplateError> {
    let kind = component["type"].as_str().map(str::to_ascii_lowercase).ok_or(TemplateError::Components)?;
    if !TYPES.contains(&kind.as_str()) || depth > DEPTH_MAX {
        return Err(TemplateError::Components);
    }
    let is_index =
        |value: &Value| value.as_u64().is_some() || value.as_str().is_some_and(|text| text.parse::<u64>().is_ok());
    if kind == "button" && (!component["sub_type"].is_string() || !is_index(&component["index"])) {
        return Err(TemplateError::Button(n));
    }
    let text_max = match kind.as_str() {
        "header" => HEADER_MAX,
        "body" if is_alone => BODY_ALONE_MAX,
        "button" => BUTTON_MAX,
        _ => BODY_MAX,
    };
    let is_parameter = |parameter: &Value| is_parameter(parameter, text_max);
    match &component["parameters"] {
        Value::Null => {}
        Value::Array(parameters) if parameters.len() <= PARAMETERS_MAX && parameters.iter().all(is_parameter) => {}
        _ => return Err(TemplateError::Parameters(n)),
    }
    let cards = component["cards"].as_array().into_iter().flatten();
    cards
        .flat_map(|card| card["components"].as_array().into_iter().flatten())
        .try_for_each(|one| check(n, one, depth + 1, false))
}

fn is_parameter(parameter: &Value, text_max: usize) -> bool {
    let is_text = |text: &str| {
        !text.is_empty()
            && text.chars().count() <= text_max
            && !text.contains(['\n', '\r', '\t'])
            && !text.contains("     ")
    };
    let is_given = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    match parameter["type"].as_str().map(str::to_ascii_lowercase).as_deref() {
        None => false,
        Some("text") => parameter["text"].as_str().is_some_and(is_text),
        Some(kind @ ("image" | "video" | "gif" | "document")) => {
            is_given(&parameter[kind]["id"]) || is_given(&parameter[kind]["link"])
        }
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_is_checked_before_it_goes() {
        let body = |text: &str| json!({ "type": "body", "parameters": [{ "type": "text", "text": text }] });
        let new = |name: &str, language: &str, components: Vec<Value>| Template::new(name, language, components).err();
        assert_eq!(new("pago_vencido", "es_AR", vec![body("Ana")]), None);
        assert_eq!(new("pago", "es", vec![json!({ "type": "button", "sub_type": "url", "index": "0" })]), None);
        assert_eq!(new("Pago", "es", vec![]), Some(TemplateError::Name));
        assert_eq!(new("", "es", vec![]), Some(TemplateError::Name));
        for language in ["", "español", "ES", "e", "es-AR"] {
            assert_eq!(new("pago", language, vec![]), Some(TemplateError::Language), "{language}");
        }
        assert_eq!(new("pago", "es", vec![json!({ "type": "nose" })]), Some(TemplateError::Components));
        assert_eq!(new("pago", "es", vec![json!("x")]), Some(TemplateError::Components));
        assert_eq!(new("pago", "es", vec![json!({ "type": "button" })]), Some(TemplateError::Button(0)));
        for text in ["", "a\nb", "a     b", &"x".repeat(1025)] {
            assert_eq!(new("pago", "es", vec![body("a"), body(text)]), Some(TemplateError::Parameters(1)), "{text}");
        }
    }

    #[test]
    fn each_value_has_the_limit_of_its_component() {
        let refused = |components: Vec<Value>| Template::new("pago", "es", components).err();
        let with = |kind: &str, parameter: Value| json!({ "type": kind, "sub_type": "url", "index": 0, "parameters": [parameter] });
        let text = |length: usize| json!({ "type": "text", "text": "ñ".repeat(length) });
        for (kind, most) in [("header", 60), ("button", 2000), ("limited_time_offer", 1024), ("body", 1024)] {
            let beside = || with("body", text(1));
            assert_eq!(refused(vec![beside(), with(kind, text(most))]), None, "{kind}");
            let longer = refused(vec![beside(), with(kind, text(most + 1))]);
            assert_eq!(longer, Some(TemplateError::Parameters(1)), "{kind}");
        }
        assert_eq!(refused(vec![with("body", text(32_768))]), None);
        assert_eq!(refused(vec![with("body", text(32_769))]), Some(TemplateError::Parameters(0)));
        for good in [
            json!({ "type": "image", "image": { "id": "1" } }),
            json!({ "type": "document", "document": { "link": "https://example.com/a.pdf", "filename": "a.pdf" } }),
            json!({ "type": "currency", "currency": { "fallback_value": "$1", "code": "ARS", "amount_1000": 1000 } }),
        ] {
            assert_eq!(refused(vec![with("header", good.clone())]), None, "{good}");
        }
        for wrong in [
            json!({ "type": "image" }),
            json!({ "type": "video", "video": { "id": "" } }),
            json!({ "type": "document", "document": { "filename": "a.pdf" } }),
            json!({ "type": "document", "image": { "id": "1" } }),
        ] {
            let said = refused(vec![with("header", wrong.clone())]);
            assert_eq!(said, Some(TemplateError::Parameters(0)), "{wrong}");
        }
    }

    #[test]
    fn what_is_filled_in_stays_out_of_logs() {
        let secret = json!({ "type": "body", "parameters": [{ "type": "text", "text": "un secreto" }] });
        let printed = format!("{:?}", Template::new("pago", "es", vec![secret]));
        assert!(!printed.contains("secreto"), "{printed}");
    }
}
