//! Files that are passed on: what their receivers can open, and what is refused because they could not.

use serde_json::{Value, json};
use simulator::{Faults, HostAnswer, Kind, Media, Options, Received, Reupload, Sent, UploadAnswer};

use crate::acts::{STRANGER, received};
use crate::acts_routes::ask;
use crate::messages::log;
use crate::world::{DEADLINE, FRIEND, World};

/// A service that fetches no file by itself, so that the page has no copy of it.
async fn ready(timeout: &str) -> World {
    let mut world = World::new(Options::fast()).await;
    world.set("MEDIA_FETCH", "off").set("SEND_TIMEOUT", timeout).start().await;
    world.link().await;
    world.simulator.add_person(STRANGER).unwrap();
    world
}

/// A photo of the friend, once the log has its message.
async fn photo(world: &World, media: &Media) -> Sent {
    let before = log(world, 0).await.len();
    let sent = world.simulator.media(media).unwrap();
    log(world, before + 1).await;
    sent
}

async fn forward(world: &World, sent: &Sent) -> (u16, Value) {
    ask(world, "POST", &format!("/messages/{}/forward", sent.message), None, json!({ "to": STRANGER })).await
}

async fn passed_on(world: &World, sent: &Sent) -> Received {
    let (status, done) = forward(world, sent).await;
    assert_eq!(status, 200, "{done}");
    received(world, done["message_id"].as_str().unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_passed_on_under_its_key_while_that_is_young_and_under_a_new_one_later() {
    let mut world = ready("50s").await;
    for (days, is_same) in [(1, true), (3, false)] {
        let bytes = format!("a photo of {days} days");
        let media = Media { key_days: days, ..Media::new(FRIEND, Kind::Image, bytes.as_bytes()) };
        let sent = photo(&world, &media).await;
        let passed = passed_on(&world, &sent).await;
        assert_eq!(&passed.file.expect("a file that its receiver can open").bytes[..], bytes.as_bytes());
        assert_eq!(passed.fields["mediaKey"] == json!(sent.media_key), is_same, "of {days} days");
    }
    assert_eq!(world.simulator.record().uploads.len(), 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_the_host_has_no_more_comes_from_the_phone_or_is_not_passed_on() {
    let mut world = ready("5s").await;
    for (number, (phone, words)) in [
        (Reupload::NotFound, Some("nor on the phone")),
        (Reupload::DecryptionError, Some("nor on the phone")),
        (Reupload::GeneralError, Some("could not upload it again")),
        (Reupload::Silent, Some("did not answer")),
        (Reupload::Success, None),
    ]
    .into_iter()
    .enumerate()
    {
        let bytes = format!("photo {number}");
        let sent = photo(&world, &Media::new(FRIEND, Kind::Image, bytes.as_bytes())).await;
        world.simulator.host_answers(&sent.message, HostAnswer::Gone).unwrap();
        world.simulator.faults(|faults| faults.reupload = phone);
        world.simulator.heard(DEADLINE).await.unwrap();
        let Some(words) = words else {
            let passed = passed_on(&world, &sent).await;
            assert_eq!(&passed.file.expect("a file that its receiver can open").bytes[..], bytes.as_bytes());
            continue;
        };
        let (status, refused) = forward(&world, &sent).await;
        assert_eq!((status, refused["code"].as_str()), (409, Some("FORWARD_NOT_POSSIBLE")), "{phone:?}: {refused}");
        assert!(refused["message"].as_str().unwrap().contains(words), "{phone:?}: {refused}");
        assert!(world.simulator.record().received.is_empty(), "nothing is sent");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_fetched_or_uploaded_now_is_passed_on_later() {
    let mut world = ready("5s").await;
    let sent = photo(&world, &Media::new(FRIEND, Kind::Video, b"a video")).await;
    for answer in [HostAnswer::Hang, HostAnswer::Status(429)] {
        world.simulator.host_answers(&sent.message, answer).unwrap();
        let (status, refused) = forward(&world, &sent).await;
        assert_eq!((status, refused["code"].as_str()), (502, Some("MEDIA_UPLOAD_FAILED")), "{answer:?}: {refused}");
    }
    world.simulator.host_answers(&sent.message, HostAnswer::Serve).unwrap();
    for answer in [UploadAnswer::Hang, UploadAnswer::Status(413)] {
        world.simulator.faults(|faults| faults.uploads = vec![answer]);
        world.simulator.heard(DEADLINE).await.unwrap();
        let (status, refused) = forward(&world, &sent).await;
        assert_eq!((status, refused["code"].as_str()), (502, Some("MEDIA_UPLOAD_FAILED")), "{answer:?}: {refused}");
    }
    assert!(world.simulator.record().received.is_empty(), "nothing is sent");
    world.simulator.faults(|faults| *faults = Faults::default());
    world.simulator.heard(DEADLINE).await.unwrap();
    assert_eq!(&passed_on(&world, &sent).await.file.unwrap().bytes[..], b"a video");
    world.stop().await;
}
