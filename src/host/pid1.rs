//! The duties of process 1 in a container: every orphaned process becomes its child, and stays a zombie until process
//! 1 waits for it. Chrome orphans four processes at each end.
//!
//! ```text
//!   process 1: this file, one thread  ── signals ──▶  the service, a child of its own
//!                    ▲                                    └── Chrome
//!                    └────────── orphans ─────────────────────┘
//! ```
//!
//! There are two processes because a process that waits for every child would take the exits of Chrome from the code
//! that waits for them.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{self, Command};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// The signals with which people, engines and terminals end a container.
const PASSED_ON: [Signal; 4] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP];
/// When process 1 ends, the kernel kills every remaining process. A Chrome whose service is gone exits by itself in
/// 0.3 s, and only then saves the last seconds of its login; on a loaded machine it took 1 s.
const LEAVE_GRACE: Duration = Duration::from_secs(3);
/// The kernel does not report that the last orphan is gone; asking costs microseconds.
const LEAVE_POLL: Duration = Duration::from_millis(20);

/// As process 1: runs this program again as a child until it ends, and returns its exit code, or 128 plus the signal
/// that killed it. As any other process: returns `None` at once. Call it first in `main`, before any thread.
pub fn run() -> io::Result<Option<u8>> {
    let signals: SigSet = PASSED_ON.into_iter().chain([Signal::SIGCHLD]).collect();
    if process::id() != 1 {
        // A child inherits the signals that are blocked below, and would not notice a stop.
        signals.thread_unblock()?;
        return Ok(None);
    }
    // Process 1 loses unblocked signals; blocked signals wait until they are read.
    signals.thread_block()?;
    let mut command = Command::new(env::current_exe()?);
    // A terminal's Ctrl-C reaches its whole group: passed on too, it would be the second one, which forces.
    command.args(env::args_os().skip(1)).process_group(0);
    let service = Pid::from_raw(command.spawn()?.id().cast_signed());
    loop {
        match signals.wait()? {
            Signal::SIGCHLD => {
                if let Some(code) = reap(service)? {
                    see_off()?;
                    return Ok(Some(code));
                }
            }
            // The service may have ended just now: then its SIGCHLD comes next.
            signal => drop(kill(service, signal)),
        }
    }
}

/// Collects the exits of all ended processes; returns the service's code if it is among them.
fn reap(service: Pid) -> io::Result<Option<u8>> {
    let mut code = None;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) if pid == service => code = u8::try_from(status).ok(),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == service => code = u8::try_from(128 + signal as i32).ok(),
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(code),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Gives processes that outlive the service the time to exit by themselves.
fn see_off() -> io::Result<()> {
    let deadline = Instant::now() + LEAVE_GRACE;
    while Instant::now() < deadline {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => thread::sleep(LEAVE_POLL),
            Err(Errno::ECHILD) => return Ok(()),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
