//! The memory of the service while it reads messages from strangers.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use simulator::{Incoming, Options};

use crate::process::{self, Process};
use crate::world::{FRIEND, World};

/// 43 MB of text pass through a debug build, beside all other tests.
const PATIENCE: Duration = Duration::from_secs(400);

/// The peak resident memory of a process, in MiB.
pub fn peak(pid: i32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

/// Anybody can send any number of the longest texts that WhatsApp transmits, while the service is away.
#[tokio::test(flavor = "multi_thread")]
async fn an_absence_of_the_longest_messages_takes_less_than_100_mib() {
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    process::link(&world, &mut process).await;
    let before = peak(process.pid());
    process.signal(Signal::SIGTERM);
    process.exit();
    let text = "ñandú ".repeat(9_000);
    let send = |n| world.simulator.incoming(Incoming::text(FRIEND, format!("{n} {text}"))).unwrap();
    let sent: Vec<_> = (0..800).map(send).collect();
    let last = sent.last().unwrap();
    let mut process = Process::started(&world);
    let deadline = Instant::now() + PATIENCE;
    while process.get(&format!("/messages/{last}")).await["body"].is_null() {
        assert!(Instant::now() < deadline, "{:#?}", process.warnings());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let peak = peak(process.pid());
    let logged = process.logged(800, PATIENCE).await;
    let order: Vec<usize> =
        logged.iter().map(|item| item["body"].as_str().unwrap().split(' ').next().unwrap().parse().unwrap()).collect();
    assert_eq!(order, (0..800).collect::<Vec<_>>());
    assert!(peak - before < 100.0, "{before} MiB before, {peak} MiB");
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
