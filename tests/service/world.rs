//! A world for tests: a simulator, a service, temporary folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::unistd::{Pid, getpgid, getpgrp};
use serde_json::{Value, json};
use session_manager::app::Service;
use session_manager::domain::state::State;
use session_manager::host::config::{Config, Timings};
use session_manager::transport::web::session::Snapshot;
use simulator::{Options, Simulator};
use tempfile::TempDir;

/// No step of these tests takes longer unless it is broken: the longest, Chrome's start on a loaded machine, takes 10
/// s.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// The account's own number is 5491150000001; this is another person on WhatsApp.
pub const FRIEND: &str = "5491122334455";
/// The service's waits for the page and the network are scaled like the simulator's own timings, with a margin for a
/// loaded machine.
const SCALE: f64 = 0.05;
/// How long at least a page may take to define its modules once its document is complete. On a loaded machine it takes a second,
/// in which the service must not call the page a changed one.
const SETTLE_MIN: Duration = Duration::from_secs(4);

pub struct World {
    pub simulator: Arc<Simulator>,
    pub service: Option<Service>,
    pub settings: BTreeMap<String, String>,
    pub scale: f64,
    /// Shortens timings for one test.
    pub tune: fn(&mut Timings),
    /// The limit of the browser's memory in bytes, where a test needs one that BROWSER_MEMORY_MAX_MB does not allow.
    pub memory_max: Option<u64>,
    folder: TempDir,
    client: reqwest::Client,
}

impl World {
    /// A simulator and a service that is not started yet.
    pub async fn new(options: Options) -> Self {
        Self::beside(Arc::new(Simulator::start(options).await.unwrap()))
    }

    /// Another service on an existing simulator.
    pub fn beside(simulator: Arc<Simulator>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let settings = [
            ("PORT", "0".to_owned()),
            ("HOST", "127.0.0.1".to_owned()),
            ("TOKENS_DIR", path("tokens")),
            ("DATA_DIR", path("data")),
            ("WHATSAPP_WEB_URL", simulator.url()),
            // Pacing has its own tests.
            ("SEND_RATE_PER_MINUTE", "0".to_owned()),
            ("SEND_PAUSE_MS", "0".to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value)).into();
        let client = session_manager::host::http_client::without_certificates()
            .unwrap()
            .timeout(Duration::from_secs(70))
            .build()
            .unwrap();
        Self { simulator, service: None, settings, scale: SCALE, tune: |_| {}, memory_max: None, folder, client }
    }

    /// A service that is running and connecting.
    pub async fn started() -> Self {
        let mut world = Self::new(Options::fast()).await;
        world.start().await;
        world
    }

    /// A service with a linked phone, in READY.
    pub async fn ready() -> Self {
        let world = Self::started().await;
        world.link().await;
        world
    }

    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    pub async fn start(&mut self) {
        let mut config = Config::read(&self.settings).unwrap();
        config.timings = Timings::scaled(self.scale);
        config.timings.surface_settle = config.timings.surface_settle.max(SETTLE_MIN);
        (self.tune)(&mut config.timings);
        config.session.memory_max = self.memory_max.or(config.session.memory_max);
        let service = Service::start(config).await.unwrap();
        service.open().await;
        self.service = Some(service);
    }

    /// Scans the code and waits for READY.
    pub async fn link(&self) {
        self.until(State::QrRequired).await;
        let code = self.simulator.code(DEADLINE).await.unwrap();
        self.simulator.scan(&code).unwrap();
        self.until(State::Ready).await;
    }

    pub async fn stop(&mut self) {
        let service = self.service.take().unwrap();
        assert!(service.stop(Duration::from_secs(8)).await, "it did not stop in order");
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn profile(&self) -> PathBuf {
        self.folder.path().join("tokens/admin")
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.service.as_ref().unwrap().session().snapshot()
    }

    pub async fn until(&self, state: State) -> Arc<Snapshot> {
        self.until_session(state.name(), |session| session.state == state).await
    }

    pub async fn until_session(&self, what: &str, condition: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut snapshots = self.service.as_ref().unwrap().session().watch();
        let found = tokio::time::timeout(DEADLINE, snapshots.wait_for(|session| condition(session))).await;
        match found {
            Ok(Ok(session)) => Arc::clone(&session),
            _ => {
                let record = self.simulator.record();
                let (pages, connections, links) = (record.pages, record.connections, record.links);
                let said = format!("{pages:?}, {connections:?}, {links:?}");
                panic!("waited for {what} in vain; the session is {:?}; the simulator had {said}", self.snapshot())
            }
        }
    }

    pub fn url(&self, path: &str) -> String {
        let address = self.service.as_ref().unwrap().addresses()[0];
        format!("http://{address}{path}")
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method.parse().unwrap(), self.url(path))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        answer(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.request("POST", path).json(&body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> (u16, Value) {
        answer(self.request("PATCH", path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        answer(self.request("DELETE", path)).await
    }

    pub async fn send(&self, number: &str, message: &str) -> (u16, Value) {
        self.post("/send", json!({ "number": number, "message": message })).await
    }

    /// The process id of the browser on this world's profile.
    pub fn browser_pid(&self) -> i32 {
        browsers(&self.profile()).first().copied().expect("no browser runs")
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

/// The browsers that run on a profile.
pub fn browsers(profile: &Path) -> Vec<i32> {
    processes(|arguments| {
        let on_profile = arguments.iter().any(|a| *a == format!("--user-data-dir={}", profile.display()));
        on_profile && !arguments.iter().any(|a| a.starts_with("--type="))
    })
}

/// The processes of a browser, of one type or (`""`) all. Zygotes stand between them in one process group.
pub fn family(browser: i32, of_type: &str) -> Vec<i32> {
    let group = |pid: i32| getpgid(Some(Pid::from_raw(pid))).ok();
    let all = processes(|arguments| arguments.iter().any(|argument| argument.contains(of_type)));
    let Some(own) = group(browser) else { return Vec::new() };
    assert_ne!(own, getpgrp(), "the browser has no group of its own");
    all.into_iter().filter(|pid| group(*pid) == Some(own)).collect()
}

/// The processes whose arguments match.
fn processes(fits: impl Fn(&[&str]) -> bool) -> Vec<i32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        fits(&line.split('\0').collect::<Vec<_>>())
    })
    .collect()
}

/// Waits until something outside of this process becomes true; there is no event for it.
pub async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !condition() {
        assert!(tokio::time::Instant::now() < deadline, "waited for {what} in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A client without certificates: it only talks to this machine.
pub fn client() -> reqwest::Client {
    session_manager::host::http_client::without_certificates().unwrap().build().unwrap()
}
