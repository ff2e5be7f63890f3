//! What the account receives, and what is sent from elsewhere: stored once, in order of arrival, before anyone is told.
//! After every absence the page is asked for what was missed.
//!
//! ```text
//! page event ──► undecrypted? wait for it to open (60 s) ──► batch ──► store, flushed ──► `newest` moves
//! READY, or a new document ──► the page's table after the last row in the log ──► what is missing, as recovered
//! ```
//!
//! Complete is what has every row of the page's table: the events of the page are only faster. What a new document says is
//! held until the table has been read: what an earlier one said and was lost comes first, unless the page takes long to
//! tell it. The page keeps what is held here, so nothing depends on it.

mod held;
mod lid_numbers;
mod places;
mod reading;
mod source;
mod task;
#[cfg(test)]
mod tests;
mod undecrypted;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::domain::message::MessageEvent;
use crate::domain::time::{Clock, Timestamp};
use crate::host::byte_queue;
use crate::host::config::Timings;
use crate::host::tasks::Tasks;
use crate::store::Store;
use crate::transport::web::session::Handle;

pub use lid_numbers::{PATIENCE as PHONE_PATIENCE, UnknownNumber};
use task::Task;

/// Messages of one batch whose number is not known; what does not fit is not asked for.
const NAMELESS: usize = 256;

pub struct Parts {
    pub store: Store,
    pub session: Handle,
    pub clock: Arc<dyn Clock>,
    /// The time by which messages are too old for the log.
    pub steady: Arc<dyn Clock>,
    /// Everything that happens to messages, in order. The task ends with it.
    pub events: byte_queue::Receiver<MessageEvent>,
    /// What tells of messages of ours is passed on to those who wait for an acknowledgement.
    pub acks: mpsc::Sender<MessageEvent>,
    /// How long messages are kept.
    pub retention: Duration,
    pub timings: Timings,
}

/// The name of the task that writes the log.
pub const TASK: &str = "log of messages";

/// Whether what was missed is still being fetched, and where the number of a message is asked for again.
pub type Started = (watch::Receiver<bool>, mpsc::Sender<UnknownNumber>);

/// One stay in READY with one document: what is read once.
type Stay = (Timestamp, u64);

/// Starts the task that owns the log's writing end.
pub fn start(parts: Parts, tasks: &Tasks) -> Started {
    let Parts { store, session, clock, steady, events, acks, retention, timings } = parts;
    let (reconciling_tx, reconciling) = watch::channel(false);
    let (unknown_numbers, wanted) = mpsc::channel(NAMELESS);
    tasks.spawn("numbers of messages", lid_numbers::run(wanted, session.clone(), store.clone()));
    let snapshots = session.watch();
    let kept = task::Kept {
        store,
        source: session,
        clock,
        steady,
        acks,
        unknown_numbers: unknown_numbers.clone(),
        retention,
        timings,
    };
    let task = Task::new(kept, snapshots, reconciling_tx);
    tasks.spawn(TASK, task.run(events));
    (reconciling, unknown_numbers)
}
