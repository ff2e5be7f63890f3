//! Messages: their ids, their acks, and how the page reports them.

use std::fmt;

use crate::domain::media::Media;
use crate::domain::notice::{Notice, Person};
use crate::domain::secret::{Secret, masked};

/// WhatsApp's id of a message: `fromMe_chat_HEX`, followed by `_participant` in groups.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    pub fn new(serialized: impl Into<String>) -> Self {
        Self(serialized.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn into_string(self) -> String {
        self.0
    }

    /// WhatsApp's own part of the id, without the chat and the author.
    pub fn own_part(&self) -> &str {
        self.0.split('_').nth(2).unwrap_or(&self.0)
    }

    /// The parts of an id of WhatsApp Web; None for ids of another form, such as those of the Cloud API.
    pub fn parts(&self) -> Option<IdParts<'_>> {
        let mut parts = self.0.split('_');
        let from_me = match parts.next()? {
            "true" => true,
            "false" => false,
            _ => return None,
        };
        let (chat, key) = (parts.next()?, parts.next()?);
        let (participant, rest) = (parts.next(), parts.next());
        let is_chat =
            |text: &str| text.split_once('@').is_some_and(|(user, server)| !user.is_empty() && !server.is_empty());
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (is_chat(chat) && is_key && participant.is_none_or(is_chat) && rest.is_none()).then_some(IdParts {
            from_me,
            chat,
            key,
        })
    }

    /// The id as a log may hold it: of the chat and the author only the last two digits. What WhatsApp made up stays.
    pub fn masked(&self) -> String {
        if self.is_wamid() {
            return self.masked_wamid();
        }
        let shown = |part: &str| match part.split_once('@') {
            Some((user, server)) => format!("{}@{server}", masked(user)),
            None => part.to_owned(),
        };
        self.0.split('_').map(shown).collect::<Vec<_>>().join("_")
    }
}

/// What an id of WhatsApp Web says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdParts<'a> {
    pub from_me: bool,
    /// `user@server`.
    pub chat: &'a str,
    /// WhatsApp's own part of the id.
    pub key: &'a str,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a message of this account got, in WhatsApp's numbers: -1 error, 0 not left, 1 server, 2 delivered, 3 read,
/// 4 played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ack(i8);

impl Ack {
    /// The message has not left yet; the page shows a clock.
    pub const PENDING: Self = Self(0);
    /// WhatsApp's server refused the message, or the message will never leave.
    pub const FAILED: Self = Self(-1);
    /// WhatsApp's server has the message.
    pub const SERVER: Self = Self(1);

    pub fn new(level: i8) -> Self {
        Self(level)
    }

    pub fn level(self) -> i8 {
        self.0
    }

    pub fn is_failure(self) -> bool {
        self.0 < 0
    }

    pub fn is_sent(self) -> bool {
        self >= Self::SERVER
    }
}

/// A message as the page reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct PageMessage {
    pub id: MessageId,
    pub from_me: bool,
    /// The chat, `user@server`.
    pub chat: String,
    /// The LID of the other side of a direct chat, where the page knows it.
    pub lid: Option<String>,
    /// Who wrote the message, in groups.
    pub author: Option<String>,
    /// The author's phone digits and LID, where the page knows them.
    pub author_phone: Option<String>,
    pub author_lid: Option<String>,
    /// Absent on some system messages.
    pub from: Option<String>,
    pub to: Option<String>,
    /// The sender's (received) or recipient's (`from_me`) phone digits, where the page knows them.
    pub phone: Option<String>,
    /// `chat` is text; `ciphertext` is not decrypted yet.
    pub kind: String,
    /// Only of a `ciphertext`: why it cannot be read.
    pub subtype: Option<String>,
    /// The text, wherever the page keeps it.
    pub body: Secret,
    /// The name that the sender chose.
    pub name: Option<String>,
    pub media: Option<Media>,
    /// WhatsApp's own part of the id of the message that this message quotes.
    pub quoted: Option<String>,
    /// The content beside the text: coordinates, contacts, the options of a poll, the button that was pressed.
    pub data: Option<Details>,
    /// When the message was last edited, in milliseconds since the epoch.
    pub edited_ms: Option<u64>,
    /// The text is that of an edit by this account of which it is not known that WhatsApp's server has it.
    pub edit_open: bool,
    /// When the message was deleted for everybody, in seconds since the epoch. `id` is the id of the deleted message.
    pub revoked_s: Option<u64>,
    /// What it tells, if it is no message: a call, or a change of a group.
    pub notice: Option<Box<Notice>>,
    /// Who deleted the message for everybody: whether an admin did, and who it was.
    pub revoked_by: Option<(bool, Option<Person>)>,
    /// The row in the page's table of messages, if the message was read from there.
    pub row: Option<u64>,
    /// Seconds since the epoch, by WhatsApp's server.
    pub t: u64,
    pub ack: Ack,
    /// False for history that the page replays after a load.
    pub is_new: bool,
}

/// The content of a message beside its text. It may hold anything that people send, so it is never printed.
#[derive(Clone, PartialEq)]
pub struct Details(pub serde_json::Value);

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The result of a send that the current document of the page made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub id: MessageId,
    /// `OK`, or WhatsApp's word for the error.
    pub result: String,
    /// The number of the server's refusal.
    pub code: Option<i64>,
    /// True if nothing has left and nothing will leave.
    pub certain: bool,
    pub message: String,
}

