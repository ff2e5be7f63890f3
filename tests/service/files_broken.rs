//! Files whose way out is interrupted: by a stop, by a page that dies, by a page that WhatsApp changed.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};
use session_manager::domain::state::State;
use simulator::{Incoming, Options, Received, UploadAnswer};

use crate::once::ask_for;
use crate::process::{Process, link};
use crate::world::{DEADLINE, FRIEND, World, answer, family};

const GROUP: &str = "120363000000000001@g.us";
const OWN: &str = "5491150000001";
/// Longer than any test: such an upload ends only when it is cancelled.
const NEVER_MS: u64 = 600_000;

fn document(to: &str, caption: &str) -> Value {
    let data = STANDARD.encode(b"un documento");
    json!({ "to": to, "message": caption, "media": { "data": data, "kind": "document", "filename": "a.txt" } })
}

fn received(world: &World) -> Vec<Received> {
    world.simulator.record().received
}

/// The message whose file is being uploaded by now.
async fn uploading(url: &str) -> String {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let status: Value =
            crate::world::client().get(format!("{url}/status")).send().await.unwrap().json().await.unwrap();
        let upload = &status["send"]["uploads"][0];
        if upload["total"].as_u64().is_some_and(|total| total > 0) {
            return upload["message_id"].as_str().unwrap().to_owned();
        }
        assert!(tokio::time::Instant::now() < deadline, "{status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn kill_renderers(browser: i32) {
    for renderer in family(browser, "--type=renderer") {
        kill(Pid::from_raw(renderer), Signal::SIGKILL).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_to_a_group_and_to_the_account_itself() {
    let mut world = World::ready().await;
    let heard = world.simulator.incoming(Incoming::text(FRIEND, "a todos").in_group(GROUP)).unwrap();
    let path = format!("/messages/{heard}");
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while world.get(&path).await.0 != 200 {
        assert!(tokio::time::Instant::now() < deadline, "the group's message never came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (count, to) in [(1, GROUP), (2, OWN)] {
        let (status, sent) = world.post("/send", document(to, "para todos")).await;
        assert_eq!((status, &sent["status"]), (200, &"SENT".into()), "{to}: {sent}");
        let received = received(&world);
        assert_eq!(received.len(), count, "{to}");
        let one = received.last().unwrap();
        // The page marks its own side of a message to itself.
        let id = sent["message_id"].as_str().unwrap();
        assert!(id.trim_end_matches("_out") == one.key && one.kind == "document", "{to}: {id}, {}", one.key);
        assert!(one.file.as_ref().is_some_and(|file| *file.bytes == *b"un documento"), "{to}");
        assert_eq!(one.fields["caption"], "para todos", "{to}");
    }
    world.stop().await;
}

/// Stops in the middle of an upload under a key, whose caller waits or was answered 504 before; then the key is tried again.
async fn stopped_in_mid_upload(timeout: &str, is_answered: bool) {
    let mut world = World::new(Options::fast()).await;
    world.set("SEND_TIMEOUT", timeout);
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    world.simulator.add_person(FRIEND).unwrap();
    world.simulator.faults(|faults| faults.slow_upload_ms = NEVER_MS);
    world.simulator.heard(DEADLINE).await.unwrap();
    let body = document(FRIEND, "una vez");
    let mut asked = tokio::spawn(ask_for(&process, "k", &body));
    let message = uploading(process.url()).await;
    if is_answered {
        let (status, late) = (&mut asked).await.unwrap();
        assert_eq!((status, &late["code"], &late["message_id"]), (504, &"SEND_UNCONFIRMED".into(), &json!(message)));
    }
    let began = Instant::now();
    process.signal(Signal::SIGTERM);
    let (code, _, log) = process.exit();
    let took = began.elapsed();
    assert!(code == Some(0) && took < Duration::from_secs(3), "{code:?} after {took:?}: {log:#?}");
    if !is_answered {
        let (status, stopped) = asked.await.unwrap();
        assert_eq!((status, &stopped["code"]), (503, &"SESSION_NOT_READY".into()), "{stopped}");
    }
    assert!(received(&world).is_empty());

    world.simulator.faults(|faults| faults.slow_upload_ms = 0);
    let mut process = Process::started(&world);
    process.reaches("READY");
    let (status, sent) = ask_for(&process, "k", &body).await;
    assert_eq!(status, 200, "{sent}");
    assert_eq!(ask_for(&process, "k", &body).await, (200, sent.clone()));
    let received = received(&world);
    assert_eq!((received.len(), sent["message_id"].as_str()), (1, Some(received[0].key.as_str())));
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_an_upload_whose_caller_waits_and_a_retry_sends_the_file_once() {
    stopped_in_mid_upload("50s", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_an_upload_whose_caller_was_answered_and_a_retry_sends_the_file_once() {
    stopped_in_mid_upload("2s", true).await;
}

/// The page dies while the host takes the file. Under a key the file is uploaded again once the session is READY.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_dies_in_mid_upload_sends_the_file_once_under_its_key() {
    let mut world = World::ready().await;
    world.simulator.add_person(FRIEND).unwrap();
    world.simulator.faults(|faults| faults.slow_upload_ms = NEVER_MS);
    world.simulator.heard(DEADLINE).await.unwrap();
    let keyed = |world: &World, key: &str| {
        let request = world.request("POST", "/send").header("idempotency-key", key);
        answer(request.json(&document(FRIEND, key)))
    };
    let asked = tokio::spawn(keyed(&world, "k"));
    let message = uploading(&world.url("")).await;
    world.simulator.faults(|faults| faults.slow_upload_ms = 0);
    kill_renderers(world.browser_pid());
    let (status, sent) = asked.await.unwrap();
    assert_eq!((status, sent["message_id"].as_str()), (200, Some(message.as_str())), "{sent}");
    assert_eq!(keyed(&world, "k").await, (200, sent));
    assert_eq!(received(&world).len(), 1);

    // Without a key nothing is repeated, and the caller is told that nothing was sent.
    world.until(State::Ready).await;
    world.simulator.faults(|faults| faults.slow_upload_ms = NEVER_MS);
    world.simulator.heard(DEADLINE).await.unwrap();
    let asked = tokio::spawn(answer(world.request("POST", "/send").json(&document(FRIEND, "sin clave"))));
    uploading(&world.url("")).await;
    kill_renderers(world.browser_pid());
    let (status, failed) = asked.await.unwrap();
    assert_eq!((status, &failed["code"]), (502, &"MEDIA_UPLOAD_FAILED".into()), "{failed}");
    assert_eq!(received(&world).len(), 1);
    world.stop().await;
}

/// The caller was answered 504 and does not come back: the message leaves all the same, under the id that the caller has.
async fn answered_before(slow_upload_ms: u64, uploads: &[UploadAnswer], breaks: impl FnOnce(&World)) {
    let mut world = World::ready().await;
    world.stop().await;
    world.set("SEND_TIMEOUT", "2s").start().await;
    world.until(State::Ready).await;
    world.simulator.add_person(FRIEND).unwrap();
    world.simulator.faults(|faults| (faults.slow_upload_ms, faults.uploads) = (slow_upload_ms, uploads.to_vec()));
    world.simulator.heard(DEADLINE).await.unwrap();
    let request = world.request("POST", "/send").header("idempotency-key", "k");
    let (status, late) = answer(request.json(&document(FRIEND, "una vez"))).await;
    assert_eq!((status, &late["code"]), (504, &"SEND_UNCONFIRMED".into()), "{late}");
    breaks(&world);
    let left = world.simulator.wait_until("the message", DEADLINE, |record| !record.received.is_empty()).await;
    assert_eq!(Some(left.unwrap().received[0].key.as_str()), late["message_id"].as_str());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_dies_after_the_caller_was_answered_loses_no_message() {
    let dies = |world: &World| {
        world.simulator.faults(|faults| faults.slow_upload_ms = 0);
        kill_renderers(world.browser_pid());
    };
    answered_before(NEVER_MS, &[], dies).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_refuses_after_the_caller_was_answered_is_asked_again() {
    answered_before(3_000, &[UploadAnswer::Status(403), UploadAnswer::Take], |_| {}).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_the_modules_of_uploads_still_sends_texts() {
    let mut world = World::new(Options::fast()).await;
    world.simulator.faults(|faults| faults.missing_modules.push("WAWebUploadManager".to_owned()));
    world.simulator.add_person(FRIEND).unwrap();
    world.start().await;
    world.link().await;
    let (status, refused) = world.post("/send", document(FRIEND, "no sale")).await;
    assert_eq!((status, &refused["code"]), (503, &"SEND_UNAVAILABLE".into()), "{refused}");
    let sentence = refused["message"].as_str().unwrap();
    assert!(sentence.contains("WAWebUploadManager") && sentence.contains("update session-manager"), "{sentence}");
    let (status, sent) = world.send(FRIEND, "hola").await;
    assert_eq!((status, received(&world).len()), (200, 1), "{sent}");
    world.stop().await;
}
