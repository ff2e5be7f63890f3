//! The one shape of every error.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::State;

/// The one shape of an error, for people (`message`) and programs (`code`).
#[derive(Serialize, ToSchema)]
pub struct Error {
    /// False.
    pub ok: bool,
    /// False.
    pub success: bool,
    pub code: &'static str,
    /// The same as `code`.
    pub error: &'static str,
    /// One sentence that says what to do.
    pub message: String,
    pub state: State,
    /// Further fields of some codes: `message_id` and `id`, `whatsapp_code`, `currentStatus`, `status`, `reason`, `detail`, `limit`,
    /// `module`, `changed`.
    #[serde(flatten)]
    #[schema(ignore)]
    pub extra: Map<String, Value>,
}
