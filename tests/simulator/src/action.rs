//! What a page does with messages and chats besides sending messages.

use serde::{Deserialize, Serialize};

/// An action of a page that the server took. Messages are named by their bare ids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// An empty emoji takes the reaction back.
    Reaction {
        message: String,
        emoji: String,
    },
    /// The names of all options that are chosen now.
    Vote {
        message: String,
        options: Vec<String>,
    },
    Edit {
        message: String,
        text: String,
    },
    Revoke {
        message: String,
    },
    DeleteForMe {
        message: String,
    },
    RejectCall {
        call: String,
        peer: String,
    },
    Block {
        lid: String,
        on: bool,
    },
    Archive {
        chat: String,
        on: bool,
    },
    Pin {
        chat: String,
        on: bool,
    },
    /// `until` in Unix seconds: -1 is for ever, 0 ends it.
    Mute {
        chat: String,
        until: i64,
    },
    /// A chat was marked as unread.
    Unread {
        chat: String,
    },
}

/// What WhatsApp tells of a person's presence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Present {
    /// `unavailable`; None: online.
    pub kind: Option<String>,
    /// Since when somebody is not online, in seconds since the epoch, or `deny`.
    pub last: Option<String>,
    /// In place of both: `composing`, `recording` or `paused`.
    pub chat: Option<String>,
}
