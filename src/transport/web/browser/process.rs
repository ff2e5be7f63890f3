//! Chrome as a process: started in its own group, watched, its output read, ended.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use command_fds::{CommandFdExt, FdMapping};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::Command;
use tokio::sync::watch;

use super::last_words::LastWords;

/// Chrome reads the protocol from fd 3 and writes it to fd 4.
pub(super) const CHROME_READS: i32 = 3;
const CHROME_WRITES: i32 = 4;
/// A longer line of Chrome's is cut.
const LINE_MAX: u64 = 4096;
/// How long to wait for Chrome's output after its exit; it is read within milliseconds.
const LAST_WORDS_GRACE: Duration = Duration::from_millis(200);
/// The time between SIGTERM and SIGKILL.
const TERM_GRACE: Duration = Duration::from_secs(2);

/// Only these variables are passed to Chrome: this process's environment holds tokens and the channels of PM2 and
/// systemd, which Chrome must not get.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "FONTCONFIG_PATH",
    "FONTCONFIG_FILE",
];

/// A running Chrome. Dropping this value does not end it; Chrome exits when its pipe is dropped.
pub(super) struct Process {
    group: Pid,
    exit: watch::Receiver<Option<String>>,
    words: Arc<Mutex<LastWords>>,
}

pub(super) struct Spawned {
    pub(super) process: Process,
    /// This process's ends of the debugging pipes.
    pub(super) read: OwnedFd,
    pub(super) write: OwnedFd,
}

pub(super) fn spawn(binary: &Path, flags: &[String]) -> io::Result<Spawned> {
    let (chrome_reads, write) = io::pipe()?;
    let (read, chrome_writes) = io::pipe()?;
    let mut command = Command::new(binary);
    command.args(flags).env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
        .envs(std::env::vars_os().filter(|(name, _)| {
            name.to_str().is_some_and(|name| PASSED_ON.contains(&name) || name.starts_with("LC_"))
        }));
    // A terminal's Ctrl-C, and PM2's signals to the process group, must not reach Chrome before this process.
    command.process_group(0);
    command
        .fd_mappings(vec![
            FdMapping { parent_fd: chrome_reads.into(), child_fd: CHROME_READS },
            FdMapping { parent_fd: chrome_writes.into(), child_fd: CHROME_WRITES },
        ])
        .map_err(io::Error::other)?;
    let mut child = command.spawn()?;
    // `command` holds Chrome's ends of the pipes: as long as it does, this process does not notice their closing.
    drop(command);
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).ok_or_else(|| io::Error::other("it has no pid"))?;
    let words = Arc::default();
    let listening = child.stderr.take().map(|stderr| tokio::spawn(listen(stderr, Arc::clone(&words))));
    let (gone, exit) = watch::channel(None);
    tokio::spawn(async move {
        let how = child.wait().await.map_or_else(|error| error.to_string(), describe);
        if let Some(listening) = listening {
            // Chrome's last words must be there when its end is reported. A child of Chrome may keep the pipe open.
            let _ = tokio::time::timeout(LAST_WORDS_GRACE, listening).await;
        }
        gone.send_replace(Some(how));
    });
    let process = Process { group: Pid::from_raw(pid), exit, words };
    Ok(Spawned { process, read: read.into(), write: write.into() })
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (_, Some(signal)) => format!("signal {signal}"),
        _ => "unknown status".to_owned(),
    }
}

/// Reads Chrome's output, because a full pipe would block Chrome.
async fn listen(stderr: impl AsyncRead + Unpin, words: Arc<Mutex<LastWords>>) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut stderr).take(LINE_MAX).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line).trim().to_owned();
        if text.is_empty() {
            continue;
        }
        tracing::debug!(target: "chrome", "{text}");
        words.lock().unwrap_or_else(PoisonError::into_inner).note(&text);
    }
}

impl Process {
    pub(super) fn pid(&self) -> i32 {
        self.group.as_raw()
    }

    /// Waits for the exit and returns how the process ended.
    pub(super) async fn exited(&self) -> String {
        let mut exit = self.exit.clone();
        let how = exit.wait_for(Option::is_some).await.ok().and_then(|how| how.clone());
        how.unwrap_or_else(|| "unknown status".to_owned())
    }

    /// The last lines of Chrome that name a cause.
    pub(super) fn last_words(&self) -> LastWords {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits up to `patience` for the requested exit, then sends signals. True if Chrome exited by itself.
    pub(super) async fn end(&self, patience: Duration) -> bool {
        if tokio::time::timeout(patience, self.exited()).await.is_ok() {
            return true;
        }
        tracing::warn!(pid = self.pid(), "Chrome did not close when asked; ending it by signal");
        // This fails if the group is gone already, which is the goal.
        let _ = killpg(self.group, Signal::SIGTERM);
        if tokio::time::timeout(TERM_GRACE, self.exited()).await.is_err() {
            let _ = killpg(self.group, Signal::SIGKILL);
            let _ = tokio::time::timeout(TERM_GRACE, self.exited()).await;
        }
        false
    }
}
