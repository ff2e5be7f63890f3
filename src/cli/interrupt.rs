//! Ctrl-C, SIGTERM and SIGHUP for commands that must not end half-way: they note the signal and end where it is safe.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use super::{Failure, INTERRUPTED};

#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From here on the three signals do not end the process.
    pub(super) fn listen() -> io::Result<Self> {
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let mut hangup = signal(SignalKind::hangup())?;
        let heard = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&heard);
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            flag.store(true, Ordering::Relaxed);
        });
        Ok(Self(heard))
    }

    /// An error once one of the signals has come.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.0.load(Ordering::Relaxed) { Err(Failure::new(INTERRUPTED, "interrupted")) } else { Ok(()) }
    }

    /// Runs blocking work on another thread, so that the runtime still handles the signals.
    pub(super) async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let interrupt = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&interrupt)).await;
        done.unwrap_or_else(|error| Err(Failure::new(super::INTERNAL, error.to_string())))
    }

    #[cfg(test)]
    pub(super) fn never() -> Self {
        Self(Arc::default())
    }
}
