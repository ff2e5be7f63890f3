#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};

use serde_json::{Value, json};

use super::*;
use crate::transport::web::browser::cdp::Connection;

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
            call.pop();
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
