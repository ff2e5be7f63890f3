//! What is done to a chat.

use serde::Serialize;
use utoipa::ToSchema;

use crate::outbound;

/// A chat that was marked, or shown typing.
#[derive(Serialize, ToSchema)]
pub struct ActedOnChat {
    pub ok: bool,
    pub success: bool,
    /// As WhatsApp Web names the chat: mostly by a LID.
    pub chat_id: String,
    /// True with `SEND_MODE=dry-run`: nothing was done.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl From<outbound::ActedOnChat> for ActedOnChat {
    fn from(acted: outbound::ActedOnChat) -> Self {
        let outbound::ActedOnChat { chat_id, dry_run } = acted;
        Self { ok: true, success: true, chat_id, dry_run }
    }
}
