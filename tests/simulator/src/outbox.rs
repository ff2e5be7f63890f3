//! Frames on their way to one page: queued under the world's lock, written by the connection's own task.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The queue of one connection. It is unbounded because it holds only the frames that a test causes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<String>,
    closed: bool,
}

impl Outbox {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a frame; after [`Outbox::close`] the frame is dropped, as on a closed socket.
    pub(crate) fn push(&self, frame: &impl serde::Serialize) {
        match serde_json::to_string(frame) {
            Ok(text) => {
                let mut state = self.state();
                if !state.closed {
                    state.frames.push_back(text);
                }
            }
            Err(error) => tracing::error!(%error, "a frame cannot be written as JSON"),
        }
        self.0.changed.notify_one();
    }

    /// Accepts no more frames; the connection ends once the queued frames are written.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.0.changed.notify_one();
    }

    /// The next frame, or `None` when closed and empty. Cancel safe: a frame is only taken when it is returned.
    pub(crate) async fn next(&self) -> Option<String> {
        loop {
            {
                let mut state = self.state();
                if let Some(frame) = state.frames.pop_front() {
                    return Some(frame);
                }
                if state.closed {
                    return None;
                }
            }
            self.0.changed.notified().await;
        }
    }
}
