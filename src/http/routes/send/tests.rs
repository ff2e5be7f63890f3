#![allow(clippy::unwrap_used, clippy::panic)]

mod kinds;

use std::sync::LazyLock;

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::http::docs::allowed::Allowed;

use super::fields::{Asked, CLIENTE_MAX, KEY_MAX, Request, read};
use super::media::{Source, refuse_without_file};
use crate::domain::content::TEXT_MAX;
use crate::domain::media::MediaKind;
use crate::http::upload::Given;

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

fn asked(media: Value, message: Option<&str>) -> Result<super::media::Asked, String> {
    let request = parse(&json!({ "number": "5491122334455", "message": message, "media": media }))?;
    match request.content {
        Asked::File(asked) => Ok(*asked),
        Asked::Content(content) => Err(format!("{content:?}")),
    }
}

#[test]
fn a_file_is_named_in_one_way_and_its_caption_may_be_blank() {
    let id = json!({ "id": "000102030405060708090a0b0c0d0e0f", "url": null });
    let file = asked(id, Some("hola\r\n")).unwrap();
    assert!(matches!(file.source, Source::Id(Some(_))));
    assert_eq!(file.wanted.caption.map(|text| text.reveal().to_owned()).as_deref(), Some("hola\r\n"));
    let url = json!({ "url": "https://a.example/x", "kind": "voice", "view_once": true, "mimetype": "audio/ogg", "filename": "a" });
    let file = asked(url, Some(" ")).unwrap();
    let wanted = (file.wanted.kind, file.wanted.view_once, file.wanted.caption);
    assert!(matches!(file.source, Source::Url(_)) && wanted == (Some(MediaKind::Voice), true, None));
    assert!(matches!(asked(json!({ "id": "x" }), None).unwrap().source, Source::Id(None)));
    for (media, message, code, what) in [
        (json!("x"), None, "INVALID_MEDIA", "media must be an object"),
        (json!({}), None, "INVALID_MEDIA", "one of id, url and data"),
        (json!({ "id": null }), None, "INVALID_MEDIA", "one of id, url and data"),
        (json!({ "id": "a", "data": "aGk=" }), None, "CONTRADICTION", "more than one of"),
        (json!({ "id": 7 }), None, "INVALID_MEDIA", "media.id must be text"),
        (json!({ "data": "*" }), None, "INVALID_MEDIA", "media.data is no base64"),
        (json!({ "url": "file:///etc/passwd" }), None, "MEDIA_URL_REFUSED", "media.url is no address of the web"),
        (json!({ "url": "http://u:p@a/" }), None, "MEDIA_URL_REFUSED", "password"),
        (json!({ "id": "a", "kind": "film" }), None, "INVALID_MEDIA", "media.kind must be one of image, video"),
        (json!({ "id": "a", "kind": "video_note" }), None, "INVALID_MEDIA", "media.kind"),
        (json!({ "id": "a", "view_once": "yes" }), None, "INVALID_MEDIA", "media.view_once"),
        (json!({ "id": "a", "filename": 7 }), None, "INVALID_MEDIA", "media.filename"),
        (json!({ "id": "a", "kidn": "image" }), None, "INVALID_FIELD", "Did you mean kind"),
        (json!({ "id": "a", "kind": "sticker" }), Some("x"), "INVALID_MEDIA", "message is given"),
        (json!({ "id": "a", "kind": "document", "view_once": true }), None, "INVALID_MEDIA", "view_once is given"),
        (json!({ "id": "a" }), Some("\u{1b}"), "INVALID_MESSAGE", "control character"),
        (json!(null), None, "INVALID_MESSAGE", "message is missing"),
    ] {
        let error = asked(media, message).unwrap_err();
        assert!(error.contains(code) && error.contains(what), "{error}");
    }
}

