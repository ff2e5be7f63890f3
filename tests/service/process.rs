//! The service as a process: how it starts, how it stops, and what remains when it dies.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use simulator::Options;

use crate::world::{DEADLINE, World, browsers, client, eventually};

pub const BINARY: &str = env!("CARGO_BIN_EXE_session-manager");

/// The running binary, with a world's settings.
pub struct Process {
    child: Child,
    url: Option<String>,
    lines: mpsc::Receiver<Value>,
    seen: Vec<Value>,
}

impl Process {
    pub fn spawn(world: &World) -> Self {
        Self::run(world, Command::new(BINARY))
    }

    /// Runs a command that executes the binary, with a world's settings.
    pub fn run(world: &World, mut command: Command) -> Self {
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", world.folder());
        command.envs(&world.settings).env("NODE_ENV", "production");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).expect("a line of the log that is not JSON");
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, url: None, lines, seen: Vec::new() }
    }

    /// Waits for a line of the log.
    fn line(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if wanted(&line) {
                        return line;
                    }
                }
                Err(_) => panic!("waited for {what} in vain: {:#?}", self.seen),
            }
        }
    }

    pub fn started(world: &World) -> Self {
        let mut process = Self::spawn(world);
        process.listens();
        process
    }

    /// Waits until the service listens.
    pub fn listens(&mut self) {
        if self.url.is_none() {
            let line = self.line("the address", |line| line["message"] == "listening");
            self.url = line["address"].as_str().map(str::to_owned);
        }
    }

    /// Kills the process and starts another, which may not listen yet.
    pub fn is_replaced(&mut self, world: &World) {
        self.signal(Signal::SIGKILL);
        self.child.wait().unwrap();
        *self = Self::spawn(world);
    }

    /// The warnings and errors so far.
    pub fn warnings(&mut self) -> Vec<&Value> {
        self.seen.extend(self.lines.try_iter());
        self.seen.iter().filter(|line| line["level"] == "WARN" || line["level"] == "ERROR").collect()
    }

    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// Processor time used so far, in clock ticks of 10 ms.
    pub fn ticks(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()
    }

    pub fn reaches(&mut self, state: &str) -> &mut Self {
        self.line(state, |line| line["message"] == "session state changed" && line["to"] == state);
        self
    }

    pub fn url(&self) -> &str {
        self.url.as_ref().unwrap()
    }

    pub async fn get(&self, path: &str) -> Value {
        client().get(format!("{}{path}", self.url.as_ref().unwrap())).send().await.unwrap().json().await.unwrap()
    }

    /// All messages of the log, once there are this many.
    pub async fn logged(&mut self, total: usize, deadline: Duration) -> Vec<Value> {
        let until = Instant::now() + deadline;
        loop {
            let items = self.log().await;
            if items.len() >= total {
                return items;
            }
            let late = Instant::now() >= until;
            assert!(!late, "{} of {total} in the log: {:#?}", items.len(), self.warnings());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn log(&self) -> Vec<Value> {
        let (mut items, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let page = self.get(&format!("/messages?limit=1000&after={after}")).await;
            let found = page["items"].as_array().unwrap();
            if found.is_empty() {
                return items;
            }
            items.extend(found.iter().cloned());
            after = page["next"].as_str().unwrap().to_owned();
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Waits for the exit; returns the exit code, the standard error, and the log.
    pub fn exit(mut self) -> (Option<i32>, String, Vec<Value>) {
        let code = self.child.wait().unwrap().code();
        let mut error = String::new();
        std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut error).unwrap();
        self.seen.extend(self.lines.iter());
        (code, error, self.seen.split_off(0))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn link(world: &World, process: &mut Process) {
    process.reaches("QR_REQUIRED");
    let code = world.simulator.code(DEADLINE).await.unwrap();
    world.simulator.scan(&code).unwrap();
    process.reaches("READY");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_keeps_the_login_and_takes_less_than_eight_seconds() {
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let asked = Instant::now();
        process.signal(signal);
        let (code, error, _) = process.exit();
        assert_eq!((code, error.as_str()), (Some(0), ""));
        assert!(asked.elapsed() < Duration::from_secs(8));
        assert!(browsers(&world.profile()).is_empty());
        assert!(world.profile().join("SingletonLock").symlink_metadata().is_err(), "Chrome left in order");
        process = Process::started(&world);
        process.reaches("READY");
    }
    assert_eq!(world.simulator.record().links.len(), 1);
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_it_leaves_no_browser_and_loses_no_login() {
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    for _ in 0..3 {
        process.signal(Signal::SIGKILL);
        process.exit();
        eventually("the browser to leave by itself", || browsers(&world.profile()).is_empty()).await;
        process = Process::started(&world);
        process.reaches("READY");
    }
    assert_eq!(world.simulator.record().links.len(), 1);
    assert_eq!(process.get("/status").await["connected"], true);
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_outlived_its_service_is_ended_at_the_next_start() {
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    let browser = browsers(&world.profile())[0];
    // A stopped process cannot notice that its pipe closes.
    kill(Pid::from_raw(browser), Signal::SIGSTOP).unwrap();
    process.signal(Signal::SIGKILL);
    process.exit();
    assert_eq!(browsers(&world.profile()), [browser]);
    let mut process = Process::started(&world);
    process.reaches("READY");
    assert!(!browsers(&world.profile()).contains(&browser));
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_forces() {
    let mut world = World::new(Options::fast()).await;
    world.set("SHUTDOWN_TIMEOUT", "60s").set("SEND_TIMEOUT", "60s");
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    world.simulator.add_person(crate::world::FRIEND).unwrap();
    world.simulator.faults(|faults| faults.server = simulator::ServerFault::NeverAck);
    world.simulator.heard(DEADLINE).await.unwrap();
    // A send that waits for its ack delays the first stop.
    let body = serde_json::json!({ "number": crate::world::FRIEND, "message": "x" });
    let send = client().post(format!("{}/send", process.url.as_ref().unwrap())).json(&body).send();
    let send = tokio::spawn(send);
    world.simulator.wait_until("the message", DEADLINE, |record| !record.received.is_empty()).await.unwrap();
    process.signal(Signal::SIGTERM);
    process.line("the first signal", |line| line["message"].as_str().is_some_and(|m| m.starts_with("asked to stop")));
    let asked = Instant::now();
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(70));
    assert!(asked.elapsed() < Duration::from_secs(5));
    eventually("the browser to leave by itself", || browsers(&world.profile()).is_empty()).await;
    drop(send);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_one_clear_line_and_no_browser() {
    let mut world = World::new(Options::fast()).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    world.set("PORT", &port.to_string());
    let (code, _, log) = Process::spawn(&world).exit();
    assert_eq!(code, Some(69));
    let errors: Vec<_> = log.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{log:#?}");
    let sentence = errors[0]["message"].as_str().unwrap();
    assert!(sentence.contains(&port.to_string()), "{sentence}");
    assert!(sentence.contains(&std::process::id().to_string()), "it names who holds it: {sentence}");
    assert!(!log.iter().any(|line| line["message"] == "started Chrome"));
    let told: Vec<_> = log.iter().filter(|line| line["message"].as_str().unwrap().starts_with("setting")).collect();
    let [settings] = told[..] else { panic!("the settings are one line: {told:#?}") };
    assert!(settings["message"].as_str().unwrap().contains(&format!("PORT={port} (environment)")), "{settings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_instance_on_the_same_folders_is_refused() {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false");
    let first = Process::started(&world);
    let (code, _, log) = Process::spawn(&world).exit();
    assert_eq!(code, Some(75));
    let line = log.iter().find(|line| line["level"] == "ERROR").unwrap();
    assert!(line["message"].as_str().unwrap().contains(&first.child.id().to_string()), "{line}");
    first.signal(Signal::SIGTERM);
    assert_eq!(first.exit().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_named_together() {
    let mut world = World::new(Options::fast()).await;
    world.set("PORT", "many").set("SEND_MODE", "maybe");
    let (code, error, _) = Process::spawn(&world).exit();
    assert_eq!(code, Some(78));
    assert!(error.contains("PORT") && error.contains("SEND_MODE"), "{error}");
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    let status = Command::new(BINARY).arg("fly").stderr(Stdio::null()).status();
    assert_eq!(status.unwrap().code(), Some(64));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_without_a_display_is_refused_with_a_sentence() {
    let mut world = World::new(Options::fast()).await;
    world.set("LOGIN_MODE", "local");
    let mut process = Process::started(&world);
    process.reaches("ERROR");
    let status = process.get("/status").await;
    assert_eq!(status["reason"], "NO_DISPLAY");
    assert!(status["detail"].as_str().unwrap().contains("DISPLAY"), "{status}");
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_set_aside_and_sending_stays_off_until_accepted() {
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
    let database = world.folder().join("data/store/db");
    let length = std::fs::metadata(&database).unwrap().len();
    std::fs::write(&database, vec![0x5a; usize::try_from(length).unwrap()]).unwrap();

    let mut process = Process::started(&world);
    process.reaches("READY");
    assert_eq!(process.get("/status").await["can_send_messages"], false);
    let accept = Command::new(BINARY).args(["store", "accept"]).envs(&world.settings).stdout(Stdio::null()).status();
    assert!(accept.unwrap().success());
    assert_eq!(process.get("/status").await["can_send_messages"], true);
    let aside = std::fs::read_dir(world.folder().join("data")).unwrap().flatten();
    assert!(aside.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("store.damaged")));
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_private_reaches_the_log() {
    let mut world = World::new(Options::fast()).await;
    world.set("API_TOKEN", "a-token-nobody-may-see").set("LOG_LEVEL", "trace");
    let mut process = Process::started(&world);
    process.reaches("QR_REQUIRED");
    let code = world.simulator.code(DEADLINE).await.unwrap();
    world.simulator.scan(&code).unwrap();
    process.reaches("READY");
    world.simulator.add_person(crate::world::FRIEND).unwrap();
    world.simulator.incoming(simulator::Incoming::text(crate::world::FRIEND, "una confidencia")).unwrap();
    let body = serde_json::json!({ "number": crate::world::FRIEND, "message": "un secreto muy grande" });
    let send = client().post(format!("{}/send", process.url.as_ref().unwrap()));
    let answer = send.header("x-api-key", "a-token-nobody-may-see").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    process.signal(Signal::SIGTERM);
    let (_, _, log) = process.exit();
    let log = Value::from(log).to_string();
    for private in
        ["a-token-nobody-may-see", crate::world::FRIEND, "un secreto", "una confidencia", "5491150000001", &code[..20]]
    {
        assert!(!log.contains(private), "{private} is in the log");
    }
}
