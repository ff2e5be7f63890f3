#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::http::docs::allowed::Allowed;

use super::fields::{CLIENTE_MAX, KEY_MAX, Request, read};
use crate::domain::content::TEXT_MAX;

fn parse(body: &Value) -> Result<Request, String> {
    let fields = body.as_object().unwrap().clone();
    read(fields, &HeaderMap::new(), None).map_err(|error| format!("{error:?}"))
}

fn header(name: &'static str, value: &str) -> HeaderMap {
    [(http::HeaderName::from_static(name), value.parse().unwrap())].into_iter().collect()
}

#[test]
fn takes_what_the_hub_sends() {
    let request = parse(&json!({ "number": "5491122334455", "message": "hola", "cliente_id": 51 })).unwrap();
    assert_eq!(
        (request.to.to_string().as_str(), request.origin.cliente_id.as_deref()),
        ("5491122334455@c.us", Some("51"))
    );
    assert!(parse(&json!({ "to": "+54 9 11 2233-4455", "message": "hola" })).is_ok());
    assert!(parse(&json!({ "number": 5_491_122_334_455_u64, "message": "hola" })).is_ok());
    assert!(parse(&json!({ "number": null, "to": "120363000000000001@g.us", "message": "hola" })).is_ok());
}

#[test]
fn the_client_comes_from_the_body_or_else_from_the_header() {
    let headers = header("x-cliente-id", "7");
    for (cliente, expected) in [(json!(" 51 "), "51"), (json!(""), "7"), (json!(null), "7"), (json!(51), "51")] {
        let body = json!({ "number": "", "to": "5491122334455", "message": "x", "cliente_id": cliente });
        let read = read(body.as_object().unwrap().clone(), &headers, None).ok();
        assert_eq!(read.and_then(|request| request.origin.cliente_id).as_deref(), Some(expected), "{cliente}");
    }
}

