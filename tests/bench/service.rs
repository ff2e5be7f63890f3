//! Start-up, footprint and latency of the release binary, measured from outside. Prints a table; asserts nothing.
//!
//! The simulator runs with the timings of the real page (scale 1), so cold starts take as long as with the real page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "the table")]

mod connections;
mod directory;
mod files;
mod messages;

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use session_manager::transport::web::browser::usage;
use simulator::{Options, Simulator};

use connections::connections;
use directory::directory;
use files::files;
use messages::{deliveries, messages};

/// How many starts are measured: they are quick and noisy, so the median counts.
const STARTS: usize = 20;
/// Each cold start takes half a minute by the page's own timings.
const COLD_STARTS: usize = 3;
/// How long the idle service is watched.
const IDLE: Duration = Duration::from_secs(30);
const DEADLINE: Duration = Duration::from_secs(90);

struct Process {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    url: String,
}

fn spawn(settings: &[(&str, String)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_session-manager"));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("NODE_ENV", "production");
    command.envs(settings.iter().map(|(name, value)| (*name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

impl Process {
    fn start(settings: &[(&str, String)]) -> Self {
        let mut child = spawn(settings);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut process = Self { child, lines, url: String::new() };
        process.url = process.line(|line| line["message"] == "listening")["address"].as_str().unwrap().to_owned();
        process
    }

    fn line(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut lines = self.lines.by_ref().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        lines.find(|line| wanted(line)).expect("the service ended")
    }

    /// Waits for a state; returns its time in the service's own log.
    fn reaches(&mut self, state: &str) -> f64 {
        let line = self.line(|line| line["message"] == "session state changed" && line["to"] == state);
        let at = humantime::parse_rfc3339(line["timestamp"].as_str().unwrap()).unwrap();
        millis(at)
    }

    fn stop(mut self) -> Duration {
        let asked = Instant::now();
        let pid = nix::unistd::Pid::from_raw(self.child.id().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        self.child.wait().unwrap();
        asked.elapsed()
    }

    /// Resident memory in MiB.
    fn rss(&self) -> f64 {
        rss_of(self.child.id())
    }

    /// Processor time used so far, in clock ticks of 10 ms.
    fn ticks(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
    }

    fn idle(&self, what: &str) {
        let (before, rss) = (self.ticks(), self.rss());
        std::thread::sleep(IDLE);
        let share = (self.ticks() - before) / 100.0 / IDLE.as_secs_f64() * 100.0;
        row(&format!("memory, {what}"), &[rss.max(self.rss())], "MiB RSS");
        row(&format!("processor, {what}"), &[share], "% of one core");
    }
}

/// Resident memory of a process, in MiB.
fn rss_of(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// The memory of the browser on a profile, by kind of process.
fn browser_memory(tokens: &Path, what: &str) {
    let flag = format!("--user-data-dir={}", tokens.join("admin").display());
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut browsers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()).filter(|pid| {
        let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split('\0').any(|word| word == flag) && !line.contains("--type=")
    });
    let usage = usage(browsers.next().expect("no browser runs")).unwrap();
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    row(&format!("memory of the browser, {what}"), &[mebibytes(usage.memory)], "MiB PSS");
    row("  processes", &[usage.processes as f64], "");
    for (kind, memory) in usage.kinds {
        row(&format!("  {kind}"), &[mebibytes(memory)], "MiB PSS");
    }
}

fn millis(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1000.0
}

fn row(what: &str, values: &[f64], unit: &str) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
    let p99 = sorted[(sorted.len() * 99).div_ceil(100) - 1];
    println!("{what:<58} {min:>9.2} {:>9.2} {p99:>9.2} {max:>9.2}  {unit}", sorted[sorted.len() / 2]);
}

fn main() {
    println!("{:<58} {:>9} {:>9} {:>9} {:>9}", "", "min", "median", "p99", "max");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    // `cargo bench --bench service -- files` measures this part only.
    let named: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    if is_wanted("starts") {
        starts();
    }
    if is_wanted("connections") {
        runtime.block_on(connections());
    }
    if is_wanted("cold_starts") {
        runtime.block_on(cold_starts());
    }
    if is_wanted("messages") {
        runtime.block_on(messages());
    }
    if is_wanted("deliveries") {
        runtime.block_on(deliveries());
    }
    if is_wanted("directory") {
        runtime.block_on(directory());
    }
    if is_wanted("files") {
        runtime.block_on(files());
    }
}

fn settings(folder: &tempfile::TempDir, url: &str, connect: bool) -> Vec<(&'static str, String)> {
    let path = |name: &str| folder.path().join(name).display().to_string();
    vec![
        ("PORT", "0".to_owned()),
        ("TOKENS_DIR", path("tokens")),
        ("DATA_DIR", path("data")),
        ("WHATSAPP_WEB_URL", url.to_owned()),
        ("AUTO_CONNECT", connect.to_string()),
    ]
}

fn starts() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder, "http://127.0.0.1:9/", false);
    let (mut listening, mut refused) = (vec![], vec![]);
    for _ in 0..STARTS {
        let started = Instant::now();
        let process = Process::start(&settings);
        listening.push(started.elapsed().as_secs_f64() * 1000.0);
        process.stop();
    }
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut taken = settings.clone();
    taken[0].1 = holder.local_addr().unwrap().port().to_string();
    for _ in 0..STARTS {
        let started = Instant::now();
        let mut child = spawn(&taken);
        assert_eq!(child.wait().unwrap().code(), Some(69));
        refused.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    row("exec to listening", &listening, "ms");
    row("exec to exit 69 on a taken port", &refused, "ms");
    let process = Process::start(&settings);
    process.idle("idle without a browser");
    process.stop();
}

async fn cold_starts() {
    let (mut code, mut first_ready, mut ready, mut stop) = (vec![], vec![], vec![], vec![]);
    for n in 0..COLD_STARTS {
        let simulator = Simulator::start(Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = settings(&folder, &simulator.url(), true);
        let mut process = Process::start(&settings);
        let client = session_manager::host::http_client::without_certificates().unwrap().build().unwrap();
        let waited = client.get(format!("{}/qr?wait=60", process.url)).timeout(DEADLINE).send().await.unwrap();
        let shown: Value = waited.json().await.unwrap();
        let got = millis(SystemTime::now());
        assert_eq!(shown["status"], "QR_AVAILABLE");
        code.push(got - moment(&simulator, "codeShown").await);
        simulator.scan(&simulator.current_code().unwrap()).unwrap();
        let at = process.reaches("READY");
        first_ready.push(at - moment(&simulator, "synced").await);
        stop.push(process.stop().as_secs_f64() * 1000.0);

        let mut process = Process::start(&settings);
        let at = process.reaches("READY");
        ready.push(at - moment(&simulator, "synced").await);
        if n + 1 == COLD_STARTS {
            process.idle("idle in READY");
            browser_memory(&folder.path().canonicalize().unwrap().join("tokens"), "idle in READY");
        }
        stop.push(process.stop().as_secs_f64() * 1000.0);
        simulator.stop().await;
    }
    row("page has a code to GET /qr?wait has it (first link)", &code, "ms");
    row("page is connected and synced to READY (first link)", &first_ready, "ms");
    row("page is connected and synced to READY (restart)", &ready, "ms");
    row("SIGTERM to exit, login kept", &stop, "ms");
}

/// When the newest page reported a mark, in milliseconds since the epoch.
async fn moment(simulator: &Simulator, name: &str) -> f64 {
    let loads = simulator.record().pages.len() as u64;
    let has_it = |record: &simulator::Record| record.marks.iter().any(|mark| mark.load == loads && mark.name == name);
    let record = simulator.wait_until(name, DEADLINE, has_it).await.unwrap();
    record.marks.iter().rfind(|mark| mark.load == loads && mark.name == name).unwrap().at
}
