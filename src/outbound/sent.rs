//! The answer for a message that was sent, and what tells it from another under the same key.

use rand::Rng;

use super::SendError;
use super::sender::Delivered;
use crate::domain::address::{ChatId, Server};
use crate::domain::content::Outgoing;
use crate::domain::idempotency::{Fingerprint, SendKey};
use crate::domain::message::{Ack, MessageId};
use crate::domain::time::Timestamp;
use crate::domain::via::Via;

/// A send that WhatsApp's server has acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub message_id: MessageId,
    pub chat_id: String,
    /// The recipient's phone digits if the request named a phone number, else the chat id.
    pub to: String,
    pub ack: Ack,
    pub at: Timestamp,
    pub dry_run: bool,
    pub via: Via,
    pub guarantee: Guarantee,
}

/// What a retry of the request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarantee {
    /// Under the same key it cannot send the message twice, and does not lose it.
    ExactlyOnce,
    AtMostOnce,
    /// It leads to the same state, however often.
    Repeatable,
}

/// What tells this message from another one under the same key.
pub(super) fn fingerprint(key: SendKey, outgoing: &Outgoing) -> Fingerprint {
    let mut parts = vec![outgoing.to.to_string()];
    parts.extend(outgoing.identity());
    parts.push(outgoing.origin.cliente_id.clone().unwrap_or_default());
    // Keys of earlier versions have no such part.
    parts.extend(outgoing.via.filter(|via| *via == Via::Cloud).map(|via| via.name().to_owned()));
    key.fingerprint(&parts)
}

pub(super) fn sent(delivered: Delivered, to: &ChatId, dry_run: bool, exactly_once: bool) -> Sent {
    let Delivered { message_id, chat_id, phone, ack, at } = delivered;
    let via = if message_id.is_wamid() { Via::Cloud } else { Via::Web };
    let guarantee = if exactly_once && via == Via::Web { Guarantee::ExactlyOnce } else { Guarantee::AtMostOnce };
    let named = || phone.unwrap_or_else(|| to.user().to_owned());
    let to = if to.server() == Server::Phone { named() } else { to.to_string() };
    Sent { message_id, chat_id, to, ack, at, dry_run, via, guarantee }
}

/// The answer with `SEND_MODE=dry-run`: nothing leaves.
pub(super) fn dry_run(to: &ChatId, via: Via, at: Timestamp) -> Sent {
    let message_id = MessageId::new(format!("true_{to}_DRYRUN{:016X}", rand::rng().random::<u64>()));
    let delivered = Delivered { message_id, chat_id: to.to_string(), phone: None, ack: Ack::SERVER, at };
    Sent { via, ..sent(delivered, to, true, false) }
}

/// Tells the log of the end of a send whose caller was answered before.
pub(super) fn tell_late(result: &Result<Delivered, SendError>) {
    match result {
        Ok(sent) => {
            tracing::info!(
                message_id = sent.message_id.masked(),
                ack = sent.ack.level(),
                "sent after its caller was answered"
            )
        }
        Err(error) => tracing::warn!(%error, "not sent after its caller was answered"),
    }
}
