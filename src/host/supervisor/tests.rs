#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Read;
use std::os::fd::AsRawFd;

use futures_util::FutureExt;

use super::*;

const DEADLINE: Duration = Duration::from_secs(10);

fn environment<const N: usize>(variables: [(&str, String); N]) -> BTreeMap<String, String> {
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The channel as PM2 hands it over: this process's end as a number that stays open over exec, and PM2's end.
fn pm2() -> (RawFd, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    fcntl(&ours, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    theirs.set_read_timeout(Some(DEADLINE)).unwrap();
    (ours.into_raw_fd(), theirs)
}

fn detect_pm2() -> (Supervisor, UnixStream) {
    let (fd, theirs) = pm2();
    (Supervisor::detect(&environment([("NODE_CHANNEL_FD", fd.to_string())])), theirs)
}

#[tokio::test]
async fn pm2_hears_ready_and_nothing_else() {
    let (supervisor, mut theirs) = detect_pm2();
    let flags = fcntl(supervisor.pm2.as_ref().unwrap(), FcntlArg::F_GETFD).unwrap();
    assert!(FdFlag::from_bits_retain(flags).contains(FdFlag::FD_CLOEXEC));
    let (notifier, requests) = supervisor.split().unwrap();
    notifier.status("starting");
    notifier.ready("waiting for a phone");
    notifier.feed_watchdog();
    notifier.stopping();
    drop((notifier, requests));
    let mut heard = String::new();
    theirs.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "\"ready\"\n");
}

#[tokio::test]
async fn pm2_asks_for_the_stop_among_other_lines() {
    let (supervisor, mut theirs) = detect_pm2();
    let (_notifier, mut requests) = supervisor.split().unwrap();
    let long = "x".repeat(LINE_MAX);
    let lines = format!("\n{{\"cmd\":1}}\nshutdown\n\"{long}\"\n\"shutdown\" \n\"shut");
    let writer = std::thread::spawn(move || {
        theirs.write_all(lines.as_bytes()).unwrap();
        theirs
    });
    tokio::time::timeout(DEADLINE, requests.shutdown_requested()).await.unwrap();
    let mut theirs = writer.join().unwrap();
    // Bytes that a cancelled wait has read are not lost.
    assert!(requests.shutdown_requested().now_or_never().is_none());
    theirs.write_all(b"down\"\n").unwrap();
    tokio::time::timeout(DEADLINE, requests.shutdown_requested()).await.unwrap();
}

#[tokio::test]
async fn the_end_of_pm2_asks_for_nothing() {
    let (supervisor, theirs) = detect_pm2();
    let (notifier, mut requests) = supervisor.split().unwrap();
    drop(theirs);
    requests.reader.as_ref().unwrap().get_ref().readable().await.unwrap();
    for _ in 0..2 {
        assert!(requests.shutdown_requested().now_or_never().is_none());
    }
    notifier.ready("nobody listens");
}

#[test]
fn takes_only_what_was_inherited() {
    let file = tempfile::tempfile().unwrap();
    let (taken, _theirs) = detect_pm2();
    let own = taken.pm2.as_ref().unwrap();
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    fcntl(&tcp, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    let numbers = [file.as_raw_fd(), own.as_raw_fd(), tcp.as_raw_fd(), RawFd::MAX, 0, -1];
    for number in numbers.map(|fd| fd.to_string()).into_iter().chain(["three".to_owned()]) {
        let found = Supervisor::detect(&environment([("NODE_CHANNEL_FD", number)]));
        assert!(found.pm2.is_none());
        assert_eq!(found.warnings.len(), 1, "{:?}", found.warnings);
    }
    // The descriptors are still open.
    assert!(file.metadata().is_ok() && own.peer_addr().is_ok() && tcp.local_addr().is_ok());
}

#[test]
fn a_channel_that_does_not_speak_json_is_left_alone() {
    let (fd, mut theirs) = pm2();
    let mode = ("NODE_CHANNEL_SERIALIZATION_MODE", "advanced".to_owned());
    let found = Supervisor::detect(&environment([("NODE_CHANNEL_FD", fd.to_string()), mode]));
    assert!(found.pm2.is_none());
    let json = ("NODE_CHANNEL_SERIALIZATION_MODE", "json".to_owned());
    let found = Supervisor::detect(&environment([("NODE_CHANNEL_FD", fd.to_string()), json]));
    assert!(found.pm2.is_some() && found.warnings.is_empty());
    drop(found);
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
}

#[tokio::test]
async fn systemd_hears_everything() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let name = format!("session-manager-test-{}", std::process::id());
    let places = [
        (SocketAddr::from_pathname(&path).unwrap(), path.display().to_string()),
        (SocketAddr::from_abstract_name(&name).unwrap(), format!("@{name}")),
    ];
    for (address, named) in places {
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        let (notifier, _) = Supervisor::detect(&environment([("NOTIFY_SOCKET", named)])).split().unwrap();
        let hears = |expected: &str| {
            let mut buffer = [0; 256];
            let length = socket.recv(&mut buffer).unwrap();
            assert_eq!(std::str::from_utf8(&buffer[..length]).unwrap(), expected);
        };
        notifier.ready("serving\nMAINPID=1");
        hears("READY=1\nSTATUS=serving MAINPID=1\n");
        notifier.status("READY");
        hears("STATUS=READY\n");
        notifier.feed_watchdog();
        hears("WATCHDOG=1\n");
        notifier.clone().stopping();
        hears("STOPPING=1\n");
        drop(socket);
        notifier.status("nobody listens");
    }
}

#[tokio::test]
async fn a_systemd_that_does_not_read_holds_nothing_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let named = path.display().to_string();
    let (notifier, _) = Supervisor::detect(&environment([("NOTIFY_SOCKET", named)])).split().unwrap();
    // The kernel queues some ten messages; this runtime has one thread, which no message may block.
    let begun = std::time::Instant::now();
    (0..12).for_each(|n| notifier.status(&n.to_string()));
    assert!(begun.elapsed() < NOTIFY_DEADLINE, "{:?}", begun.elapsed());
    // All messages arrive once the socket is read.
    let reader = std::thread::spawn(move || (0..12).all(|_| socket.recv(&mut [0; 64]).is_ok()));
    assert!(tokio::task::spawn_blocking(move || reader.join().unwrap()).await.unwrap());
}

#[test]
fn the_watchdog_is_fed_twice_as_often_as_asked() {
    let detect = |usec: &str, pid: Option<u32>| {
        let mut variables = environment([("WATCHDOG_USEC", usec.to_owned())]);
        variables.extend(pid.map(|pid| ("WATCHDOG_PID".to_owned(), pid.to_string())));
        Supervisor::detect(&variables).watchdog
    };
    let half = Some(Duration::from_secs(15));
    assert_eq!(detect("30000000", None), half);
    assert_eq!(detect("30000000", Some(std::process::id())), half);
    assert_eq!(detect("30000000", Some(1)), None);
    assert_eq!((detect("0", None), detect("soon", None)), (None, None));
}
