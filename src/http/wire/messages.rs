//! The durable log of messages.

use serde::Serialize;
use utoipa::ToSchema;

use super::Message;
use crate::domain::log;

/// A message with its place in the log.
#[derive(Serialize, ToSchema)]
pub struct LoggedMessage<'a> {
    #[schema(pattern = "^[0-9]{1,19}$")]
    pub cursor: String,
    #[serde(flatten)]
    pub message: Message<'a>,
}

#[derive(Serialize, ToSchema)]
pub struct Messages<'a> {
    pub ok: bool,
    pub items: Vec<LoggedMessage<'a>>,
    /// To be handed back as `after`, for what is newer.
    #[schema(pattern = "^[0-9]{1,19}$")]
    pub next: String,
    /// To be handed back as `before`, for what is older; null where nothing is.
    #[schema(pattern = "^[0-9]{1,19}$")]
    pub previous: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub struct OneMessage<'a> {
    pub ok: bool,
    #[serde(flatten)]
    pub item: LoggedMessage<'a>,
}

impl<'a> LoggedMessage<'a> {
    pub fn new(cursor: u64, message: &'a log::LoggedMessage) -> Self {
        Self { cursor: cursor.to_string(), message: message.into() }
    }
}
