//! The supervisor of this process, and messages to it: PM2 over Node's channel, systemd over its notification socket.
//!
//! ```text
//!   main: Supervisor::detect      before any thread
//!     └── split, in the runtime ─┬─ Notifier   clonable: ready, status, stopping, watchdog
//!                                └─ Requests   one task: PM2's "shutdown"
//! ```
//!
//! PM2's daemon parses each line of its channel as JSON and may crash on another: `"ready"` is all it gets. systemd's
//! datagrams are sent here because its crates read the process environment and fail on abstract sockets.

#![allow(unsafe_code, reason = "an inherited descriptor is known by number only; from_raw_fd is the way to own it")]

use std::fs;
use std::future;
use std::io::{self, Write};
use std::mem;
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixStream};
use std::sync::Arc;
use std::time::Duration;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::host::config::Source;

/// Longer lines of PM2 have no meaning for this service.
const LINE_MAX: usize = 64 * 1024;
/// systemd reads within milliseconds. If its socket is full, a message waits this long for room, on a thread that may
/// block, and is then given up.
const NOTIFY_DEADLINE: Duration = Duration::from_secs(1);
/// How long this process waits under PM2 before it ends. PM2 closes the log files of a process as soon as it learns that the
/// process has ended, and loses the lines that it has not yet read and written. Without this wait, 3 of 60 starts with wrong
/// settings left no sentence in PM2's log on a busy machine; reading and writing a line take PM2 a few milliseconds.
const LAST_OUTPUT: Duration = Duration::from_millis(250);

/// What the environment says about the process that started this one.
#[derive(Debug, Default)]
pub struct Supervisor {
    pm2: Option<UnixStream>,
    systemd: Option<SocketAddr>,
    watchdog: Option<Duration>,
    /// Stored until logging has started.
    warnings: Vec<String>,
}

impl Supervisor {
    /// Reads the environment and takes over PM2's channel. Call it first in `main`, before any thread or file: Chrome
    /// must not inherit the channel, and its number must not be reused.
    pub fn detect(source: &dyn Source) -> Self {
        let mut found = Self { watchdog: watchdog(source), ..Self::default() };
        if let Some(number) = source.get("NODE_CHANNEL_FD") {
            match channel(source, &number) {
                Ok(stream) => found.pm2 = Some(stream),
                Err(why) => found.warnings.push(format!("NODE_CHANNEL_FD={number} is ignored: {why}")),
            }
        }
        if let Some(name) = source.get("NOTIFY_SOCKET") {
            match notify_address(&name) {
                Ok(address) => found.systemd = Some(address),
                Err(why) => found.warnings.push(format!("NOTIFY_SOCKET={name} is ignored: {why}")),
            }
        }
        found
    }

    /// The wait that `main` makes before it returns.
    pub fn last_output(&self) -> LastOutput {
        LastOutput { pm2: self.pm2.is_some() }
    }

    /// The two ends, for different tasks. Call it inside the runtime, after logging has started.
    pub fn split(self) -> io::Result<(Notifier, Requests)> {
        self.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        tracing::debug!(pm2 = self.pm2.is_some(), systemd = self.systemd.is_some(), "looked for a supervisor");
        let reader = match &self.pm2 {
            Some(channel) => Some(BufReader::new(tokio::net::UnixStream::from_std(channel.try_clone()?)?)),
            None => None,
        };
        let ends = Ends { pm2: self.pm2, systemd: self.systemd, watchdog: self.watchdog };
        Ok((Notifier(Arc::new(ends)), Requests { reader, line: Vec::new() }))
    }
}

/// The wait after the last line on standard output and standard error.
#[derive(Debug)]
pub struct LastOutput {
    pm2: bool,
}

impl LastOutput {
    /// Gives PM2 the time to write the last lines to its log files. Other supervisors read the output to its end by themselves.
    pub fn wait_for_pm2(self) {
        if self.pm2 {
            std::thread::sleep(LAST_OUTPUT);
        }
    }
}

/// Half of the span that systemd grants, so that one late beat does no harm. None if the span is for another process.
fn watchdog(source: &dyn Source) -> Option<Duration> {
    let micros: u64 = source.get("WATCHDOG_USEC")?.parse().ok()?;
    let ours = source.get("WATCHDOG_PID").is_none_or(|pid| pid.parse() == Ok(std::process::id()));
    (ours && micros > 0).then(|| Duration::from_micros(micros) / 2)
}

fn channel(source: &dyn Source, number: &str) -> Result<UnixStream, &'static str> {
    if source.get("NODE_CHANNEL_SERIALIZATION_MODE").is_some_and(|mode| mode != "json") {
        return Err("the channel does not speak JSON");
    }
    let fd: RawFd = number.parse().ok().filter(|fd| *fd > 2).ok_or("not the number of a channel")?;
    let stream = inherited(fd)?;
    stream.set_nonblocking(true).map_err(|_| "it cannot be made non-blocking")?;
    Ok(stream)
}

