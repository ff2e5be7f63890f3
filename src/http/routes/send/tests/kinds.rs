use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::fields::{Asked, read};
use super::{BODY, parse};
use crate::domain::content::{Content, Location, Poll};

fn content(more: Value) -> Result<Content, String> {
    let mut body = json!({ "number": "5491122334455" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    match parse(&body)?.content {
        Asked::Content(content) => Ok(content),
        Asked::File(_) => Err("a file".to_owned()),
    }
}

#[test]
fn each_kind_of_content_is_read() {
    let place = json!({ "location": { "latitude": -34.6, "longitude": -58, "name": " Obelisco ", "address": " " } });
    let expected = Location::new(-34.6, -58.0, Some("Obelisco"), None).unwrap();
    assert_eq!(content(place), Ok(Content::Location(Box::new(expected))));
    let people = json!({ "contacts": [{ "name": "Ana", "phone": "+54 9 11 2233-4455" }, { "name": "Bo", "phone": 5_491_122_334_466_u64 }] });
    let Ok(Content::Contacts(people)) = content(people) else { panic!("no contacts") };
    assert_eq!(people.iter().map(|one| one.phone.digits()).collect::<Vec<_>>(), ["5491122334455", "5491122334466"]);
    let poll = json!({ "poll": { "question": "¿Cuándo?", "options": ["lunes", "martes"] }, "message": null, "mentions": [], "link_preview": false });
    assert_eq!(content(poll), Ok(Content::Poll(Poll::new("¿Cuándo?", ["lunes", "martes"], false).unwrap())));
    let text = json!({ "message": "hola @5491122334466", "link_preview": true, "mentions": ["+5491122334466", 5_491_122_334_466_u64, "1@lid"] });
    let Ok(Content::Text { mentions, preview, .. }) = content(text) else { panic!("no text") };
    assert_eq!(mentions.iter().map(ToString::to_string).collect::<Vec<_>>(), ["5491122334466@c.us", "1@lid"]);
    assert!(preview);
    let reply = |id: Value| parse(&json!({ "number": "5491122334455", "message": "x", "reply_to": id }));
    assert_eq!(reply(json!("false_1@lid_A")).unwrap().reply_to.unwrap().as_str(), "false_1@lid_A");
    assert!(reply(json!("")).unwrap().reply_to.is_none());
}

#[test]
fn what_is_wrong_in_a_content_is_named() {
    let place = |field: &str, value: Value| {
        let mut place = json!({ "latitude": 1, "longitude": 2 });
        place[field] = value;
        json!({ "location": place })
    };
    let poll = |options: Value| json!({ "poll": { "question": "?", "options": options } });
    for (body, code, what) in [
        (json!({ "location": "here" }), "INVALID_MESSAGE", "location must be an object"),
        (place("latitude", json!(90.5)), "INVALID_MESSAGE", "location.latitude must be a number from -90 to 90"),
        (place("longitude", json!("2")), "INVALID_MESSAGE", "location.longitude must be a number"),
        (place("name", json!(7)), "INVALID_MESSAGE", "location.name must be text"),
        (place("name", json!("a\nb")), "INVALID_MESSAGE", "location.name has the control character"),
        (json!({ "location": { "latitud": 1, "longitude": 2 } }), "INVALID_FIELD", "Did you mean latitude"),
        (json!({ "contacts": {} }), "INVALID_MESSAGE", "contacts must be a list"),
        (json!({ "contacts": [] }), "INVALID_MESSAGE", "contacts must have 1 to 100 people"),
        (json!({ "contacts": ["Ana"] }), "INVALID_MESSAGE", "contacts[0] must be an object"),
        (json!({ "contacts": [{ "name": "Ana" }] }), "INVALID_MESSAGE", "contacts[0].phone is missing"),
        (
            json!({ "contacts": [{ "name": " ", "phone": "5491122334455" }] }),
            "INVALID_MESSAGE",
            "contacts[0].name is blank",
        ),
        (json!({ "contacts": [{ "name": "Ana", "phone": 1.5 }] }), "INVALID_MESSAGE", "contacts[0].phone is no whole"),
        (json!({ "poll": [] }), "INVALID_MESSAGE", "poll must be an object"),
        (json!({ "poll": { "options": ["a", "b"] } }), "INVALID_MESSAGE", "poll.question is missing"),
        (poll(json!("a,b")), "INVALID_MESSAGE", "poll.options must be a list"),
        (poll(json!(["a", 7])), "INVALID_MESSAGE", "poll.options must be texts"),
        (poll(json!(["a"])), "INVALID_MESSAGE", "poll.options must be 2 to 12"),
        (poll(json!(["a", " a"])), "CONTRADICTION", "poll.options must differ"),
        (json!({ "message": "x", "mentions": "5491122334455" }), "INVALID_FIELD", "mentions must be a list"),
        (json!({ "message": "x", "mentions": ["12"] }), "INVALID_NUMBER", "mentions[0]"),
        (
            json!({ "message": "x", "mentions": ["5491122334455", "1@g.us"] }),
            "INVALID_NUMBER",
            "mentions[1] is a group",
        ),
        (json!({ "message": "x", "mentions": vec![json!("5491122334455"); 257] }), "INVALID_FIELD", "at most 256"),
        (json!({ "message": "x", "reply_to": 7 }), "INVALID_FIELD", "reply_to must be"),
        (json!({ "message": "x", "reply_to": "a b" }), "INVALID_FIELD", "reply_to must be"),
        (json!({ "message": "x", "link_preview": "yes" }), "INVALID_FIELD", "link_preview must be true or false"),
        (json!({ "message": "x", "poll": {} }), "CONTRADICTION", "message and poll are given"),
        (json!({ "location": {}, "contacts": [] }), "CONTRADICTION", "location and contacts are given"),
        (json!({ "media": {}, "poll": {} }), "CONTRADICTION", "media and poll are given"),
        (
            json!({ "location": { "latitude": 1, "longitude": 2 }, "mentions": ["5491122334455"] }),
            "CONTRADICTION",
            "mentions are given without a text",
        ),
        (
            json!({ "media": { "id": "a" }, "message": "x", "link_preview": true }),
            "CONTRADICTION",
            "link_preview is given without a text",
        ),
    ] {
        let error = content(body).unwrap_err();
        assert!(error.contains(code) && error.contains(what), "{error}");
    }
}

/// A value among these, mostly none.
fn one_of(values: Vec<Value>) -> impl Strategy<Value = Option<Value>> {
    prop_oneof![3 => Just(None), 1 => prop::sample::select(values).prop_map(Some)]
}

fn words() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-zñ ]{0,5}|\\PC{0,5}|[\\x00-\\xa0\\u{2028}\\u{3000}]{0,2}".prop_map(Value::from),
        (98_usize..103).prop_map(|length| json!("é".repeat(length))),
        (253_usize..258).prop_map(|length| json!("é".repeat(length))),
        (998_usize..1003).prop_map(|length| json!(" é".repeat(length / 2))),
        prop::sample::select(vec![json!(null), json!(7), json!([])]),
    ]
}

