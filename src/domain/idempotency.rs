//! A send that happens exactly once: what the service stores under its key, and what a repeated request is answered.
//!
//! ```text
//! (unknown) ──► Reserved ──► Dispatching ──► Sent | Failed      only when WhatsApp says so, early or late
//!     ▲            │ a crash: the      │ a crash: the message may have left. The page sends again what it still holds,
//!     │            ▼ message never left│ under the same id; a message that the page does not hold stays Dispatching
//!     └── the retry sends it ◄─────────┘ the page refused to take the message: the key is forgotten
//! ```

use std::time::Duration;

use sha2::{Digest, Sha256};

use super::log::{LoggedMessage, Origin};
use super::message::{Ack, MessageId};
use super::time::Timestamp;
use super::via::Via;

/// How long the service remembers a key.
pub const KEY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// An idempotency key, stored as its hash because callers may write anything into a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendKey([u8; 32]);

impl SendKey {
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A hash that distinguishes two requests under this key without storing either of them. The key is part of the
    /// hash, so equal messages under different keys have different fingerprints.
    pub fn fingerprint<S: AsRef<str>>(&self, parts: &[S]) -> Fingerprint {
        let mut hash = Sha256::new().chain_update(self.0);
        for part in parts {
            let part = part.as_ref();
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Fingerprint(hash.finalize().into())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The record stored under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendRecord {
    pub fingerprint: Fingerprint,
    pub created_at: Timestamp,
    pub message_id: MessageId,
    pub chat_id: String,
    /// The recipient's phone digits, where the page knew them.
    pub phone: Option<String>,
    /// The way that was chosen when the key was reserved.
    pub via: Via,
    pub stage: SendStage,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendStage {
    /// The message id is reserved; nothing has left.
    Reserved,
    /// The message is being handed to the page, or was handed over; only an ack tells whether it left.
    Dispatching,
    Sent {
        ack: Ack,
        at: Timestamp,
    },
    /// WhatsApp itself reported the failure.
    Failed {
        cause: Option<Cause>,
    },
}

/// WhatsApp's own name for the cause of a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The number in the server's refusal.
    Number(i64),
    /// The result of the page's own send, such as `ERROR_UNKNOWN`.
    Word(String),
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(421) => f.write_str("421: the group's members changed; try again"),
            Self::Number(475) => f.write_str("475: WhatsApp caps the new chats of this account for now"),
            Self::Number(number) => match of_the_cloud_api(*number) {
                Some(sentence) => write!(f, "{number}: {sentence}"),
                None => write!(f, "{number}"),
            },
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// What a number of the Cloud API means, in a few words; None for numbers that say nothing by themselves.
fn of_the_cloud_api(number: i64) -> Option<&'static str> {
    Some(match number {
        368 => "the business account is blocked for a time because of WhatsApp's policies",
        130_472 => "the recipient is part of an experiment of Meta and gets no marketing messages",
        130_497 => "the business may not write to people of the recipient's country",
        130_429 => "more messages left than the number's throughput allows",
        131_021 => "the recipient is the number that sends",
        131_026 => "WhatsApp cannot deliver to the recipient: no WhatsApp, an old version, or terms not accepted",
        131_031 => "the business account is locked",
        131_037 => "the number's display name is not approved yet",
        131_042 => "the payment method of the business account does not work",
        131_045 => "the number is not registered correctly at the Cloud API",
        131_047 => "more than 24 hours have passed since the recipient wrote: only a template goes (re-engagement)",
        131_048 => "Meta limits this number because its messages were blocked or reported",
        131_049 => {
            "Meta holds marketing messages to the recipient back to keep the ecosystem healthy; try again in a day"
        }
        131_050 => "the recipient takes no marketing messages of this business",
        131_052 => "the file could not be fetched",
        131_053 => "the file is of no type or size that WhatsApp takes",
        131_056 => "too many messages went to the recipient in a short time",
        131_057 => "the business account is in maintenance",
        133_010 => "the number is not registered at the Cloud API",
        _ => return None,
    })
}

/// How a send ended, according to WhatsApp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// WhatsApp's server has the message.
    Sent(Ack),
    /// The Cloud API took the message, and gave it this id.
    Accepted(MessageId),
    /// The message will never arrive.
    Failed(Option<Cause>),
}

/// What the service stores of a message before the message leaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Departure {
    pub message_id: MessageId,
    pub origin: Origin,
    pub at: Timestamp,
    /// The day (its number since the epoch) whose cap the message counts against, if there is a daily cap.
    pub day: Option<u64>,
    /// The day whose cap of first messages to new contacts the message counts against, if there is one.
    pub first_on: Option<u64>,
    pub key: Option<(SendKey, SendRecord)>,
    /// A message to the Cloud API, as the log keeps it once the Cloud API has taken it: nothing else reports it.
    pub message: Option<Box<LoggedMessage>>,
}

/// What the service does with a request under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Send,
    /// The key was used for another message.
    Conflict,
    Sent {
        message_id: MessageId,
        chat_id: String,
        phone: Option<String>,
        ack: Ack,
        at: Timestamp,
    },
    Failed(MessageId, Option<Cause>),
    Unconfirmed(MessageId),
}

