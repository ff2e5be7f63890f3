#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

/// Words in capitals that stand in no body.
const ELSEWHERE: [&str; 3] = ["DENY", "MEDIA_QUOTA_MB", "OTHER"];

/// Pages for people and their files, which no program asks for.
fn is_page(path: &str) -> bool {
    ["/", "/qr.html", "/docs", "/openapi.json"].contains(&path)
        || ["/docs/", "/page/"].iter().any(|own| path.starts_with(own))
}

/// The handlers' files without what is said to the document, and without tests.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [
        "src/http",
        "src/http/body",
        "src/http/error",
        "src/http/routes",
        "src/http/routes/groups",
        "src/http/routes/messages",
        "src/http/routes/send",
    ]
    .map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|end| end == "rs") && !path.ends_with("docs.rs"));
    files.map(|path| (path.clone(), code_of(&fs::read_to_string(&path).unwrap()))).collect()
}

fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let mut code = String::new();
    let mut inside = false;
    for line in text.lines() {
        inside |= line.starts_with("#[utoipa::path(");
        if !inside && !line.trim_start().starts_with("//") {
            code.push_str(line);
            code.push('\n');
        }
        inside &= !line.ends_with(")]");
    }
    code
}

/// The words in capitals that stand alone between quotes.
fn capitals(code: &str) -> BTreeSet<String> {
    let is_word = |text: &&str| text.len() > 3 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    code.split('"').filter(is_word).map(str::to_owned).collect()
}

#[test]
fn every_route_is_in_the_document_and_only_pages_are_not() {
    let router = sources().into_iter().find(|(path, _)| path.ends_with("router.rs")).unwrap().1;
    let plain: Vec<_> = router.split(".route(").skip(1).map(|route| route.split('"').nth(1).unwrap()).collect();
    assert!(plain.contains(&"/docs") && plain.iter().all(|path| is_page(path)), "{plain:?}");
    let handlers: usize = sources_of_handlers().iter().map(|(_, text)| text.matches("#[utoipa::path(").count()).sum();
    let mut document = document().clone();
    let described: Vec<_> = operations(&mut document["paths"]).map(|(path, ..)| path).collect();
    assert!(described.iter().all(|path| !is_page(path)), "{described:?}");
    assert_eq!(described.len(), handlers, "a handler is in no route");
}

#[test]
fn every_word_that_an_answer_may_hold_is_in_the_document() {
    let document = document().to_string();
    for (path, code) in sources() {
        for word in capitals(&code).iter().filter(|word| !ELSEWHERE.contains(&word.as_str())) {
            let known = document.contains(&format!("\"{word}\"")) || document.contains(&format!("`{word}`"));
            let known = known || errors::CODES.iter().any(|(code, ..)| code == word);
            assert!(known, "{word} of {} is not in the document", path.display());
        }
    }
}

#[test]
fn every_code_is_one_that_the_code_gives_and_that_an_operation_names() {
    let given: BTreeSet<_> = sources().iter().flat_map(|(_, code)| capitals(code)).collect();
    let mut document = document().clone();
    let named: BTreeSet<_> = operations(&mut document["paths"])
        .flat_map(|(_, _, operation)| capitals(&operation["responses"].to_string()))
        .collect();
    for (code, ..) in errors::CODES {
        assert!(given.contains(code), "nothing answers with {code}");
        // These come before there is a route, or instead of what it should have said.
        let beside = ["NOT_FOUND", "METHOD_NOT_ALLOWED", "BAD_REQUEST"].contains(&code);
        assert!(beside || named.contains(code), "no operation names {code}");
    }
    for (path, text) in sources_of_handlers() {
        for block in text.split("#[utoipa::path(").skip(1) {
            for code in capitals(block.split(")]\n").next().unwrap()) {
                assert!(
                    errors::CODES.iter().any(|(known, ..)| *known == code),
                    "{code} of {} is no code",
                    path.display()
                );
            }
        }
    }
}

fn sources_of_handlers() -> Vec<(PathBuf, String)> {
    sources().into_iter().map(|(path, _)| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut document = document().clone();
    let components = document["components"].clone();
    let mut seen = 0;
    for section in ["paths", "webhooks"] {
        for (path, method, operation) in operations(&mut document[section]) {
            let bodies = [("request", operation["requestBody"].clone())];
            let answers = operation["responses"].as_object().unwrap().clone();
            let answers = answers.iter().map(|(status, answer)| (status.as_str(), answer.clone()));
            for (what, body) in bodies.into_iter().chain(answers) {
                for (kind, content) in body["content"].as_object().into_iter().flatten() {
                    let examples = content["examples"].as_object();
                    assert!(kind != "application/json" || examples.is_some(), "{method} {path} {what} has no example");
                    let mut schema = content["schema"].clone();
                    assert!(schema.is_object(), "{method} {path} {what} {kind} has no schema");
                    schema["components"] = components.clone();
                    let validator = jsonschema::validator_for(&schema).unwrap();
                    for (name, example) in examples.into_iter().flatten() {
                        let problems: Vec<_> =
                            validator.iter_errors(&example["value"]).map(|e| e.to_string()).collect();
                        assert!(problems.is_empty(), "{method} {path} {what} {name}: {problems:?}");
                        seen += 1;
                    }
                }
            }
        }
    }
    assert!(seen > 60, "{seen} examples");
}

#[test]
fn every_field_of_few_words_is_there() {
    let schemas = &document()["components"]["schemas"];
    for (schema, field, _) in words::WORDS {
        assert!(schemas[schema]["properties"][field]["type"].is_string(), "{schema} has no {field}");
    }
    let outcomes = ["ok", "success"].map(|field| outcomes(schemas, field));
    assert!(outcomes.concat().iter().all(|outcome| outcome["enum"].is_array()), "{outcomes:?}");
    assert!(outcomes.iter().all(|outcomes| outcomes.len() > 5), "{outcomes:?}");
}

/// Finds every description of a field in the schemas.
fn outcomes<'a>(schema: &'a Value, field: &str) -> Vec<&'a Value> {
    let own = schema["properties"].get(field).into_iter();
    let parts = schema.as_object().into_iter().flat_map(Map::values);
    let parts = parts.chain(schema.as_array().into_iter().flatten());
    own.chain(parts.flat_map(|part| outcomes(part, field))).collect()
}

#[test]
fn a_parameter_of_the_query_may_be_empty_unless_it_is_wanted() {
    use allowed::Allowed;
    for (path, name, may_be_empty) in [
        ("/messages", "direction", true),
        ("/messages", "limit", true),
        ("/deliveries/dead", "after", true),
        ("/deliveries/dead/replay", "target", false),
    ] {
        assert_eq!(Allowed::parameter(path, name).holds_text(""), may_be_empty, "{path} {name}");
    }
}

#[test]
fn every_example_belongs_to_an_operation() {
    let examples: Value = serde_json::from_str(EXAMPLES).unwrap();
    let text = document().to_string();
    for name in examples.as_object().unwrap().keys() {
        assert!(text.contains(&format!("\"operationId\":\"{name}\"")), "{name}");
    }
}
