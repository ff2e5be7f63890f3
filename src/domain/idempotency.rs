//! A send that is made exactly once: what is remembered of it under its key, and what that means for whoever asks again.
//!
//! ```text
//! (unknown) ──► Reserved ──► Dispatching ──► Sent | Failed      only by WhatsApp's own word, early or late
//!     ▲            │ a crash: it      │ a crash: it may have left. The page sends what it holds of it again, under the
//!     │            ▼ never left       │ same id; what the page does not hold stays here
//!     └────── sent by the retry ◄─────┘ the page refused to take it: forgotten
//! ```

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::log::Origin;
use super::message::{Ack, MessageId};
use super::time::Timestamp;

/// How long a key is known.
pub const KEY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// An idempotency key, by its hash: what callers write into it is theirs.
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

    /// Tells two requests under this key apart without keeping either. The key is part of it, so that equal messages
    /// under different keys look different.
    pub fn fingerprint(&self, parts: &[&str]) -> Fingerprint {
        let mut hash = Sha256::new().chain_update(self.0);
        for part in parts {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Fingerprint(hash.finalize().into())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint([u8; 32]);

/// What is kept under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendRecord {
    pub fingerprint: Fingerprint,
    pub created_at: Timestamp,
    pub message_id: MessageId,
    pub chat_id: String,
    /// The recipient's phone digits, where the page knew them.
    #[serde(default)]
    pub phone: Option<String>,
    pub stage: SendStage,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SendStage {
    /// The id is taken; nothing has left.
    Reserved,
    /// It is being handed over, or was; only an ack tells.
    Dispatching,
    Sent {
        ack: Ack,
        at: Timestamp,
    },
    /// WhatsApp said so itself.
    Failed {
        #[serde(default)]
        cause: Option<Cause>,
    },
}

/// WhatsApp's own name for what went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
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
            Self::Number(number) => write!(f, "{number}"),
            Self::Word(word) => f.write_str(word),
        }
    }
}

/// How a send ended, by WhatsApp's own word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The server has it.
    Sent(Ack),
    /// It will never arrive.
    Failed(Option<Cause>),
}

/// What is kept of a message before it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    pub message_id: MessageId,
    pub origin: Origin,
    pub at: Timestamp,
    /// The day it counts on (its number since the epoch), where days have a cap.
    pub day: Option<u64>,
    /// The day it counts on as the first message to somebody, where those have a cap.
    pub first_on: Option<u64>,
    pub key: Option<(SendKey, SendRecord)>,
}

/// What a request under a key comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Send,
    /// The key belongs to another message.
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
    /// Whether the key is still known.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.created_at.plus(KEY_LIFE)
    }

    /// How long the key is still known.
    pub fn life_left(&self, now: Timestamp) -> Duration {
        let end = self.created_at.plus(KEY_LIFE);
        Duration::from_millis(end.as_millis().saturating_sub(now.as_millis()))
    }

    /// Settles it by WhatsApp's word.
    #[must_use]
    pub fn settled(mut self, end: End, at: Timestamp) -> Self {
        self.stage = match end {
            End::Sent(ack) => SendStage::Sent { ack, at },
            End::Failed(cause) => SendStage::Failed { cause },
        };
        self
    }
}

/// What is to be done with a request whose key has this record.
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
            stage: SendStage::Dispatching,
        };
        let late = created_at.plus(KEY_LIFE);
        assert_eq!(judge(Some(record.clone()), fingerprint, created_at), Verdict::Unconfirmed(MessageId::new("m")));
        assert_eq!(judge(Some(record.clone()), other, created_at), Verdict::Conflict);
        assert_eq!(judge(Some(record), other, late), Verdict::Send);
        assert_eq!(judge(None, other, late), Verdict::Send);
    }

    #[test]
    fn what_earlier_versions_stored_is_read_and_causes_keep_their_form() {
        let stage = |text: &str| serde_json::from_str::<SendStage>(text).ok();
        assert_eq!(stage(r#"{"is":"failed"}"#), Some(SendStage::Failed { cause: None }));
        for cause in [None, Some(Cause::Number(475)), Some(Cause::Word("ERROR_UNKNOWN".to_owned()))] {
            let failed = SendStage::Failed { cause };
            assert_eq!(serde_json::to_string(&failed).ok().and_then(|text| stage(&text)), Some(failed));
        }
    }
}
