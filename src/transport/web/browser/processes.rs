//! The browsers that run on this machine, whoever started them.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getpgid};
use procfs::process::Process;

use super::chrome::MARK;
use super::process::CHROME_READS;

/// A Chrome whose service died exits by itself within 0.3 s.
const LEAVE_GRACE: Duration = Duration::from_secs(3);

/// The browsers of this service, on any profile, whose service has ended.
pub fn orphans() -> Vec<i32> {
    Running::all().filter(|browser| browser.is_ours() && browser.is_orphan()).map(|browser| browser.pid).collect()
}

/// A running browser: its main process, not its renderers.
pub(super) struct Running {
    pub(super) pid: i32,
    arguments: Vec<Vec<u8>>,
}

impl Running {
    fn all() -> impl Iterator<Item = Self> {
        let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let processes = pids.map(|pid| Self { pid, arguments: arguments(pid) });
        // Only browsers have a profile flag, and only their helper processes have a type.
        processes.filter(|process| process.has(b"--user-data-dir=") && !process.has(b"--type="))
    }

    /// The browsers on a profile.
    pub(super) fn on(profile: &Path) -> impl Iterator<Item = Self> {
        let flag = [b"--user-data-dir=", profile.as_os_str().as_bytes()].concat();
        Self::all().filter(move |process| process.arguments.contains(&flag))
    }

    fn has(&self, start: &[u8]) -> bool {
        self.arguments.iter().any(|argument| argument.starts_with(start))
    }

    pub(super) fn is_ours(&self) -> bool {
        self.arguments.iter().any(|argument| argument == MARK.as_bytes())
    }

    fn parent(&self) -> Option<i32> {
        Some(Process::new(self.pid).ok()?.stat().ok()?.ppid)
    }

    /// Whether its parent lacks the other end of its pipe. When the service dies, the browser gets another parent.
    fn is_orphan(&self) -> bool {
        let pipe = match fs::read_link(format!("/proc/{}/fd/{CHROME_READS}", self.pid)) {
            Ok(pipe) => pipe,
            // A browser of another user cannot be judged; a browser without a pipe has lost it.
            Err(error) => return error.kind() == io::ErrorKind::NotFound,
        };
        let ends = self.parent().and_then(|parent| fs::read_dir(format!("/proc/{parent}/fd")).ok());
        // A folder that cannot be read belongs to another user, but a service has the same user as its browser.
        let mut ends = ends.into_iter().flatten().flatten();
        !ends.any(|end| fs::read_link(end.path()).is_ok_and(|end| end == pipe))
    }

    /// Waits until the browser exits by itself, as it does when its service is gone, and then sends signals. Blocking.
    pub(super) fn end(&self) {
        let pid = Pid::from_raw(self.pid);
        for signal in [None, Some(Signal::SIGTERM), Some(Signal::SIGKILL)] {
            // Chrome leads its own process group; a process that does not is killed without its group. A pid that
            // another process got meanwhile is not killed at all.
            if let Some(signal) = signal.filter(|_| arguments(self.pid) == self.arguments) {
                let leads = getpgid(Some(pid)) == Ok(pid);
                let _ = if leads { killpg(pid, signal) } else { kill(pid, signal) };
            }
            let deadline = Instant::now() + LEAVE_GRACE;
            while is_alive(pid) && Instant::now() <= deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            if !is_alive(pid) {
                return;
            }
        }
    }
}

pub(super) fn arguments(pid: i32) -> Vec<Vec<u8>> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

/// The pid of a dead process may belong to any program now: only a browser can hold the lock.
pub(super) fn looks_like_a_browser(pid: i32) -> bool {
    let program = arguments(pid).first().map(|program| String::from_utf8_lossy(program).to_lowercase());
    program.is_some_and(|program| program.contains("chrom"))
}

pub(super) fn is_alive(pid: Pid) -> bool {
    Process::new(pid.as_raw()).is_ok_and(|process| process.is_alive())
}
