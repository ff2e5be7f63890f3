//! A message that was sent.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Ack, MessageId, Source, Timestamp};
use crate::domain::via::Via;
use crate::outbound;

/// A message that WhatsApp's server has acknowledged, or that the Cloud API has accepted.
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
    /// `SENT`: WhatsApp's server has it. `ACCEPTED`: the Cloud API took it; events `message.ack` say what becomes of it.
    pub status: &'static str,
    pub timestamp: Timestamp,
    /// The way that the message went.
    pub via: Source,
    /// `exactly_once` (by WhatsApp Web under a key) or `at_most_once`.
    pub guarantee: &'static str,
    /// True with `SEND_MODE=dry-run`: the message was not sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl From<outbound::Sent> for Sent {
    fn from(sent: outbound::Sent) -> Self {
        let outbound::Sent { message_id, chat_id, to, ack, at, dry_run, via, exactly_once } = sent;
        Self {
            ok: true,
            success: true,
            message_id: (&message_id).into(),
            id: message_id.into(),
            to,
            chat_id,
            ack: ack.into(),
            status: if via == Via::Cloud { "ACCEPTED" } else { "SENT" },
            timestamp: at.into(),
            via: via.into(),
            guarantee: if exactly_once { "exactly_once" } else { "at_most_once" },
            dry_run,
        }
    }
}
