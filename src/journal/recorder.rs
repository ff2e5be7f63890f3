//! Writes the session's events to the log: every transition, every new code, and every change of WhatsApp's limits.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::domain::event::{CodeShown, Happening};
use crate::domain::limits::{Ban, Limits, LimitsChange};
use crate::domain::state::{State, Transition};
use crate::domain::time::{Clock, Timestamp};
use crate::host::metrics::Metrics;
use crate::store::{LogChange, Store, StoreError};
use crate::transport::web::session::Snapshot;

/// Room for waiting transitions: a session makes a few a minute at worst, and the store takes milliseconds for each.
pub const TRANSITIONS: usize = 256;
/// How long to wait before a write that failed (a full disk) is tried again.
const STORE_RETRY: Duration = Duration::from_secs(2);

/// WhatsApp's limits and the ban, as they are told.
type Told = (Limits, Option<Ban>);

/// Runs until the transitions end. Each transition is made durable; transitions that arrived together share one write.
pub async fn run(
    store: Store,
    metrics: Metrics,
    clock: Arc<dyn Clock>,
    mut transitions: mpsc::Receiver<Transition>,
    mut session: watch::Receiver<Arc<Snapshot>>,
) {
    let mut steps = Vec::new();
    let mut shown = None;
    // Limits that have ended while no service ran are told too.
    let mut told = match store.told_limits().await {
        Ok(told) => told.map_or_else(Told::default, |LimitsChange { at: _, limits, ban }| (limits, ban)),
        Err(error) => {
            tracing::warn!(%error, "which limits were told last cannot be read: those that hold are told again");
            Told::default()
        }
    };
    loop {
        tokio::select! {
            biased;
            read = transitions.recv_many(&mut steps, TRANSITIONS) => {
                if read == 0 {
                    return;
                }
                for step in steps.iter().filter(|step| step.to == State::Reconnecting) {
                    metrics.reconnection(&step.reason.map_or("UNKNOWN".to_owned(), |reason| reason.to_string()));
                }
                let happened = steps.drain(..).map(|step| LogChange::Happened(Happening::State(step))).collect();
                let happened = Arc::new(happened);
                insist(|| store.log(Arc::clone(&happened))).await;
            }
            Ok(()) = session.changed() => {
                let (code, limits) = {
                    let session = session.borrow_and_update();
                    (new_code(&session, &mut shown), new_limits(&session, &mut told))
                };
                let limits = limits.map(|(limits, ban)| LimitsChange { at: clock.now(), limits, ban });
                let happened = [code.map(Happening::Code), limits.map(Happening::Limits)];
                let happened: Vec<_> = happened.into_iter().flatten().map(LogChange::Happened).collect();
                if !happened.is_empty() {
                    let happened = Arc::new(happened);
                    insist(|| store.log(Arc::clone(&happened))).await;
                }
            }
        }
    }
}

/// Repeats a write until it works, because the disk may recover; the channel bounds what waits meanwhile.
async fn insist<F: Future<Output = Result<(), StoreError>>>(write: impl Fn() -> F) {
    while let Err(error) = write().await {
        if matches!(error, StoreError::Closed) {
            return;
        }
        tracing::error!(%error, "what happened to the session could not be stored; trying again");
        tokio::time::sleep(STORE_RETRY).await;
    }
}

fn new_code(session: &Snapshot, shown: &mut Option<Timestamp>) -> Option<CodeShown> {
    let code = session.code.as_ref()?;
    let is_new = shown.replace(code.generated_at) != Some(code.generated_at);
    is_new.then(|| CodeShown { attempt: code.attempt, generated_at: code.generated_at, expires_at: code.expires_at })
}

/// WhatsApp's limits and the ban, where they are not those that were told last. Nothing is known to have ended before the
/// page has told the limits, which it does once it is logged in.
fn new_limits(session: &Snapshot, told: &mut Told) -> Option<Told> {
    let present = match (&session.limits, &session.ban) {
        (None, None) => return None,
        (None, Some(_)) => (told.0.clone(), session.ban.clone()),
        (Some(limits), ban) => (limits.clone(), ban.clone()),
    };
    if present == *told {
        return None;
    }
    *told = present.clone();
    Some(present)
}
