//! What others see of a target.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::time::Timestamp;

/// How a target is doing, as `/status` tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TargetStatus {
    pub target: String,
    /// Where to; without what may be secret in an address.
    pub address: String,
    /// Events it has not got yet.
    pub backlog: u64,
    /// Since when the oldest of them waits.
    pub oldest_at: Option<Timestamp>,
    /// Since when it has taken nothing.
    pub failing_since: Option<Timestamp>,
    /// Why, in words.
    pub last_error: Option<String>,
    pub next_attempt_at: Option<Timestamp>,
    /// Set aside until somebody asks for them to be tried again.
    pub dead_letters: u64,
    /// Since the service started.
    pub delivered: u64,
    pub failed_attempts: u64,
    pub given_up: u64,
}
