//! Whether somebody is online, as far as WhatsApp tells it.

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresenceState {
    Available,
    Unavailable,
    Typing,
    Recording,
}

impl PresenceState {
    pub fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Unavailable => "unavailable",
            Self::Typing => "typing",
            Self::Recording => "recording",
        }
    }
}

/// What is known of a person's presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The phone's digits, where the page knows them.
    pub phone: Option<String>,
    /// `user@lid`.
    pub lid: String,
    /// None while WhatsApp's server has told nothing.
    pub state: Option<PresenceState>,
    /// Since when the person is not online, in seconds since the epoch.
    pub last_seen_s: Option<u64>,
    /// The person does not tell since when.
    pub hidden: bool,
}
