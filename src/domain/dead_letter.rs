//! An event that a delivery target did not accept. It is set aside so that the events after it do not wait.

use std::fmt;
use std::str::FromStr;

use super::log::place;
use super::time::Timestamp;

/// ```text
/// Waiting ──► Dead ──► Again ──► delivered: Done, and removed once every earlier event is delivered or set aside
///    └── the phone number becomes known: delivered, likewise
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The event waits for the phone number of its chat.
    Waiting,
    /// The event is not tried again until somebody asks for it.
    Dead,
    /// Somebody asked for a new attempt.
    Again,
    /// The event is delivered while an earlier event is not: after a restart it must not be delivered again.
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event's place in the log.
    pub event: u64,
    pub stage: Stage,
    /// One sentence, without the text of the message.
    pub reason: String,
    pub attempts: u32,
    pub at: Timestamp,
}

/// A dead letter of a target, as callers name it: `target.place`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetterId {
    pub target: String,
    pub event: u64,
}

impl fmt::Display for DeadLetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.target, self.event)
    }
}

impl FromStr for DeadLetterId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (target, event) = text.rsplit_once('.').filter(|(target, _)| is_name(target)).ok_or(())?;
        Ok(Self { target: target.to_owned(), event: place(event).ok_or(())? })
    }
}

/// Whether this can be the name of a target, such as `hub-persistence` or `webhook-1c0ffee0`.
fn is_name(target: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !target.is_empty() && target.bytes().all(legal)
}
