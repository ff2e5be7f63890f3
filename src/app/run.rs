//! The running process: start and stop of the service, signals, the process manager, and the tasks that must not end.

use std::cell::Cell;
use std::time::Duration;

use super::compose::{INTERNAL, Service, StartError};
use crate::host::config::Config;
use crate::host::descriptors;
use crate::host::shutdown::Shutdown;
use crate::host::supervisor::{Notifier, Requests, Supervisor};
use crate::host::telemetry::with_causes;
use crate::http::{Limits, VERSION};
use crate::transport::web::session::Handle;

/// Runs the service until it is told to stop; returns the exit code.
pub async fn run(config: Config, supervisor: Supervisor) -> u8 {
    announce(&config);
    raise_descriptors();
    let patience = config.shutdown_timeout;
    let (shutdown, (notifier, mut requests)) = match (Shutdown::listen(), supervisor.split()) {
        (Ok(shutdown), Ok(ends)) => (shutdown, ends),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "signals cannot be listened for");
            return INTERNAL;
        }
    };
    // HTTP is served before the start is over where a disk is full.
    let is_ready = Cell::new(false);
    let serves = |what: &str| if is_ready.replace(true) { notifier.status(what) } else { notifier.ready(what) };
    let started = tokio::select! {
        started = Service::start_or_wait(config, shutdown.graceful(), |why| serves(why)) => started,
        // A disk that hangs must not prevent a stop.
        () = overdue(&shutdown, patience) => {
            tracing::warn!("stopped while it started");
            return INTERNAL;
        }
        () = obey(&mut requests, &shutdown) => return INTERNAL,
        () = feed_watchdog(&notifier, || is_ready.get()) => return INTERNAL,
    };
    let mut service = match started {
        Ok(service) => service,
        Err(StartError::Stopped) => {
            tracing::info!(code = 0, "stopped");
            return 0;
        }
        Err(error) => {
            tracing::error!("{}", with_causes(&error));
            return error.exit_code();
        }
    };
    serves("serving");
    service.open().await;
    let tasks = service.tasks();
    let stop = shutdown.clone();
    tasks.spawn("requests of PM2", async move { obey(&mut requests, &stop).await });
    tasks.spawn("status for systemd", keep_told(notifier.clone(), service.session().clone()));
    let (fed, session) = (notifier.clone(), service.session().clone());
    tasks.spawn("watchdog of systemd", async move { feed_watchdog(&fed, || session.is_alive()).await });
    let broken = tokio::select! {
        () = shutdown.graceful().cancelled() => false,
        end = service.broken() => {
            tracing::error!(task = end.name, panicked = end.broken, "a task ended that the service needs: it stops, to be started again");
            true
        }
    };
    notifier.stopping();
    let code = tokio::select! {
        clean = service.stop(patience) => if clean && !broken { 0 } else { INTERNAL },
        () = shutdown.forced().cancelled() => {
            tracing::warn!("stopped by force; Chrome leaves by itself");
            INTERNAL
        }
    };
    tracing::info!(code, "stopped");
    code
}

/// Completes when the time of a requested stop is over, or when the stop is forced.
async fn overdue(shutdown: &Shutdown, patience: Duration) {
    shutdown.graceful().cancelled().await;
    let _ = tokio::time::timeout(patience, shutdown.forced().cancelled()).await;
}

fn announce(config: &Config) {
    tracing::info!(version = VERSION, pid = std::process::id(), "session-manager starts");
    tracing::info!("{}", config.announced());
    for (found, meant) in &config.lookalikes {
        tracing::warn!("{found} is not a setting of this service; did you mean {meant}?");
    }
    if config.server.token.is_none() && config.server.is_loopback() {
        tracing::info!("no API_TOKEN: every user of this machine can read messages and send");
    }
}

/// Most systems give a process 1,024 descriptors unless it asks for more, and each connection takes one.
fn raise_descriptors() {
    match descriptors::raise(Limits::DESCRIPTORS) {
        Ok(raised) if raised.after > raised.before => {
            tracing::info!(from = raised.before, to = raised.after, "raised the limit of open files, for connections");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of open files could not be raised: fewer connections fit"),
    }
    let limits = Limits::within(descriptors::allowed());
    if limits.are_reduced() {
        tracing::warn!(
            connections = limits.connections,
            "the hard limit of open files allows only so many connections: raise it (ulimit -Hn, LimitNOFILE=, --ulimit)"
        );
    }
}

async fn obey(requests: &mut Requests, shutdown: &Shutdown) {
    loop {
        requests.shutdown_requested().await;
        shutdown.request("PM2");
    }
}

/// Shows the session in systemd's status line.
async fn keep_told(notifier: Notifier, session: Handle) {
    let mut snapshots = session.watch();
    while snapshots.changed().await.is_ok() {
        let status = {
            let session = snapshots.borrow_and_update();
            format!("{} {}", session.state, session.detail)
        };
        notifier.status(&status);
    }
}

/// Feeds systemd's watchdog while the service is alive: systemd restarts a service whose session is stuck.
async fn feed_watchdog(notifier: &Notifier, is_alive: impl Fn() -> bool) {
    let Some(interval) = notifier.watchdog() else { return std::future::pending().await };
    let mut ticks = tokio::time::interval(interval);
    loop {
        ticks.tick().await;
        if is_alive() {
            notifier.feed_watchdog();
        }
    }
}