fn kinds() -> impl Strategy<Value = Map<String, Value>> {
    let degrees = || {
        prop_oneof![
            (-100.0..100.0).prop_map(|one: f64| json!(one)),
            Just(json!(-180)),
            Just(json!("1")),
            Just(json!(null))
        ]
    };
    let place = (degrees(), degrees(), one_of(vec![json!(null)]), words(), words()).prop_map(|(latitude, longitude, none, name, address)| {
        json!({ "latitude": latitude, "longitude": longitude, "name": none.unwrap_or(name), "address": address })
    });
    let number = prop_oneof![
        "[+ 0-9]{6,16}".prop_map(Value::from),
        (1_000_000..10_u64.pow(16)).prop_map(Value::from),
        Just(json!(1.5))
    ];
    let contact = (words(), number.clone()).prop_map(|(name, phone)| json!({ "name": name, "phone": phone }));
    let contacts =
        prop_oneof![prop::collection::vec(contact, 0..3).prop_map(Value::from), Just(json!({})), Just(json!("x"))];
    let option = prop_oneof![3 => "[a-zñ ]{0,5}".prop_map(Value::from), 1 => words()];
    let poll = (words(), prop::collection::vec(option, 1..5), one_of(vec![json!(true), json!("true"), json!(null)]))
        .prop_map(
            |(question, options, multiple)| json!({ "question": question, "options": options, "multiple": multiple }),
        );
    let person = prop_oneof![3 => number, 1 => "[0-9]{1,34}@(lid|c\\.us|g\\.us)".prop_map(Value::from), 1 => words()];
    let mentions = prop_oneof![
        2 => Just(None),
        3 => prop::collection::vec(person, 0..3).prop_map(|people| Some(json!(people))),
        1 => prop::sample::select(vec![json!(null), json!("5491122334455")]).prop_map(Some),
    ];
    let content = prop_oneof![
        place.prop_map(|place| ("location", place)),
        contacts.prop_map(|people| ("contacts", people)),
        poll.prop_map(|poll| ("poll", poll)),
        words().prop_map(|text| ("message", text)),
        Just(("message", json!("hola"))),
        Just(("media", json!({ "id": "a" }))),
        Just(("poll", json!(null))),
    ];
    let reply_to = prop_oneof![
        Just(None),
        "[ -~]{0,5}|[!-~]{254,256}|\\PC{0,3}".prop_map(|id| Some(json!(id))),
        Just(Some(json!(7))),
        Just(Some(json!(null))),
    ];
    let preview = one_of(vec![json!(true), json!(false), json!(null), json!("true")]);
    (prop::collection::vec(content, 1..3), reply_to, mentions, preview).prop_map(
        |(contents, reply_to, mentions, preview)| {
            let beside = [("reply_to", reply_to), ("mentions", mentions), ("link_preview", preview)];
            let beside = beside.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let number = ("number", json!("5491122334455"));
            contents.into_iter().chain(beside).chain([number]).map(|(name, value)| (name.to_owned(), value)).collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn the_document_allows_the_contents_that_are_read(body in kinds()) {
        let is_read = read(body.clone(), &HeaderMap::new(), None).map_err(|error| format!("{error:?}"));
        // That options differ also without the spaces around them cannot be said in a schema.
        if !is_read.as_ref().is_err_and(|error| error.contains("poll.options must differ")) {
            prop_assert_eq!(BODY.holds(&Value::Object(body.clone())), is_read.is_ok(), "{:?} {:?}", body, is_read);
        }
    }
}
