//! An event that a target of delivery did not take: put aside, so that those after it are not kept waiting.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// ```text
/// Waiting ──► Dead ──► Again ──► delivered: Done, and forgotten when everything before it is
///    └── its number became known: delivered, likewise
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// For the phone number of its chat.
    Waiting,
    /// Not tried again until somebody asks for it.
    Dead,
    /// Somebody asked for it.
    Again,
    /// Delivered, while something before it still is not: a restart is not to deliver it once more.
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The event's place in the log.
    pub event: u64,
    pub stage: Stage,
    /// One sentence, without what the message said.
    pub reason: String,
    pub attempts: u32,
    pub at: Timestamp,
}

/// Which letter of which target, as callers name it: `target.place`.
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
        let (target, event) = text.rsplit_once('.').filter(|(target, _)| !target.is_empty()).ok_or(())?;
        Ok(Self { target: target.to_owned(), event: event.parse().map_err(|_| ())? })
    }
}
