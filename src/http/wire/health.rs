//! Whether the service answers, its session's task runs, and messages can be sent.

use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::{State, Timestamp};
use crate::domain::{state, time};
use crate::http::{SERVICE, VERSION};

#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
    pub service: &'static str,
    pub timestamp: Timestamp,
    /// The session's state, or `NOT_INITIALIZED` before the first connect.
    pub whatsapp_state: &'static str,
    pub version: &'static str,
    /// Whole seconds since the start.
    pub uptime_s: u64,
}

#[derive(Serialize, ToSchema)]
pub struct Alive {
    /// `ok`, or `ready` where that was asked for.
    pub status: &'static str,
    pub state: State,
}

impl Health {
    /// `state` is None before the first connect.
    pub fn new(now: time::Timestamp, state: Option<state::State>, started: Instant) -> Self {
        Self {
            status: "ok",
            service: SERVICE,
            timestamp: now.into(),
            whatsapp_state: state.map_or("NOT_INITIALIZED", state::State::name),
            version: VERSION,
            uptime_s: started.elapsed().as_secs(),
        }
    }
}

impl Alive {
    pub fn in_state(state: state::State) -> Self {
        Self { status: "ok", state: state.into() }
    }
}
