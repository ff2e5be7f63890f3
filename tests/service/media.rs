//! The files of messages: fetched through the page, kept, and served.

use std::time::Duration;

use serde_json::Value;
use session_manager::domain::state::State;
use sha2::{Digest, Sha256};
use simulator::{HostAnswer, Kind, Media, Options, Reupload, Wrong};

use crate::events::Follower;
use crate::process::{Process, link};
use crate::world::{DEADLINE, FRIEND, World, client};

/// Bytes that no other file has; every byte value is among them.
fn bytes(seed: u8, size: usize) -> Vec<u8> {
    (0..size).map(|at| (at as u8).wrapping_mul(31).wrapping_add((at >> 8) as u8) ^ seed).collect()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn file_path(id: &str) -> String {
    format!("/messages/{id}/media")
}

/// Asks for a file until the answer is not that it is being fetched.
async fn fetched(world: &World, id: &str) -> reqwest::Response {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let response = world.request("GET", &file_path(id)).send().await.unwrap();
        // The message may be on its way to the log.
        if response.status() != 202 && response.status() != 404 {
            return response;
        }
        assert!(tokio::time::Instant::now() < deadline, "the file never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn file(world: &World, id: &str) -> Vec<u8> {
    let response = fetched(world, id).await;
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap().to_vec()
}

async fn refusal(world: &World, id: &str) -> (u16, String) {
    let response = fetched(world, id).await;
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["code"].as_str().unwrap().to_owned())
}

async fn media_of(world: &World, id: &str) -> Value {
    world.get(&format!("/messages/{id}")).await.1["media"].clone()
}

async fn status_becomes(world: &World, id: &str, status: &str) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while media_of(world, id).await["status"] != status {
        assert!(tokio::time::Instant::now() < deadline, "{}", media_of(world, id).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_comes_in_byte_for_byte_and_is_told() {
    let mut world = World::ready().await;
    let mut follower = Follower::follow(&world, None).await;
    let kinds = [
        (Kind::Image, "image"),
        (Kind::Video, "video"),
        (Kind::Gif, "gif"),
        (Kind::Ptv, "video_note"),
        (Kind::Audio, "audio"),
        (Kind::Ptt, "voice"),
        (Kind::Document, "document"),
        (Kind::Sticker, "sticker"),
    ];
    for (seed, (kind, name)) in (1..).zip(kinds) {
        let content = bytes(seed, 300_000);
        let named = Media { caption: None, seconds: Some(4), ..Media::new(FRIEND, kind, &content) };
        let sent = world.simulator.media(&named).unwrap();
        let (told, there) = loop {
            let event = follower.next().await;
            if event.name == "message_media" {
                break (event.data["data"].clone(), event.data["data"]["media"].clone());
            }
            assert_ne!(event.data["data"]["media"]["status"], "stored", "the message is told before its file");
        };
        assert_eq!(told["id"], sent.message.as_str(), "{name}");
        assert_eq!((&there["kind"], &there["status"]), (&name.into(), &"stored".into()));
        assert_eq!((&there["sha256"], &there["size"]), (&hex(&content).into(), &content.len().into()));
        assert_eq!(there["url"], file_path(&sent.message).as_str());
        assert!(file(&world, &sent.message).await == content, "{name}");
    }
    let (_, metrics) = (0, world.request("GET", "/metrics").send().await.unwrap().text().await.unwrap());
    assert!(metrics.contains("session_manager_media_fetches_total{kind=\"voice\",outcome=\"stored\"} 1"), "{metrics}");
    assert!(metrics.contains("session_manager_media_files 8"), "{metrics}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_served_in_parts_and_only_once_to_who_has_it() {
    let mut world = World::ready().await;
    let content = bytes(9, 100_000);
    let document = Media {
        filename: Some("../../e\"vil\u{202e}fdp.html".to_owned()),
        mimetype: Some("text/html".to_owned()),
        ..Media::new(FRIEND, Kind::Document, &content)
    };
    let sent = world.simulator.media(&document).unwrap();
    let whole = fetched(&world, &sent.message).await;
    let header = |name: &str| whole.headers()[name].to_str().unwrap().to_owned();
    let tag = header("etag");
    assert_eq!(tag, format!("\"{}\"", hex(&content)));
    assert!(header("content-disposition").starts_with("attachment;"), "{}", header("content-disposition"));
    assert!(!header("content-disposition").contains('/'));
    assert_eq!((header("x-content-type-options"), header("content-length")), ("nosniff".into(), "100000".into()));
    let ask = async |name: &str, value: &str| {
        let request = world.request("GET", &file_path(&sent.message)).header(name, value);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
    };
    assert_eq!(ask("range", "bytes=10-19").await, (206, content[10..20].to_vec()));
    assert_eq!(ask("range", "bytes=-5").await, (206, content[99_995..].to_vec()));
    assert_eq!(ask("range", "bytes=100000-").await.0, 416);
    assert_eq!(ask("range", "bytes=0-1,5-6").await, (200, content.clone()));
    assert_eq!(ask("if-none-match", &tag).await, (304, Vec::new()));
    assert_eq!(ask("if-none-match", "\"other\"").await.0, 200);
    let head = world.request("HEAD", &file_path(&sent.message)).send().await.unwrap();
    assert_eq!((head.status().as_u16(), &head.headers()["content-length"]), (200, &"100000".parse().unwrap()));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_is_uploaded_again_by_the_phone_or_is_gone() {
    let mut world = World::new(Options::fast()).await;
    world.tune = |timings| timings.file_phone = Duration::from_millis(300);
    world.start().await;
    world.link().await;
    let send = |seed: u8, answer: HostAnswer| {
        let sent = world.simulator.media(&Media::new(FRIEND, Kind::Image, &bytes(seed, 1000))).unwrap();
        world.simulator.host_answers(&sent.message, answer).unwrap();
        sent.message
    };
    // What the host answers is decided before the page asks it: the page's fetch begins after the message is stored.
    let again = send(1, HostAnswer::Gone);
    assert!(file(&world, &again).await == bytes(1, 1000));
    world.simulator.faults(|faults| faults.reupload = Reupload::NotFound);
    assert_eq!(refusal(&world, &send(2, HostAnswer::Expired)).await, (410, "MEDIA_GONE".to_owned()));
    world.simulator.faults(|faults| faults.reupload = Reupload::Silent);
    let silent = send(3, HostAnswer::Gone);
    let asked = |id: &str| world.simulator.record().uploads_asked.iter().filter(|asked| id.contains(&asked.id)).count();
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while asked(&silent) == 0 {
        assert!(tokio::time::Instant::now() < deadline, "the phone was not asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    status_becomes(&world, &silent, "pending").await;
    // While the phone is silent, other files come.
    let other = world.simulator.media(&Media::new(FRIEND, Kind::Image, &bytes(4, 1000))).unwrap().message;
    assert!(file(&world, &other).await == bytes(4, 1000));
    // A new document asks the phone again, which is on now.
    world.simulator.faults(|faults| faults.reupload = Reupload::Success);
    world.stop().await;
    world.start().await;
    world.until(State::Ready).await;
    assert!(file(&world, &silent).await == bytes(3, 1000));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_had_says_why() {
    let mut world = World::new(Options::fast()).await;
    world.set("MEDIA_FETCH", "auto,video=ask,sticker=off").set("MEDIA_MAX_MB", "1");
    world.start().await;
    world.link().await;
    let simulator = &world.simulator;
    let send = |media: &Media| simulator.media(media).unwrap().message;
    let once = send(&Media { view_once: true, ..Media::new(FRIEND, Kind::Image, &bytes(1, 100)) });
    let broken = send(&Media { wrong: Some(Wrong::FileHash), ..Media::new(FRIEND, Kind::Image, &bytes(2, 100)) });
    let large = send(&Media::new(FRIEND, Kind::Document, &bytes(3, (1 << 20) + 1)));
    let film = simulator.media(&Media::new(FRIEND, Kind::Video, &bytes(4, 100))).unwrap();
    let (film, film_path) = (film.message, film.path);
    let sticker = send(&Media::new(FRIEND, Kind::Sticker, &bytes(5, 100)));
    let text = simulator.incoming(simulator::Incoming::text(FRIEND, "hola")).unwrap();
    crate::messages::log(&world, 6).await;
    assert_eq!(refusal(&world, &once).await, (410, "MEDIA_GONE".to_owned()));
    assert_eq!(media_of(&world, &once).await["view_once"], true);
    assert_eq!(refusal(&world, &broken).await, (410, "MEDIA_GONE".to_owned()));
    assert_eq!(refusal(&world, &large).await, (413, "MEDIA_TOO_LARGE".to_owned()));
    for none in [&sticker, &text] {
        let (status, body) = world.get(&file_path(none)).await;
        assert_eq!((status, &body["code"]), (404, &"NO_MEDIA".into()));
    }
    assert_eq!(world.get(&file_path("nobody")).await.1["code"], "MESSAGE_NOT_FOUND");
    assert_eq!(media_of(&world, &film).await["status"], "on_request");
    let paths = || world.simulator.record().fetches.iter().map(|fetch| fetch.path.clone()).collect::<Vec<_>>();
    assert!(!paths().iter().any(|path| film_path.starts_with(path.as_str())), "nobody has asked for it");
    let (status, pending) = world.get(&file_path(&film)).await;
    assert_eq!((status, &pending["code"]), (202, &"MEDIA_PENDING".into()));
    assert!(file(&world, &film).await == bytes(4, 100));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_goes_on_after_the_service_was_killed() {
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    let mut sent = Vec::new();
    for round in 0..6u8 {
        let content = bytes(round, 3_000_000);
        sent.push((world.simulator.media(&Media::new(FRIEND, Kind::Document, &content)).unwrap().message, content));
        // Killed at another moment of the fetch each time.
        tokio::time::sleep(Duration::from_millis(u64::from(round) * 60)).await;
        process.is_replaced(&world);
        process.listens();
    }
    for (id, content) in &sent {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        loop {
            let response = client().get(format!("{}{}", process.url(), file_path(id))).send().await.unwrap();
            if response.status() == 200 {
                assert!(response.bytes().await.unwrap() == content.as_slice());
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "the file never came");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let parts = std::fs::read_dir(world.folder().join("data/media")).unwrap();
    let parts = parts.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".part"));
    assert_eq!(parts.count(), 0);
}
