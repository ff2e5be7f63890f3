#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};

use serde_json::{Value, json};

use super::*;
use crate::transport::web::browser::cdp::{Connection, Handling, PageSetup, attach};
use crate::transport::web::browser::{Chrome, process};

const DEADLINE: Duration = Duration::from_secs(5);
const BLOB: &str = r#"{"type":"object","subtype":"blob","className":"Blob","objectId":"O"}"#;

/// The browser's side: answers each call in its turn, and gives back the calls.
fn browser(from_us: PipeReader, mut to_us: PipeWriter, answers: Vec<Value>) -> std::thread::JoinHandle<Vec<Value>> {
    std::thread::spawn(move || {
        let mut calls = Vec::new();
        let mut from_us = BufReader::new(from_us);
        for answer in answers {
            let mut call = Vec::new();
            from_us.read_until(0, &mut call).unwrap();
            if call.pop().is_none() {
                break;
            }
            let call: Value = serde_json::from_slice(&call).unwrap();
            to_us.write_all(json!({ "id": call["id"], "result": answer }).to_string().as_bytes()).unwrap();
            to_us.write_all(&[0]).unwrap();
            calls.push(call);
        }
        calls
    })
}

fn answering(answers: Vec<Value>) -> (Tab, std::thread::JoinHandle<Vec<Value>>) {
    let (from_us, to_browser) = std::io::pipe().unwrap();
    let (to_us, from_browser) = std::io::pipe().unwrap();
    let connection = Connection::open(to_us.into(), to_browser.into()).unwrap().connection;
    let tab = Tab { connection, session: "S".to_owned(), document: super::super::requests::Kept::default() };
    (tab, browser(from_us, from_browser, answers))
}

fn opened() -> Vec<Value> {
    let blob: Value = serde_json::from_str(BLOB).unwrap();
    vec![json!({ "result": blob }), json!({ "uuid": "U" })]
}

async fn calls(browser: std::thread::JoinHandle<Vec<Value>>) -> Vec<(String, Value)> {
    let calls = tokio::task::spawn_blocking(move || browser.join().unwrap()).await.unwrap();
    calls.into_iter().map(|call| (call["method"].as_str().unwrap().to_owned(), call["params"].clone())).collect()
}

#[tokio::test]
async fn a_blob_is_read_from_where_the_last_slice_ended_and_then_let_go() {
    let slice = |bytes: &[u8], eof: bool| json!({ "data": STANDARD.encode(bytes), "base64Encoded": true, "eof": eof });
    let mut answers = opened();
    answers.extend([slice(b"one", false), slice(&[0, 255], true), json!({}), json!({})]);
    let (tab, browser) = answering(answers);
    let mut reader = tab.open_blob("blob".to_owned(), DEADLINE).await.unwrap().unwrap();
    assert_eq!(reader.next(DEADLINE).await.unwrap(), Some(b"one".to_vec()));
    assert_eq!(reader.next(DEADLINE).await.unwrap(), Some(vec![0, 255]));
    assert_eq!(reader.next(DEADLINE).await.unwrap(), None);
    drop(reader);
    let calls = calls(browser).await;
    assert_eq!(calls[2], ("IO.read".to_owned(), json!({ "handle": "blob:U", "offset": 0, "size": SLICE })));
    assert_eq!(calls[3].1["offset"], 3);
    assert_eq!(calls[4], ("IO.close".to_owned(), json!({ "handle": "blob:U" })));
    assert_eq!(
        calls[5],
        ("Runtime.releaseObjectGroup".to_owned(), json!({ "objectGroup": calls[0].1["objectGroup"] }))
    );
}

#[tokio::test]
async fn an_expression_without_a_blob_leaves_nothing_behind() {
    let (tab, browser) = answering(vec![json!({ "result": { "type": "undefined" } }), json!({})]);
    assert!(tab.open_blob("undefined".to_owned(), DEADLINE).await.unwrap().is_none());
    assert_eq!(calls(browser).await[1].0, "Runtime.releaseObjectGroup");
}

#[tokio::test]
async fn slices_that_are_not_the_bytes_are_refused() {
    for strange in [
        json!({ "data": "text", "base64Encoded": false, "eof": true }),
        json!({ "data": "no Base64!", "base64Encoded": true, "eof": true }),
        json!({ "data": "", "base64Encoded": true, "eof": false }),
    ] {
        let (tab, _browser) = answering([opened(), vec![strange]].concat());
        let mut reader = tab.open_blob("blob".to_owned(), DEADLINE).await.unwrap().unwrap();
        assert!(matches!(reader.next(DEADLINE).await, Err(CallError::Malformed(_))));
    }
}

/// Takes a second: a browser starts.
#[tokio::test(flavor = "multi_thread")]
async fn a_real_browser_gives_the_bytes_of_a_blob_that_its_page_has_forgotten() {
    let chrome = Chrome::find(None, std::env::var_os("PATH").as_deref()).await.unwrap();
    let profile = tempfile::tempdir().unwrap();
    let mut flags: Vec<_> =
        ["--headless=new", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"].map(str::to_owned).into();
    flags.push(format!("--user-data-dir={}", profile.path().display()));
    if nix::unistd::geteuid().is_root() {
        flags.push("--no-sandbox".to_owned());
    }
    // Without an address Chrome loads its own first page, which takes the place of the one that the script runs in.
    flags.push("about:blank".to_owned());
    let spawned = process::spawn(&chrome.path, &flags).unwrap();
    let opened = Connection::open(spawned.read, spawned.write).unwrap();
    let setup = PageSetup {
        script: String::new(),
        binding: "report".to_owned(),
        origin: "https://web.example".to_owned(),
        disguise: None,
        handling: Handling::default(),
    };
    let (tab, events) = attach(opened, setup).await.unwrap();

    let size = 5 * usize::try_from(SLICE).unwrap() / 2;
    // Bytes that are no text, and a promise of an object that nothing else keeps.
    let made = format!("Promise.resolve(new Blob([Uint8Array.from({{ length: {size} }}, (_, at) => at % 251)]))");
    let mut reader = tab.open_blob(made, DEADLINE).await.unwrap().unwrap();
    let mut bytes = Vec::new();
    let mut slices = 0;
    while let Some(slice) = reader.next(DEADLINE).await.unwrap() {
        bytes.extend(slice);
        slices += 1;
    }
    assert_eq!(slices, 3);
    assert!(bytes.len() == size && bytes.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at % 251));
    drop(reader);

    assert!(tab.open_blob("undefined".to_owned(), DEADLINE).await.unwrap().is_none());
    let thrown = tab.open_blob("Promise.reject(new Error('why'))".to_owned(), DEADLINE).await;
    assert!(matches!(thrown, Err(CallError::Threw(why)) if why == "Error: why"));
    let other = tab.open_blob("({})".to_owned(), DEADLINE).await;
    assert!(matches!(other, Err(CallError::Refused(_))));

    let closed = tab.connection.close_browser(DEADLINE).await;
    drop((tab, events));
    spawned.process.end(DEADLINE).await;
    closed.unwrap();
}
