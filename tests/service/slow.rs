//! Callers that are slow, idle, or too many: they keep nobody else waiting, and do not end the service.

use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use session_manager::host::descriptors;
use simulator::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::process::Process;
use crate::world::{DEADLINE, FRIEND, World, answer, client};

const HALF_OPEN: usize = 1200;
const AT_ONCE: usize = 1000;

async fn stopped_world() -> World {
    let mut world = World::new(Options::fast()).await;
    world.set("AUTO_CONNECT", "false");
    world
}

/// A connection whose request is never completed.
async fn half_open(url: &str, n: usize) -> TcpStream {
    let beginnings = [
        "",
        "GET /status HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        "POST /send HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
    ];
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(beginnings[n % beginnings.len()].as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn half_open_requests_and_a_thousand_at_once_hold_nobody_up() {
    // Both ends of each connection are in this process.
    let wanted = 2 * (HALF_OPEN + AT_ONCE) + 500;
    assert!(descriptors::raise(wanted).unwrap().after >= wanted as u64, "this test needs {wanted} descriptors");
    let mut world = stopped_world().await;
    world.start().await;
    let half_open = join_all((0..HALF_OPEN).map(|n| half_open_of(&world, n))).await;
    let begun = Instant::now();
    let all = join_all((0..AT_ONCE).map(|_| answer(world.request("GET", "/status").header("connection", "close"))));
    let send = async {
        let (status, refused) = world.send(FRIEND, "hola").await;
        (status, refused["code"].clone(), begun.elapsed())
    };
    let (answers, (status, code, took)) = tokio::join!(all, send);
    assert!(answers.iter().all(|(status, _)| *status == 200));
    assert_eq!((status, code.as_str()), (503, Some("SESSION_NOT_READY")));
    // Seconds on a machine that does much else; without room for them the last had no answer in 30 s.
    assert!(
        begun.elapsed() < Duration::from_secs(10) && took < Duration::from_secs(5),
        "{:?}, {took:?}",
        begun.elapsed()
    );
    let stopping = Instant::now();
    world.stop().await;
    assert!(stopping.elapsed() < Duration::from_secs(3), "the stop waited for them: {:?}", stopping.elapsed());
    drop(half_open);
}

async fn half_open_of(world: &World, n: usize) -> TcpStream {
    half_open(&world.url(""), n).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_descriptors_the_service_neither_spins_nor_dies() {
    let world = stopped_world().await;
    let mut process = Process::started(&world);
    let limit_to = |descriptors: &str| {
        let pid = process.pid().to_string();
        assert!(
            Command::new("prlimit")
                .args(["--pid", &pid, &format!("--nofile={descriptors}")])
                .status()
                .unwrap()
                .success()
        );
    };
    let quick = || async { client().get(format!("{}/health", process.url())).send().await.unwrap().status().as_u16() };
    let mut slow = join_all((0..100).map(|n| half_open(process.url(), n))).await;
    assert_eq!(quick().await, 200);
    // The soft limit alone: a process may raise it again without any privilege.
    limit_to("60:");
    assert_eq!(quick().await, 200, "a slow connection made room");
    limit_to("4:");
    let ticks = process.ticks();
    let refused = tokio::spawn(client().get(format!("{}/health", process.url())).send());
    let began = Instant::now();
    // One slow connection is closed with each attempt, ten times a second.
    slow.truncate(15);
    let ends = slow.iter_mut().map(|stream| async move {
        let _ = tokio::time::timeout(DEADLINE, stream.read(&mut [0; 64])).await.expect("it was not closed");
    });
    join_all(ends).await;
    let spent = (process.ticks() - ticks) / 100.0;
    assert!(
        spent < 0.5 * began.elapsed().as_secs_f64().max(1.0),
        "{spent} s of processor time in {:?}",
        began.elapsed()
    );
    limit_to("1024:");
    assert_eq!(refused.await.unwrap().unwrap().status(), 200, "it waited in the system's queue");
    let told =
        process.warnings().iter().filter(|line| line["message"].as_str().unwrap().contains("no descriptor")).count();
    assert_eq!(told, 1, "{:#?}", process.warnings());
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_open_files_is_raised_at_the_start_and_said() {
    let world = stopped_world().await;
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -Sn 256; exec {}", crate::process::BINARY)]);
    let mut process = Process::run(&world, command);
    process.listens();
    process.signal(Signal::SIGTERM);
    let (code, _, log) = process.exit();
    assert_eq!(code, Some(0));
    let raised = log.iter().find(|line| line["message"].as_str().unwrap().contains("raised the limit of open files"));
    assert_eq!(raised.unwrap()["from"], 256);

    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n 256; exec {}", crate::process::BINARY)]);
    let mut process = Process::run(&world, command);
    process.listens();
    assert!(process.warnings().iter().any(|line| line["connections"] == 128), "{:#?}", process.warnings());
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
