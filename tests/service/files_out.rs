//! Files that are sent: byte for byte, once, and truthfully answered.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::ImageFormat;
use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{Received, UploadAnswer};

use crate::made;
use crate::world::{DEADLINE, FRIEND, World, answer};

async fn ready() -> World {
    let world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    world
}

/// The only message that left.
fn received(world: &World) -> Received {
    let mut received = world.simulator.record().received;
    assert_eq!(received.len(), 1, "{received:?}");
    received.remove(0)
}

fn jpeg(width: u32) -> Vec<u8> {
    made::picture(width, 48, ImageFormat::Jpeg)
}

/// Four seconds of one channel.
fn voice() -> Vec<u8> {
    made::opus(1, &[80; 200])
}

fn send_data(world: &World, bytes: &[u8], media: Value, message: Option<&str>) -> reqwest::RequestBuilder {
    let mut body = json!({ "number": FRIEND, "media": media });
    body["media"]["data"] = json!(STANDARD.encode(bytes));
    if let Some(message) = message {
        body["message"] = json!(message);
    }
    world.request("POST", "/send").json(&body)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_goes_out_byte_for_byte() {
    let mut world = ready().await;
    type Case<'a> = (&'a str, Vec<u8>, Value, Option<&'a str>, &'a str);
    let cases: [Case; 9] = [
        ("image", jpeg(64), json!({}), Some("una foto"), "image"),
        ("png", made::picture(10, 20, ImageFormat::Png), json!({ "view_once": true }), None, "image"),
        ("video", made::mp4(b"isom", &[made::H264, made::AAC]), json!({}), Some("un video"), "video"),
        ("gif", made::mp4(b"isom", &[made::H264]), json!({ "kind": "gif" }), None, "video"),
        ("audio", voice(), json!({ "kind": "audio" }), None, "audio"),
        ("voice", voice(), json!({ "kind": "voice" }), None, "ptt"),
        ("sticker", made::picture(512, 512, ImageFormat::WebP), json!({ "kind": "sticker" }), None, "sticker"),
        ("document", b"%PDF-1.7\nx".to_vec(), json!({ "filename": "informe.pdf" }), Some("el informe"), "document"),
        (
            "unknown",
            vec![0, 159, 146, 150],
            json!({ "filename": "x.bin", "mimetype": "application/x-thing" }),
            None,
            "document",
        ),
    ];
    for (count, (name, bytes, media, caption, kind)) in (1..).zip(cases) {
        let (status, sent) = answer(send_data(&world, &bytes, media, caption)).await;
        assert_eq!((status, &sent["status"]), (200, &"SENT".into()), "{name}: {sent}");
        let received = world.simulator.record().received;
        assert_eq!(received.len(), count, "{name}");
        let one = received.last().unwrap();
        assert_eq!((one.kind.as_str(), sent["message_id"].as_str()), (kind, Some(one.key.as_str())), "{name}");
        let file = one.file.as_ref().unwrap_or_else(|| panic!("{name}: {:?}", one.fields));
        assert!(file.bytes == bytes, "{name}");
        assert_eq!(
            one.fields.get("caption").and_then(Value::as_str).filter(|text| !text.is_empty()),
            caption,
            "{name}"
        );
        match name {
            "voice" => {
                assert_eq!(
                    (&one.fields["mimetype"], &one.fields["duration"]),
                    (&"audio/ogg; codecs=opus".into(), &"4".into())
                );
                let wave = STANDARD.decode(one.fields["waveform"]["$bytes"].as_str().unwrap()).unwrap();
                assert_eq!(wave.len(), 64);
            }
            "image" => assert_eq!((&one.fields["width"], &one.fields["height"]), (&64.into(), &48.into())),
            "png" => assert_eq!(one.fields["isViewOnce"], true),
            "gif" => assert_eq!(one.fields["isGif"], true),
            "document" => assert_eq!(one.fields["filename"], "informe.pdf"),
            _ => {}
        }
        // The log has the message with its file, which was not fetched again.
        let path = format!("/messages/{}", one.key);
        let deadline = tokio::time::Instant::now() + DEADLINE;
        while world.get(&path).await.1["media"]["status"] != "stored" {
            assert!(tokio::time::Instant::now() < deadline, "{name}: {}", world.get(&path).await.1);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let file = world.request("GET", &format!("{path}/media")).send().await.unwrap();
        assert!(file.bytes().await.unwrap() == bytes, "{name}");
    }
    assert!(world.simulator.record().fetches.is_empty(), "the service has these files already");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_by_a_form_or_was_uploaded_before() {
    let mut world = ready().await;
    let picture = world.folder().join("a.jpg");
    std::fs::write(&picture, jpeg(8)).unwrap();
    let curl = tokio::process::Command::new("curl")
        .args([
            "-sS",
            "-F",
            &format!("file=@{}", picture.display()),
            "-F",
            &format!("number={FRIEND}"),
            "-F",
            "message=mira",
        ])
        .arg(world.url("/send"))
        .output();
    let answered = curl.await.unwrap();
    let sent: Value = serde_json::from_slice(&answered.stdout).unwrap();
    assert_eq!(sent["status"], "SENT", "{sent}");
    let one = received(&world);
    assert_eq!((one.kind.as_str(), &one.fields["caption"]), ("image", &"mira".into()));
    let upload = world.request("POST", "/media?filename=nota.ogg").header("content-type", "audio/ogg");
    let (status, kept) = answer(upload.body(voice())).await;
    assert_eq!(status, 201, "{kept}");
    let (status, sent) =
        world.post("/send", json!({ "number": FRIEND, "media": { "id": kept["id"], "kind": "voice" } })).await;
    assert_eq!(status, 200, "{sent}");
    let note = world.simulator.record().received.remove(1);
    assert_eq!((note.kind.as_str(), note.file.unwrap().bytes == voice()), ("ptt", true));
    let (status, gone) = world.post("/send", json!({ "number": FRIEND, "media": { "id": "f".repeat(32) } })).await;
    assert_eq!((status, &gone["code"]), (404, &"MEDIA_NOT_FOUND".into()), "{gone}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_fails_sends_nothing_and_can_be_tried_again_under_its_key() {
    let mut world = ready().await;
    let send = |world: &World| send_data(world, &jpeg(8), json!({}), None).header("idempotency-key", "k");
    world.simulator.faults(|faults| faults.uploads = vec![UploadAnswer::Status(500); 20]);
    let (status, failed) = answer(send(&world)).await;
    assert_eq!((status, &failed["code"]), (502, &"MEDIA_UPLOAD_FAILED".into()), "{failed}");
    assert!(world.simulator.record().received.is_empty());
    world.simulator.faults(|faults| faults.uploads.clear());
    let (status, sent) = answer(send(&world)).await;
    assert_eq!(status, 200, "{sent}");
    assert_eq!(answer(send(&world)).await, (200, sent));
    let other = send_data(&world, &jpeg(9), json!({}), None).header("idempotency-key", "k");
    let (status, conflict) = answer(other).await;
    assert_eq!((status, &conflict["code"]), (422, &"IDEMPOTENCY_CONFLICT".into()), "{conflict}");
    received(&world);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_upload_goes_on_under_its_key_and_is_cancelled_without_one() {
    let mut world = ready().await;
    world.stop().await;
    world.set("SEND_TIMEOUT", "2s").start().await;
    world.until(State::Ready).await;
    world.simulator.faults(|faults| faults.slow_upload_ms = 5_000);
    let (status, cancelled) = answer(send_data(&world, &jpeg(8), json!({}), None)).await;
    assert_eq!((status, &cancelled["code"]), (502, &"MEDIA_UPLOAD_FAILED".into()), "{cancelled}");
    let keyed = || send_data(&world, &jpeg(8), json!({}), None).header("idempotency-key", "k");
    let (status, late) = answer(keyed()).await;
    assert_eq!((status, &late["code"]), (504, &"SEND_UNCONFIRMED".into()), "{late}");
    let uploads = world.get("/status").await.1["send"]["uploads"].clone();
    assert_eq!(uploads[0]["message_id"], late["message_id"], "{uploads}");
    let (status, again) = answer(keyed()).await;
    assert_eq!((status, &again["message_id"]), (504, &late["message_id"]), "{again}");
    let sent = tokio::time::timeout(DEADLINE, async {
        loop {
            let (status, sent) = answer(keyed()).await;
            if status == 200 {
                return sent;
            }
            assert_eq!(status, 504, "{sent}");
        }
    });
    assert_eq!(sent.await.unwrap()["message_id"], late["message_id"]);
    assert_eq!(received(&world).key, late["message_id"].as_str().unwrap());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_whatsapp_does_not_take_is_refused_before_the_upload() {
    let mut world = ready().await;
    let refused = async |bytes: &[u8], media: Value, message: Option<&str>| {
        let (status, error) = answer(send_data(&world, bytes, media, message)).await;
        (status, error["code"].as_str().unwrap().to_owned())
    };
    let large = [jpeg(8), vec![0; 17 << 20]].concat();
    let (status, error) = answer(send_data(&world, &large, json!({ "kind": "image" }), None)).await;
    assert_eq!(
        (status, &error["code"], &error["limit"]),
        (413, &"MEDIA_TOO_LARGE".into(), &(16 << 20).into()),
        "{error}"
    );
    assert_eq!(refused(b"hola", json!({ "kind": "image" }), None).await, (415, "MEDIA_TYPE".to_owned()));
    assert_eq!(refused(b"", json!({}), None).await, (400, "INVALID_MEDIA".to_owned()));
    let voice = voice();
    assert_eq!(refused(&voice, json!({ "kind": "voice" }), Some("hola")).await, (400, "INVALID_MEDIA".to_owned()));
    let once = json!({ "kind": "document", "view_once": true });
    assert_eq!(refused(b"hola", once, None).await, (400, "INVALID_MEDIA".to_owned()));
    assert!(world.simulator.record().uploads.is_empty() && world.simulator.record().received.is_empty());
    world.stop().await;
}
