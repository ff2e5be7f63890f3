//! Whether somebody is online.

use serde::Serialize;
use utoipa::ToSchema;

use super::Timestamp;
use crate::domain::{presence, time};

#[derive(Serialize, ToSchema)]
pub struct Presence {
    pub ok: bool,
    /// The phone's digits; null where WhatsApp does not tell them.
    pub phone: Option<String>,
    /// `user@lid`.
    pub lid: String,
    /// `available`, `unavailable`, `typing` or `recording`; null while WhatsApp's server has told nothing, as to people whom this
    /// one does not show it to.
    pub state: Option<&'static str>,
    /// Since when the person is not online, where they tell it.
    pub last_seen: Option<Timestamp>,
    /// The person does not tell since when.
    pub hidden: bool,
}

impl From<presence::Presence> for Presence {
    fn from(told: presence::Presence) -> Self {
        let presence::Presence { phone, lid, state, last_seen_s, hidden } = told;
        let last_seen = last_seen_s.map(|at| time::Timestamp::from_millis(at.saturating_mul(1000)).into());
        Self { ok: true, phone, lid, state: state.map(presence::PresenceState::name), last_seen, hidden }
    }
}
