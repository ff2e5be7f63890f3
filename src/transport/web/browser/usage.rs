//! The resources of a browser: its processes and their memory.

use std::collections::{BTreeMap, HashMap};

use procfs::process::Process;

use super::processes::arguments;

/// What a process of a browser does, as Chrome names it to its children.
const KINDS: [&str; 5] = ["gpu-process", "renderer", "utility", "zygote", "crashpad-handler"];
/// The process that started all others.
const MAIN: &str = "browser";
/// A kind that is not known here.
const OTHER: &str = "other";

/// A browser and every process it started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub processes: u64,
    /// Bytes; shared memory counts once in total (PSS).
    pub memory: u64,
    /// The bytes of each kind of process: `browser`, `renderer`, `gpu-process`, `utility`, `zygote` and others.
    pub kinds: BTreeMap<&'static str, u64>,
}

/// Reads `/proc`. This takes milliseconds per process, so it belongs on a blocking thread. None if the browser is not
/// running.
pub fn usage(browser: i32) -> Option<Usage> {
    let parents = parents();
    let ours = |mut pid: i32| {
        // No chain of processes is longer; a pid that is used again could make the chain a circle.
        for _ in 0..64 {
            if pid == browser {
                return true;
            }
            match parents.get(&pid) {
                Some(parent) => pid = *parent,
                None => return false,
            }
        }
        false
    };
    let mut usage = Usage::default();
    for pid in parents.keys().filter(|pid| ours(**pid)) {
        let memory = memory(*pid).unwrap_or_default();
        usage.processes += 1;
        usage.memory += memory;
        *usage.kinds.entry(kind(*pid, browser)).or_default() += memory;
    }
    (usage.processes > 0).then_some(usage)
}

fn parents() -> HashMap<i32, i32> {
    let processes = procfs::process::all_processes().into_iter().flatten().flatten();
    processes.filter_map(|process| Some((process.pid, process.stat().ok()?.ppid))).collect()
}

fn kind(pid: i32, browser: i32) -> &'static str {
    if pid == browser {
        return MAIN;
    }
    // Chrome writes the arguments of a zygote's child over the zygote's own, separated by spaces instead of NUL bytes.
    let line = arguments(pid).join(&b' ');
    let words = line.split(|byte| *byte == b' ');
    let named = words.filter_map(|word| word.strip_prefix(b"--type=")).next();
    KINDS.into_iter().find(|kind| named == Some(kind.as_bytes())).unwrap_or(OTHER)
}

fn memory(pid: i32) -> Option<u64> {
    let rollup = Process::new(pid).ok()?.smaps_rollup().ok()?;
    rollup.memory_map_rollup.iter().find_map(|map| map.extension.map.get("Pss")).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_and_what_it_started_are_counted_together() -> std::io::Result<()> {
        let mut child = std::process::Command::new("sleep").arg("60").spawn()?;
        let found = usage(i32::try_from(std::process::id()).unwrap_or_default()).unwrap_or_default();
        child.kill()?;
        child.wait()?;
        assert!(found.processes >= 2 && found.memory > 100_000, "{found:?}");
        assert!(found.kinds.get(MAIN).is_some_and(|own| *own > 100_000), "{found:?}");
        assert_eq!(found.kinds.values().sum::<u64>(), found.memory);
        assert_eq!(usage(-5), None);
        Ok(())
    }
}
