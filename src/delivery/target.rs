//! What a target of delivery is: what it wants of the log, and how an event is handed to it.

use std::time::Duration;

use crate::domain::event::Event;
use crate::domain::time::Timestamp;

/// Whether an event is for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    No,
    Yes,
    /// Once the phone number of its chat is known.
    WithPhone,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    /// Not now; `after` is what the target asked to be left alone for.
    Retry {
        reason: String,
        after: Option<Duration>,
        cause: Cause,
    },
    /// Never, as it is.
    Refused(String),
}

/// What a failure may be owed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The target: it is away, asks to be left alone, or does not know us.
    Target,
    /// The target or this one event: those behind it tell.
    Unclear,
}

pub(super) trait Target: Send + Sync + 'static {
    fn wants(&self, event: &Event, now: Timestamp) -> Wants;
    /// May be called for several events at once.
    fn deliver(&self, event: &Event) -> impl Future<Output = Outcome> + Send;
}
