//! What is owed by process 1 of a container: everything orphaned there becomes its child, and stays a zombie until it
//! is waited for. Chrome orphans four processes at each end.
//!
//! ```text
//!   process 1: this file, one thread  ── signals ──▶  the service, a child of its own
//!                    ▲                                    └── Chrome
//!                    └────────── orphans ─────────────────────┘
//! ```
//!
//! Two processes, because one that waits for everybody takes the exits of its own children from whoever waits for them.

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

/// Those that people, engines and terminals end a container with.
const PASSED_ON: [Signal; 4] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP];
/// When process 1 ends the kernel kills what is left. A Chrome whose service is gone leaves by itself in 0.3 s, and
/// only then keeps the last seconds of its login; a loaded machine took 1 s.
const LEAVE_GRACE: Duration = Duration::from_secs(3);
/// The kernel tells nobody that the last orphan is gone; asking costs microseconds.
const LEAVE_POLL: Duration = Duration::from_millis(20);

/// As process 1: runs this same program as a child until it ends, and gives its exit code, 128 and the signal where one
/// killed it. As any other process: `None`, at once. Call first thing in `main`, before any thread.
pub fn run() -> io::Result<Option<u8>> {
    let signals: SigSet = PASSED_ON.into_iter().chain([Signal::SIGCHLD]).collect();
    if process::id() != 1 {
        // A child inherits what is blocked below, and would be deaf to every stop.
        signals.thread_unblock()?;
        return Ok(None);
    }
    // Unblocked ones are lost on process 1; blocked ones wait until they are asked for.
    signals.thread_block()?;
    let mut command = Command::new(env::current_exe()?);
    // A terminal's Ctrl-C reaches its whole group: passed on as well it would be the second, which forces.
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
            // It may have ended just now: then its SIGCHLD comes next.
            signal => drop(kill(service, signal)),
        }
    }
}

/// Takes the exits of all that have ended; gives the service's code if it is among them.
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

/// Gives what outlives the service the time to leave by itself.
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
