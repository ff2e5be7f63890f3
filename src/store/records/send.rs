//! A send with a key: table `sends`.

use serde::{Deserialize, Serialize};

use super::values::{StoredTime, StoredVia};
use crate::domain::idempotency::{Cause, Fingerprint, SendRecord, SendStage};
use crate::domain::message::{Ack, MessageId};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredSend {
    fingerprint: [u8; 32],
    created_at: StoredTime,
    message_id: String,
    chat_id: String,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default, skip_serializing_if = "StoredVia::is_web")]
    via: StoredVia,
    stage: StoredStage,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum StoredStage {
    Reserved,
    Dispatching,
    Sent {
        ack: i8,
        at: StoredTime,
    },
    Failed {
        #[serde(default)]
        cause: Option<StoredCause>,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum StoredCause {
    Number(i64),
    Word(String),
}

impl From<SendRecord> for StoredSend {
    fn from(record: SendRecord) -> Self {
        let SendRecord { fingerprint, created_at, message_id, chat_id, phone, via, stage } = record;
        Self {
            fingerprint: *fingerprint.as_bytes(),
            created_at: created_at.into(),
            message_id: message_id.into_string(),
            chat_id,
            phone,
            via: via.into(),
            stage: stage.into(),
        }
    }
}

impl From<StoredSend> for SendRecord {
    fn from(stored: StoredSend) -> Self {
        let StoredSend { fingerprint, created_at, message_id, chat_id, phone, via, stage } = stored;
        let fingerprint = Fingerprint::from_bytes(fingerprint);
        Self {
            fingerprint,
            created_at: created_at.into(),
            message_id: MessageId::new(message_id),
            chat_id,
            phone,
            via: via.into(),
            stage: stage.into(),
        }
    }
}

impl From<SendStage> for StoredStage {
    fn from(stage: SendStage) -> Self {
        match stage {
            SendStage::Reserved => Self::Reserved,
            SendStage::Dispatching => Self::Dispatching,
            SendStage::Sent { ack, at } => Self::Sent { ack: ack.level(), at: at.into() },
            SendStage::Failed { cause } => Self::Failed { cause: cause.map(StoredCause::from) },
        }
    }
}

impl From<StoredStage> for SendStage {
    fn from(stored: StoredStage) -> Self {
        match stored {
            StoredStage::Reserved => Self::Reserved,
            StoredStage::Dispatching => Self::Dispatching,
            StoredStage::Sent { ack, at } => Self::Sent { ack: Ack::new(ack), at: at.into() },
            StoredStage::Failed { cause } => Self::Failed { cause: cause.map(Cause::from) },
        }
    }
}

impl From<Cause> for StoredCause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Number(number) => Self::Number(number),
            Cause::Word(word) => Self::Word(word),
        }
    }
}

impl From<StoredCause> for Cause {
    fn from(stored: StoredCause) -> Self {
        match stored {
            StoredCause::Number(number) => Self::Number(number),
            StoredCause::Word(word) => Self::Word(word),
        }
    }
}
