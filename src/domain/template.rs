//! A message template, which WhatsApp has approved before and which alone opens a conversation at the Cloud API.

use serde_json::Value;

use super::message::Details;

/// WhatsApp's limits on names and on what is filled in.
const NAME_MAX: usize = 512;
const COMPONENTS_MAX: usize = 32;
const PARAMETERS_MAX: usize = 64;
const PARAMETER_MAX: usize = 1024;
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
        ".components[{0}].parameters must be a list of at most {PARAMETERS_MAX} objects with a type each, whose texts are \
         not empty and have at most {PARAMETER_MAX} characters, no line ends or tabs and no more than four spaces in a row"
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
            check(n, component, 0)?;
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

fn check(n: usize, component: &Value, depth: usize) -> Result<(), TemplateError> {
    let kind = component["type"].as_str().map(str::to_ascii_lowercase).ok_or(TemplateError::Components)?;
    if !TYPES.contains(&kind.as_str()) || depth > DEPTH_MAX {
        return Err(TemplateError::Components);
    }
    let is_index =
        |value: &Value| value.as_u64().is_some() || value.as_str().is_some_and(|text| text.parse::<u64>().is_ok());
    if kind == "button" && (!component["sub_type"].is_string() || !is_index(&component["index"])) {
        return Err(TemplateError::Button(n));
    }
    match &component["parameters"] {
        Value::Null => {}
        Value::Array(parameters) if parameters.len() <= PARAMETERS_MAX && parameters.iter().all(is_parameter) => {}
        _ => return Err(TemplateError::Parameters(n)),
    }
    let cards = component["cards"].as_array().into_iter().flatten();
    cards
        .flat_map(|card| card["components"].as_array().into_iter().flatten())
        .try_for_each(|one| check(n, one, depth + 1))
}

fn is_parameter(parameter: &Value) -> bool {
    let is_text = |text: &str| {
        !text.is_empty()
            && text.chars().count() <= PARAMETER_MAX
            && !text.contains(['\n', '\r', '\t'])
            && !text.contains("     ")
    };
    let Some(kind) = parameter["type"].as_str() else { return false };
    kind != "text" || parameter["text"].as_str().is_some_and(is_text)
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
    fn what_is_filled_in_stays_out_of_logs() {
        let secret = json!({ "type": "body", "parameters": [{ "type": "text", "text": "un secreto" }] });
        let printed = format!("{:?}", Template::new("pago", "es", vec![secret]));
        assert!(!printed.contains("secreto"), "{printed}");
    }
}
