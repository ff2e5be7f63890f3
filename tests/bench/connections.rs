//! How quick callers fare beside slow ones: 10,000 connections that are idle, that never finish a head or a body, that send
//! it byte by byte, or that do not take their answers; and half-open requests beside many quick ones at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use session_manager::host::descriptors;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Process, row, settings};

const SLOW: usize = 10_000;
/// Quick requests of each kind.
const QUICK: usize = 2000;
const HALF_OPEN: usize = 200;
const AT_ONCE: usize = 1000;
/// Connections that are opened at the same time.
const BATCH: usize = 200;

/// What a slow caller sends at first.
const BEGINNINGS: [&str; 5] = [
    "",
    "GET /status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
    "POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
    "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\nGET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
];

pub async fn connections() {
    let _ = descriptors::raise(SLOW + AT_ONCE + 500);
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(&settings(&folder, "http://127.0.0.1:9/", false));
    let host = process.url.strip_prefix("http://").unwrap().to_owned();
    for path in ["/health", "/status"] {
        quick(&host, path, "alone").await;
    }
    let before = process.rss();
    let idle = open(&host, |_| "").await;
    row(
        "memory of a connection on which nothing came yet",
        &[(process.rss() - before) * 1024.0 / SLOW as f64],
        "KiB RSS",
    );
    drop(idle);
    let mut slow = open(&host, |n| BEGINNINGS[n % BEGINNINGS.len()]).await;
    row("memory of a connection, of all kinds", &[(process.rss() - before) * 1024.0 / SLOW as f64], "KiB RSS");
    let dripping = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            // A head or a body, byte by byte.
            for stream in slow.iter_mut().skip(1).step_by(BEGINNINGS.len()) {
                let _ = stream.write_all(b"x").await;
            }
            for stream in slow.iter_mut().skip(2).step_by(BEGINNINGS.len()) {
                let _ = stream.write_all(b" ").await;
            }
        }
    });
    for path in ["/health", "/status"] {
        quick(&host, path, "beside 10,000 slow ones").await;
    }
    row("connections that are still waited for", &[waiting(&host).await], "");
    dripping.abort();
    let _ = dripping.await;

    let half_open = join_all((0..HALF_OPEN).map(|_| opened(&host, BEGINNINGS[1]))).await;
    let begun = Instant::now();
    let took: Vec<f64> = join_all((0..AT_ONCE).map(|_| request(&host, "/status", begun))).await;
    row("1,000 GET /status at once beside 200 half-open requests", &took, "ms");
    drop(half_open);
    process.stop();
}

async fn opened(host: &str, beginning: &str) -> TcpStream {
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(beginning.as_bytes()).await.unwrap();
    stream
}

async fn open(host: &str, beginning: impl Fn(usize) -> &'static str) -> Vec<TcpStream> {
    let mut slow = Vec::with_capacity(SLOW);
    while slow.len() < SLOW {
        slow.extend(join_all((slow.len()..slow.len() + BATCH).map(|n| opened(host, beginning(n)))).await);
    }
    slow
}

/// Requests one after the other, each on a connection of its own.
async fn quick(host: &str, path: &str, beside: &str) {
    let mut took = Vec::with_capacity(QUICK);
    for _ in 0..QUICK {
        took.push(request(host, path, Instant::now()).await);
    }
    row(&format!("GET {path} {beside}"), &took, "ms");
    took.sort_by(f64::total_cmp);
    row(&format!("GET {path} {beside}, 99th of 100"), &[took[QUICK * 99 / 100]], "ms");
}

/// The time from `begun` to the end of the answer, in milliseconds.
async fn request(host: &str, path: &str, begun: Instant) -> f64 {
    let answer = answer(host, path).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    begun.elapsed().as_secs_f64() * 1000.0
}

async fn answer(host: &str, path: &str) -> String {
    let mut stream =
        opened(host, &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")).await;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn waiting(host: &str) -> f64 {
    let metrics = answer(host, "/metrics").await;
    let line =
        metrics.lines().find_map(|line| line.strip_prefix("session_manager_http_connections{state=\"waiting\"} "));
    line.unwrap().parse().unwrap()
}
