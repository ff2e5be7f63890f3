//! The call about others' presence.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::{Page, PageError};
use crate::domain::address::ChatId;
use crate::domain::presence::{Presence, PresenceState};

#[derive(Deserialize)]
pub(in crate::transport::web::whatsapp) struct PresenceShape {
    lid: String,
    phone: Option<String>,
    state: Option<StateShape>,
    last_seen_s: Option<u64>,
    hidden: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum StateShape {
    Available,
    Unavailable,
    Typing,
    Recording,
}

impl From<StateShape> for PresenceState {
    fn from(state: StateShape) -> Self {
        match state {
            StateShape::Available => Self::Available,
            StateShape::Unavailable => Self::Unavailable,
            StateShape::Typing => Self::Typing,
            StateShape::Recording => Self::Recording,
        }
    }
}

impl From<PresenceShape> for Presence {
    fn from(shape: PresenceShape) -> Self {
        let PresenceShape { lid, phone, state, last_seen_s, hidden } = shape;
        Self { phone, lid, state: state.map(PresenceState::from), last_seen_s, hidden }
    }
}

impl Page {
    /// Follows a person's presence from now on, also after reconnects, and tells what is known. WhatsApp tells it only to
    /// accounts that are shown as online themselves.
    pub async fn presence(&self, chat: &ChatId) -> Result<Presence, PageError> {
        let told: PresenceShape = self.call("presence", json!({ "chat": chat.to_string() }), self.deadline).await?;
        Ok(told.into())
    }

    /// Follows people by their LIDs whom an earlier document of the page has followed.
    pub async fn follow_presence(&self, lids: &[String], deadline: Duration) -> Result<(), PageError> {
        self.call("follow", json!({ "lids": lids }), deadline).await
    }
}
