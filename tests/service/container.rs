//! The service as process 1, as in a container: no process stays a zombie, a stop works, and a crash loses no login.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use simulator::Options;

use crate::process::{BINARY, Process, link};
use crate::world::{World, browsers, client, eventually};

/// New process ids, in which the next program has id 1. An ordinary user needs a user namespace for that.
fn container() -> Command {
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--pid", "--fork", "--mount-proc"]);
    command
}

/// Some systems do not allow ordinary users to create namespaces; there no test can be process 1.
#[allow(clippy::print_stderr, reason = "a test that did not run must say so")]
fn possible() -> bool {
    let tried = container().arg("true").stderr(Stdio::null()).status();
    let possible = tried.is_ok_and(|status| status.success());
    if !possible {
        eprintln!("skipped: this user may not make process namespaces; run the tests as root");
    }
    possible
}

fn started(world: &World) -> Process {
    let mut command = container();
    command.arg(BINARY);
    let mut process = Process::run(world, command);
    process.listens();
    process
}

/// The child processes of a process, with their state as in proc_pid_stat(5).
fn children(parent: i32) -> Vec<(i32, char)> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may contain anything.
        let mut fields = stat.rsplit_once(") ")?.1.split(' ');
        let state = fields.next()?.chars().next()?;
        (fields.next()?.parse() == Ok(parent)).then_some((pid, state))
    })
    .collect()
}

fn only_child(parent: i32) -> i32 {
    let found = children(parent);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].0
}

async fn post(process: &Process, path: &str) {
    let answer = client().post(format!("{}{path}", process.url())).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_browser_leaves_a_zombie_and_a_stop_keeps_the_login() {
    if !possible() {
        return;
    }
    let world = World::new(Options::fast()).await;
    let mut process = started(&world);
    let first = only_child(process.pid());
    link(&world, &mut process).await;
    // Crashpad's handlers are orphans from the start; the zygotes become orphans when Chrome ends.
    eventually("Chrome's orphans", || children(first).len() > 1).await;
    for _ in 0..2 {
        post(&process, "/disconnect").await;
        eventually("everything but the service to be gone", || children(first).len() == 1).await;
        post(&process, "/connect").await;
        process.reaches("READY");
    }
    let asked = Instant::now();
    kill(Pid::from_raw(first), Signal::SIGTERM).unwrap();
    let (code, error, _) = process.exit();
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(asked.elapsed() < Duration::from_secs(8));
    assert_eq!(world.simulator.record().links.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_service_ends_the_container_after_chrome_has_left_in_order() {
    if !possible() {
        return;
    }
    let world = World::new(Options::fast()).await;
    let mut process = started(&world);
    link(&world, &mut process).await;
    let service = children(only_child(process.pid())).into_iter().map(|(pid, _)| pid).min().unwrap();
    kill(Pid::from_raw(service), Signal::SIGKILL).unwrap();
    assert_eq!(process.exit().0, Some(128 + Signal::SIGKILL as i32));
    assert!(browsers(&world.profile()).is_empty());
    assert!(world.profile().join("SingletonLock").symlink_metadata().is_err(), "Chrome was killed with the container");
    let mut process = started(&world);
    process.reaches("READY");
    kill(Pid::from_raw(only_child(process.pid())), Signal::SIGINT).unwrap();
    assert_eq!(process.exit().0, Some(0));
    assert_eq!(world.simulator.record().links.len(), 1);
}

#[test]
fn the_command_line_and_its_codes_pass_through() {
    if !possible() {
        return;
    }
    let wrong = container().args([BINARY, "fly"]).stderr(Stdio::null()).status().unwrap();
    assert_eq!(wrong.code(), Some(64));
    let help = container().args([BINARY, "--help"]).output().unwrap();
    assert!(help.status.success() && help.stdout.starts_with(b"Keeps one WhatsApp"));
}
