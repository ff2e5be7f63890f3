//! Files that are passed on: what their receivers can open, and what is refused because they could not.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use simulator::{Faults, HostAnswer, Kind, Media, Options, Received, Reupload, Sent, UploadAnswer};

use crate::acts::{STRANGER, received};
use crate::acts_routes::ask;
use crate::messages::log;
use crate::process::{Process, link};
use crate::world::{DEADLINE, FRIEND, World, client, family};

/// Longer than any test: such an upload ends only when it is cancelled.
const NEVER_MS: u64 = 600_000;

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

/// What is refused has not left: it takes no place of those that a day has.
#[tokio::test(flavor = "multi_thread")]
async fn a_forward_that_is_refused_counts_against_no_cap() {
    let mut world = World::new(Options::fast()).await;
    world.set("MEDIA_FETCH", "off").set("SEND_DAILY_MAX", "1").set("SEND_NEW_CONTACTS_DAILY_MAX", "1").start().await;
    world.link().await;
    world.simulator.add_person(STRANGER).unwrap();
    let sent = photo(&world, &Media::new(FRIEND, Kind::Image, b"a photo")).await;
    world.simulator.host_answers(&sent.message, HostAnswer::Gone).unwrap();
    world.simulator.faults(|faults| faults.reupload = Reupload::NotFound);
    world.simulator.heard(DEADLINE).await.unwrap();
    for key in [None, Some("k")] {
        let path = format!("/messages/{}/forward", sent.message);
        let (status, refused) = ask(&world, "POST", &path, key, json!({ "to": STRANGER })).await;
        assert_eq!((status, refused["code"].as_str()), (409, Some("FORWARD_NOT_POSSIBLE")), "{key:?}: {refused}");
    }
    let (status, sent) = world.send(STRANGER, "hola").await;
    assert_eq!(status, 200, "{sent}");
    world.stop().await;
}

/// A file is as large as its sender says. The page would hold all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_larger_than_files_may_be_is_not_passed_on() {
    let mut world = World::new(Options::fast()).await;
    world.set("MEDIA_FETCH", "off").set("MEDIA_SEND_MAX_MB", "1").start().await;
    world.link().await;
    world.simulator.add_person(STRANGER).unwrap();
    let media = Media { bytes: None, size: Some((1 << 20) + 1), ..Media::new(FRIEND, Kind::Document, b"") };
    let sent = photo(&world, &media).await;
    let (status, refused) = forward(&world, &sent).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("FORWARD_NOT_POSSIBLE")), "{refused}");
    assert!(refused["message"].as_str().is_some_and(|why| why.contains("1 MB")), "{refused}");
    assert!(world.simulator.record().fetches.is_empty(), "its file is not fetched");
    world.stop().await;
}

fn keyed(url: &str, sent: &Sent) -> impl Future<Output = (u16, Value)> + Send + use<> {
    let request = client().post(format!("{url}/messages/{}/forward", sent.message));
    let request = request.header("idempotency-key", "k").json(&json!({ "to": STRANGER }));
    async move {
        match request.send().await {
            Ok(answer) => (answer.status().as_u16(), answer.json().await.unwrap_or_default()),
            Err(_) => (0, Value::Null),
        }
    }
}

/// While its file is fetched nothing of a forward has left, so its key is free.
#[tokio::test(flavor = "multi_thread")]
async fn a_forward_whose_service_is_killed_while_its_file_is_fetched_is_sent_by_a_retry() {
    let mut world = World::new(Options::fast()).await;
    world.set("MEDIA_FETCH", "off");
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    world.simulator.add_person(STRANGER).unwrap();
    let sent = world.simulator.media(&Media::new(FRIEND, Kind::Image, b"a photo")).unwrap();
    process.logged(1, DEADLINE).await;
    world.simulator.host_answers(&sent.message, HostAnswer::Hang).unwrap();
    let cut_off = tokio::spawn(keyed(process.url(), &sent));
    world.simulator.wait_until("the fetch", DEADLINE, |record| !record.fetches.is_empty()).await.unwrap();
    process.signal(Signal::SIGKILL);
    process.exit();
    assert_eq!(cut_off.await.unwrap().0, 0, "it died before it could answer");
    world.simulator.host_answers(&sent.message, HostAnswer::Serve).unwrap();

    let mut process = Process::started(&world);
    process.reaches("READY");
    let (status, done) = keyed(process.url(), &sent).await;
    assert_eq!(status, 200, "{done}");
    assert_eq!(keyed(process.url(), &sent).await, (200, done));
    let received = world.simulator.record().received;
    assert_eq!(received.len(), 1);
    assert_eq!(&received[0].file.as_ref().unwrap().bytes[..], b"a photo");
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

/// Under a key the file may take longer than the caller waits, and the page may go meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_forward_under_a_key_goes_on_by_itself() {
    let mut world = ready("2s").await;
    let sent = photo(&world, &Media::new(FRIEND, Kind::Image, b"a photo")).await;
    world.simulator.faults(|faults| faults.slow_upload_ms = NEVER_MS);
    world.simulator.heard(DEADLINE).await.unwrap();
    let (status, late) = keyed(&world.url(""), &sent).await;
    assert_eq!((status, late["code"].as_str()), (504, Some("SEND_UNCONFIRMED")), "{late}");
    world.simulator.faults(|faults| faults.slow_upload_ms = 0);
    for renderer in family(world.browser_pid(), "--type=renderer") {
        kill(Pid::from_raw(renderer), Signal::SIGKILL).unwrap();
    }
    let left = world.simulator.wait_until("the message", DEADLINE, |record| !record.received.is_empty()).await;
    assert_eq!(Some(left.unwrap().received[0].key.as_str()), late["message_id"].as_str());
    world.stop().await;
}
