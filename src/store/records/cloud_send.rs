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
    /// The days on which it counts against the daily caps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    day: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_on: Option<u64>,
}

impl From<CloudSend> for StoredCloudSend {
    fn from(send: CloudSend) -> Self {
        let CloudSend { message, id, billed, refused, day, first_on } = send;
        let (message, id) = (message.map(|message| (*message).into()), id.map(MessageId::into_string));
        Self { message, id, billed, refused, day, first_on }
    }
}

impl From<StoredCloudSend> for CloudSend {
    fn from(stored: StoredCloudSend) -> Self {
        let StoredCloudSend { message, id, billed, refused, day, first_on } = stored;
        let (message, id) = (message.map(|message| Box::new(message.into())), id.map(MessageId::new));
        Self { message, id, billed, refused, day, first_on }
    }
}
