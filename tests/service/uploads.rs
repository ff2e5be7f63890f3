//! Files that callers bring: `POST /media`, and the ways in which `/send` takes one. With `SEND_MODE=dry-run` a file is looked
//! at, and nothing leaves.

use std::time::Duration;

use bytes::Bytes;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::memory::peak;
use crate::process::Process;
use crate::world::{FRIEND, World, answer};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\
                      \x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

/// A service in READY that sends nothing.
async fn ready(settings: &[(&str, &str)]) -> World {
    let world = with_mode("dry-run", settings).await;
    world.link().await;
    world
}

/// A service that does not connect.
async fn apart(settings: &[(&str, &str)]) -> World {
    with_mode("off", &[settings, &[("AUTO_CONNECT", "false")]].concat()).await
}

async fn with_mode(mode: &str, settings: &[(&str, &str)]) -> World {
    let mut world = World::new(Options::fast()).await;
    world.set("SEND_MODE", mode);
    for (name, value) in settings {
        world.set(name, value);
    }
    world.start().await;
    world
}

/// The status, code and sentence of the answer to a send.
async fn sent(world: &World, mut body: Value) -> (u16, String, String) {
    body["number"] = json!(FRIEND);
    let (status, answer) = world.post("/send", body).await;
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    (status, text("code"), text("message"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_file_is_sent_by_its_id_also_after_a_restart() {
    let mut world = ready(&[]).await;
    let upload = world.request("POST", "/media?filename=..%2Ffoto.png").header("content-type", "image/png").body(PNG);
    let (status, file) = answer(upload).await;
    assert_eq!(
        (status, file["ok"].as_bool(), file["size"].as_u64()),
        (201, Some(true), Some(PNG.len() as u64)),
        "{file}"
    );
    assert_eq!(file["mimetype"], "image/png");
    let id = file["id"].as_str().unwrap().to_owned();
    assert_eq!((id.len(), file["sha256"].as_str().map(str::len)), (32, Some(64)));
    assert!(file["expires_at"].as_str().is_some_and(|at| at.ends_with('Z')));
    let by_id = |more: Value| {
        let mut media = json!({ "id": id });
        media.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "media": media, "message": "mirá" })
    };
    world.stop().await;
    world.start().await;
    world.until(State::Ready).await;
    assert_eq!(sent(&world, by_id(json!({}))).await.0, 200);
    assert_eq!(sent(&world, by_id(json!({ "kind": "document" }))).await.0, 200);
    let (status, code, sentence) = sent(&world, by_id(json!({ "kind": "video" }))).await;
    assert_eq!((status, code.as_str()), (415, "MEDIA_TYPE"), "{sentence}");
    let voice = json!({ "media": { "id": id, "kind": "voice" } });
    assert_eq!(sent(&world, voice).await.1, "VOICE_FORMAT");
    for id in ["000102030405060708090a0b0c0d0e0f", "x", ""] {
        let (status, code, _) = sent(&world, json!({ "media": { "id": id } })).await;
        assert_eq!((status, code.as_str()), (404, "MEDIA_NOT_FOUND"), "{id}");
    }
    let (status, error) = answer(world.request("POST", "/media").body("")).await;
    assert_eq!((status, error["code"].as_str()), (400, Some("INVALID_MEDIA")));
    let (status, error) = answer(world.request("POST", "/media?filname=a").body("x")).await;
    assert_eq!((status, error["code"].as_str()), (400, Some("INVALID_PARAMETER")));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_in_json_and_in_forms_as_curl_sends_them() {
    let mut world = ready(&[]).await;
    let data = base64(PNG);
    for data in [data.clone(), format!("data:image/png;base64,{data}"), data.trim_end_matches('=').replace('+', "-")] {
        let media = json!({ "data": data, "kind": "image", "view_once": true });
        assert_eq!(sent(&world, json!({ "media": media, "message": "x" })).await.0, 200);
    }
    // A file of 12 MB in base64 is longer than other bodies may be; other routes take no such body.
    let long = json!({ "media": { "data": "QUFB".repeat(4 << 20) } });
    assert_eq!(sent(&world, long.clone()).await.0, 200);
    assert_eq!(world.post("/pairing-code", long).await.0, 413);
    let longer = json!({ "media": { "data": "QUFB".repeat(7 << 20) } });
    assert_eq!(sent(&world, longer).await.1, "BODY_TOO_LARGE");

    let picture = world.folder().join("foto ñ.png");
    std::fs::write(&picture, PNG).unwrap();
    let file = format!("file=@\"{}\"", picture.display());
    for (fields, code) in [
        (vec!["-F", &file, "-F", "number=5491122334455", "-F", "message=hola, ¿qué tal?"], ""),
        (vec!["-F", "to=5491122334455", "-F", "kind=document", "-F", "filename=a.png", "-F", &file], ""),
        (vec!["-F", "number=5491122334455", "-F", "message=sin archivo"], ""),
        (vec!["-F", &file, "-F", "number=1"], "INVALID_NUMBER"),
        (vec!["-F", &file, "-F", &file, "-F", "number=5491122334455"], "CONTRADICTION"),
        (vec!["-F", &file, "-F", "number=5491122334455", "-F", "kind=video"], "MEDIA_TYPE"),
        (vec!["-F", &file, "-F", "number=5491122334455", "-F", "kind=film"], "INVALID_MEDIA"),
        (vec!["-F", "number=5491122334455", "-F", "kind=image"], "INVALID_MEDIA"),
        (vec!["-F", &file.replace("file=", "foto="), "-F", "number=5491122334455"], "INVALID_FIELD"),
    ] {
        let url = world.url("/send");
        let mut curl = tokio::process::Command::new("curl");
        curl.args(["-s", "-m", "20", "-H", "Idempotency-Key: f", &url]).args(&fields);
        let output = curl.output().await.unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        assert_eq!(told["code"].as_str().unwrap_or_default(), code, "{fields:?}: {told}");
        assert_eq!(told["dry_run"] == true, code.is_empty(), "{fields:?}: {told}");
    }
    // Files of sends that were refused stay no longer than others need them.
    assert!(std::fs::read_dir(world.folder().join("data/media")).unwrap().flatten().all(|entry| entry.path().is_dir()));
    world.stop().await;
}

/// Serves one picture at every path, except that `/away` redirects to itself on `localhost`.
async fn web() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap_or(0);
            let is_away = head[..length].starts_with(b"GET /away");
            let answer = match is_away {
                true => format!(
                    "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: http://localhost:{port}/a.png\r\n\r\n"
                )
                .into(),
                false => [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", PNG].concat(),
            };
            let _ = stream.write_all(&answer).await;
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_address_is_fetched_only_where_that_is_allowed() {
    let port = web().await;
    let by_url =
        |host: &str, path: &str| json!({ "media": { "url": format!("http://{host}:{port}{path}?token=hidden") } });
    let mut world = ready(&[]).await;
    for host in ["127.0.0.1", "localhost", "[::1]", "2130706433", "[::ffff:7f00:1]"] {
        let (status, code, sentence) = sent(&world, by_url(host, "/a.png")).await;
        assert_eq!((status, code.as_str()), (400, "MEDIA_URL_REFUSED"), "{host}");
        assert!(!sentence.contains("hidden") && sentence.contains("MEDIA_URL_PRIVATE"), "{sentence}");
    }
    world.stop().await;

    let mut world = ready(&[("MEDIA_URL_PRIVATE", "true")]).await;
    for (host, path) in [("127.0.0.1", "/a.png"), ("localhost", "/a.png"), ("127.0.0.1", "/away")] {
        assert_eq!(sent(&world, by_url(host, path)).await.0, 200, "{host}{path}");
    }
    let (status, code, _) = sent(&world, json!({ "media": { "url": "http://127.0.0.1:1/" } })).await;
    assert_eq!((status, code.as_str()), (502, "MEDIA_FETCH_FAILED"));
    world.stop().await;

    // Nothing is fetched for a send that is refused anyway.
    let mut world = apart(&[("MEDIA_URL_PRIVATE", "true")]).await;
    for key in [json!(null), json!("new")] {
        let body = json!({ "media": { "url": "http://127.0.0.1:1/" }, "idempotency_key": key });
        assert_eq!(sent(&world, body).await.1, "SEND_DISABLED", "{key}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_in_use_take_no_more_than_the_quota() {
    let mut world = ready(&[("MEDIA_QUOTA_MB", "2"), ("MEDIA_MAX_MB", "1")]).await;
    let upload = |byte: u8, length: usize| answer(world.request("POST", "/media").body(vec![byte; length]));
    assert_eq!(upload(1, 1 << 20).await.0, 201);
    let (status, error) = upload(2, (1 << 20) + 1).await;
    assert_eq!((status, error["code"].as_str()), (507, Some("MEDIA_QUOTA")), "{error}");
    assert_eq!(upload(3, 1 << 20).await.0, 201);
    assert_eq!(upload(4, 1).await.0, 507);
    assert_eq!(upload(1, 1 << 19).await.0, 507, "a part counts although the whole is there already");
    let data = json!({ "media": { "data": "QUFB" } });
    assert_eq!(sent(&world, data).await.1, "MEDIA_QUOTA");
    world.stop().await;
}

/// The head says more than WhatsApp takes: nothing of the body is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_too_large_is_refused_by_its_announced_size() {
    let mut world = apart(&[("MEDIA_QUOTA_MB", "10000")]).await;
    let address = world.service.as_ref().unwrap().addresses()[0];
    for (path, kind) in [("/media", "video/mp4"), ("/send", "multipart/form-data; boundary=x")] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            3_u64 << 30
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut told = Vec::new();
        let reading = async {
            while !String::from_utf8_lossy(&told).contains("limit") {
                assert!(stream.read_buf(&mut told).await.unwrap() > 0, "{}", String::from_utf8_lossy(&told));
            }
        };
        tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap();
        let told = String::from_utf8(told).unwrap();
        assert!(
            told.starts_with("HTTP/1.1 413") && told.contains("MEDIA_TOO_LARGE") && told.contains("209715200"),
            "{told}"
        );
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_is_sent_that_is_larger_than_the_setting() {
    let mut world = ready(&[]).await;
    let large = vec![7; (1 << 20) + 1];
    let (status, kept) = answer(world.request("POST", "/media").body(large.clone())).await;
    assert_eq!(status, 201, "{kept}");
    world.stop().await;
    world.set("MEDIA_SEND_MAX_MB", "1").start().await;
    world.until(State::Ready).await;
    let unannounced = futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(large.clone()))]);
    let head = b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n";
    let number = "\r\n--x\r\nContent-Disposition: form-data; name=\"number\"\r\n\r\n";
    let form = [head, large.as_slice(), number.as_bytes(), FRIEND.as_bytes(), b"\r\n--x--\r\n"].concat();
    let post = |path: &str| world.request("POST", path);
    for request in [
        post("/media").body(reqwest::Body::wrap_stream(unannounced)),
        post("/send").header("content-type", "multipart/form-data; boundary=x").body(form),
        post("/send").json(&json!({ "number": FRIEND, "media": { "id": kept["id"] } })),
        post("/send").json(&json!({ "number": FRIEND, "media": { "data": base64(&large) } })),
    ] {
        let (status, error) = answer(request).await;
        assert_eq!(
            (status, error["code"].as_str(), error["limit"].as_u64()),
            (413, Some("MEDIA_TOO_LARGE"), Some(1 << 20)),
            "{error}"
        );
        assert!(error["message"].as_str().unwrap().contains("MEDIA_SEND_MAX_MB"), "{error}");
    }
    assert_eq!(answer(post("/media").body(large[1..].to_vec())).await.0, 201);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_100_mb_takes_less_than_20_mib_of_memory() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false");
    let process = Process::started(&world);
    process.get("/health").await;
    let before = peak(process.pid());
    let piece = Bytes::from(vec![7_u8; 64 << 10]);
    let pieces = |count: usize| {
        let piece = piece.clone();
        futures_util::stream::iter((0..count).map(move |_| Ok::<_, std::io::Error>(piece.clone())))
    };
    let client = crate::world::client();
    let request = client.post(format!("{}/media", process.url())).body(reqwest::Body::wrap_stream(pieces(1600)));
    let (status, file) = answer(request).await;
    assert_eq!((status, file["size"].as_u64()), (201, Some(100 << 20)), "{file}");
    let head = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n";
    let tail = format!("\r\n--x\r\nContent-Disposition: form-data; name=\"number\"\r\n\r\n{FRIEND}\r\n--x--\r\n");
    let whole = |text: String| futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(text))]);
    let form = futures_util::StreamExt::chain(whole(head.to_owned()), pieces(1600));
    let form = reqwest::Body::wrap_stream(futures_util::StreamExt::chain(form, whole(tail)));
    let request = client
        .post(format!("{}/send", process.url()))
        .header("content-type", "multipart/form-data; boundary=x")
        .body(form);
    let (status, error) = answer(request).await;
    assert_eq!((status, error["code"].as_str()), (503, Some("SESSION_NOT_READY")), "{error}");
    let peak = peak(process.pid());
    assert!(peak - before < 20.0, "{before} MiB before, {peak} MiB");
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