/// Takes over a socket that this process inherited. Any other descriptor is left untouched.
fn inherited(fd: RawFd) -> Result<UnixStream, &'static str> {
    let target = fs::read_link(format!("/proc/self/fd/{fd}")).map_err(|_| "it is not open")?;
    if !target.to_string_lossy().starts_with("socket:") {
        return Err("it is not a socket");
    }
    // SAFETY: the descriptor is open, as checked above. Nothing else owns it: std opens everything with FD_CLOEXEC,
    // and a descriptor with that flag (which a second call would find) is released unused below.
    let stream = UnixStream::from(unsafe { OwnedFd::from_raw_fd(fd) });
    let checked = fcntl(&stream, FcntlArg::F_GETFD).map_err(|_| "its flags cannot be read").and_then(|flags| {
        match (FdFlag::from_bits_retain(flags), stream.peer_addr()) {
            (flags, _) if flags.contains(FdFlag::FD_CLOEXEC) => Err("it was opened by this process"),
            (_, Err(_)) => Err("it is not a connected Unix socket"),
            (..) => fcntl(&stream, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).map_err(|_| "its flags cannot be set"),
        }
    });
    match checked {
        Ok(_) => Ok(stream),
        Err(why) => {
            let _still_open = stream.into_raw_fd();
            Err(why)
        }
    }
}

/// sd_notify(3): a path, or `@` and a name in the abstract namespace.
fn notify_address(name: &str) -> Result<SocketAddr, &'static str> {
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None if name.starts_with('/') => SocketAddr::from_pathname(name),
        None => return Err("neither a path nor an abstract name"),
    };
    address.map_err(|_| "not the address of a socket")
}

#[derive(Debug)]
struct Ends {
    pm2: Option<UnixStream>,
    systemd: Option<SocketAddr>,
    watchdog: Option<Duration>,
}

/// Reports the service's state to the supervisor. Without one, or if it does not listen, nothing happens.
#[derive(Clone, Debug)]
pub struct Notifier(Arc<Ends>);

impl Notifier {
    /// HTTP is served: PM2 shows the process as online, systemd as active. Call once.
    pub fn ready(&self, status: &str) {
        if let Some(mut channel) = self.0.pm2.as_ref() {
            // The first 8 bytes fit into any socket buffer: there is neither a short write nor a wait.
            if let Err(error) = channel.write_all(b"\"ready\"\n") {
                tracing::warn!(%error, "PM2 could not be told that the service is ready");
            }
        }
        self.tell(&format!("READY=1\nSTATUS={}\n", one_line(status)));
    }

    /// The line that `systemctl status` shows.
    pub fn status(&self, text: &str) {
        self.tell(&format!("STATUS={}\n", one_line(text)));
    }

    /// The clean stop has begun.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\n");
    }

    /// How often [`Self::feed_watchdog`] must be called, if systemd watches.
    pub fn watchdog(&self) -> Option<Duration> {
        self.0.watchdog
    }

    /// Proves to systemd that the service is alive.
    pub fn feed_watchdog(&self) {
        self.tell("WATCHDOG=1\n");
    }

    fn tell(&self, message: &str) {
        let Some(address) = &self.0.systemd else { return };
        match send(message, address, None) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let (message, address) = (message.to_owned(), address.clone());
                tokio::task::spawn_blocking(move || told(send(&message, &address, Some(NOTIFY_DEADLINE))));
            }
            result => told(result),
        }
    }
}

fn told(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::debug!(%error, "systemd could not be told");
    }
}

/// Without patience a full socket is an error at once.
fn send(message: &str, address: &SocketAddr, patience: Option<Duration>) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    match patience {
        Some(patience) => socket.set_write_timeout(Some(patience))?,
        None => socket.set_nonblocking(true)?,
    }
    socket.send_to_addr(message.as_bytes(), address).map(drop)
}

/// A line break would begin another assignment.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The requests of the supervisor.
#[derive(Debug)]
pub struct Requests {
    reader: Option<BufReader<tokio::net::UnixStream>>,
    /// The beginning of a line; one byte more than `LINE_MAX` stands for any greater length.
    line: Vec<u8>,
}

impl Requests {
    /// Completes each time PM2 sends `"shutdown"`. Pending for ever without PM2, or once PM2 is gone: the end of PM2
    /// is no reason to stop. Cancel-safe.
    pub async fn shutdown_requested(&mut self) {
        let Some(reader) = &mut self.reader else { return future::pending().await };
        loop {
            let bytes = match reader.fill_buf().await {
                Ok(bytes) if !bytes.is_empty() => bytes,
                end => {
                    tracing::debug!(error = ?end.err(), "PM2 closed its channel");
                    return future::pending().await;
                }
            };
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let room = LINE_MAX + 1 - self.line.len();
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let used = part.len() + usize::from(end.is_some());
            reader.consume(used);
            if end.is_some() && is_shutdown(&mem::take(&mut self.line)) {
                return;
            }
        }
    }
}

fn is_shutdown(line: &[u8]) -> bool {
    line.len() <= LINE_MAX && serde_json::from_slice::<String>(line).is_ok_and(|word| word == "shutdown")
}

#[cfg(test)]
mod tests;
