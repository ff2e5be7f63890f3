//! The API in every state, and its answers to wrong requests.

use std::time::Duration;

use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{World, answer};

async fn all_answer(world: &World, state: &str) {
    for path in ["/health", "/status", "/qr"] {
        let (status, body) = world.get(path).await;
        assert_eq!(status, 200, "{path} in {state}: {body}");
    }
    let (_, health) = world.get("/health").await;
    assert_eq!((&health["status"], &health["whatsapp_state"]), (&json!("ok"), &json!(state)));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_answers_in_every_state() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    all_answer(&world, "NOT_INITIALIZED").await;
    assert_eq!(world.get("/status").await.1["recommended_action"], "CONNECT");
    assert_eq!(world.get("/health/live").await.0, 200);
    let (status, not_ready) = world.get("/health/ready").await;
    assert_eq!((status, &not_ready["status"]), (503, &json!("not ready")));
    assert_shape(&not_ready, "SESSION_NOT_READY");
    assert_eq!(world.get("/qr").await.1, json!({ "status": "NO_QR", "state": "DISCONNECTED" }));
    let (status, connected) = world.post("/connect", json!({})).await;
    assert_eq!((status, &connected["message"], &connected["state"]), (200, &json!("Connecting"), &json!("INIT")));
    all_answer(&world, "INIT").await;
    world.until_session("a code", |session| session.code.is_some()).await;
    all_answer(&world, "QR_REQUIRED").await;
    world.link().await;
    all_answer(&world, "READY").await;
    assert_eq!(world.get("/health/ready").await.0, 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_comes_in_every_form() {
    let mut world = World::started().await;
    let (status, waited) = world.get("/qr?wait=60").await;
    assert_eq!((status, &waited["status"]), (200, &json!("QR_AVAILABLE")), "{waited}");
    let code = world.simulator.current_code().unwrap();
    for (path, accept, kind) in [
        ("/qr.png", "*/*", "image/png"),
        ("/qr", "image/png", "image/png"),
        ("/qr.svg", "*/*", "image/svg+xml"),
        ("/qr", "image/svg+xml", "image/svg+xml"),
        ("/qr.txt", "*/*", "text/plain; charset=utf-8"),
        ("/qr", "text/plain", "text/plain; charset=utf-8"),
    ] {
        let response = world.request("GET", path).header("accept", accept).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], kind, "{path} {accept}");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = response.bytes().await.unwrap();
        if kind == "image/png" {
            assert_eq!(scanned(&body), code, "what the operator scans is what WhatsApp gave");
        }
    }
    let (_, hub) = world.get("/qr-code").await;
    assert!(hub["qrDataUrl"].as_str().unwrap().starts_with("data:image/png;base64,"));
    world.link().await;
    assert_eq!(world.get("/qr.png").await.0, 404);
    let (status, none) = world.get("/qr-code").await;
    assert_eq!((status, &none["code"], &none["currentStatus"]), (404, &json!("QR_NOT_AVAILABLE"), &json!("READY")));
    assert_eq!(world.get("/qr?wait=600").await.0, 200, "in READY there is nothing to wait for");
    assert_eq!(world.get("/qr?wait=soon").await.0, 400);
    world.stop().await;
}

fn scanned(png: &[u8]) -> String {
    let picture = image::load_from_memory(png).unwrap().to_luma8();
    let size = (picture.width() as usize, picture.height() as usize);
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(size.0, size.1, |x, y| {
        picture.get_pixel(u32::try_from(x).unwrap(), u32::try_from(y).unwrap()).0[0]
    });
    prepared.detect_grids().first().unwrap().decode().unwrap().1
}

