#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};

use super::*;

const DEADLINE: Duration = Duration::from_secs(5);

/// A connection, and the browser's ends of its pipes.
fn connected() -> (OpenedConnection, std::io::PipeReader, std::io::PipeWriter) {
    let (from_us, to_browser) = std::io::pipe().unwrap();
    let (to_us, from_browser) = std::io::pipe().unwrap();
    (Connection::open(to_us.into(), to_browser.into()).unwrap(), from_us, from_browser)
}

fn say(pipe: &mut std::io::PipeWriter, text: &str) {
    pipe.write_all(text.as_bytes()).unwrap();
    pipe.write_all(&[0]).unwrap();
}

#[tokio::test]
async fn a_call_gets_its_own_answer_and_rubbish_between_is_counted() {
    let (opened, _from_us, mut browser) = connected();
    let connection = opened.connection.clone();
    let call = tokio::spawn(async move { connection.version(DEADLINE).await });
    say(&mut browser, "{not json");
    say(&mut browser, r#"{"id":99,"result":{}}"#);
    say(&mut browser, r#"{"method":"X.y","params":{"a":1}}"#);
    say(
        &mut browser,
        r#"{"id":1,"result":{"protocolVersion":"1","product":"Chrome/1","revision":"","userAgent":"","jsVersion":""}}"#,
    );
    assert_eq!(call.await.unwrap().unwrap(), "Chrome/1");
    assert_eq!(*opened.losses.borrow(), Losses { unreadable: 1, ..Losses::default() });
}

#[tokio::test]
async fn closing_the_pipe_fails_the_calls_under_way_and_later_ones() {
    let (opened, from_us, browser) = connected();
    let connection = opened.connection.clone();
    let call = tokio::spawn(async move { connection.version(DEADLINE).await });
    tokio::task::yield_now().await;
    drop((from_us, browser));
    assert!(matches!(call.await.unwrap(), Err(CallError::Closed)));
    assert!(matches!(opened.connection.version(DEADLINE).await, Err(CallError::Closed)));
}

#[tokio::test]
async fn the_pipe_closes_with_the_last_connection() {
    let (opened, mut from_us, _browser) = connected();
    drop(opened);
    let read = tokio::task::spawn_blocking(move || from_us.read(&mut [0; 1]));
    assert_eq!(tokio::time::timeout(DEADLINE, read).await.unwrap().unwrap().unwrap(), 0, "Chrome sees the end");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_ends_at_its_deadline_and_is_forgotten() {
    let (opened, _from_us, _browser) = connected();
    assert!(matches!(opened.connection.version(DEADLINE).await, Err(CallError::TimedOut(_))));
    assert!(opened.connection.pending.lock().waiting.is_empty());
}

#[tokio::test]
async fn a_refusal_and_a_crash_say_so() {
    let (opened, mut from_us, mut browser) = connected();
    let connection = opened.connection.clone();
    let call = tokio::spawn(async move { connection.version(DEADLINE).await });
    say(&mut browser, r#"{"id":1,"error":{"code":-32000,"message":"no"}}"#);
    assert!(matches!(call.await.unwrap(), Err(CallError::Refused(why)) if why == "no"));

    let connection = opened.connection.clone();
    let call = tokio::spawn(async move { connection.call(Some("S"), GetVersionParams {}, DEADLINE).await });
    let mut sent = Vec::new();
    while !sent.ends_with(b"\"S\",\"params\":{}}\0") {
        let mut byte = [0];
        tokio::task::yield_now().await;
        from_us.read_exact(&mut byte).unwrap();
        sent.extend(byte);
    }
    opened.connection.pending.fail_session("S");
    assert!(matches!(call.await.unwrap(), Err(CallError::Crashed)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_fails_its_call_and_no_other() {
    let (opened, mut to_browser, mut from_browser) = connected();
    let connection = opened.connection.clone();
    let calling = tokio::spawn(async move {
        (connection.version(DEADLINE).await, connection.version(Duration::from_millis(200)).await)
    });
    let browser = std::thread::spawn(move || {
        let mut asked = [0; 1];
        to_browser.read_exact(&mut asked).unwrap();
        from_browser.write_all(br#"{"id":1,"result":{"product":""#).unwrap();
        let mebibyte = vec![b'x'; 1 << 20];
        for _ in 0..=MESSAGE_MAX >> 20 {
            from_browser.write_all(&mebibyte).unwrap();
        }
        from_browser.write_all(b"\"}}\0").unwrap();
        (to_browser, from_browser)
    });
    let (first, second) = calling.await.unwrap();
    assert!(matches!(first, Err(CallError::TooLarge)), "{first:?}");
    assert!(matches!(second, Err(CallError::TimedOut(_))), "the pipe is still there: {second:?}");
    drop(browser.join().unwrap());
}

/// Answers each call in turn; returns the calls.
fn answering(
    mut from_us: std::io::PipeReader,
    mut browser: std::io::PipeWriter,
    results: &'static [&'static str],
) -> Calls {
    std::thread::spawn(move || {
        let mut calls = Vec::new();
        for (number, result) in results.iter().enumerate() {
            let mut sent = Vec::new();
            while sent.last() != Some(&0) {
                let mut byte = [0];
                from_us.read_exact(&mut byte).unwrap();
                sent.extend(byte);
            }
            calls.push(serde_json::from_slice(&sent[..sent.len() - 1]).unwrap());
            say(&mut browser, &format!(r#"{{"id":{},"sessionId":"S","result":{result}}}"#, number + 1));
        }
        calls
    })
}

type Calls = std::thread::JoinHandle<Vec<serde_json::Value>>;

#[tokio::test]
async fn a_page_is_given_the_path_of_a_file_and_the_element_is_released() {
    let (opened, from_us, browser) = connected();
    let calls = answering(from_us, browser, &[r#"{"result":{"type":"object","objectId":"7"}}"#, "{}", "{}"]);
    let tab = Tab { connection: opened.connection.clone(), session: "S".to_owned(), document: Default::default() };
    tab.give_file("element()".to_owned(), std::path::Path::new("/data/a"), DEADLINE).await.unwrap();
    let calls = calls.join().unwrap();
    let methods: Vec<_> = calls.iter().map(|call| call["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["Runtime.evaluate", "DOM.setFileInputFiles", "Runtime.releaseObject"]);
    assert_eq!(calls[0]["params"]["returnByValue"], false);
    assert_eq!(calls[1]["params"], serde_json::json!({ "files": ["/data/a"], "objectId": "7" }));
    assert_eq!(calls[2]["params"], serde_json::json!({ "objectId": "7" }));
}

#[tokio::test]
async fn a_page_without_the_element_is_given_nothing() {
    let (opened, from_us, browser) = connected();
    let calls = answering(from_us, browser, &[r#"{"result":{"type":"undefined"}}"#]);
    let tab = Tab { connection: opened.connection.clone(), session: "S".to_owned(), document: Default::default() };
    let given = tab.give_file("element()".to_owned(), std::path::Path::new("/data/a"), DEADLINE).await;
    assert!(matches!(given, Err(CallError::Threw(_))));
    assert_eq!(calls.join().unwrap().len(), 1);
}
