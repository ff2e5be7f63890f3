//! The stop: the first request stops cleanly, the second one forces the stop.
//!
//! ```text
//!            first signal or request()          second
//!   running ───────────────────────▶ graceful ─────────▶ forced
//! ```
//!
//! Tokens instead of messages: a task that looks late still sees that the stop has begun.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    asked: Arc<AtomicBool>,
    graceful: CancellationToken,
    forced: CancellationToken,
}

impl Shutdown {
    /// A stop without signals: only [`Self::request`] stops.
    pub fn new() -> Self {
        Self::default()
    }

    /// Once this has returned, SIGTERM and SIGINT no longer end the process. Call it inside the runtime, once. Fails
    /// only if the handlers cannot be installed.
    pub fn listen() -> io::Result<Self> {
        let shutdown = Self::new();
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(shutdown.clone().follow(terminate, interrupt));
        Ok(shutdown)
    }

    /// Requests the stop as a signal does. `by` names the requester in the log.
    pub fn request(&self, by: &str) {
        if self.asked.swap(true, Ordering::AcqRel) {
            tracing::warn!(by, "asked to stop again: stopping at once");
            self.forced.cancel();
        } else {
            tracing::info!(by, "asked to stop: finishing what runs");
            self.graceful.cancel();
        }
    }

    /// Cancelled when the clean stop begins.
    pub fn graceful(&self) -> &CancellationToken {
        &self.graceful
    }

    /// Cancelled when nothing is waited for any more. Never before [`Self::graceful`].
    pub fn forced(&self) -> &CancellationToken {
        &self.forced
    }

    async fn follow(self, mut terminate: Signal, mut interrupt: Signal) {
        loop {
            let name = tokio::select! {
                Some(()) = terminate.recv() => "SIGTERM",
                Some(()) = interrupt.recv() => "SIGINT",
                else => return,
            };
            self.request(name);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Write;
    use std::process::Stdio;
    use std::time::Duration;

    use nix::sys::signal::{Signal as Kind, kill};
    use nix::unistd::Pid;
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::process::Command;

    use super::*;

    const CHILD: &str = "SHUTDOWN_TEST_CHILD";

    #[tokio::test]
    async fn the_second_request_forces() {
        let shutdown = Shutdown::new();
        let late = shutdown.clone();
        shutdown.request("test");
        assert!(late.graceful().is_cancelled() && !late.forced().is_cancelled());
        late.request("test");
        shutdown.forced().cancelled().await;
    }

    /// Signals go to a separate process: this test binary, which runs only [`child`].
    #[tokio::test]
    async fn signals_stop_in_two_steps() {
        for (first, second) in [(Kind::SIGTERM, Kind::SIGINT), (Kind::SIGINT, Kind::SIGINT)] {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "host::shutdown::tests::child", "--nocapture"])
                .env(CHILD, "1")
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap();
            let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            for (said, then) in [("listening", Some(first)), ("graceful", Some(second)), ("forced", None)] {
                let until = async { while !lines.next_line().await.unwrap().unwrap().contains(said) {} };
                tokio::time::timeout(Duration::from_secs(20), until).await.unwrap();
                then.iter().for_each(|signal| kill(pid, *signal).unwrap());
            }
            assert!(child.wait().await.unwrap().success());
        }
    }

    #[tokio::test]
    async fn child() {
        if std::env::var_os(CHILD).is_none() {
            return;
        }
        let say = |word: &str| writeln!(io::stdout(), "{word}").unwrap();
        let shutdown = Shutdown::listen().unwrap();
        say("listening");
        shutdown.graceful().cancelled().await;
        assert!(!shutdown.forced().is_cancelled());
        say("graceful");
        shutdown.forced().cancelled().await;
        say("forced");
    }
}