fn assert_shape(body: &Value, code: &str) {
    assert_eq!((&body["ok"], &body["success"]), (&json!(false), &json!(false)), "{body}");
    assert_eq!((&body["code"], &body["error"]), (&json!(code), &json!(code)), "{body}");
    assert!(body["message"].as_str().is_some_and(|message| message.len() > 10), "{body}");
    assert!(body["state"].is_string(), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_has_the_one_shape() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let raw = |method: &str, path: &str, body: Vec<u8>| answer(world.request(method, path).body(body));
    for (method, path, body, status, code) in [
        ("GET", "/nothing", vec![], 404, "NOT_FOUND"),
        ("DELETE", "/status", vec![], 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/send", vec![], 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", "/status", vec![], 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/send", b"{".to_vec(), 400, "INVALID_JSON"),
        ("POST", "/send", b"{\"number\":\"\xff\"}".to_vec(), 400, "INVALID_JSON"),
        ("POST", "/send", b"[]".to_vec(), 400, "INVALID_JSON"),
        ("POST", "/pairing-code", vec![b' '; (1 << 20) + 1], 413, "BODY_TOO_LARGE"),
        // A file may stand in this one.
        ("POST", "/send", vec![b' '; (25 << 20) + 1], 413, "BODY_TOO_LARGE"),
        ("POST", "/send", b"{\"message\":\"x\"}".to_vec(), 400, "INVALID_NUMBER"),
        ("POST", "/send", b"{\"number\":\"5491122334455\"}".to_vec(), 400, "INVALID_MESSAGE"),
        ("POST", "/logout", b"{\"force\":1}".to_vec(), 400, "INVALID_FIELD"),
        ("POST", "/pairing-code", b"{}".to_vec(), 400, "INVALID_NUMBER"),
        ("POST", "/pairing-code", b"{\"phone_number\":\"12\"}".to_vec(), 400, "INVALID_NUMBER"),
        ("GET", "/qr.txt", vec![], 404, "NO_QR"),
    ] {
        let (got, body) = raw(method, path, body).await;
        assert_eq!(got, status, "{method} {path}: {body}");
        assert_shape(&body, code);
    }
    let response = world.request("DELETE", "/status").send().await.unwrap();
    assert!(response.headers()["allow"].to_str().unwrap().contains("GET"));
    let both = world.request("GET", "/pairing-code").send().await.unwrap();
    assert_eq!((both.status().as_u16(), both.headers()["allow"].to_str().unwrap()), (405, "POST,DELETE"));
    assert_eq!(world.request("HEAD", "/status").send().await.unwrap().status(), 200);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_kept_where_it_is_sane_and_made_where_not() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let id = async |given: &str| {
        let response = world.request("GET", "/health").header("x-request-id", given).send().await.unwrap();
        response.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id("hub-42.a:b_c").await, "hub-42.a:b_c");
    for odd in ["", "with space", "ñ", &"x".repeat(200)] {
        assert_eq!(id(odd).await.len(), 32, "{odd:?}");
    }
    let not_found = world.request("GET", "/nothing").send().await.unwrap();
    assert!(not_found.headers().contains_key("x-request-id"));
    assert_eq!(not_found.headers()["x-content-type-options"], "nosniff");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guards_stand_before_everything_that_holds_data() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").set("API_TOKEN", "0123456789abcdef").set("CORS_ORIGINS", "https://hub.example");
    world.start().await;
    assert_eq!(world.get("/health").await.0, 200);
    for (method, path) in [("GET", "/status"), ("GET", "/qr"), ("POST", "/connect"), ("POST", "/send"), ("GET", "/x")] {
        let (status, body) = answer(world.request(method, path)).await;
        assert_eq!(status, 401, "{path}");
        assert_shape(&body, "UNAUTHORIZED");
    }
    let with_token = |method: &str, path: &str| world.request(method, path).header("x-api-key", "0123456789abcdef");
    assert_eq!(answer(with_token("GET", "/status")).await.0, 200);
    let foreign = with_token("POST", "/connect").header("origin", "https://evil.example");
    let (status, body) = answer(foreign).await;
    assert_eq!(status, 403);
    assert_shape(&body, "ORIGIN_NOT_ALLOWED");
    let hub = with_token("GET", "/status").header("origin", "https://hub.example").send().await.unwrap();
    assert_eq!(hub.headers()["access-control-allow-origin"], "https://hub.example");
    let preflight = world
        .request("OPTIONS", "/connect")
        .header("origin", "https://hub.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    assert_eq!(preflight.send().await.unwrap().status(), 200, "a browser asks before it has a token to show");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_name_is_refused_without_a_token() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let (status, body) = answer(world.request("GET", "/status").header("host", "evil.example")).await;
    assert_eq!(status, 403);
    assert_shape(&body, "HOST_NOT_ALLOWED");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_dawdles_holds_nobody_up() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let address = world.service.as_ref().unwrap().addresses()[0];
    // Fifty connections that never finish their heads, and one that never finishes its body.
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await.unwrap();
        slow.push(stream);
    }
    let mut half = tokio::net::TcpStream::connect(address).await.unwrap();
    half.write_all(b"POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{").await.unwrap();
    assert_eq!(world.get("/status").await.0, 200);
    let mut told = [0; 32];
    let read = tokio::time::timeout(Duration::from_secs(30), half.read(&mut told)).await.unwrap().unwrap();
    assert!(told[..read].starts_with(b"HTTP/1.1 408"), "{:?}", String::from_utf8_lossy(&told[..read]));
    drop(slow);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_code_is_let_go_when_the_service_stops() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false").start().await;
    let waiting = tokio::spawn(world.request("GET", "/qr?wait=60").send());
    crate::world::eventually("the request to arrive", || {
        world.service.as_ref().unwrap().session().watch().has_changed().is_ok()
    })
    .await;
    assert_eq!(world.snapshot().state, State::Disconnected);
    world.stop().await;
    // Either the answer says that there is no code, or the connection came too late to be accepted.
    if let Ok(response) = waiting.await.unwrap() {
        assert_eq!(response.status(), 200);
    }
}
