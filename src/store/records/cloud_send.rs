//! A message on its way to the Cloud API: table `cloud_sends`.

use serde::{Deserialize, Serialize};

use super::entry::StoredMessage;
use crate::domain::message::MessageId;
use crate::store::cloud_sends::CloudSend;

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredCloudSend {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<StoredMessage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    billed: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    refused: bool,
}

impl From<CloudSend> for StoredCloudSend {
    fn from(send: CloudSend) -> Self {
        let CloudSend { message, id, billed, refused } = send;
        Self { message: message.map(|message| (*message).into()), id: id.map(MessageId::into_string), billed, refused }
    }
}

impl From<StoredCloudSend> for CloudSend {
    fn from(stored: StoredCloudSend) -> Self {
        let StoredCloudSend { message, id, billed, refused } = stored;
        Self { message: message.map(|message| Box::new(message.into())), id: id.map(MessageId::new), billed, refused }
    }
}
