//! The resources of a browser: its processes and their memory.

use std::collections::HashMap;

use procfs::process::Process;

/// A browser and every process it started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    pub processes: f64,
    /// Bytes; shared memory counts once in total (PSS).
    pub memory: f64,
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
        usage.processes += 1.0;
        usage.memory += memory(*pid).unwrap_or_default();
    }
    (usage.processes > 0.0).then_some(usage)
}

fn parents() -> HashMap<i32, i32> {
    let processes = procfs::process::all_processes().into_iter().flatten().flatten();
    processes.filter_map(|process| Some((process.pid, process.stat().ok()?.ppid))).collect()
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating point")]
fn memory(pid: i32) -> Option<f64> {
    let rollup = Process::new(pid).ok()?.smaps_rollup().ok()?;
    let bytes = rollup.memory_map_rollup.iter().find_map(|map| map.extension.map.get("Pss"))?;
    Some(*bytes as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_and_what_it_started_are_counted_together() -> std::io::Result<()> {
        let mut child = std::process::Command::new("sleep").arg("60").spawn()?;
        let found = usage(i32::try_from(std::process::id()).unwrap_or_default());
        child.kill()?;
        child.wait()?;
        assert!(found.is_some_and(|usage| usage.processes >= 2.0 && usage.memory > 100_000.0), "{found:?}");
        assert_eq!(usage(-5), None);
        Ok(())
    }
}
