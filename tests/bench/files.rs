//! What large files cost: memory of the service, and how long a message takes while files come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use simulator::{Incoming, Kind, Media, Options, PageBuild, Simulator};

use super::messages::{arrival, follow};
use super::{DEADLINE, Process, moment, row, settings};

const FROM: &str = "5491122334455";
/// Files that come at once, and their size.
const FILES: usize = 5;
const SIZE: usize = 50 << 20;
const LARGE: usize = 100 << 20;
/// Messages that arrive one at a time, with this pause.
const SINGLE: usize = 300;
const PAUSE: Duration = Duration::from_millis(20);

pub async fn files() {
    let build = PageBuild { times_messages: true, media_limit_mb: 200, ..PageBuild::default() };
    let simulator = Simulator::start(Options { page: build, ..Options::fast() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder, &simulator.url(), true);
    settings.push(("MEDIA_MAX_MB", "200".to_owned()));
    settings.push(("SEND_PAUSE_MS", "0".to_owned()));
    let mut process = Process::start(&settings);
    let code = simulator.code(DEADLINE).await.unwrap();
    simulator.scan(&code).unwrap();
    process.reaches("READY");
    let mut stored = follow(&process.url).await;
    let document = |size| Media { bytes: None, size: Some(size), ..Media::new(FROM, Kind::Document, b"") };

    let mut way_in = async |count| {
        let mut took = vec![];
        for n in 0..count {
            let id = simulator.incoming(Incoming::text(FROM, format!("{n}"))).unwrap();
            let at = arrival(&mut stored, &id).await;
            took.push(at - moment(&simulator, &format!("message:{}", id.rsplit('_').next().unwrap())).await);
            tokio::time::sleep(PAUSE).await;
        }
        took
    };
    let idle = way_in(SINGLE).await;
    row("page event to durable, no files", &idle, "ms");
    let memory = Peak::of(&process);
    let sent: Vec<_> = (0..FILES).map(|_| simulator.media(&document(SIZE)).unwrap().message).collect();
    let began = Instant::now();
    let mut busy = vec![];
    while !are_here(&process, &sent).await && began.elapsed() < DEADLINE {
        busy.extend(way_in(5).await);
    }
    row("five files of 50 MB: until all are here", &[began.elapsed().as_secs_f64()], "s");
    row("page event to durable, while they come", &busy, "ms");
    row("  p99 of it, in parts of the p99 without files", &[p99(&busy) / p99(&idle)], "");
    row("memory of the service, its peak above before", &[memory.grown()], "MiB RSS");

    let memory = Peak::of(&process);
    let one = simulator.media(&document(LARGE)).unwrap().message;
    let began = Instant::now();
    while !are_here(&process, std::slice::from_ref(&one)).await && began.elapsed() < DEADLINE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    row("a document of 100 MB: until it is here", &[began.elapsed().as_secs_f64()], "s");
    row("memory of the service, its peak above before", &[memory.grown()], "MiB RSS");

    let memory = Peak::of(&process);
    simulator.add_person(FROM).unwrap();
    let client = session_manager::host::http_client::without_certificates().unwrap().build().unwrap();
    let began = Instant::now();
    let kept = client.post(format!("{}/media?filename=a.bin", process.url)).body(vec![7; LARGE]).send().await.unwrap();
    let kept: Value = kept.json().await.unwrap();
    row("a document of 100 MB: POST /media", &[began.elapsed().as_secs_f64()], "s");
    let began = Instant::now();
    let body = json!({ "number": FROM, "media": { "id": kept["id"] } });
    let sent = client.post(format!("{}/send", process.url)).json(&body).send().await.unwrap();
    assert_eq!(sent.status(), 200, "{}", sent.text().await.unwrap_or_default());
    row("a document of 100 MB: POST /send, acknowledged", &[began.elapsed().as_secs_f64()], "s");
    row("memory of the service, its peak above before", &[memory.grown()], "MiB RSS");
    process.stop();
}

async fn are_here(process: &Process, messages: &[String]) -> bool {
    let client = session_manager::host::http_client::without_certificates().unwrap().build().unwrap();
    for id in messages {
        let answer = client.get(format!("{}/messages/{id}", process.url)).send().await.unwrap();
        let message: Value = answer.json().await.unwrap();
        if message["media"]["status"] != "stored" {
            return false;
        }
    }
    true
}

fn p99(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() - 1) * 99 / 100]
}

/// Watches the memory of the service until this is dropped.
struct Peak {
    before: f64,
    ends: Arc<AtomicBool>,
    watching: std::thread::JoinHandle<f64>,
}

impl Peak {
    fn of(process: &Process) -> Self {
        let (pid, ends) = (process.child.id(), Arc::new(AtomicBool::new(false)));
        let ended = Arc::clone(&ends);
        let watching = std::thread::spawn(move || {
            let mut peak = 0.0f64;
            while !ended.load(Ordering::Relaxed) {
                peak = peak.max(super::rss_of(pid));
                std::thread::sleep(Duration::from_millis(10));
            }
            peak
        });
        Self { before: process.rss(), ends, watching }
    }

    fn grown(self) -> f64 {
        self.ends.store(true, Ordering::Relaxed);
        self.watching.join().unwrap() - self.before
    }
}
