//! Dead letters: events that a target did not take.

use serde::Serialize;
use utoipa::ToSchema;

use super::{MessageId, Timestamp};

#[derive(Serialize, ToSchema)]
pub struct DeadLetters {
    pub ok: bool,
    pub items: Vec<DeadLetter>,
    /// To be handed back as `after`.
    #[schema(pattern = r"^[a-z0-9-]+\.[0-9]{1,19}$")]
    pub next: Option<String>,
}

/// An event that a target did not take.
#[derive(Serialize, ToSchema)]
pub struct DeadLetter {
    #[schema(pattern = r"^[a-z0-9-]+\.[0-9]{1,19}$")]
    pub id: String,
    pub target: String,
    pub event_id: Option<String>,
    pub r#type: Option<&'static str>,
    pub message_id: Option<MessageId>,
    /// One sentence, without the text of the message.
    pub reason: String,
    pub attempts: u32,
    pub at: Timestamp,
    /// Somebody asked for it to be tried again.
    pub replaying: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Queued {
    pub ok: bool,
    pub success: bool,
    pub id: String,
    /// `QUEUED`.
    pub status: &'static str,
}

#[derive(Serialize, ToSchema)]
pub struct AllQueued {
    pub ok: bool,
    pub success: bool,
    pub target: String,
    /// How many dead letters there were.
    pub replaying: usize,
}
