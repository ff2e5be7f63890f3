//! How long a message takes from the page's own event to the disk, and to a webhook.
//!
//! A message counts as durable when the stream of events reports it, which never happens before the disk has it: the
//! figure includes the way to this client.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use simulator::{Incoming, Options, PageBuild, Simulator};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{Process, millis, moment, row, settings};

/// Messages that arrive one at a time, and messages of a burst.
const SINGLE: usize = 200;
const BURST: usize = 5000;
/// The chats that the deliveries are of.
const CHATS: usize = 200;
const FROM: &str = "5491122334455";

type Arrival = (String, f64);

pub async fn messages() {
    let build = PageBuild { times_messages: true, ..PageBuild::default() };
    let simulator = Simulator::start(Options { page: build, ..Options::fast() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (webhook, mut delivered) = receiver(Arc::default()).await;
    let mut settings = settings(&folder, &simulator.url(), true);
    settings.push(("WEBHOOK_URLS", webhook));
    let mut process = Process::start(&settings);
    let code = simulator.code(super::DEADLINE).await.unwrap();
    simulator.scan(&code).unwrap();
    process.reaches("READY");
    let mut stored = follow(&process.url).await;

    let (mut to_disk, mut to_webhook, mut between) = (vec![], vec![], vec![]);
    for n in 0..SINGLE {
        let id = simulator.incoming(Incoming::text(FROM, format!("{n}"))).unwrap();
        let (at_disk, at_webhook) = tokio::join!(arrival(&mut stored, &id), arrival(&mut delivered, &id));
        let shown = moment(&simulator, &format!("message:{}", id.rsplit('_').next().unwrap())).await;
        to_disk.push(at_disk - shown);
        to_webhook.push(at_webhook - shown);
        between.push(at_webhook - at_disk);
    }
    row("page event to durable (and told on /events)", &to_disk, "ms");
    row("page event to the webhook's arrival", &to_webhook, "ms");
    row("durable (as told on /events) to the webhook's arrival", &between, "ms");

    let ids = simulator.burst(BURST, |n| Incoming::text(FROM, format!("{n}"))).unwrap();
    let last = ids.last().unwrap();
    let (all_stored, all_delivered) = tokio::join!(arrival(&mut stored, last), arrival(&mut delivered, last));
    let first = moment(&simulator, &format!("message:{}", ids[0].rsplit('_').next().unwrap())).await;
    row("burst of 5,000: first page event to all durable", &[all_stored - first], "ms");
    row("burst of 5,000: first page event to all delivered", &[all_delivered - first], "ms");
    row("memory after it", &[process.rss()], "MiB RSS");
    process.stop();
}

/// How fast what waits for a webhook goes out, to a receiver that takes a millisecond for each answer.
pub async fn deliveries() {
    for parallel in [1, 16] {
        let simulator = Simulator::start(Options::fast()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let manner = Arc::new(Manner { is_closed: AtomicBool::new(true), takes: Duration::from_millis(1) });
        let (webhook, mut delivered) = receiver(Arc::clone(&manner)).await;
        let mut settings = settings(&folder, &simulator.url(), true);
        settings.push(("WEBHOOK_URLS", webhook));
        settings.push(("WEBHOOK_PARALLEL", parallel.to_string()));
        let mut process = Process::start(&settings);
        let code = simulator.code(super::DEADLINE).await.unwrap();
        simulator.scan(&code).unwrap();
        process.reaches("READY");
        let mut stored = follow(&process.url).await;
        let from = |n: usize| format!("54911{:08}", n % CHATS);
        let ids = simulator.burst(BURST, |n| Incoming::text(from(n), format!("{n}"))).unwrap();
        arrival(&mut stored, ids.last().unwrap()).await;
        manner.is_closed.store(false, Ordering::Relaxed);
        let (_, first) = delivered.recv().await.unwrap();
        let mut last = first;
        for _ in 1..BURST {
            last = delivered.recv().await.unwrap().1;
        }
        let a_second = (BURST - 1) as f64 * 1000.0 / (last - first);
        let what = format!("deliveries over {CHATS} chats, {parallel} at a time, answered in 1 ms");
        row(&what, &[a_second], "a second");
        process.stop();
    }
}

pub async fn arrival(arrivals: &mut mpsc::UnboundedReceiver<Arrival>, id: &str) -> f64 {
    loop {
        let (arrived, at) = arrivals.recv().await.unwrap();
        if arrived == id {
            return at;
        }
    }
}

/// The message of an event, if the event is a new message.
fn message_of(event: &[u8]) -> Option<String> {
    let event: HashMap<String, serde_json::Value> = serde_json::from_slice(event).ok()?;
    (event.get("type")? == "message").then(|| event["data"]["id"].as_str().unwrap().to_owned())
}

/// Follows `/events`.
pub async fn follow(url: &str) -> mpsc::UnboundedReceiver<Arrival> {
    let (tell, told) = mpsc::unbounded_channel();
    let host = url.strip_prefix("http://").unwrap().to_owned();
    let stream = TcpStream::connect(&host).await.unwrap();
    let mut stream = BufReader::new(stream);
    stream.write_all(format!("GET /events HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut line = String::new();
    while !line.starts_with(": following") {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
    }
    tokio::spawn(async move {
        let mut line = String::new();
        while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
            let at = millis(SystemTime::now());
            if let Some(id) = line.strip_prefix("data: ").and_then(|data| message_of(data.as_bytes())) {
                let _ = tell.send((id, at));
            }
            line.clear();
        }
    });
    told
}

/// How a receiver of webhooks behaves.
#[derive(Default)]
struct Manner {
    /// It answers 503.
    is_closed: AtomicBool,
    /// How long an answer takes.
    takes: Duration,
}

/// A receiver of webhooks that costs as little time as possible.
async fn receiver(manner: Arc<Manner>) -> (String, mpsc::UnboundedReceiver<Arrival>) {
    let (tell, told) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::spawn(take(BufReader::new(stream), tell.clone(), Arc::clone(&manner)));
        }
    });
    (url, told)
}

async fn take(mut stream: BufReader<TcpStream>, tell: mpsc::UnboundedSender<Arrival>, manner: Arc<Manner>) {
    loop {
        let (mut length, mut line) = (0, String::new());
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        if manner.is_closed.load(Ordering::Relaxed) {
            stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            continue;
        }
        let at = millis(SystemTime::now());
        if let Some(id) = message_of(&body) {
            let _ = tell.send((id, at));
        }
        if !manner.takes.is_zero() {
            tokio::time::sleep(manner.takes).await;
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    }
}
