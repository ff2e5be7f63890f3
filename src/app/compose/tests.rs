#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::*;
use crate::domain::idempotency::{SendKey, SendRecord, SendStage};
use crate::domain::log::LoggedMessage;
use crate::domain::log::tests::page_message;
use crate::domain::message::{Ack, MessageId, PageMessage};
use crate::domain::time::Clock;
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

/// A service that is killed between the two writes knows of an acknowledgement in the log only.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_message_the_log_knows_to_be_sent_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let key = SendKey::of("k");
    let record = SendRecord {
        fingerprint: key.fingerprint(&["5491122334455@c.us", "hola", ""]),
        created_at: SystemClock.now(),
        message_id: MessageId::new("true_1@lid_AB"),
        chat_id: "1@lid".to_owned(),
        phone: Some("5491122334455".to_owned()),
        stage: SendStage::Dispatching,
    };
    let page = PageMessage { from_me: true, ack: Ack::SERVER, ..page_message("true_1@lid_AB", "hola") };
    let logged = LoggedMessage::from_page(page, SystemClock.now(), false).unwrap();
    let store = Store::open(&folder.path().join("data")).await.unwrap().store;
    store.keep_send(key, record, SystemClock.now()).await.unwrap();
    store.log(Arc::new(vec![LogChange::Add(Box::new(logged))])).await.unwrap();
    store.close().await.unwrap();

    let service = started(folder.path()).await;
    let body = r#"{"number":"5491122334455","message":"hola","idempotency_key":"k"}"#;
    let url = format!("http://{}/send", service.addresses()[0]);
    let post = reqwest::Client::new().post(url).header("content-type", "application/json").body(body);
    let answer = post.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let told: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(told["message_id"], "true_1@lid_AB");
    let kept = service.store.find_send(key).await.unwrap().unwrap();
    assert!(matches!(kept.stage, SendStage::Sent { .. }), "{kept:?}");
    assert!(service.stop(Duration::from_secs(5)).await);
}