impl SendRecord {
    /// With this a record's id begins if the key is not of a message but of a new group.
    pub const GROUP: &'static str = "group_";

    /// Whether the key is of a new group: the page has no message of this id.
    pub fn is_of_a_group(&self) -> bool {
        self.message_id.as_str().starts_with(Self::GROUP)
    }

    /// Whether the key is still known.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.created_at.plus(KEY_LIFE)
    }

    /// How long the key is still known.
    pub fn life_left(&self, now: Timestamp) -> Duration {
        let end = self.created_at.plus(KEY_LIFE);
        Duration::from_millis(end.as_millis().saturating_sub(now.as_millis()))
    }

    /// The record after WhatsApp reported the end of the send.
    #[must_use]
    pub fn settled(mut self, end: End, at: Timestamp) -> Self {
        self.stage = match end {
            End::Sent(ack) => SendStage::Sent { ack, at },
            End::Accepted(id) => {
                self.message_id = id;
                SendStage::Sent { ack: Ack::PENDING, at }
            }
            End::Failed(cause) => SendStage::Failed { cause },
        };
        self
    }
}

/// Decides about a request from the record of its key.
pub fn judge(record: Option<SendRecord>, fingerprint: Fingerprint, now: Timestamp) -> Verdict {
    let Some(record) = record.filter(|record| record.is_live(now)) else { return Verdict::Send };
    let SendRecord { message_id, chat_id, phone, .. } = record;
    match record.stage {
        _ if record.fingerprint != fingerprint => Verdict::Conflict,
        SendStage::Reserved => Verdict::Send,
        SendStage::Dispatching => Verdict::Unconfirmed(message_id),
        SendStage::Sent { ack, at } => Verdict::Sent { message_id, chat_id, phone, ack, at },
        SendStage::Failed { cause } => Verdict::Failed(message_id, cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_read_the_same_run_together_are_told_apart() {
        let key = SendKey::of("k");
        assert_ne!(key.fingerprint(&["ab", "c"]), key.fingerprint(&["a", "bc"]));
        assert_ne!(key.fingerprint(&["a"]), SendKey::of("l").fingerprint(&["a"]));
        assert_eq!(key.fingerprint(&["a", "b"]), key.fingerprint(&["a", "b"]));
    }

    #[test]
    fn a_key_is_forgotten_after_its_life() {
        let fingerprint = SendKey::of("k").fingerprint(&["a"]);
        let other = SendKey::of("k").fingerprint(&["b"]);
        let created_at = Timestamp::from_millis(1_000);
        let record = SendRecord {
            fingerprint,
            created_at,
            message_id: MessageId::new("m"),
            chat_id: "c".to_owned(),
            phone: None,
            via: Via::Web,
            stage: SendStage::Dispatching,
        };
        let late = created_at.plus(KEY_LIFE);
        assert_eq!(judge(Some(record.clone()), fingerprint, created_at), Verdict::Unconfirmed(MessageId::new("m")));
        assert_eq!(judge(Some(record.clone()), other, created_at), Verdict::Conflict);
        assert_eq!(judge(Some(record), other, late), Verdict::Send);
        assert_eq!(judge(None, other, late), Verdict::Send);
    }
}
