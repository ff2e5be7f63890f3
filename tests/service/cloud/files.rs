//! Files that go by the Cloud API: what Meta takes, and how an upload ends.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use session_manager::domain::state::State;

use super::{settings, started, until_ready, world};
use crate::made;
use crate::world::{DEADLINE, FRIEND, World, answer};

const PDF: &[u8] = b"%PDF-1.7\nx";

fn file(world: &World, bytes: &[u8], media: &Value, rest: Value) -> reqwest::RequestBuilder {
    let mut body = rest;
    body["number"] = json!(FRIEND);
    body["media"] = media.clone();
    body["media"]["data"] = json!(STANDARD.encode(bytes));
    world.request("POST", "/send").json(&body)
}

async fn refused(request: reqwest::RequestBuilder) -> (u16, String) {
    let (status, refused) = answer(request).await;
    (status, refused["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_goes_as_metas_own() {
    let (graph, mut world) = started().await;
    let (video, voice) = (made::mp4(b"isom", &[made::H264, made::AAC]), made::opus(1, &[80; 200]));
    let sticker = made::moving_webp(512, 512);
    let cases = [
        (&video[..], json!({}), "video", "video/mp4"),
        (&voice[..], json!({ "kind": "voice" }), "audio", "audio/ogg; codecs=opus"),
        (&voice[..], json!({ "kind": "audio" }), "audio", "audio/ogg; codecs=opus"),
        (&sticker[..], json!({ "kind": "sticker" }), "sticker", "image/webp"),
        (PDF, json!({ "filename": "informe.pdf" }), "document", "application/pdf"),
    ];
    for (n, (bytes, media, kind, mimetype)) in cases.into_iter().enumerate() {
        let (status, sent) = answer(file(&world, bytes, &media, json!({}))).await;
        assert_eq!((status, &sent["status"]), (200, &json!("ACCEPTED")), "{media}: {sent}");
        let body = graph.messages()[n].body.clone();
        let stored = graph.file(body[kind]["id"].as_str().unwrap_or_else(|| panic!("{body}"))).unwrap();
        assert_eq!((stored.0.as_str(), &stored.1[..]), (mimetype, bytes), "{media}");
        assert_eq!(body["audio"]["voice"] == true, media["kind"] == "voice", "{body}");
    }
    assert_eq!(graph.messages()[4].body["document"]["filename"], "informe.pdf");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_metas_upload_never_takes_is_refused_before_it_and_goes_by_the_page_where_that_is_free() {
    let (graph, mut world) = started().await;
    let zip = [b"PK\x03\x04".as_slice(), &[0; 60]].concat();
    let gif = [b"GIF89a\x08\x00\x08\x00".as_slice(), &[0; 40], b";"].concat();
    let files = [
        (&zip[..], json!({ "filename": "a.zip" })),
        (b"a,b\n1,2\n", json!({ "filename": "a.csv", "mimetype": "text/csv" })),
        (&gif[..], json!({ "filename": "a.gif" })),
    ];
    for (bytes, media) in &files {
        assert_eq!(refused(file(&world, bytes, media, json!({}))).await, (415, "MEDIA_TYPE".to_owned()), "{media}");
    }
    // Meta has the last word.
    graph.refuse_uploads(400, 100);
    assert_eq!(refused(file(&world, PDF, &json!({}), json!({}))).await, (415, "MEDIA_TYPE".to_owned()));
    let uploads = graph.calls().iter().filter(|call| call.ends_with("/media")).count();
    assert_eq!((uploads, graph.messages().len()), (1, 0));
    graph.refuse_uploads(401, 190);
    assert_eq!(refused(file(&world, PDF, &json!({}), json!({}))).await, (503, "CLOUD_UNAUTHORIZED".to_owned()));
    world.stop().await;
    world.set("SEND_VIA", "auto").start().await;
    for (bytes, media) in &files {
        let said = refused(file(&world, bytes, media, json!({}))).await;
        assert_eq!(said, (503, "SESSION_NOT_READY".to_owned()), "the page could send it: {media}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_nothing_is_refused_before_its_file_is_uploaded() {
    let (graph, mut world) = started().await;
    let answering = json!({ "reply_to": "none" });
    assert_eq!(refused(file(&world, PDF, &json!({}), answering)).await, (404, "MESSAGE_NOT_FOUND".to_owned()));
    assert!(!graph.calls().iter().any(|call| call.ends_with("/media")), "{:?}", graph.calls());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_that_hang_end_and_others_get_their_turn() {
    let (graph, mut world) = world().await;
    world.tune = |timings| timings.cloud_stall = Duration::from_secs(3);
    world.start().await;
    until_ready(&world).await;
    graph.slow_uploads(DEADLINE * 10);
    let send = |key: &str| {
        let request = file(&world, PDF, &json!({}), json!({})).header("idempotency-key", key);
        async move { refused(request).await }
    };
    let third = async {
        super::until("both uploads", || async {
            graph.calls().iter().filter(|call| call.ends_with("/media")).count() == 2
        })
        .await;
        graph.slow_uploads(Duration::ZERO);
        send("c").await
    };
    let hung = (502, "MEDIA_UPLOAD_FAILED".to_owned());
    assert_eq!(tokio::join!(send("a"), send("b"), third), (hung.clone(), hung, (200, String::new())));
    assert_eq!(graph.messages().len(), 1);
    assert_eq!(send("a").await.0, 200, "nothing had left, so its key is free");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_may_name_the_page_beside_the_cloud_api() {
    let (graph, mut world) = world().await;
    settings(&graph, &mut world);
    world.set("AUTO_CONNECT", "true").start().await;
    world.link().await;
    world.until(State::Ready).await;
    world.simulator.add_person(FRIEND).unwrap();
    let by_page = json!({ "number": FRIEND, "message": "por la página", "via": "web" });
    let (status, sent) = world.post("/send", by_page).await;
    assert_eq!((status, &sent["via"], &sent["status"]), (200, &json!("web"), &json!("SENT")), "{sent}");
    assert_eq!((graph.messages().len(), world.simulator.record().received.len()), (0, 1));
    let (status, sent) = world.send(FRIEND, "por la API").await;
    assert_eq!((status, &sent["via"]), (200, &json!("cloud")), "{sent}");
    assert_eq!((graph.messages().len(), world.simulator.record().received.len()), (1, 1));
    world.stop().await;
}
