//! The bodies that are read as forms too. A form has the fields of the JSON object, each as text, and no null.

use serde_json::{Map, Value, json};

use super::of_texts_only;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data";
/// The field that a form has as a file.
const MEDIA: &str = "media";
/// The fields that are lists in a form too.
const LISTS: [&str; 6] = ["mentions", "participants", "add", "remove", "promote", "demote"];

/// Describes the body of an operation as a form as well. Fields that hold others are left out; a body with no other fields is
/// no form.
pub(super) fn describe(operation: &mut Value, schemas: &mut Value) {
    let Some(content) = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut) else { return };
    let Some(body) = content.get(JSON).cloned() else { return };
    let Some(name) = body["schema"]["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) else { return };
    let Some(fields) = schemas[name]["properties"].as_object() else { return };
    let nested: Vec<_> = fields
        .iter()
        .filter(|(name, field)| !LISTS.contains(&name.as_str()) && !is_single(field, schemas))
        .map(|(name, _)| name.clone())
        .collect();
    if nested.len() == fields.len() {
        return;
    }
    let form = nested.iter().fold(without_null(&schemas[name]), |form, field| without(&form, field));
    if nested.iter().any(|field| field == MEDIA) {
        let upload = format!("{name}Multipart");
        schemas[&upload] = with_file(&form, schemas);
        content.insert(MULTIPART.to_owned(), json!({ "schema": { "$ref": format!("#/components/schemas/{upload}") } }));
    }
    let form_name = format!("{name}Form");
    schemas[&form_name] = form;
    content.insert(FORM.to_owned(), json!({ "schema": { "$ref": format!("#/components/schemas/{form_name}") } }));
    if let Some(examples) = body["examples"].as_object() {
        let is_flat = |example: &Value| nested.iter().all(|field| example["value"].get(field).is_none());
        let flat = examples.iter().filter(|(_, example)| is_flat(example));
        content[FORM]["examples"] = flat.map(|(name, example)| (name.clone(), example.clone())).collect();
    }
}

/// A schema of values that do not have this field.
fn without(schema: &Value, field: &str) -> Value {
    let wants = |part: &Value| part["required"].as_array().is_some_and(|names| names.iter().any(|name| name == field));
    match schema {
        Value::Array(parts) => parts.iter().filter(|part| !wants(part)).map(|part| without(part, field)).collect(),
        Value::Object(parts) => {
            let parts = parts.iter().map(|(name, part)| match (name.as_str(), part.as_object()) {
                ("properties", Some(fields)) => {
                    let kept = fields.iter().filter(|(name, _)| *name != field);
                    (name.clone(), kept.map(|(name, part)| (name.clone(), part.clone())).collect())
                }
                _ => (name.clone(), without(part, field)),
            });
            Value::Object(parts.collect())
        }
        single => single.clone(),
    }
}

/// The form with a file, and with what `media` says beside the bytes.
fn with_file(form: &Value, schemas: &Value) -> Value {
    let mut form = form.clone();
    let file = json!({ "type": "string", "format": "binary", "description": "The file, with its name and its type." });
    for name in ["mimetype", "kind", "filename", "view_once"] {
        form["properties"][name] = without_null(&schemas["MediaRequest"]["properties"][name]);
    }
    form["properties"]["file"] = file;
    for choice in form["allOf"].as_array_mut().into_iter().flatten() {
        let choices = choice["anyOf"].as_array_mut();
        let Some(choices) = choices.filter(|choices| choices.iter().any(|one| one["required"] == json!(["message"])))
        else {
            continue;
        };
        let without = without_null(&Value::from_iter(of_texts_only()));
        choices.push(json!({ "required": ["file"], "properties": without }));
    }
    form
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
            let examples = |kind: &str| content[kind]["examples"].as_object().cloned().unwrap_or_default();
            // Objects of JSON only.
            let nested = [MEDIA, "template", "location", "contacts", "poll"];
            let is_flat = |example: &Value| nested.iter().all(|field| example["value"].get(field).is_none());
            assert!(
                examples(JSON).iter().all(|(name, one)| examples(FORM).contains_key(name) == is_flat(one)),
                "{path}"
            );
            let (form, json) = (&document["components"]["schemas"][form], &document["components"]["schemas"][name]);
            assert!(!form.to_string().contains("\"null\"") && form["type"] == "object", "{form}");
            let names = |schema: &Value| {
                let names = schema["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned());
                names.filter(|name| !nested.contains(&name.as_str())).collect::<Vec<_>>()
            };
            assert_eq!(names(form), names(json), "{path}");
            assert!(form["properties"].get(MEDIA).is_none(), "{form}");
        }
    }

    #[test]
    fn a_form_with_a_file_needs_no_message() {
        let mut schema = document()["components"]["schemas"]["SendRequestMultipart"].clone();
        schema["components"] = document()["components"].clone();
        let is_allowed = |value: Value| jsonschema::validator_for(&schema).is_ok_and(|schema| schema.is_valid(&value));
        assert!(is_allowed(json!({ "number": "5491122334455", "file": "x", "kind": "voice", "view_once": true })));
        assert!(is_allowed(json!({ "number": "5491122334455", "file": "x", "message": "" })));
        assert!(is_allowed(json!({ "number": "5491122334455", "message": "hola" })));
        assert!(!is_allowed(json!({ "number": "5491122334455" })));
        assert!(!is_allowed(json!({ "file": "x" })));
        assert!(!is_allowed(json!({ "number": "5491122334455", "file": "x", "kind": "film" })));
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
