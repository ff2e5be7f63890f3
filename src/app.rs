//! The composition root: the only file that knows every room. What starts when, and what stops in which order.
//!
//! ```text
//! start  locks → bind → store → session (at rest) → HTTP → connect, which starts Chrome
//! stop   no new sends → HTTP drained → session (Chrome closed) → log → deliveries → store
//! ```

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::browser::{Profile, ProfileError};
use crate::config::Config;
use crate::delivery::{self, Backoff, Codes, DeliveryError};
use crate::domain::time::SystemClock;
use crate::http::{App, Server, VERSION, router};
use crate::inbound;
use crate::instance::{InstanceError, InstanceLock};
use crate::listen::{self, BindError};
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::recorder;
use crate::session::{self, Handle};
use crate::shutdown::Shutdown;
use crate::store::{Store, StoreError};
use crate::supervisor::{Notifier, Requests, Supervisor};
use crate::tasks::{self, End, Ends};
use crate::telemetry::with_causes;

/// A burst of 100,000 page events arrives at 42,000/s and each is taken in microseconds.
const MESSAGES: usize = 4096;

/// The name of the task that keeps what happens to the session.
const RECORDER: &str = "recorder";

/// Between two tries to write to a store that failed; a full disk takes a person to mend.
const MEND_EVERY: Duration = Duration::from_secs(2);

/// Of the time a stop may take, what is kept for the store however long Chrome takes.
const STORE_SHARE: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Instance(#[from] InstanceError),
    #[error("TOKENS_DIR and DATA_DIR are the same folder: set two, or wiping the login wipes the messages")]
    OneFolder,
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
    #[error("an internal task failed: {0}")]
    Internal(#[from] tokio::task::JoinError),
}

impl StartError {
    /// What the exit code tells whoever started the service (README, "Exit codes").
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Bind(_) => 69,
            Self::Instance(InstanceError::Held { .. }) => 75,
            // What only a change of the settings mends, and trying again does not.
            Self::OneFolder
            | Self::Instance(InstanceError::Io { .. })
            | Self::Profile(_)
            | Self::Store(StoreError::Newer { .. }) => 78,
            Self::Delivery(DeliveryError::Address(_)) => 78,
            Self::Store(_) | Self::Delivery(_) | Self::Metrics(_) | Self::Internal(_) => INTERNAL,
        }
    }
}

/// The running service.
pub struct Service {
    auto_connect: bool,
    addresses: Vec<SocketAddr>,
    session: Handle,
    server: Server,
    /// No new sends.
    closing: CancellationToken,
    /// The session ends.
    stop_session: CancellationToken,
    stop_deliveries: CancellationToken,
    ends: Ends,
    store: Store,
    _locks: [InstanceLock; 2],
}

