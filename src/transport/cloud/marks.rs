//! A received message is marked as read, and its sender shown typing: both are one call of Meta's.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::client::{Client, NoAnswer};
use crate::domain::message::MessageId;
use crate::transport::{ActFailure, NothingLeft};

/// Meta's numbers for a message that it does not know, or that is older than 30 days.
const UNKNOWN: [i64; 2] = [100, 131_009];

#[derive(Deserialize)]
struct Done {
    success: bool,
}

impl Client {
    /// Marks a received message as read, and with it the earlier ones of its chat. With `typing` its sender is shown typing, for
    /// 25 seconds or until a message comes; Meta has no typing without a message that is read.
    ///
    /// # Errors
    /// [`ActFailure::NotPossible`]: Meta does not know the message any more. It may be asked for again in every case.
    pub async fn mark_read(&self, message: &MessageId, typing: bool, patience: Duration) -> Result<(), ActFailure> {
        let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": message.as_str() });
        if typing {
            body["typing_indicator"] = json!({ "type": "text" });
        }
        let answer = self.call(self.to_messages(&body), patience).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(_) => ActFailure::NothingLeft(NothingLeft::NoAnswer),
            NoAnswer::Unknown(_) => ActFailure::Unknown,
        })?;
        if answer.status.is_success() {
            let is_done = answer.read::<Done>().is_some_and(|done| done.success);
            return if is_done { Ok(()) } else { Err(ActFailure::Unknown) };
        }
        if answer.status.is_client_error() && answer.error().is_some_and(|error| UNKNOWN.contains(&error.code)) {
            return Err(ActFailure::NotPossible("Meta does not know the message any more".to_owned()));
        }
        Err(self.refusal(&answer).map_or(ActFailure::Unknown, ActFailure::NothingLeft))
    }
}