#[test]
fn a_field_that_is_not_used_has_to_be_right_too() {
    let body = json!({ "number": "5491122334455", "message": "x", "cliente_id": 51, "idempotency_key": "k" });
    let is_read = |body: &Value, headers: &HeaderMap| read(body.as_object().unwrap().clone(), headers, None).is_ok();
    for (name, value) in [("x-cliente-id", "x".repeat(CLIENTE_MAX + 1)), ("idempotency-key", "k".repeat(KEY_MAX + 1))] {
        assert!(!is_read(&body, &header(name, &value)), "{name}");
    }
    for (name, value) in [("to", json!(false)), ("idempotency_key", json!(7))] {
        let mut body = body.clone();
        body[name] = value;
        assert!(!is_read(&body, &header("idempotency-key", "k")), "{name}");
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let body =
        json!({ "number": "+54 9 11 2233-4455", "to": "5491122334455@c.us", "message": "x", "idempotency_key": "k" });
    let error = |body: &Value, headers: &HeaderMap| {
        read(body.as_object().unwrap().clone(), headers, None).map(|_| ()).map_err(|error| format!("{error:?}")).err()
    };
    let mut keys = header("idempotency-key", "k");
    keys.append("idempotency-key", "k".parse().unwrap());
    assert_eq!(error(&body, &keys), None, "the same twice is no contradiction");
    for (to, code) in [
        (json!("5491122334456"), "CONTRADICTION"),
        (json!(5_491_122_334_456_u64), "CONTRADICTION"),
        (json!("whoever"), "INVALID_NUMBER"),
    ] {
        let mut body = body.clone();
        body["to"] = to;
        assert!(error(&body, &HeaderMap::new()).is_some_and(|error| error.contains(code)), "{body}");
    }
    let other = header("idempotency-key", "other");
    assert!(error(&body, &other).is_some_and(|error| error.contains("CONTRADICTION")));
    keys.append("idempotency-key", "other".parse().unwrap());
    assert!(error(&body, &keys).is_some_and(|error| error.contains("Idempotency-Key")));
}

#[test]
fn names_the_field_that_is_wrong() {
    let number = "5491122334455";
    for (body, code) in [
        (json!({ "message": "x" }), "INVALID_NUMBER"),
        (json!({ "number": [], "message": "x" }), "INVALID_NUMBER"),
        (json!({ "number": "12", "message": "x" }), "INVALID_NUMBER"),
        (json!({ "number": -5_491_122_334_455_i64, "message": "x" }), "INVALID_NUMBER"),
        (json!({ "number": 549_112_233.5, "message": "x" }), "INVALID_NUMBER"),
        (json!({ "number": number }), "INVALID_MESSAGE"),
        (json!({ "number": number, "message": 7 }), "INVALID_MESSAGE"),
        (json!({ "number": number, "message": " \n" }), "INVALID_MESSAGE"),
        (json!({ "number": number, "message": "é".repeat(TEXT_MAX + 1) }), "INVALID_MESSAGE"),
        (json!({ "number": number, "message": "x", "cliente_id": {} }), "INVALID_FIELD"),
        (json!({ "number": number, "message": "x", "idempotency_key": "" }), "INVALID_FIELD"),
        (json!({ "number": number, "message": "x", "idempotency_key": 7 }), "INVALID_FIELD"),
        (json!({ "number": number, "message": "x", "idempotency_key": "ñ" }), "INVALID_FIELD"),
        (json!({ "number": number, "message": "x", "idempotency_key": "k".repeat(KEY_MAX + 1) }), "INVALID_FIELD"),
    ] {
        assert!(parse(&body).is_err_and(|error| error.contains(code)), "{body}");
    }
    assert!(parse(&json!({ "number": number, "message": "é".repeat(TEXT_MAX) })).is_ok());
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(number in "\\PC{0,30}", message in "\\PC{0,30}", cliente in "\\PC{0,80}") {
        let _ = parse(&json!({ "number": number, "message": message, "cliente_id": cliente }));
    }
}

/// A field as a caller may write it: mostly one of these texts, sometimes a value of another type, sometimes absent.
fn field(texts: &'static str) -> impl Strategy<Value = Option<Value>> {
    let others = [
        json!(null),
        json!(""),
        json!(" \u{3000}"),
        json!(false),
        json!([]),
        json!(5_491_122_334_455.0),
        json!(-5_491_122_334_455_i64),
        json!(1.5),
    ];
    prop_oneof![
        20 => texts.prop_map(|text| Some(json!(text))),
        2 => prop::sample::select(others.to_vec()).prop_map(Some),
        1 => (0..10_u64.pow(17)).prop_map(|number| Some(json!(number))),
        1 => Just(None),
    ]
}

static BODY: LazyLock<Allowed> = LazyLock::new(|| Allowed::body("/send"));
static KEY: LazyLock<Allowed> = LazyLock::new(|| Allowed::parameter("/send", "Idempotency-Key"));
static CLIENTE: LazyLock<Allowed> = LazyLock::new(|| Allowed::parameter("/send", "X-Cliente-Id"));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn the_document_allows_the_bodies_that_are_read(
        number in field("\\s{0,2}|\\+?[0-9]{7,15}| {0,2}\\+?[ (]?[0-9]{3}[)-]{0,2}[0-9]{3,13} ?|[0-9]{1,33}@lid|[0-9-]{31,33}@g\\.us|\
                         [+0-9]{6,17}(@c\\.us)?|[0-9]{9}@x|[ +()0-9-]{6,24}|(tel:)?[0-9]{5,9}(:[0-9]{1,6})?(@c\\.us)?"),
        to in field("[0-9]{6,16}|\\PC{0,9}"),
        message in field("\\PC{0,3}|\\s{0,3}|[a-z]{1,9}|[\\x00-\\xa0]{1,3}|[\r\n\t a]{1,9}"),
        cliente_id in field("[a-z0-9]{0,66}|[0-9]{1,3}|[0-9]{1,3}|\\PC{0,9}|[0-9]\\n?[0-9]"),
        idempotency_key in field("[ -~]{1,9}|[ -~]{1,9}|[a-z]{254,256}|\\PC{0,3}"),
    ) {
        let fields = [
            ("number", number), ("to", to), ("message", message), ("cliente_id", cliente_id),
            ("idempotency_key", idempotency_key),
        ];
        let mut body: Map<_, _> = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        let mut is_read = read(body.clone(), &HeaderMap::new(), None);
        if is_read.as_ref().is_err_and(|error| format!("{error:?}").contains("CONTRADICTION")) {
            // That two fields are equal cannot be said in a schema.
            body.remove("to");
            is_read = read(body.clone(), &HeaderMap::new(), None);
        }
        prop_assert_eq!(BODY.holds(&Value::Object(body)), is_read.is_ok());
    }

    #[test]
    fn the_document_allows_the_headers_that_are_read(text in "[!-~]([ -~]{0,260}[!-~])?|[!-~]{60,68}") {
        let body = json!({ "number": "5491122334455", "message": "hola", "cliente_id": 51 });
        for (name, allowed) in [("idempotency-key", &KEY), ("x-cliente-id", &CLIENTE)] {
            let headers = header(name, &text);
            let is_read = read(body.as_object().unwrap().clone(), &headers, None).is_ok();
            prop_assert_eq!(allowed.holds_text(&text), is_read, "{}", name);
        }
    }
}
