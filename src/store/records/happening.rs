//! An entry of the log that is not a message.

use serde::{Deserialize, Serialize};

use super::revealed;
use crate::domain::event::{CodeShown, Happening};
use crate::domain::message::{Ack, MessageId, Reaction, Vote};
use crate::domain::secret::Secret;
use crate::domain::state::{Reason, State, Transition};
use crate::domain::time::Timestamp;

#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(in crate::store) enum StoredHappening {
    Opened { of: u64, at: Timestamp },
    Edited { of: u64, at: Timestamp },
    Revoked { of: u64, at: Timestamp },
    Acked { of: u64, ack: Ack, at: Timestamp },
    Reacted { reaction: StoredReaction, at: Timestamp },
    Voted { vote: StoredVote, at: Timestamp },
    State(StoredTransition),
    Code(StoredCode),
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredReaction {
    id: MessageId,
    message_id: MessageId,
    chat: String,
    sender: String,
    #[serde(default)]
    sender_phone: Option<String>,
    from_me: bool,
    emoji: String,
    t_ms: u64,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredVote {
    id: MessageId,
    message_id: MessageId,
    chat: String,
    sender: String,
    #[serde(default)]
    sender_phone: Option<String>,
    from_me: bool,
    #[serde(serialize_with = "revealed::all")]
    options: Vec<Secret>,
    t_ms: u64,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredTransition {
    at: Timestamp,
    from: State,
    to: State,
    reason: Option<Reason>,
    detail: String,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredCode {
    attempt: u32,
    generated_at: Timestamp,
    expires_at: Timestamp,
}

impl From<Happening> for StoredHappening {
    fn from(happening: Happening) -> Self {
        match happening {
            Happening::Opened { of, at } => Self::Opened { of, at },
            Happening::Edited { of, at } => Self::Edited { of, at },
            Happening::Revoked { of, at } => Self::Revoked { of, at },
            Happening::Acked { of, ack, at } => Self::Acked { of, ack, at },
            Happening::Reacted { reaction, at } => Self::Reacted { reaction: reaction.into(), at },
            Happening::Voted { vote, at } => Self::Voted { vote: vote.into(), at },
            Happening::State(step) => Self::State(step.into()),
            Happening::Code(shown) => Self::Code(shown.into()),
        }
    }
}

impl From<StoredHappening> for Happening {
    fn from(stored: StoredHappening) -> Self {
        match stored {
            StoredHappening::Opened { of, at } => Self::Opened { of, at },
            StoredHappening::Edited { of, at } => Self::Edited { of, at },
            StoredHappening::Revoked { of, at } => Self::Revoked { of, at },
            StoredHappening::Acked { of, ack, at } => Self::Acked { of, ack, at },
            StoredHappening::Reacted { reaction, at } => Self::Reacted { reaction: reaction.into(), at },
            StoredHappening::Voted { vote, at } => Self::Voted { vote: vote.into(), at },
            StoredHappening::State(step) => Self::State(step.into()),
            StoredHappening::Code(shown) => Self::Code(shown.into()),
        }
    }
}

impl From<Reaction> for StoredReaction {
    fn from(reaction: Reaction) -> Self {
        let Reaction { id, message_id, chat, sender, sender_phone, from_me, emoji, t_ms } = reaction;
        Self { id, message_id, chat, sender, sender_phone, from_me, emoji, t_ms }
    }
}

impl From<StoredReaction> for Reaction {
    fn from(stored: StoredReaction) -> Self {
        let StoredReaction { id, message_id, chat, sender, sender_phone, from_me, emoji, t_ms } = stored;
        Self { id, message_id, chat, sender, sender_phone, from_me, emoji, t_ms }
    }
}

impl From<Vote> for StoredVote {
    fn from(vote: Vote) -> Self {
        let Vote { id, message_id, chat, sender, sender_phone, from_me, options, t_ms } = vote;
        Self { id, message_id, chat, sender, sender_phone, from_me, options, t_ms }
    }
}

impl From<StoredVote> for Vote {
    fn from(stored: StoredVote) -> Self {
        let StoredVote { id, message_id, chat, sender, sender_phone, from_me, options, t_ms } = stored;
        Self { id, message_id, chat, sender, sender_phone, from_me, options, t_ms }
    }
}

impl From<Transition> for StoredTransition {
    fn from(step: Transition) -> Self {
        let Transition { at, from, to, reason, detail } = step;
        Self { at, from, to, reason, detail }
    }
}

impl From<StoredTransition> for Transition {
    fn from(stored: StoredTransition) -> Self {
        let StoredTransition { at, from, to, reason, detail } = stored;
        Self { at, from, to, reason, detail }
    }
}

impl From<CodeShown> for StoredCode {
    fn from(shown: CodeShown) -> Self {
        let CodeShown { attempt, generated_at, expires_at } = shown;
        Self { attempt, generated_at, expires_at }
    }
}

impl From<StoredCode> for CodeShown {
    fn from(stored: StoredCode) -> Self {
        let StoredCode { attempt, generated_at, expires_at } = stored;
        Self { attempt, generated_at, expires_at }
    }
}
