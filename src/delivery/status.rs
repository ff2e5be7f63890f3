//! The state of a delivery target, which `/status` shows.

use crate::domain::time::Timestamp;

/// The state of a target in `/status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetStatus {
    pub target: String,
    /// The target's address, without parts that may be secret.
    pub address: String,
    /// Events that the target has not got yet.
    pub backlog: u64,
    /// Since when the oldest of these events waits.
    pub oldest_at: Option<Timestamp>,
    /// Since when the target has taken nothing.
    pub failing_since: Option<Timestamp>,
    /// The last error, in words.
    pub last_error: Option<String>,
    pub next_attempt_at: Option<Timestamp>,
    /// Events that were set aside until somebody asks for a new attempt.
    pub dead_letters: u64,
    /// Deliveries since the service started.
    pub delivered: u64,
    pub failed_attempts: u64,
    /// Attempts that the target did not answer in time.
    pub timeouts: u64,
    pub given_up: u64,
}
