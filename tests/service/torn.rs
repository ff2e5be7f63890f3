//! Databases of a browser that is killed in the middle of a write: Chrome deletes a database that it finds damaged,
//! and the login with it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use simulator::{Incoming, Options};

use crate::process::{Process, link};
use crate::world::{DEADLINE, FRIEND, World, browsers, eventually, family};

/// A record of LevelDB: checksum, length, kind (1: a complete entry) and data.
fn record(data: &[u8]) -> Vec<u8> {
    let summed = [&[1], data].concat();
    let sum = crc32c::crc32c(&summed).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes();
    let length = u16::try_from(data.len()).unwrap().to_le_bytes();
    [sum.as_slice(), &length, &summed].concat()
}

/// The logs of the page's database.
fn logs(profile: &Path) -> Vec<PathBuf> {
    let databases = std::fs::read_dir(profile.join("Default/IndexedDB")).unwrap().flatten();
    let files = databases.flat_map(|database| std::fs::read_dir(database.path()).unwrap().flatten());
    let files = files.map(|file| file.path());
    files.filter(|file| file.extension().is_some_and(|extension| extension == "log")).collect()
}

/// The number of the next write: an entry begins with the number of its first write and the count of its writes.
fn next_number(log: &[u8]) -> u64 {
    const BLOCK: usize = 32 * 1024;
    let (mut at, mut next) = (0, 0);
    while at + 7 <= log.len() {
        let left = BLOCK - at % BLOCK;
        if left < 7 {
            at += left;
            continue;
        }
        let (length, begins) = (usize::from(u16::from_le_bytes([log[at + 4], log[at + 5]])), log[at + 6] < 3);
        if begins {
            let entry = &log[at + 7..];
            let count = u32::from_le_bytes(entry[8..12].try_into().unwrap());
            next = u64::from_le_bytes(entry[..8].try_into().unwrap()) + u64::from(count);
        }
        at += 7 + length;
    }
    next
}

/// Kills the service and the whole browser in the middle of a write; returns the browser's logs, each with the number
/// of its next write.
async fn dies_writing(world: &World, process: Process) -> Vec<(PathBuf, u64)> {
    let browser = family(browsers(&world.profile())[0], "");
    process.signal(Signal::SIGKILL);
    process.exit();
    for pid in browser {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
    eventually("the browser's end", || browsers(&world.profile()).is_empty()).await;
    let logs = logs(&world.profile());
    assert!(!logs.is_empty());
    let tear = |log: PathBuf| {
        let next = next_number(&std::fs::read(&log).unwrap());
        File::options().append(true).open(&log).unwrap().write_all(&record(&[7; 1000])[..500]).unwrap();
        (log, next)
    };
    logs.into_iter().map(tear).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_killed_in_the_middle_of_its_writes_loses_no_login() {
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    // The first start skips the half record and appends behind it, the second start finds it.
    for round in 0..3 {
        dies_writing(&world, process).await;
        process = Process::started(&world);
        process.reaches("READY");
        world.simulator.incoming(Incoming::text(FRIEND, format!("in round {round}"))).unwrap();
        process.logged(round + 1, DEADLINE).await;
    }
    assert_eq!(world.simulator.record().links.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_was_written_on_behind_half_a_write_keeps_its_login() {
    let world = World::new(Options::fast()).await;
    let mut process = Process::started(&world);
    link(&world, &mut process).await;
    for (log, next) in dies_writing(&world, process).await {
        // An entry without writes.
        let batch = [next.to_le_bytes().as_slice(), &0_u32.to_le_bytes()].concat();
        // Together longer than the length that the half record announces.
        File::options().append(true).open(log).unwrap().write_all(&record(&batch).repeat(100)).unwrap();
    }
    let mut process = Process::started(&world);
    process.reaches("READY");
    assert_eq!(world.simulator.record().links.len(), 1);
    process.signal(Signal::SIGTERM);
    assert_eq!(process.exit().0, Some(0));
}
