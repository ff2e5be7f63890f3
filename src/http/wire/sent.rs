//! A message that was sent.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Ack, MessageId, Source, Timestamp};
use crate::domain::via::Via;
use crate::outbound::{self, Guarantee};

/// A message that WhatsApp's server has acknowledged, or that the Cloud API has accepted; or what was done to a message.
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
    /// `exactly_once` (by WhatsApp Web under a key), `at_most_once`, or `repeatable`: a reaction, an edit or a deletion leads to
    /// the same state however often it is asked for.
    pub guarantee: &'static str,
    /// True with `SEND_MODE=dry-run`: the message was not sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
}

impl From<outbound::Sent> for Sent {
    fn from(sent: outbound::Sent) -> Self {
        let outbound::Sent { message_id, chat_id, to, ack, at, dry_run, via, guarantee } = sent;
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
            guarantee: match guarantee {
                Guarantee::ExactlyOnce => "exactly_once",
                Guarantee::AtMostOnce => "at_most_once",
                Guarantee::Repeatable => "repeatable",
            },
            dry_run,
        }
    }
}