/// Somebody's reaction to a message, as the page reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// The reaction's own id.
    pub id: MessageId,
    /// The message that the reaction is to.
    pub message_id: MessageId,
    pub chat: String,
    /// Who reacted, `user@server`.
    pub sender: String,
    pub sender_phone: Option<String>,
    pub from_me: bool,
    /// Empty if the reaction was taken back.
    pub emoji: String,
    /// Milliseconds since the epoch.
    pub t_ms: u64,
}

/// Somebody's current vote in a poll, as the page reports it.
#[derive(Clone, Debug, PartialEq)]
pub struct Vote {
    /// The vote's own id.
    pub id: MessageId,
    /// The poll.
    pub message_id: MessageId,
    pub chat: String,
    /// Who voted, `user@server`.
    pub sender: String,
    pub sender_phone: Option<String>,
    pub from_me: bool,
    /// The options chosen now; empty if the vote was taken back.
    pub options: Vec<Secret>,
    /// Milliseconds since the epoch.
    pub t_ms: u64,
}

/// What happens to messages, in the order in which the page saw it.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageEvent {
    Added(Box<PageMessage>),
    /// The message was decrypted, edited or revoked after it was added.
    Changed(Box<PageMessage>),
    /// The page removed the message.
    Removed(MessageId),
    /// A message's new ack, with the number of the server's refusal if there is one.
    Acked(MessageId, Ack, Option<i64>),
    /// The result of a send that the current document made.
    Outcome(Outcome),
    /// The Cloud API took a message that has this reference, and gave it this id.
    Accepted(MessageId, MessageId),
    Reacted(Box<Reaction>),
    Voted(Box<Vote>),
    Noticed(Box<Notice>),
}

impl PageMessage {
    /// The approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        let thumbnail = self.media.as_ref().and_then(|media| media.thumbnail.as_ref());
        self.body.reveal().len()
            + self.data.as_ref().map_or(0, Details::size)
            + thumbnail.map_or(0, |picture| picture.reveal().len())
            + self.notice.as_ref().map_or(0, |notice| notice.size())
            + MESSAGE_SIZE
    }
}

/// The size of a message beside its text: ids, chats, names.
const MESSAGE_SIZE: usize = 1024;

impl Details {
    pub fn size(&self) -> usize {
        fn of(value: &serde_json::Value) -> usize {
            use serde_json::Value;
            match value {
                Value::String(text) => text.len(),
                Value::Array(items) => items.iter().map(of).sum(),
                Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + of(value)).sum(),
                Value::Null | Value::Bool(_) | Value::Number(_) => size_of::<Value>(),
            }
        }
        of(&self.0)
    }
}

impl MessageEvent {
    /// The part of the event that those who wait for the end of a send need: how far a message got, without its text.
    pub fn of_a_send(&self) -> Option<Self> {
        match self {
            Self::Added(message) | Self::Changed(message) if message.from_me => {
                Some(Self::Acked(message.id.clone(), message.ack, None))
            }
            Self::Acked(..) | Self::Outcome(_) | Self::Accepted(..) => Some(self.clone()),
            Self::Added(_)
            | Self::Changed(_)
            | Self::Removed(_)
            | Self::Reacted(_)
            | Self::Voted(_)
            | Self::Noticed(_) => None,
        }
    }

    /// The approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Added(message) | Self::Changed(message) => message.size(),
            Self::Noticed(notice) => notice.size() + MESSAGE_SIZE,
            Self::Voted(vote) => vote.options.iter().map(|option| option.reveal().len()).sum::<usize>() + MESSAGE_SIZE,
            Self::Removed(_) | Self::Acked(..) | Self::Outcome(_) | Self::Accepted(..) | Self::Reacted(_) => {
                MESSAGE_SIZE
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::domain::wamid::Wamid;

    #[test]
    fn an_id_of_whatsapp_web_has_parts() {
        let parts = |id: &str| {
            MessageId::new(id).parts().map(|parts| (parts.from_me, parts.chat.to_owned(), parts.key.to_owned()))
        };
        let direct = (true, "22300000000001@lid".to_owned(), "3EB0A1".to_owned());
        assert_eq!(parts("true_22300000000001@lid_3EB0A1"), Some(direct));
        let group = (false, "120363000000000001@g.us".to_owned(), "3EB0A1".to_owned());
        assert_eq!(parts("false_120363000000000001@g.us_3EB0A1_5491122334466@c.us"), Some(group));
        for other in [
            "",
            "none",
            "wamid.AA==",
            "true_1@lid",
            "true_1_A",
            "maybe_1@lid_A",
            "true_1@lid_A_b",
            "true_1@lid_A_2@lid_c",
            "true_1@lid_a'b",
        ] {
            assert_eq!(parts(other), None, "{other}");
        }
    }

    #[test]
    fn a_log_holds_no_whole_number_of_an_id() {
        let masked = |id: &str| MessageId::new(id).masked();
        assert_eq!(masked("true_5491122334455@c.us_3EB0A1"), "true_…55@c.us_3EB0A1");
        assert_eq!(masked("false_120363000000000001@g.us_3EB0A1_5491122334466@c.us"), "false_…01@g.us_3EB0A1_…66@c.us");
        assert_eq!(masked("3EB0A1"), "3EB0A1");
        let (number, key) = ("5491122334455".to_owned(), "3EB0A1B2C3D4".to_owned());
        let wamid = Wamid { number, from_me: true, key }.encode();
        assert_eq!(masked(&wamid), "wamid.…55_3EB0A1B2C3D4");
        // An id of another form may have the number in it all the same.
        let opaque = format!("wamid.{}", STANDARD.encode("another form: 5491122334455"));
        let shown = masked(&opaque);
        assert!(shown.starts_with("wamid.#") && shown.len() == 15, "{shown}");
        assert_ne!(shown, masked("wamid.AAAA"));
    }
}
