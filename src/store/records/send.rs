//! A send with a key: table `sends`.

use serde::{Deserialize, Serialize};

use crate::domain::idempotency::{Cause, Fingerprint, SendRecord, SendStage};
use crate::domain::message::{Ack, MessageId};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredSend {
    fingerprint: [u8; 32],
    created_at: Timestamp,
    message_id: MessageId,
    chat_id: String,
    #[serde(default)]
    phone: Option<String>,
    stage: StoredStage,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum StoredStage {
    Reserved,
    Dispatching,
    Sent {
        ack: Ack,
        at: Timestamp,
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
        let SendRecord { fingerprint, created_at, message_id, chat_id, phone, stage } = record;
        Self { fingerprint: *fingerprint.as_bytes(), created_at, message_id, chat_id, phone, stage: stage.into() }
    }
}

impl From<StoredSend> for SendRecord {
    fn from(stored: StoredSend) -> Self {
        let StoredSend { fingerprint, created_at, message_id, chat_id, phone, stage } = stored;
        let fingerprint = Fingerprint::from_bytes(fingerprint);
        Self { fingerprint, created_at, message_id, chat_id, phone, stage: stage.into() }
    }
}

impl From<SendStage> for StoredStage {
    fn from(stage: SendStage) -> Self {
        match stage {
            SendStage::Reserved => Self::Reserved,
            SendStage::Dispatching => Self::Dispatching,
            SendStage::Sent { ack, at } => Self::Sent { ack, at },
            SendStage::Failed { cause } => Self::Failed { cause: cause.map(StoredCause::from) },
        }
    }
}

impl From<StoredStage> for SendStage {
    fn from(stored: StoredStage) -> Self {
        match stored {
            StoredStage::Reserved => Self::Reserved,
            StoredStage::Dispatching => Self::Dispatching,
            StoredStage::Sent { ack, at } => Self::Sent { ack, at },
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
