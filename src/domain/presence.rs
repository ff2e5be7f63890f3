//! Whether somebody is online, as far as WhatsApp tells it.

use super::time::Timestamp;

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

/// What became of a person's presence. It is in no log: it is told to those who follow at that moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceChange {
    /// Distinguishes the runs of the service, which all count from 1.
    pub run: u32,
    /// Counts the changes of all people.
    pub n: u64,
    pub at: Timestamp,
    pub presence: Presence,
}

impl PresenceChange {
    /// The type of the event.
    pub const TYPE: &'static str = "presence";

    /// Never used again for another change; no place in the log.
    pub fn id(&self) -> String {
        format!("prs_{:08x}_{}", self.run, self.n)
    }
}