#[tokio::test]
async fn a_form_says_beside_its_file_what_media_says() {
    let dir = tempfile::tempdir().unwrap();
    let blobs = crate::blobs::Blobs::open(dir.path(), 1 << 20).await.unwrap();
    let pin = blobs.writer(None, 1).await.unwrap().finish().await.unwrap().pin;
    let read_form = |fields: Value| {
        let given =
            Given { pin: pin.clone(), mimetype: Some("image/png".to_owned()), filename: Some("a.png".to_owned()) };
        let mut form = json!({ "number": "5491122334455" });
        form.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let request = read(form.as_object().unwrap().clone(), &HeaderMap::new(), Some(given));
        request.map_err(|error| format!("{error:?}"))
    };
    let request =
        read_form(json!({ "kind": "document", "filename": "", "view_once": false, "message": "hola" })).unwrap();
    let Asked::File(file) = request.content else { panic!("no file") };
    assert!(matches!(file.source, Source::File(_)));
    assert_eq!(
        (file.wanted.kind, file.wanted.filename, file.wanted.caption.is_some()),
        (Some(MediaKind::Document), None, true)
    );
    for (fields, code, what) in [
        (json!({ "kind": "film" }), "INVALID_MEDIA", "\"kind must"),
        (json!({ "view_once": "x" }), "INVALID_MEDIA", "\"view_once must"),
        (json!({ "media": "{}" }), "CONTRADICTION", "file and media"),
        (json!({ "media": {} }), "CONTRADICTION", "file and media"),
    ] {
        let error = read_form(fields).unwrap_err();
        assert!(error.contains(code) && error.contains(what), "{error}");
    }
    let fields = json!({ "kind": "image" });
    let without = refuse_without_file(fields.as_object().unwrap()).map_err(|error| format!("{error:?}"));
    assert!(without.is_err_and(|error| error.contains("kind is given without a file")));
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

/// A file as a caller may write it, mostly none. That a kind takes no text, or is not shown once, cannot be said in a schema.
fn media() -> impl Strategy<Value = Option<Value>> {
    let one_of = |values: Vec<Value>| prop_oneof![2 => Just(None), 1 => prop::sample::select(values).prop_map(Some)];
    let place = prop_oneof![
        Just(("id", json!("000102030405060708090a0b0c0d0e0f"))),
        Just(("id", json!("x"))),
        Just(("url", json!("https://a.example/b?c#d"))),
        Just(("url", json!("ftp://a.example/b"))),
        Just(("url", json!("https://u:p@a.example/"))),
        Just(("data", json!("aG9sYQ=="))),
        Just(("data", json!("data:image/png;base64,aG9s\r\nYQ"))),
        Just(("data", json!("*"))),
        Just(("data", json!(""))),
        Just(("id", json!(7))),
        Just(("data", json!(null))),
    ];
    let object = (
        prop::collection::vec(place, 0..3),
        one_of(vec![
            json!("image"),
            json!("image"),
            json!("video"),
            json!("film"),
            json!("video_note"),
            json!(null),
            json!(1),
        ]),
        one_of(vec![json!(true), json!(false), json!("true"), json!(null)]),
        one_of(vec![json!("image/png"), json!(""), json!(null), json!(5), json!("x".repeat(1025))]),
        one_of(vec![json!("a.png"), json!("ñ".repeat(1024)), json!("ñ".repeat(1025)), json!([])]),
    );
    let object = object.prop_map(|(places, kind, once, mimetype, filename)| {
        let more = [("kind", kind), ("view_once", once), ("mimetype", mimetype), ("filename", filename)];
        let more = more.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let fields = places.into_iter().chain(more).map(|(name, value)| (name.to_owned(), value));
        Some(Value::Object(fields.collect()))
    });
    prop_oneof![
        6 => Just(None),
        1 => prop::sample::select(vec![json!(null), json!("x"), json!([]), json!({})]).prop_map(Some),
        5 => object,
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
        media in media(),
    ) {
        let fields = [
            ("number", number), ("to", to), ("message", message), ("cliente_id", cliente_id),
            ("idempotency_key", idempotency_key), ("media", media),
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
