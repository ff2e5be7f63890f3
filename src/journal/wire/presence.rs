//! What events tell of people's presence.

use serde::Serialize;
use utoipa::ToSchema;

use super::values::Timestamp;
use crate::domain::{presence, time};

/// The presence of somebody who is followed has changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PresenceChange)]
pub struct Presence<'a> {
    /// The chat with the person, in which they type or record.
    pub chat_id: &'a str,
    /// The phone's digits; null where WhatsApp does not tell them.
    pub phone: Option<&'a str>,
    /// `user@lid`.
    pub lid: &'a str,
    /// Null: WhatsApp's server has told nothing since the connection was lost.
    pub state: Option<PresenceState>,
    /// Since when the person is not online, where they tell it.
    pub last_seen: Option<Timestamp>,
    /// The person does not tell since when.
    pub hidden: bool,
}

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceState {
    Available,
    Unavailable,
    Typing,
    Recording,
}

impl From<presence::PresenceState> for PresenceState {
    fn from(state: presence::PresenceState) -> Self {
        match state {
            presence::PresenceState::Available => Self::Available,
            presence::PresenceState::Unavailable => Self::Unavailable,
            presence::PresenceState::Typing => Self::Typing,
            presence::PresenceState::Recording => Self::Recording,
        }
    }
}

impl<'a> From<&'a presence::Presence> for Presence<'a> {
    fn from(told: &'a presence::Presence) -> Self {
        let presence::Presence { phone, lid, state, last_seen_s, hidden } = told;
        let last_seen = last_seen_s.map(|at| time::Timestamp::from_millis(at.saturating_mul(1000)).into());
        let (phone, state) = (phone.as_deref(), state.map(PresenceState::from));
        Self { chat_id: lid, phone, lid, state, last_seen, hidden: *hidden }
    }
}
