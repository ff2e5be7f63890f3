//! Whoever asked for no further messages.

use super::time::Timestamp;

/// Somebody who asked for no further messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOut {
    /// The phone digits where they are known, else the id of the chat.
    pub id: String,
    pub at: Timestamp,
}
