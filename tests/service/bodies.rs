//! Bodies and parameters as people and programs write them.

use reqwest::RequestBuilder;
use serde_json::json;
use simulator::Options;

use crate::world::{FRIEND, World, answer};

const FORM: &str = "application/x-www-form-urlencoded";
const LATIN: &str = "application/json; charset=ISO-8859-1";
const PARTS: &str = "multipart/form-data; boundary=x";

fn posted(world: &World, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
    let request = world.request("POST", path).body(body);
    if kind.is_empty() { request } else { request.header("content-type", kind) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_is_read_however_it_is_written() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    let json = |text: &str| format!("{{\"number\":\"{FRIEND}\",\"message\":\"{text}\"}}");
    let latin: Vec<u8> = json("Año nuevo: 10").chars().map(|c| u8::try_from(c).unwrap()).collect();
    let wide: Vec<u8> = format!("\u{feff}{}", json("ancho 👍")).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies: [(&str, Vec<u8>, &str); 10] = [
        (FORM, json("como dice curl -d").into(), "como dice curl -d"),
        ("", json("sin tipo").into(), "sin tipo"),
        ("text/plain", json("texto").into(), "texto"),
        (
            FORM,
            format!("number=%2B{FRIEND}&message=una+forma%3A+%C2%BFs%C3%AD%3F&cliente_id=51").into(),
            "una forma: ¿sí?",
        ),
        (FORM, format!("to={FRIEND}&message=cruda: ñ&idempotency_key=k").into(), "cruda: ñ"),
        ("application/json", format!("\u{feff}{}", json("con marca")).into(), "con marca"),
        ("application/json", wide, "ancho 👍"),
        (LATIN, latin, "Año nuevo: 10"),
        (
            "application/x-www-form-urlencoded;charset=windows-1252",
            format!("number={FRIEND}&message=10%80+%F1").into(),
            "10€ ñ",
        ),
        ("application/json", json("dos\\r\\nlíneas\\ty\\rtres").into(), "dos\nlíneas\ty\ntres"),
    ];
    for (kind, body, expected) in bodies {
        let (status, sent) = answer(posted(&world, "/send", kind, body)).await;
        assert_eq!(status, 200, "{expected}: {sent}");
        let record = world.simulator.record();
        let received = record.message(sent["message_id"].as_str().unwrap()).unwrap();
        assert_eq!(received.body, expected);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_read_for_sure_is_refused_and_says_why() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let number = format!("\"number\":\"{FRIEND}\"");
    for (path, kind, body, status, code, what) in [
        ("/send", "", format!("{{{number},\"message\":\"a\",\"message\":\"b\"}}"), 400, "CONTRADICTION", "message"),
        ("/send", FORM, format!("number={FRIEND}&message=a&number=1"), 400, "CONTRADICTION", "number"),
        ("/connect", "", "{\"a\":{\"b\":1,\"b\":1}}".to_owned(), 400, "CONTRADICTION", "b is given twice"),
        ("/send", "", format!("{{{number},\"mesage\":\"a\"}}"), 400, "INVALID_FIELD", "Did you mean message?"),
        ("/send", FORM, format!("nunber={FRIEND}&message=a"), 400, "INVALID_FIELD", "Did you mean number?"),
        ("/logout", "", "{\"Force\":true}".to_owned(), 400, "INVALID_FIELD", "Did you mean force?"),
        ("/pairing-code", "", "{\"phoneNumber\":\"1\"}".to_owned(), 400, "INVALID_FIELD", "Did you mean phone_number?"),
        ("/logout", FORM, "force=yes".to_owned(), 400, "INVALID_FIELD", "force must be true or false"),
        ("/send", FORM, "nope".to_owned(), 400, "INVALID_JSON", "name=value"),
        ("/send", FORM, "message=%F1".to_owned(), 400, "INVALID_JSON", "message of the form is not text in UTF-8"),
        (
            "/send",
            "application/json;charset=us-ascii",
            format!("{{{number},\"message\":\"ñ\"}}"),
            400,
            "INVALID_JSON",
            "US-ASCII",
        ),
        ("/send", "application/json;charset=klingon", "{}".to_owned(), 415, "UNSUPPORTED_MEDIA_TYPE", "klingon"),
        ("/send", "multipart/mixed; boundary=x", "--x\r\n\r\n--x--".to_owned(), 415, "UNSUPPORTED_MEDIA_TYPE", FORM),
        ("/send", "text/xml", "<a/>".to_owned(), 415, "UNSUPPORTED_MEDIA_TYPE", "text/xml"),
        (
            "/send",
            "",
            format!("{{{number},\"message\":\"a\\u0000b\"}}"),
            400,
            "INVALID_MESSAGE",
            "U+0000 at position 2",
        ),
        ("/send", FORM, format!("number={FRIEND}&message=%1Ba"), 400, "INVALID_MESSAGE", "U+001B at position 1"),
    ] {
        let (got, refused) = answer(posted(&world, path, kind, body.clone())).await;
        assert_eq!((got, refused["code"].as_str()), (status, Some(code)), "{body}: {refused}");
        assert!(refused["message"].as_str().unwrap().contains(what), "{body}: {refused}");
    }
    // This is "{}" as gzip writes it.
    let zipped: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\xae\x05\0C\xbf\xa6\xa3\x02\0\0\0";
    let (status, refused) =
        answer(posted(&world, "/send", "application/json", zipped).header("content-encoding", "gzip")).await;
    assert_eq!((status, refused["code"].as_str()), (415, Some("UNSUPPORTED_MEDIA_TYPE")), "{refused}");
    for extra in [json!({ "ts": 1, "mesage": "otra", "subject": "x" }), json!({ "clienteId": 51, "cliente_id": 51 })] {
        let mut body = json!({ "number": FRIEND, "message": "hola" });
        body.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
        let (status, answered) = world.post("/send", body).await;
        assert_eq!((status, answered["code"].as_str()), (503, Some("SESSION_NOT_READY")), "other fields are ignored");
    }
    assert_eq!(
        answer(posted(&world, "/logout", FORM, "force=true")).await.0,
        200,
        "a form has no other way to say true"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_contradicts_itself_or_is_mistyped_is_named() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    for (method, path, code, what) in [
        ("GET", "/messages?limit=5&limit=6", "CONTRADICTION", "limit"),
        ("GET", "/messages?chats=5491122334455", "INVALID_PARAMETER", "Did you mean chat?"),
        ("GET", "/messages?direction=up&Limit=1", "INVALID_PARAMETER", "Did you mean limit?"),
        ("GET", "/deliveries/dead?after=a.1&after=a.2", "CONTRADICTION", "after"),
        ("POST", "/deliveries/dead/replay?target=a&target=b", "CONTRADICTION", "target"),
        ("GET", "/qr?wait=1&wait=2", "CONTRADICTION", "wait"),
        ("GET", "/qr.svg?Wait=1", "INVALID_PARAMETER", "Did you mean wait?"),
    ] {
        let (status, refused) = answer(world.request(method, path)).await;
        assert_eq!((status, refused["code"].as_str()), (400, Some(code)), "{path}: {refused}");
        assert!(refused["message"].as_str().unwrap().contains(what), "{path}: {refused}");
    }
    for path in ["/messages?limit=5&limit=5&limit=&_=1&_=2", "/qr?t=1&t=2", "/qr?wait=0&wait=", "/deliveries/dead?x=1"]
    {
        assert_eq!(world.get(path).await.0, 200, "{path}");
    }
    world.stop().await;
}

/// These are sent by a page of another site without asking first.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_sends_across_origins_meets_the_check_of_the_origin() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let json = format!("{{\"number\":\"{FRIEND}\",\"message\":\"x\"}}");
    for (kind, body) in [
        ("text/plain;charset=UTF-8", json.clone()),
        (FORM, json.clone()),
        (FORM, format!("number={FRIEND}&message=x")),
        (PARTS, json.clone()),
        ("", json.clone()),
    ] {
        for origin in ["https://evil.example", "null"] {
            let (status, refused) = answer(posted(&world, "/send", kind, body.clone()).header("origin", origin)).await;
            assert_eq!((status, refused["code"].as_str()), (403, Some("ORIGIN_NOT_ALLOWED")), "{kind}: {refused}");
        }
        let own = world.url("");
        let (status, answered) = answer(posted(&world, "/send", kind, body).header("origin", own)).await;
        assert_eq!((status, answered["code"].as_str()), (503, Some("SESSION_NOT_READY")), "{kind}: {answered}");
    }
    world.stop().await;
}
