//! Folders and settings in which commands run, and the service as a process beside them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use simulator::{Options, Simulator};
use tempfile::TempDir;

/// No step of these tests takes longer unless it is broken.
pub const DEADLINE: Duration = Duration::from_secs(60);
/// A path without a program.
pub const NOWHERE: &str = "/nowhere/chrome";

pub struct World {
    folder: TempDir,
    pub settings: BTreeMap<String, String>,
}

impl World {
    /// An empty world; the page's address is a port on which nothing listens.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "tmp"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut world = Self { folder, settings: BTreeMap::new() };
        let paths = ["tokens", "data", "tmp"].map(|name| world.path(name).display().to_string());
        for (name, value) in ["TOKENS_DIR", "DATA_DIR", "TMPDIR"].into_iter().zip(paths) {
            world.set(name, &value);
        }
        world.set("PORT", "0").set("HOST", "127.0.0.1").set("WHATSAPP_WEB_URL", &format!("http://{closed}/"));
        world
    }

    /// A world with a page that answers.
    pub async fn with_simulator(options: Options) -> (Self, Simulator) {
        let simulator = Simulator::start(options).await.unwrap();
        let mut world = Self::new();
        world.set("WHATSAPP_WEB_URL", &simulator.url());
        (world, simulator)
    }

    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these settings; of this process's environment it gets only PATH.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_session-manager"));
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.path("home"));
        command.envs(&self.settings).args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        Self { code: output.status.code(), out, err }
    }
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A child process whose output is read line by line.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    pub seen: Vec<String>,
}

impl Running {
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines, seen: Vec::new() }
    }

    pub fn line(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else { panic!("waited for {what} in vain: {:#?}", self.seen) };
            self.seen.push(line.clone());
            if wanted(&line) {
                return line;
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Waits for the exit.
    pub fn exit(mut self) -> Ran {
        let code = self.child.wait().unwrap().code();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        self.seen.extend(self.lines.iter());
        Ran { code, out: self.seen.join("\n"), err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The running service, which answers requests.
pub struct Service {
    process: Running,
    pub url: String,
}

impl Service {
    pub fn start(world: &World) -> Self {
        let mut command = world.command(&["serve"]);
        command.env("NODE_ENV", "production");
        let mut process = Running::spawn(command);
        let line = process.line("the address", |line| parsed(line)["message"] == "listening");
        let url = parsed(&line)["address"].as_str().unwrap().to_owned();
        Self { process, url }
    }

    pub fn reaches(&mut self, state: &str) -> &mut Self {
        self.process.line(state, |line| parsed(line)["to"] == state);
        self
    }

    pub async fn link(&mut self, simulator: &Simulator) -> &mut Self {
        self.reaches("QR_REQUIRED").scan(simulator).await
    }

    pub async fn scan(&mut self, simulator: &Simulator) -> &mut Self {
        let code = simulator.code(DEADLINE).await.unwrap();
        simulator.scan(&code).unwrap();
        self.reaches("READY")
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub async fn status(&self) -> Value {
        client().get(format!("{}/status", self.url)).send().await.unwrap().json().await.unwrap()
    }

    pub async fn post(&self, path: &str) -> u16 {
        let request = client().post(format!("{}{path}", self.url)).json(&serde_json::json!({}));
        request.send().await.unwrap().status().as_u16()
    }

    pub fn stop(self) {
        self.process.signal(Signal::SIGTERM);
        let ran = self.process.exit();
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_default()
}

/// The names in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A process that looks like a browser on a profile; it waits for input that never comes.
pub struct StandIn(Child);

impl StandIn {
    pub fn on(profile: &Path, flags: &[&str]) -> Self {
        let mut command = Command::new("/bin/sh");
        let flag = format!("--user-data-dir={}", profile.canonicalize().unwrap().display());
        command.arg0("chrome").args(["-c", "read _; exit", "sh", &flag]).args(flags);
        command.stdin(Stdio::piped());
        let child = command.spawn().unwrap();
        // The parent continues a moment before the kernel shows the new command line.
        while !std::fs::read(format!("/proc/{}/cmdline", child.id())).unwrap().starts_with(b"chrome") {
            std::thread::yield_now();
        }
        Self(child)
    }

    pub fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A client without certificates: it only talks to this machine.
fn client() -> reqwest::Client {
    session_manager::host::http_client::without_certificates().unwrap().build().unwrap()
}
