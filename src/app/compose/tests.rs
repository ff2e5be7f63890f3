#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::*;
use crate::domain::idempotency::{SendKey, SendRecord, SendStage};
use crate::domain::log::LoggedMessage;
use crate::domain::log::tests::page_message;
use crate::domain::message::{Ack, MessageId, PageMessage};
use crate::domain::time::{Clock, Timestamp};
use crate::domain::via::Via;
use crate::store::LogChange;

async fn started(folder: &std::path::Path) -> Service {
    let place = |name: &str| folder.join(name).display().to_string();
    let settings: BTreeMap<String, String> = [
        ("PORT", "0".to_owned()),
        ("HOST", "127.0.0.1".to_owned()),
        ("AUTO_CONNECT", "false".to_owned()),
        ("TOKENS_DIR", place("tokens")),
        ("DATA_DIR", place("data")),
        ("WEBHOOK_URLS", "http://127.0.0.1:9/".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    Service::start(Config::read(&settings).unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_breaks_is_heard_of_by_name_and_the_stop_is_not_called_clean() {
    let patience = Duration::from_secs(5);
    let folder = tempfile::tempdir().unwrap();
    let service = started(folder.path()).await;
    let names = service.ends.names();
    assert!(service.stop(patience).await, "nothing was broken");
    assert!(names.len() >= 9, "{names:?}");
    for name in names {
        let folder = tempfile::tempdir().unwrap();
        let mut service = started(folder.path()).await;
        service.ends.abort(&name);
        assert_eq!(service.broken().await, End { name: name.clone(), broken: true });
        assert!(!service.stop(patience).await, "{name} was broken");
    }
}

const KEY: &str = "k";

/// The record of a message under the key.
fn record(created_at: Timestamp, stage: SendStage) -> SendRecord {
    SendRecord {
        fingerprint: SendKey::of(KEY).fingerprint(&["5491122334455@c.us", "hola", ""]),
        created_at,
        message_id: MessageId::new("true_1@lid_AB"),
        chat_id: "1@lid".to_owned(),
        phone: Some("5491122334455".to_owned()),
        via: Via::Web,
        stage,
    }
}

/// The status and message id with which a retry under the key is answered.
async fn retried(service: &Service) -> (u16, Option<String>) {
    let body = format!(r#"{{"number":"5491122334455","message":"hola","idempotency_key":"{KEY}"}}"#);
    let url = format!("http://{}/send", service.addresses()[0]);
    let post = crate::host::http_client::without_certificates()
        .unwrap()
        .build()
        .unwrap()
        .post(url)
        .header("content-type", "application/json")
        .body(body);
    let answer = post.send().await.unwrap();
    let status = answer.status().as_u16();
    let told: serde_json::Value = answer.json().await.unwrap();
    (status, told["message_id"].as_str().map(str::to_owned))
}

/// A service that is killed between the two writes has the ack in the log only.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_message_the_log_knows_to_be_sent_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let (key, now) = (SendKey::of(KEY), SystemClock.now());
    let page = PageMessage { from_me: true, ack: Ack::SERVER, ..page_message("true_1@lid_AB", "hola") };
    let logged = LoggedMessage::from_page(page, now, false).unwrap();
    let store = Store::open(&folder.path().join("data")).await.unwrap().store;
    store.keep_send(key, record(now, SendStage::Dispatching), now).await.unwrap();
    store.log(Arc::new(vec![LogChange::Add(Box::new(logged))])).await.unwrap();
    store.close().await.unwrap();

    let service = started(folder.path()).await;
    assert_eq!(retried(&service).await, (200, Some("true_1@lid_AB".to_owned())));
    let kept = service.store.find_send(key).await.unwrap().unwrap();
    assert!(matches!(kept.stage, SendStage::Sent { .. }), "{kept:?}");
    assert!(service.stop(Duration::from_secs(5)).await);
}

/// As after a boot without a battery-backed clock, with a clock that is set too late, or after a restored snapshot.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumped_forward_forgets_no_key_and_no_message() {
    let folder = tempfile::tempdir().unwrap();
    let month = Duration::from_secs(40 * 24 * 60 * 60);
    let before = Timestamp::from_millis(SystemClock.now().as_millis() - u64::try_from(month.as_millis()).unwrap());
    let logged = LoggedMessage::from_page(page_message("false_1@lid_A", "hola"), before, false).unwrap();
    let store = Store::open(&folder.path().join("data")).await.unwrap().store;
    let sent = record(before, SendStage::Sent { ack: Ack::SERVER, at: before });
    store.keep_send(SendKey::of(KEY), sent, before).await.unwrap();
    store.log(Arc::new(vec![LogChange::Add(Box::new(logged))])).await.unwrap();
    store.set_seen(before).await.unwrap();
    store.close().await.unwrap();

    let service = started(folder.path()).await;
    assert_eq!(retried(&service).await, (200, Some("true_1@lid_AB".to_owned())));
    // Retention ran at the start; anything that it removed would be gone by now.
    service.store.flush().await.unwrap();
    assert!(service.store.logged_message(MessageId::new("false_1@lid_A")).await.unwrap().is_some());
    assert!(service.stop(Duration::from_secs(5)).await);
}
