//! The composition root: the only file that knows every module. It starts and stops everything in order.
//!
//! ```text
//! start  locks → bind → profile, store → session (at rest) → HTTP → connect, which starts Chrome
//!                          └─ a full disk: HTTP says so, until there is room
//! stop   no new sends → HTTP drained → session (Chrome closed) → log → deliveries → store
//! ```

mod error;

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::delivery;
use crate::directory::{self, Directory};
use crate::domain::backoff::Backoff;
use crate::domain::steady_clock::SteadyClock;
use crate::domain::time::SystemClock;
use crate::host::byte_queue;
use crate::host::config::Config;
use crate::host::descriptors;
use crate::host::instance::InstanceLock;
use crate::host::listen;
use crate::host::metrics::Metrics;
use crate::host::per_minute::PerMinute;
use crate::host::tasks::{self, End, Ends, Tasks};
use crate::http::{App, Connections, Limits, Server, Waiting};
use crate::inbound::cloud::{CloudInbound, CloudParts};
use crate::inbound::opt_outs::OptOuts;
use crate::inbound::{self, media};
use crate::journal::{Journal, recorder, retention};
use crate::outbound::attach::Attacher;
use crate::outbound::calls;
use crate::outbound::uploads::Uploads;
use crate::outbound::{self, Outbound};
use crate::store::Store;
use crate::transport::web::session::{self, Handle};

use super::ground::{Closed, Ground};
pub use error::{INTERNAL, StartError};

mod parts;

use parts::{cloud_client, codes, fetcher, lock_tokens, mend};

/// Bytes of messages on their way to the log: room for 120 of the longest messages, or some 6,000 as people write
/// them. After an absence the page adds 60 a second.
const MESSAGES: u32 = 8 << 20;
/// Acks on their way to those who wait: a burst arrives at 42,000/s, and each is taken in microseconds.
const ACKS: usize = 4096;

/// The pause after a failed delivery is drawn from its upper half.
const DELIVERY_JITTER: RangeInclusive<f64> = 0.5..=1.0;

/// The name of the task that writes the session's events to the log.
const RECORDER: &str = "recorder";

/// The part of the stop's time that is reserved for the store, however long Chrome takes.
const STORE_SHARE: Duration = Duration::from_secs(1);

/// The running service.
pub struct Service {
    auto_connect: bool,
    addresses: Vec<SocketAddr>,
    session: Handle,
    server: Server,
    /// Cancelled when no new sends are accepted.
    closing: CancellationToken,
    /// Cancelled when the session must end.
    stop_session: CancellationToken,
    stop_deliveries: CancellationToken,
    tasks: Tasks,
    ends: Ends,
    store: Store,
    _locks: [InstanceLock; 2],
}