impl Service {
    /// Starts everything; returns once HTTP is answered, before any browser runs.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let started = Instant::now();
        let locks = [InstanceLock::acquire(&config.paths.data)?, lock_tokens(&config)?];
        let listeners = listen::bind(&config.server.hosts, config.server.port).await?;
        let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        for address in &addresses {
            tracing::info!(address = %format!("http://{address}"), "listening");
        }
        let opened = Store::open(&config.paths.data).await?;
        if let Some(path) = &opened.set_aside {
            tracing::error!(path = %path.display(), "the store was damaged and is set aside; sending stays off until `session-manager store accept`");
        }
        let store = opened.store;
        let tokens = config.paths.tokens.clone();
        let profile = tokio::task::spawn_blocking(move || Profile::open(&tokens)).await??;
        let metrics = Metrics::new()?;
        let (transitions, recorded) = mpsc::channel(recorder::TRANSITIONS);
        let (messages, events) = mpsc::channel(MESSAGES);
        let (closing, stop_session) = (CancellationToken::new(), CancellationToken::new());
        let clock = Arc::new(SystemClock);
        let (acks, acked) = mpsc::channel(MESSAGES);
        let (tasks, ends) = tasks::set();
        let session = session::start(
            session::Parts {
                policy: config.session.clone(),
                browser: config.browser.clone(),
                timings: config.timings.clone(),
                profile,
                clock: clock.clone(),
                transitions,
                messages,
                acks: acks.clone(),
                stop: stop_session.clone(),
            },
            &tasks,
        );
        tasks.spawn(RECORDER, recorder::run(store.clone(), metrics.clone(), recorded, session.watch()));
        let (inbound, nameless) = inbound::start(
            inbound::Parts {
                store: store.clone(),
                session: session.clone(),
                clock: clock.clone(),
                events,
                acks,
                retention: config.retention,
                timings: config.timings.clone(),
            },
            &tasks,
        );
        let stop_deliveries = CancellationToken::new();
        let deliveries = delivery::start(
            delivery::Parts {
                settings: config.delivery.clone(),
                store: store.clone(),
                clock: clock.clone(),
                backoff: Backoff { first: config.timings.delivery_backoff, max: config.timings.delivery_backoff_max },
                phone_patience: config.timings.phone_patience,
                nameless,
                codes: codes(session.clone()),
                stop: stop_deliveries.clone(),
            },
            &tasks,
        )
        .await?;
        let outbound = Outbound::start(
            config.send.clone(),
            session.clone(),
            store.clone(),
            clock.clone(),
            acked,
            closing.clone(),
            &tasks,
        )
        .await?;
        tasks.spawn("mending of the store", mend(store.clone(), stop_deliveries.clone()));
        let auto_connect = config.session.auto_connect;
        let app = App {
            config: Arc::new(config),
            session: session.clone(),
            outbound,
            inbound,
            deliveries,
            lookups: Arc::default(),
            followers: Arc::default(),
            metrics,
            clock,
            started,
            closing: closing.clone(),
        };
        let server = Server::start(listeners, &router(app));
        Ok(Self {
            auto_connect,
            addresses,
            session,
            server,
            closing,
            stop_session,
            stop_deliveries,
            ends,
            store,
            _locks: locks,
        })
    }

    /// Connects, unless AUTO_CONNECT says not to. Chrome starts now and not before.
    pub async fn open(&self) {
        if self.auto_connect
            && let Err(error) = self.session.connect().await
        {
            tracing::error!(%error, "the session could not be started");
        }
    }

    /// Where HTTP is answered.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub fn session(&self) -> &Handle {
        &self.session
    }

    /// Waits until a task ends that the service needs; while all is well that does not happen before [`Self::stop`].
    pub async fn broken(&mut self) -> End {
        self.ends.cause().await
    }

    /// Stops within `patience`; true when everything ended in order. The login stays.
    pub async fn stop(self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        self.closing.cancel();
        // Sends under way get a good part of the time; the browser's own end takes a fraction of a second.
        let drained = self.server.stop(patience.mul_f64(0.4)).await;
        if !drained {
            tracing::warn!("some connections were still open and are cut off");
        }
        self.stop_session.cancel();
        let mut ends = self.ends;
        let until = deadline.checked_sub(STORE_SHARE).unwrap_or(deadline);
        let session_ended = ends.until(session::TASK, until).await;
        ends.abort(session::TASK);
        // The driver held the senders: these end by themselves.
        let recorded = ends.until(RECORDER, deadline).await;
        let kept = ends.until(inbound::TASK, deadline).await;
        // Last, so that what was heard up to now may still go out; what does not goes after the next start.
        self.stop_deliveries.cancel();
        let delivered = ends.until(delivery::TASKS, deadline).await;
        let stored = tokio::time::timeout_at(deadline, self.store.close()).await.is_ok_and(|closed| {
            closed.inspect_err(|error| tracing::error!(%error, "the store was not closed cleanly")).is_ok()
        });
        if !session_ended {
            tracing::error!("the browser did not close in time; it leaves by itself when this process ends");
        }
        session_ended && recorded && kept && delivered && stored && ends.in_order()
    }
}

