//! What is done to messages and chats besides sending. An act leads to a state, and to the same state however often it is
//! repeated.

use super::emoji::Emoji;
use super::message::MessageId;
use super::secret::Secret;

/// What is done to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// In place of an earlier reaction of this account.
    React(Emoji),
    /// The new text, or the new caption of a file.
    Edit(Secret),
    /// Deletes the message for everyone.
    Revoke,
    /// Deletes the message on the devices of this account.
    DeleteForMe,
}

impl Act {
    /// What tells this act on a message from another under the same idempotency key. No text of a message and no recipient
    /// begins with a control character.
    pub fn identity(&self, message: &MessageId) -> Vec<String> {
        let (name, said) = match self {
            Self::React(emoji) => ("react", emoji.as_str()),
            Self::Edit(text) => ("edit", text.reveal()),
            Self::Revoke => ("revoke", ""),
            Self::DeleteForMe => ("delete", ""),
        };
        vec![format!("\u{0}{name} {message}"), said.to_owned()]
    }

    /// Others see it, so it keeps the pace of messages.
    pub fn is_seen(&self) -> bool {
        match self {
            Self::React(_) | Self::Edit(_) | Self::Revoke => true,
            Self::DeleteForMe => false,
        }
    }
}

/// What is done to a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatAct {
    Read,
    Unread,
    Show(Typing),
}

/// What a contact is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    Text,
    Voice,
    /// Neither any more.
    Nothing,
}

impl Typing {
    pub const ALL: [Self; 3] = [Self::Text, Self::Voice, Self::Nothing];

    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Voice => "voice",
            Self::Nothing => "none",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_under_a_key_differ_by_message_kind_and_text() {
        let message = MessageId::new("true_1@lid_A");
        let emoji = |text: &str| Emoji::parse(text).map(Act::React);
        let acts =
            [emoji("👍"), emoji(""), Some(Act::Edit(Secret::new("👍"))), Some(Act::Revoke), Some(Act::DeleteForMe)];
        let identities: Vec<_> = acts.iter().flatten().map(|act| act.identity(&message)).collect();
        assert_eq!(identities.len(), 5);
        for (at, identity) in identities.iter().enumerate() {
            assert!(!identities[..at].contains(identity), "{identity:?}");
        }
        assert_ne!(Act::Revoke.identity(&message), Act::Revoke.identity(&MessageId::new("true_1@lid_B")));
        assert!(!format!("{:?}", Act::Edit(Secret::new("secreto"))).contains("secreto"));
    }

    #[test]
    fn what_is_shown_has_a_name() {
        assert!(Typing::ALL.iter().all(|one| Typing::from_name(one.name()) == Some(*one)));
        assert_eq!(Typing::from_name("video"), None);
    }
}