impl Service {
    /// Starts everything; returns once HTTP is served, before any browser runs.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_or_wait(config, &CancellationToken::new(), |_| {}).await
    }

    /// As [`Self::start`]. Where a disk is full, HTTP is served meanwhile, and `waits` is told what is waited for.
    ///
    /// # Errors
    /// [`StartError::Stopped`] where `stop` is cancelled while the start waits.
    pub async fn start_or_wait(
        config: Config,
        stop: &CancellationToken,
        waits: impl Fn(&str),
    ) -> Result<Self, StartError> {
        let started = Instant::now();
        let clock = Arc::new(SystemClock);
        let locks = [InstanceLock::acquire(&config.paths.data)?, lock_tokens(&config)?];
        let listeners = listen::bind(&config.server.hosts, config.server.port).await?;
        let addresses: Vec<_> = listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
        for address in &addresses {
            tracing::info!(address = %format!("http://{address}"), "listening");
        }
        let config = Arc::new(config);
        let waiting = Waiting::new(config.clone(), clock.clone(), started);
        let connections = Connections::new(Limits::within(descriptors::allowed()));
        let closed = Closed { listeners, connections: connections.clone() };
        let (Ground { opened, profile, blobs }, entrance) =
            Ground::take_or_wait(&config, closed, waiting, stop, waits).await?;
        let store = opened.store;
        let metrics = Metrics::new()?;
        let (transitions, recorded) = mpsc::channel(recorder::TRANSITIONS);
        let (messages, events) = byte_queue::channel(MESSAGES);
        let (closing, stop_session) = (CancellationToken::new(), CancellationToken::new());
        let stop_deliveries = CancellationToken::new();
        let steady = Arc::new(SteadyClock::new(clock.clone(), store.seen().await?));
        let (acks, acked) = mpsc::channel(ACKS);
        let (tasks, ends) = tasks::set();
        let cloud = cloud_client(&config).await?;
        if let Some(client) = cloud.clone() {
            tasks.spawn("token of the Cloud API", client.watch(stop_deliveries.clone()));
        }
        let opt_outs = OptOuts::new(&config.opt_out_words, store.clone());
        let cloud_inbound = cloud.clone().map(|client| {
            CloudInbound::new(CloudParts {
                store: store.clone(),
                client,
                acks: acks.downgrade(),
                clock: clock.clone(),
                files: config.media.fetch.clone(),
                opt_outs: opt_outs.clone(),
                metrics: metrics.clone(),
            })
        });
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
        tasks.spawn(RECORDER, recorder::run(store.clone(), metrics.clone(), clock.clone(), recorded, session.watch()));
        let (reconciling, unknown_numbers) = inbound::start(
            inbound::Parts {
                store: store.clone(),
                session: session.clone(),
                clock: clock.clone(),
                steady: steady.clone(),
                events,
                acks,
                retention: config.retention,
                files: config.media.fetch.clone(),
                timings: config.timings.clone(),
                opt_outs,
            },
            &tasks,
        );
        // The uploads pin their files before files that no message has are removed.
        let uploads = Uploads::start(store.clone(), &blobs, steady.clone(), stop_deliveries.clone(), &tasks).await?;
        let files = media::start(
            media::Parts {
                store: store.clone(),
                session: session.clone(),
                blobs: blobs.clone(),
                clock: clock.clone(),
                policy: config.media.fetch.clone(),
                metrics: metrics.clone(),
                timings: config.timings.clone(),
                cloud: cloud.clone(),
                stop: stop_session.clone(),
            },
            &tasks,
        );
        let deliveries = delivery::start(
            delivery::Parts {
                settings: config.delivery.clone(),
                store: store.clone(),
                clock: clock.clone(),
                backoff: Backoff {
                    first: config.timings.delivery_backoff,
                    max: config.timings.delivery_backoff_max,
                    jitter: DELIVERY_JITTER,
                },
                phone_patience: config.timings.phone_patience,
                unknown_numbers,
                codes: codes(session.clone()),
                stop: stop_deliveries.clone(),
            },
            &tasks,
        )
        .await?;
        let lookups = PerMinute::new(directory::LOOKUPS_PER_MINUTE);
        let outbound = Outbound::start(
            outbound::Parts {
                settings: config.send.clone(),
                session: session.clone(),
                cloud: cloud.clone(),
                store: store.clone(),
                blobs: blobs.clone(),
                clock: clock.clone(),
                steady: steady.clone(),
                lookups: lookups.clone(),
                events: acked,
                stop: closing.clone(),
                dispatch: config.timings.dispatch,
                largest: config.media.send_max,
            },
            &tasks,
        )
        .await?;
        if config.calls.reject {
            let (outbound, session, store) = (outbound.clone(), session.clone(), store.clone());
            let (clock, text, stop) = (clock.clone(), config.calls.text.clone(), closing.clone());
            calls::start(calls::Parts { outbound, session, store, clock, text, stop }, &tasks);
        }
        let forgetting = retention::run(retention::Parts {
            store: store.clone(),
            session: session.clone(),
            cloud: cloud.clone(),
            clock: steady,
            retention: config.retention,
            targets: deliveries.names(),
            stop: stop_deliveries.clone(),
        });
        tasks.spawn("retention", forgetting);
        tasks.spawn("mending of the store", mend(store.clone(), stop_deliveries.clone()));
        let fetcher = fetcher(&blobs, config.media.send_max, config.media.url_private).await?;
        let directory = Directory::start(
            directory::Parts {
                session: session.clone(),
                clock: clock.clone(),
                lookups,
                follow_again: config.timings.follow_again,
                stop: stop_session.clone(),
            },
            &tasks,
        );
        let auto_connect = config.session.auto_connect;
        let app = App {
            config,
            session: session.clone(),
            outbound,
            connections,
            journal: Journal::new(store.clone()),
            files,
            blobs: blobs.clone(),
            uploads,
            attacher: Attacher::new(blobs, std::env::var_os("PATH")),
            fetcher,
            reconciling,
            deliveries,
            cloud,
            cloud_inbound,
            directory,
            followers: Arc::default(),
            composers: Arc::default(),
            waiters: Arc::default(),
            metrics,
            clock,
            started,
            closing: closing.clone(),
        };
        let server = entrance.serve(app);
        Ok(Self {
            auto_connect,
            addresses,
            session,
            server,
            closing,
            stop_session,
            stop_deliveries,
            tasks,
            ends,
            store,
            _locks: locks,
        })
    }

    /// Connects, unless AUTO_CONNECT is false. Chrome starts only now.
    pub async fn open(&self) {
        if self.auto_connect
            && let Err(error) = self.session.connect().await
        {
            tracing::error!(%error, "the session could not be started");
        }
    }

    /// The addresses on which HTTP is served.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub fn session(&self) -> &Handle {
        &self.session
    }

    /// Spawns tasks whose early end ends the service.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Waits until a task ends that the service needs; without a fault that does not happen before [`Self::stop`].
    pub async fn broken(&mut self) -> End {
        self.ends.cause().await
    }

    /// Stops within `patience`; true if everything ended in order. The login stays.
    pub async fn stop(self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        self.closing.cancel();
        // Sends in progress get 40 % of the time; closing the browser takes a fraction of a second.
        let drained = self.server.stop(patience.mul_f64(0.4)).await;
        if !drained {
            tracing::warn!("some connections were still open and are cut off");
        }
        self.stop_session.cancel();
        let mut ends = self.ends;
        let until = deadline.checked_sub(STORE_SHARE).unwrap_or(deadline);
        let session_ended = ends.until(session::TASK, until).await;
        ends.abort(session::TASK);
        // The driver held the senders of these tasks, so they end by themselves.
        let recorded = ends.until(RECORDER, deadline).await;
        let kept = ends.until(inbound::TASK, deadline).await;
        // Deliveries stop last, so that the latest messages may still go out; the rest goes out after the next start.
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

#[cfg(test)]
mod tests;
