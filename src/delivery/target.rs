//! What a delivery target is: which events of the log it wants, and how an event is handed to it.

use std::time::Duration;

use crate::domain::event::Event;
use crate::domain::time::Timestamp;

/// Whether an event is for a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    No,
    Yes,
    /// The target wants the event once the phone number of its chat is known.
    WithPhone,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Delivered,
    /// The delivery is tried again; `after` is the pause that the target asked for.
    Retry {
        reason: String,
        after: Option<Duration>,
        cause: Cause,
    },
    /// The target will never take the event as it is.
    Refused(String),
}

/// The possible cause of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The target: it is away, asks for a pause, or does not accept our login.
    Target,
    /// The target or this event: the events behind it show which.
    Unclear,
    /// The same, and the target had the event and did not answer in time.
    Timeout,
}

pub(super) trait Target: Send + Sync + 'static {
    fn wants(&self, event: &Event, now: Timestamp) -> Wants;
    /// May be called for several events at once.
    fn deliver(&self, event: &Event) -> impl Future<Output = Outcome> + Send;
}
