//! A long log: how fast LOG_MESSAGES messages (1,000,000) are stored, and then the cost of opening the log, reading a
//! page by each filter, and holding the log open. Prints a table; asserts nothing.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use session_manager::domain::log::{Direction, LogQuery, LoggedMessage, Span};
use session_manager::domain::message::{Ack, MessageId, PageMessage};
use session_manager::domain::secret::Secret;
use session_manager::domain::time::Timestamp;
use session_manager::store::{LogChange, Store};

/// The messages of a burst share a flush.
const BURST: usize = 1000;
const CHATS: usize = 2000;
/// The size of a page of `GET /messages`.
const PAGE: usize = 100;
/// Set for the separate process that opens the log with nothing in its memory.
const OPENED: &str = "LOG_FOLDER";

#[tokio::main]
async fn main() {
    if let Ok(folder) = std::env::var(OPENED) {
        return read(folder.as_ref()).await;
    }
    let count: usize = std::env::var("LOG_MESSAGES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap().store;
    let began = Instant::now();
    for burst in 0..count / BURST {
        let changes = (burst * BURST..(burst + 1) * BURST).map(message).collect();
        store.log(Arc::new(changes)).await.unwrap();
    }
    let rate = count as f64 / began.elapsed().as_secs_f64();
    row(&format!("{count} messages stored in bursts of {BURST}"), rate, "messages/s");
    store.close().await.unwrap();
    let disk = Command::new("du").arg("-sm").arg(folder.path()).output().unwrap().stdout;
    row("disk", String::from_utf8_lossy(&disk).split_whitespace().next().unwrap().parse().unwrap(), "MiB");
    assert!(Command::new(std::env::current_exe().unwrap()).env(OPENED, folder.path()).status().unwrap().success());
}

async fn read(folder: &Path) {
    let empty = tempfile::tempdir().unwrap();
    Store::open(empty.path()).await.unwrap().store.close().await.unwrap();
    let before = rss();
    let began = Instant::now();
    let store = Store::open(folder).await.unwrap().store;
    row("opened", began.elapsed().as_secs_f64() * 1000.0, "ms");
    let newest = store.log_extent().await.unwrap().newest;
    let all = LogQuery { limit: PAGE, ..LogQuery::default() };
    let chat = |chat: String| LogQuery { chats: vec![chat], ..all.clone() };
    let pages = [
        ("from the beginning", all.clone()),
        ("at the end", LogQuery { span: Span::After(newest - PAGE as u64), ..all.clone() }),
        ("backwards", LogQuery { span: Span::Before(u64::MAX), ..all.clone() }),
        ("by direction", LogQuery { direction: Some(Direction::Out), ..all.clone() }),
        ("by chat", chat(chat_of(77))),
        ("by number", chat(number_of(77))),
        ("by chat and direction, none", LogQuery { direction: Some(Direction::Out), ..chat(chat_of(77)) }),
        ("by a chat that is not there", chat("1@lid".to_owned())),
        ("by a client that is not there", LogQuery { cliente_id: Some("51".to_owned()), ..all.clone() }),
    ];
    for (name, query) in pages {
        let began = Instant::now();
        let page = store.logged(query).await.unwrap();
        row(&format!("page {name} ({} messages)", page.items.len()), began.elapsed().as_secs_f64() * 1000.0, "ms");
    }
    row("memory, over an empty store", rss() - before, "MiB RSS");
    store.close().await.unwrap();
}

fn chat_of(n: usize) -> String {
    format!("{}@lid", 100_000_000_000_000 + n % CHATS)
}

fn number_of(n: usize) -> String {
    format!("54911{:08}", n % CHATS)
}

/// One message in five is outgoing.
fn message(n: usize) -> LogChange {
    let (chat, from_me) = (chat_of(n), n.is_multiple_of(5));
    let page = PageMessage {
        id: MessageId::new(format!("{from_me}_{chat}_3EB0{:016X}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))),
        from_me,
        chat,
        lid: None,
        author: None,
        author_phone: None,
        author_lid: None,
        from: None,
        to: None,
        phone: Some(number_of(n)),
        kind: "chat".to_owned(),
        subtype: None,
        body: Secret::new("Buenos días, ¿a qué hora abren hoy? Quería pasar a retirar el pedido."),
        name: Some("Ana".to_owned()),
        media: None,
        quoted: None,
        data: None,
        edited_ms: None,
        edit_open: false,
        revoked_s: None,
        notice: None,
        revoked_by: None,
        row: None,
        t: 1_750_000_000 + n as u64,
        ack: Ack::SERVER,
        is_new: true,
    };
    let at = Timestamp::from_millis((1_750_000_000 + n as u64) * 1000);
    LogChange::Add(Box::new(LoggedMessage::from_page(page, at, false).unwrap()))
}

/// The resident memory of this process in MiB.
fn rss() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn row(what: &str, value: f64, unit: &str) {
    println!("{what:<58} {value:>9.2}  {unit}");
}
