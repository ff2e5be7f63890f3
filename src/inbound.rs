//! Messages that the account receives, and messages sent from its other devices: each is stored once, in order of
//! arrival, before anyone is told. After every absence the page is asked for the messages that were missed.
//!
//! ```text
//! page event ──► undecrypted? wait until it opens (60 s) ──► batch ──► store, flushed ──► `newest` moves
//! READY, or a new document ──► the page's table after the last row in the log ──► missing messages, as recovered
//! ```
//!
//! The log is complete when it has every row of the page's table: the page's events only arrive sooner. Events of a
//! new document are held until the table has been read, so that missed messages come first, unless the page takes long
//! to report them. The page also keeps the messages that are held here, so none is lost if the process dies.

pub mod cloud;
mod held;
mod lid_numbers;
pub mod media;
pub mod opt_outs;
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

use crate::domain::media::FetchPolicy;
use crate::domain::message::MessageEvent;
use crate::domain::time::{Clock, Timestamp};
use crate::host::byte_queue;
use crate::host::config::Timings;
use crate::host::tasks::Tasks;
use crate::store::Store;
use crate::transport::web::session::Handle;

pub use lid_numbers::{PATIENCE as PHONE_PATIENCE, UnknownNumber};
use opt_outs::OptOuts;
use task::Task;

/// Room for messages of one batch whose phone number is unknown; further messages are not asked for.
const NAMELESS: usize = 256;

pub struct Parts {
    pub store: Store,
    pub session: Handle,
    pub clock: Arc<dyn Clock>,
    /// The clock by which messages become too old for the log.
    pub steady: Arc<dyn Clock>,
    /// All events of messages, in order. The task ends when this channel closes.
    pub events: byte_queue::Receiver<MessageEvent>,
    /// Events of sent messages go to those who wait for an ack.
    pub acks: mpsc::Sender<MessageEvent>,
    /// How long messages are kept.
    pub retention: Duration,
    /// Which files are fetched.
    pub files: FetchPolicy,
    pub timings: Timings,
    pub opt_outs: OptOuts,
}

/// The name of the task that writes the log.
pub const TASK: &str = "log of messages";

/// Whether missed messages are still being fetched, and the channel for messages whose number is to be asked for
/// again.
pub type Started = (watch::Receiver<bool>, mpsc::Sender<UnknownNumber>);

/// One stay in READY with one document: the table is read once for each stay.
type Stay = (Timestamp, u64);

/// Starts the task that writes messages to the log.
pub fn start(parts: Parts, tasks: &Tasks) -> Started {
    let Parts { store, session, clock, steady, events, acks, retention, files, timings, opt_outs } = parts;
    let (reconciling_tx, reconciling) = watch::channel(false);
    let (unknown_numbers, wanted) = mpsc::channel(NAMELESS);
    tasks.spawn("numbers of messages", lid_numbers::run(wanted, session.clone(), store.clone()));
    let snapshots = session.watch();
    let activity = session.activity().clone();
    let kept = task::Kept {
        store,
        source: session,
        clock,
        steady,
        acks,
        unknown_numbers: unknown_numbers.clone(),
        retention,
        files,
        timings,
        activity,
        opt_outs,
    };
    let task = Task::new(kept, snapshots, reconciling_tx);
    tasks.spawn(TASK, task.run(events));
    (reconciling, unknown_numbers)
}
