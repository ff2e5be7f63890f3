//! An entry of the log that is not a message.

use serde::{Deserialize, Serialize};

use super::limits::StoredLimits;
use super::notice::StoredNotice;
use super::values::{StoredReason, StoredState, StoredTime};
use crate::domain::event::{CodeShown, Happening};
use crate::domain::message::{Ack, MessageId, Reaction, Vote};
use crate::domain::secret::Secret;
use crate::domain::state::Transition;

#[derive(Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(in crate::store) enum StoredHappening {
    Opened { of: u64, at: StoredTime },
    Edited { of: u64, at: StoredTime },
    Revoked { of: u64, at: StoredTime },
    Acked { of: u64, ack: i8, at: StoredTime },
    Reacted { reaction: StoredReaction, at: StoredTime },
    Voted { vote: StoredVote, at: StoredTime },
    Noticed { notice: StoredNotice, at: StoredTime },
    File { of: u64, at: StoredTime },
    Limits(StoredLimits),
    State(StoredTransition),
    Code(StoredCode),
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredReaction {
    id: String,
    message_id: String,
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
    id: String,
    message_id: String,
    chat: String,
    sender: String,
    #[serde(default)]
    sender_phone: Option<String>,
    from_me: bool,
    options: Vec<String>,
    t_ms: u64,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredTransition {
    at: StoredTime,
    from: StoredState,
    to: StoredState,
    reason: Option<StoredReason>,
    detail: String,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredCode {
    attempt: u32,
    generated_at: StoredTime,
    expires_at: StoredTime,
}

impl From<Happening> for StoredHappening {
    fn from(happening: Happening) -> Self {
        match happening {
            Happening::Opened { of, at } => Self::Opened { of, at: at.into() },
            Happening::Edited { of, at } => Self::Edited { of, at: at.into() },
            Happening::Revoked { of, at } => Self::Revoked { of, at: at.into() },
            Happening::Acked { of, ack, at } => Self::Acked { of, ack: ack.level(), at: at.into() },
            Happening::Reacted { reaction, at } => Self::Reacted { reaction: reaction.into(), at: at.into() },
            Happening::Voted { vote, at } => Self::Voted { vote: vote.into(), at: at.into() },
            Happening::Noticed { notice, at } => Self::Noticed { notice: notice.into(), at: at.into() },
            Happening::File { of, at } => Self::File { of, at: at.into() },
            Happening::Limits(change) => Self::Limits(change.into()),
            Happening::State(step) => Self::State(step.into()),
            Happening::Code(shown) => Self::Code(shown.into()),
        }
    }
}

impl From<StoredHappening> for Happening {
    fn from(stored: StoredHappening) -> Self {
        match stored {
            StoredHappening::Opened { of, at } => Self::Opened { of, at: at.into() },
            StoredHappening::Edited { of, at } => Self::Edited { of, at: at.into() },
            StoredHappening::Revoked { of, at } => Self::Revoked { of, at: at.into() },
            StoredHappening::Acked { of, ack, at } => Self::Acked { of, ack: Ack::new(ack), at: at.into() },
            StoredHappening::Reacted { reaction, at } => Self::Reacted { reaction: reaction.into(), at: at.into() },
            StoredHappening::Voted { vote, at } => Self::Voted { vote: vote.into(), at: at.into() },
            StoredHappening::Noticed { notice, at } => Self::Noticed { notice: notice.into(), at: at.into() },
            StoredHappening::File { of, at } => Self::File { of, at: at.into() },
            StoredHappening::Limits(change) => Self::Limits(change.into()),
            StoredHappening::State(step) => Self::State(step.into()),
            StoredHappening::Code(shown) => Self::Code(shown.into()),
        }
    }
}

impl From<Reaction> for StoredReaction {
    fn from(reaction: Reaction) -> Self {
        let Reaction { id, message_id, chat, sender, sender_phone, from_me, emoji, t_ms } = reaction;
        Self {
            id: id.into_string(),
            message_id: message_id.into_string(),
            chat,
            sender,
            sender_phone,
            from_me,
            emoji,
            t_ms,
        }
    }
}

impl From<StoredReaction> for Reaction {
    fn from(stored: StoredReaction) -> Self {
        let StoredReaction { id, message_id, chat, sender, sender_phone, from_me, emoji, t_ms } = stored;
        let (id, message_id) = (MessageId::new(id), MessageId::new(message_id));
        Self { id, message_id, chat, sender, sender_phone, from_me, emoji, t_ms }
    }
}

impl From<Vote> for StoredVote {
    fn from(vote: Vote) -> Self {
        let Vote { id, message_id, chat, sender, sender_phone, from_me, options, t_ms } = vote;
        let options = options.into_iter().map(Secret::into_revealed).collect();
        Self {
            id: id.into_string(),
            message_id: message_id.into_string(),
            chat,
            sender,
            sender_phone,
            from_me,
            options,
            t_ms,
        }
    }
}

impl From<StoredVote> for Vote {
    fn from(stored: StoredVote) -> Self {
        let StoredVote { id, message_id, chat, sender, sender_phone, from_me, options, t_ms } = stored;
        let (id, message_id) = (MessageId::new(id), MessageId::new(message_id));
        let options = options.into_iter().map(Secret::new).collect();
        Self { id, message_id, chat, sender, sender_phone, from_me, options, t_ms }
    }
}

impl From<Transition> for StoredTransition {
    fn from(step: Transition) -> Self {
        let Transition { at, from, to, reason, detail } = step;
        Self { at: at.into(), from: from.into(), to: to.into(), reason: reason.map(StoredReason::from), detail }
    }
}

impl From<StoredTransition> for Transition {
    fn from(stored: StoredTransition) -> Self {
        let StoredTransition { at, from, to, reason, detail } = stored;
        Self { at: at.into(), from: from.into(), to: to.into(), reason: reason.map(Into::into), detail }
    }
}

impl From<CodeShown> for StoredCode {
    fn from(shown: CodeShown) -> Self {
        let CodeShown { attempt, generated_at, expires_at } = shown;
        Self { attempt, generated_at: generated_at.into(), expires_at: expires_at.into() }
    }
}

impl From<StoredCode> for CodeShown {
    fn from(stored: StoredCode) -> Self {
        let StoredCode { attempt, generated_at, expires_at } = stored;
        Self { attempt, generated_at: generated_at.into(), expires_at: expires_at.into() }
    }
}
