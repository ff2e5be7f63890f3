//! The bodies that are read as forms too. A form has the fields of the JSON object, each as text, and no null.

use serde_json::{Map, Value, json};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// Describes the body of an operation as a form as well, where all of its fields are flat.
pub(super) fn describe(operation: &mut Value, schemas: &mut Value) {
    let Some(content) = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut) else { return };
    let Some(body) = content.get(JSON).cloned() else { return };
    let Some(name) = body["schema"]["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) else { return };
    if !is_flat(&schemas[name], schemas) {
        return;
    }
    let form = format!("{name}Form");
    schemas[&form] = without_null(&schemas[name]);
    content.insert(FORM.to_owned(), json!({ "schema": { "$ref": format!("#/components/schemas/{form}") } }));
    if let Some(examples) = body["examples"].as_object() {
        content[FORM]["examples"] = Value::Object(examples.clone());
    }
}

fn is_flat(body: &Value, schemas: &Value) -> bool {
    body["properties"].as_object().is_some_and(|fields| fields.values().all(|field| is_single(field, schemas)))
}

/// Whether a value is neither an object nor a list.
fn is_single(schema: &Value, schemas: &Value) -> bool {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return is_single(&schemas[name], schemas);
    }
    let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(choices) = choices {
        return choices.iter().all(|choice| is_single(choice, schemas));
    }
    let types = schema["type"].as_array().map_or(std::slice::from_ref(&schema["type"]), Vec::as_slice);
    types.iter().all(|kind| kind.as_str().is_some_and(|kind| !["object", "array"].contains(&kind)))
}

/// A schema whose values are never null.
fn without_null(schema: &Value) -> Value {
    match schema {
        Value::Array(parts) => {
            let parts = parts.iter().filter(|part| **part != json!({ "type": "null" }) && **part != json!("null"));
            parts.map(without_null).collect()
        }
        Value::Object(parts) => {
            let mut kept: Map<_, _> = parts.iter().map(|(name, part)| (name.clone(), without_null(part))).collect();
            if let Some([only]) = kept.get("type").and_then(Value::as_array).map(Vec::as_slice) {
                kept.insert("type".to_owned(), only.clone());
            }
            match kept.get("oneOf").and_then(Value::as_array).map(Vec::as_slice) {
                Some([only]) if kept.len() == 1 => only.clone(),
                _ => Value::Object(kept),
            }
        }
        single => single.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::document;
    use super::*;

    #[test]
    fn every_flat_body_is_described_as_a_form_without_null() {
        let document = document();
        for (path, name) in [("/send", "SendRequest"), ("/logout", "LogOut"), ("/pairing-code", "LinkByNumber")] {
            let content = &document["paths"][path]["post"]["requestBody"]["content"];
            let form = format!("{name}Form");
            assert_eq!(content[FORM]["schema"]["$ref"], format!("#/components/schemas/{form}"), "{path}");
            assert_eq!(content[FORM]["examples"], content[JSON]["examples"], "{path}");
            let (form, json) = (&document["components"]["schemas"][form], &document["components"]["schemas"][name]);
            assert!(!form.to_string().contains("\"null\"") && form["type"] == "object", "{form}");
            let names = |schema: &Value| {
                schema["properties"].as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>())
            };
            assert_eq!(names(form), names(json), "{path}");
        }
    }

    #[test]
    fn a_body_with_a_field_that_holds_others_is_no_form() {
        let mut schemas = json!({
            "Place": { "type": "object", "properties": { "latitude": { "type": "number" } } },
            "Flat": { "type": "object", "properties": { "a": { "type": ["string", "null"] } } },
            "Deep": { "type": "object", "properties": { "at": { "oneOf": [{ "$ref": "#/components/schemas/Place" }, { "type": "null" }] } } },
            "Listed": { "type": "object", "properties": { "a": { "type": "array", "items": { "type": "string" } } } },
            "OptionallyListed": { "type": "object", "properties": { "a": { "type": ["array", "null"] } } },
        });
        for (name, is_form) in [("Flat", true), ("Deep", false), ("Listed", false), ("OptionallyListed", false)] {
            let reference = format!("#/components/schemas/{name}");
            let mut operation = json!({ "requestBody": { "content": { JSON: { "schema": { "$ref": reference } } } } });
            describe(&mut operation, &mut schemas);
            assert_eq!(operation["requestBody"]["content"].get(FORM).is_some(), is_form, "{name}");
        }
        assert_eq!(schemas["FlatForm"]["properties"]["a"], json!({ "type": "string" }));
    }
}
