//! A full disk: `/status` reports it, nothing stored is lost, and the service recovers by itself once there is room.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use simulator::{Incoming, Options};

use crate::process::{BINARY, Process, link};
use crate::receiver::{Receiver, messages};
use crate::world::{DEADLINE, FRIEND, World, browsers, client};

/// A separate mount namespace, in which a small disk can be mounted without effect elsewhere.
fn apart() -> Command {
    let mut command = Command::new("unshare");
    if !nix::unistd::geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.arg("--mount");
    command
}

#[allow(clippy::print_stderr, reason = "a test that did not run must say so")]
fn possible() -> bool {
    let tried = apart().args(["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).stderr(Stdio::null()).status();
    let possible = tried.is_ok_and(|status| status.success());
    if !possible {
        eprintln!("skipped: this user may not mount; run the tests as root");
    }
    possible
}

async fn until(process: &Process, path: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    loop {
        let answer = process.get(path).await;
        if wanted(&answer) {
            return answer;
        }
        assert!(tokio::time::Instant::now() < deadline, "waited for {what} in vain: {answer}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn send(process: &Process, text: &str) -> (u16, Value) {
    let request = client().post(format!("{}/send", process.url()));
    crate::world::answer(request.json(&json!({ "number": FRIEND, "message": text }))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_what_is_new_loses_nothing_and_recovers_by_itself() {
    if !possible() {
        return;
    }
    let receiver = Receiver::start().await;
    let mut world = World::new(Options::fast()).await;
    world.set("WEBHOOK_URLS", &receiver.url());
    let data = world.folder().join("data");
    fs::create_dir(&data).unwrap();
    let mut command = apart();
    command.args(["sh", "-c", "mount -t tmpfs -o size=16m,mode=700 tmpfs \"$DATA_DIR\" && exec \"$0\"", BINARY]);
    let mut process = Process::run(&world, command);
    process.listens();
    link(&world, &mut process).await;
    world.simulator.add_person(FRIEND).unwrap();
    let before = world.simulator.incoming(Incoming::text(FRIEND, "antes")).unwrap();
    receiver.until("the first", |taken| messages(taken) == [before.as_str()]).await;

    // `exec` in `sh` and `unshare` leaves one process, whose own mounts are visible through /proc.
    let filler = format!("/proc/{}/root{}/filler", process.pid(), data.display());
    let mut file = File::create(&filler).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    // More than fits into the free part of the database's file.
    let mut all = vec![before.clone()];
    all.extend(world.simulator.burst(40, |_| Incoming::text(FRIEND, "x".repeat(60_000))).unwrap());
    let status =
        until(&process, "/status", "the disk to be told of", |status| status["can_send_messages"] == false).await;
    assert!(status["send"]["reason"].as_str().unwrap().contains("full"), "{status}");
    assert_eq!(status["state"], "READY", "{status}");
    let (code, refused) = send(&process, "nada").await;
    assert_eq!((code, &refused["code"]), (503, &"SEND_UNAVAILABLE".into()), "{refused}");
    assert!(world.simulator.record().received.is_empty(), "what could not be remembered has not left");

    drop(file);
    fs::remove_file(&filler).unwrap();
    until(&process, "/status", "the service to recover", |status| status["can_send_messages"] == true).await;
    let taken = receiver.until("all of them", |taken| messages(taken).len() >= all.len()).await;
    assert_eq!(messages(&taken), all, "in order, each once");
    let (code, sent) = send(&process, "ya está").await;
    assert_eq!(code, 200, "{sent}");
    let log = until(&process, "/messages", "all", |log| log["items"].as_array().unwrap().len() == all.len() + 1).await;
    assert_eq!(log["items"][0]["id"], before.as_str());
}

/// Runs the service with its data on a small disk that is full from the start. Gives also the file that fills it.
fn start_on_a_full_disk(world: &World) -> (Process, String) {
    let small = world.folder().join("small");
    fs::create_dir_all(&small).unwrap();
    let script = "mount -t tmpfs -o size=16m,mode=700 tmpfs \"$1\" && cp -a \"$DATA_DIR/.\" \"$1\" \
                  && { cat /dev/zero >\"$1/filler\" 2>/dev/null || export DATA_DIR=\"$1\"; } && exec \"$0\"";
    let mut command = apart();
    command.args(["sh", "-c", script, BINARY]).arg(&small);
    let mut process = Process::run(world, command);
    process.listens();
    let filler = format!("/proc/{}/root{}/filler", process.pid(), small.display());
    (process, filler)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_on_a_full_disk_says_so_receives_nothing_and_goes_on_by_itself() {
    if !possible() {
        return;
    }
    let mut world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    let before = world.simulator.incoming(Incoming::text(FRIEND, "antes")).unwrap();
    process.logged(1, DEADLINE).await;
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));

    let systemd = UnixDatagram::bind(world.folder().join("notify")).unwrap();
    systemd.set_read_timeout(Some(DEADLINE)).unwrap();
    let socket = world.folder().join("notify").display().to_string();
    world.set("NOTIFY_SOCKET", &socket);
    let (mut process, filler) = start_on_a_full_disk(&world);
    let missed = world.simulator.incoming(Incoming::text(FRIEND, "mientras")).unwrap();
    let mut told = [0; 4096];
    let length = systemd.recv(&mut told).unwrap();
    let told = String::from_utf8_lossy(&told[..length]).into_owned();
    assert!(told.starts_with("READY=1") && told.contains("full"), "a supervisor does not start it again: {told}");

    let status = process.get("/status").await;
    assert!(status["detail"].as_str().unwrap().contains("is full: free some space"), "{status}");
    assert!(status["send"]["reason"].as_str().unwrap().contains("is full"), "{status}");
    let found = ["state", "recommended_action", "can_send_messages"].map(|field| status[field].clone());
    assert_eq!(found, [json!("ERROR"), json!("CHECK_SERVER"), json!(false)]);
    assert_eq!(process.get("/health").await["whatsapp_state"], "NOT_INITIALIZED");
    assert_eq!(process.get("/qr").await, json!({ "status": "NO_QR", "state": "ERROR" }));
    assert_eq!(process.get("/messages").await["code"], "STORE_UNAVAILABLE");
    let (code, refused) = send(&process, "nada").await;
    assert_eq!((code, &refused["code"]), (503, &"SESSION_NOT_READY".into()), "{refused}");
    let page = client().get(format!("{}/qr.html", process.url())).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(browsers(&world.profile()).is_empty(), "what cannot be kept is not received");

    fs::remove_file(&filler).unwrap();
    process.reaches("READY");
    let log = process.logged(2, DEADLINE).await;
    let ids: Vec<_> = log.iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [before.as_str(), missed.as_str()]);
    let waited: Vec<_> = process.warnings().into_iter().filter(|line| line["level"] == "ERROR").cloned().collect();
    assert_eq!(waited.len(), 1, "{waited:#?}");
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
    // A stop is a clean one also while the start waits.
    let (process, _) = start_on_a_full_disk(&world);
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

/// Chrome itself takes this for another browser on its profile.
#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_folder_that_cannot_be_written_is_named() {
    if !possible() {
        return;
    }
    let mut world = World::new(Options::fast()).await;
    let temporary = world.folder().join("temporary");
    fs::create_dir(&temporary).unwrap();
    world.set("TMPDIR", &temporary.display().to_string());
    world.set("MAX_RECONNECTION_ATTEMPTS", "0");
    let mut command = apart();
    command.args(["sh", "-c", "mount -t tmpfs -o ro tmpfs \"$TMPDIR\" && exec \"$0\"", BINARY]);
    let mut process = Process::run(&world, command);
    process.listens();
    process.reaches("ERROR");
    let status = process.get("/status").await;
    assert_eq!(status["reason"], "BROWSER_LAUNCH_FAILED");
    let named = format!("the temporary folder (TMPDIR), and the disk of {} is mounted read-only", temporary.display());
    assert!(status["detail"].as_str().unwrap().contains(&named), "{status}");
}
