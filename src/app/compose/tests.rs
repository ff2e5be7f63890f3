#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::*;

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
