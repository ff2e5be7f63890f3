//! Removes entries of the log that are older than RETENTION_DAYS, and other data about such messages. It removes no
//! entry that a target has not received yet, and nothing while the machine's clock is in doubt.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::domain::state::State;
use crate::domain::steady_clock::SteadyClock;
use crate::domain::time::{Clock, Timestamp};
use crate::store::{Store, StoreError};
use crate::transport::cloud::{self, Health};
use crate::transport::web::session::Handle;

/// How often the sweep runs, and how many entries one flush removes: other writers wait some 10 ms for that many.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
const SWEEP_BATCH: usize = 1000;

pub struct Parts {
    pub store: Store,
    pub session: Handle,
    /// None: the Cloud API is not configured.
    pub cloud: Option<cloud::Client>,
    pub clock: Arc<SteadyClock>,
    pub retention: Duration,
    /// The configured delivery targets.
    pub targets: Vec<String>,
    pub stop: CancellationToken,
}

/// Runs until it is stopped.
pub async fn run(parts: Parts) {
    let mut snapshots = parts.session.watch();
    let mut due = tokio::time::interval(SWEEP_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_doubtful = false;
    loop {
        tokio::select! {
            () = parts.stop.cancelled() => return,
            _ = due.tick() => {}
            // A session that becomes READY can be asked for WhatsApp's time.
            Ok(()) = snapshots.changed(), if was_doubtful => {
                if snapshots.borrow_and_update().state != State::Ready {
                    continue;
                }
            }
        }
        let is_doubtful = !is_confirmed(&parts).await;
        if is_doubtful && !was_doubtful {
            tracing::warn!(
                "the clock of this machine differs by more than a day from what it should be: nothing is forgotten until \
                 WhatsApp's server confirms it; check the clock"
            );
        } else if was_doubtful && !is_doubtful {
            tracing::info!("the clock of this machine is confirmed");
        }
        was_doubtful = is_doubtful;
        if !is_doubtful && let Err(error) = sweep(&parts).await {
            tracing::warn!(%error, "old messages could not be removed");
        }
    }
}

/// Whether the machine's clock can be trusted. If it is in doubt, WhatsApp's server is asked for the time.
async fn is_confirmed(parts: &Parts) -> bool {
    if !parts.clock.is_doubtful() {
        return true;
    }
    if let Some(seconds) = server_time(parts).await {
        parts.clock.confirm(Timestamp::from_millis(seconds.saturating_mul(1000)));
    }
    !parts.clock.is_doubtful()
}

/// The time at WhatsApp's server, which the page or Meta tells, in seconds since the epoch.
async fn server_time(parts: &Parts) -> Option<u64> {
    if let Ok(page) = parts.session.page(State::Ready)
        && let Ok(Some(seconds)) = page.clock().await
    {
        return Some(seconds);
    }
    match parts.cloud.as_ref()?.look().await {
        Health::Good(number) | Health::Disabled(number, _) => number.server_time,
        _ => None,
    }
}

async fn sweep(parts: &Parts) -> Result<(), StoreError> {
    let now = parts.clock.now();
    parts.store.set_seen(now).await?;
    let retention = u64::try_from(parts.retention.as_millis()).unwrap_or(u64::MAX);
    let horizon = Timestamp::from_millis(now.as_millis().saturating_sub(retention));
    loop {
        let swept = parts.store.sweep_log(horizon, SWEEP_BATCH, parts.targets.clone()).await?;
        if swept > 0 {
            tracing::info!(swept, "removed entries older than RETENTION_DAYS");
        }
        if swept < SWEEP_BATCH {
            return Ok(());
        }
    }
}