/// The two folders may be one by a link, where only the lock shows it.
fn lock_tokens(config: &Config) -> Result<InstanceLock, StartError> {
    InstanceLock::acquire(&config.paths.tokens).map_err(|error| match error {
        InstanceError::Held { pid: Some(pid), .. } if pid.unsigned_abs() == std::process::id() => StartError::OneFolder,
        error => error.into(),
    })
}

/// A store that failed is written to now and then, so that it is found when it has been mended: nobody else may try.
async fn mend(store: Store, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(MEND_EVERY)).await.is_some() {
        if store.trouble().is_some() {
            // It told why already.
            let _ = store.flush().await;
        }
    }
}

/// The picture of a code, as long as it is the one to scan.
fn codes(session: Handle) -> Codes {
    Arc::new(move |shown| {
        let code = session.snapshot().code.clone()?;
        (code.generated_at == shown.generated_at).then(|| code.data_url.clone())
    })
}

/// Runs the service until it is told to stop; gives the exit code.
pub async fn run(config: Config, supervisor: Supervisor) -> u8 {
    announce(&config);
    let patience = config.shutdown_timeout;
    let (shutdown, (notifier, requests)) = match (Shutdown::listen(), supervisor.split()) {
        (Ok(shutdown), Ok(ends)) => (shutdown, ends),
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "signals cannot be listened for");
            return INTERNAL;
        }
    };
    let started = tokio::select! {
        started = Service::start(config) => started,
        // A disk that hangs does not keep whoever wants it stopped.
        () = overdue(&shutdown, patience) => {
            tracing::warn!("stopped while it started");
            return INTERNAL;
        }
    };
    let mut service = match started {
        Ok(service) => service,
        Err(error) => {
            tracing::error!("{}", with_causes(&error));
            return error.exit_code();
        }
    };
    notifier.ready("serving");
    service.open().await;
    let companions = [
        tokio::spawn(obey(requests, shutdown.clone())),
        tokio::spawn(keep_told(notifier.clone(), service.session().clone())),
        tokio::spawn(feed_watchdog(notifier.clone(), service.session().clone())),
    ];
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
    companions.iter().for_each(JoinHandle::abort);
    tracing::info!(code, "stopped");
    code
}

/// Completes when a stop that was asked for has had its time, or is forced.
async fn overdue(shutdown: &Shutdown, patience: Duration) {
    shutdown.graceful().cancelled().await;
    let _ = tokio::time::timeout(patience, shutdown.forced().cancelled()).await;
}

/// `EX_SOFTWARE`: it did not end in order.
const INTERNAL: u8 = 70;

fn announce(config: &Config) {
    tracing::info!(version = VERSION, pid = std::process::id(), "session-manager starts");
    for setting in &config.effective {
        let origin = if setting.from_environment { "environment" } else { "default" };
        tracing::info!(name = setting.name, value = setting.shown, origin, "setting");
    }
    for (found, meant) in &config.lookalikes {
        tracing::warn!("{found} is not a setting of this service; did you mean {meant}?");
    }
    if config.server.token.is_none() && config.server.is_loopback() {
        tracing::info!("no API_TOKEN: every user of this machine can read messages and send");
    }
}

async fn obey(mut requests: Requests, shutdown: Shutdown) {
    requests.shutdown_requested().await;
    shutdown.request("PM2");
}

/// systemd's status line follows the session.
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

/// systemd restarts a service whose session is stuck.
async fn feed_watchdog(notifier: Notifier, session: Handle) {
    let Some(interval) = notifier.watchdog() else { return };
    let mut ticks = tokio::time::interval(interval);
    loop {
        ticks.tick().await;
        if session.is_alive() {
            notifier.feed_watchdog();
        }
    }
}

#[cfg(test)]
mod tests;
