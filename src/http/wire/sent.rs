//! A message that was sent.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Ack, MessageId, Timestamp};
use crate::outbound;

/// A message that WhatsApp's server has acknowledged.
#[derive(Serialize, ToSchema)]
pub struct Sent {
    pub ok: bool,
    pub success: bool,
    pub message_id: MessageId,
    /// The same.
    pub id: MessageId,
    /// The phone's digits, or the chat id if the request named a chat id.
    pub to: String,
    pub chat_id: String,
    pub ack: Ack,
    /// `SENT`.
    pub status: &'static str,
    pub timestamp: Timestamp,
    /// True with `SEND_MODE=dry-run`: the message was not sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl From<outbound::Sent> for Sent {
    fn from(sent: outbound::Sent) -> Self {
        let outbound::Sent { message_id, chat_id, to, ack, at, dry_run } = sent;
        Self {
            ok: true,
            success: true,
            message_id: (&message_id).into(),
            id: message_id.into(),
            to,
            chat_id,
            ack: ack.into(),
            status: "SENT",
            timestamp: at.into(),
            dry_run,
        }
    }
}
