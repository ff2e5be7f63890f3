//! What starting, stopping, linking and unlinking answer.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Reason, State, Timestamp};

#[derive(Serialize, ToSchema)]
pub struct Connected {
    pub success: bool,
    /// `Connecting` or `Already connected`.
    pub message: &'static str,
    pub session: &'static str,
    pub state: State,
    /// The same as `state`.
    pub status: State,
    /// A browser was already running or starting.
    #[serde(rename = "alreadyConnected")]
    pub already_connected: bool,
}

#[derive(Serialize, ToSchema)]
pub struct Disconnected {
    pub success: bool,
    /// `Disconnected`.
    pub message: &'static str,
    pub state: State,
}

#[derive(Serialize, ToSchema)]
pub struct Unlinked {
    #[serde(flatten)]
    pub stopped: Disconnected,
    pub reason: Reason,
    /// The stored login is gone, but WhatsApp did not confirm that it was told: the phone may still list the device.
    pub phone_still_lists_device: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
pub struct PairingCode {
    pub success: bool,
    /// Eight characters to type on the phone.
    pub code: String,
    /// The same, as the phone shows it.
    pub display: String,
    pub expires_at: Timestamp,
}

#[derive(Serialize, ToSchema)]
pub struct PairingDropped {
    pub success: bool,
}
