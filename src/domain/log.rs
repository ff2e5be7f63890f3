//! A message as the durable log keeps it, and the changes that may follow.

mod query;

use crate::domain::secret::Secret;

use super::history::{History, Revocation, Version};
use super::media::{BlobId, Media, MediaStatus};
use super::message::{Ack, Details, MessageId, PageMessage, Reaction, Vote};
use super::time::Timestamp;
use super::via::Via;
pub use query::{EventPage, LogEntry, LogExtent, LogPage, LogQuery, Span};

/// The most digits that a place in the log can have. Every number of 19 digits fits into a `u64`.
const PLACE_DIGITS: usize = 19;

/// Reads a place in the log. It is written in digits only, without a sign.
pub fn place(text: &str) -> Option<u64> {
    let is_place = text.len() <= PLACE_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_place)
}

/// Types that are not somebody's message: notices about the chat, and changes of another message.
const SYSTEM: [&str; 26] = [
    "broadcast_notification",
    "call_log",
    "debug",
    "debug_placeholder",
    "e2e_notification",
    "event_edit_encrypted",
    "event_response",
    "gp2",
    "guest_upsell_system_msg",
    "history_bundle",
    "keep_in_chat",
    "message_edit_encrypted",
    "message_history_notice",
    "newsletter_notification",
    "notification",
    "notification_template",
    "pin_message",
    "pinned_message",
    "poll_add_option_decrypted",
    "poll_add_option_encrypted",
    "poll_edit_encrypted",
    "poll_update",
    "protocol",
    "reaction",
    "reaction_enc",
    "status_notification",
];
/// The type of a message that is not decrypted yet.
pub const CIPHERTEXT: &str = "ciphertext";
/// The type of a message that was deleted for everybody.
pub const REVOKED: &str = "revoked";
/// Undecrypted messages that never open on a linked device: WhatsApp's subtype, and the type the service gives them.
const NEVER_OPEN: [(&str, &str); 3] = [
    ("view_once_unavailable_fanout", "view_once"),
    ("bot_unavailable_fanout", "bot_unavailable"),
    ("hosted_unavailable_fanout", "hosted_unavailable"),
];
/// Acks kept per message: pending, server, delivered, read, played, and an error or two.
const ACKS_MAX: usize = 8;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    In,
    /// Sent by this account: by the service, the phone, or another linked device.
    Out,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LoggedMessage {
    pub id: MessageId,
    pub direction: Direction,
    /// `user@server`.
    pub chat: String,
    /// The other side's phone digits, where known; never the digits of a LID.
    pub phone: Option<String>,
    /// Who wrote the message, in groups.
    pub author: Option<String>,
    pub name: Option<String>,
    pub kind: String,
    pub body: Secret,
    pub media: Option<Media>,
    pub quoted: Option<String>,
    /// The LID of the other side of a direct chat.
    pub lid: Option<String>,
    /// The author's phone digits and LID, in groups.
    pub author_phone: Option<String>,
    pub author_lid: Option<String>,
    /// Only of an undecrypted message: why it cannot be read.
    pub subtype: Option<String>,
    /// The content beside the text.
    pub data: Option<Details>,
    /// When the sender last edited the message, in milliseconds since the epoch: shows which of two reports is newer.
    pub edited_ms: Option<u64>,
    /// The number of the refusal by WhatsApp's server.
    pub error_code: Option<i64>,
    /// The time given by WhatsApp's server, in whole seconds.
    pub timestamp: Timestamp,
    pub received_at: Timestamp,
    /// The message arrived while the service was not connected.
    pub recovered: bool,
    pub ack: Ack,
    pub acks: Vec<(Ack, Timestamp)>,
    pub edited_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub history: History,
    /// The phone digits of this account when the message was stored.
    pub account: Option<String>,
    /// Set if this service sent the message.
    pub sent_by_us: Option<Origin>,
    /// The way by which the service learned of the message first.
    pub source: Via,
}

/// Each person's present reaction to a message, and vote in a poll.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    pub reactions: Vec<Reaction>,
    pub votes: Vec<Vote>,
}

/// What the service knows of a message that it sent itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client who is billed for the message.
    pub cliente_id: Option<String>,
}

impl LoggedMessage {
    /// None for system notices, and for status updates, which belong to no conversation.
    pub fn from_page(message: PageMessage, received_at: Timestamp, recovered: bool) -> Option<Self> {
        if SYSTEM.contains(&message.kind.as_str()) || message.chat == "status@broadcast" {
            return None;
        }
        let history = History { revocation: revocation(&message), ..History::default() };
        let is_sealed = message.kind == CIPHERTEXT;
        let edited_ms = message.edited_ms.filter(|_| !message.edit_open);
        let kind = never_opens(&message).map_or(message.kind, str::to_owned);
        Some(Self {
            direction: if message.from_me { Direction::Out } else { Direction::In },
            revoked_at: (kind == REVOKED).then_some(received_at),
            history,
            edited_at: edited_ms.map(|_| received_at),
            id: message.id,
            chat: message.chat,
            phone: message.phone,
            author: message.author,
            name: message.name,
            kind,
            body: message.body,
            media: message.media,
            quoted: message.quoted,
            lid: message.lid,
            author_phone: message.author_phone,
            author_lid: message.author_lid,
            subtype: message.subtype.filter(|_| is_sealed),
            data: message.data,
            edited_ms,
            error_code: None,
            timestamp: Timestamp::from_millis(message.t.saturating_mul(1000)),
            received_at,
            recovered,
            ack: message.ack,
            acks: Vec::new(),
            account: None,
            sent_by_us: None,
            source: Via::Web,
        })
    }

    /// Applies a later report of the page. A deletion keeps the text, and so does an edit that WhatsApp's server may not have.
    pub fn amend(&mut self, message: &PageMessage, at: Timestamp) {
        if message.kind == REVOKED {
            self.revoked_at.get_or_insert(at);
            self.history.revocation = self.history.revocation.take().or_else(|| revocation(message));
        } else if message.kind != CIPHERTEXT && !message.edit_open {
            self.say(message, at);
        }
        fill(&mut self.phone, &message.phone);
        fill(&mut self.lid, &message.lid);
        fill(&mut self.author_phone, &message.author_phone);
        fill(&mut self.author_lid, &message.author_lid);
        self.name = self.name.take().or_else(|| message.name.clone());
        self.acknowledge(message.ack, None, told_by(&message.id), at);
    }

    fn say(&mut self, message: &PageMessage, at: Timestamp) {
        let known = self.edited_ms.filter(|_| self.body == message.body);
        // Both ways tell of one edit, and the page knows its time to the millisecond.
        let is_told_twice = known.zip(message.edited_ms).is_some_and(|(one, other)| is_second(one) != is_second(other));
        let edited_ms =
            if is_told_twice { known.filter(|ms| !is_second(*ms)).or(message.edited_ms) } else { message.edited_ms };
        if self.is_sealed() {
            // The message exists after all, so a revocation noted while it was undecrypted is void.
            self.revoked_at = None;
            self.subtype = None;
            self.kind.clone_from(&message.kind);
        } else if self.is_earlier_text(message) {
            return;
        } else if !is_told_twice && is_older(message.edited_ms, self.edited_ms) {
            // This report is older than the edit that is known already.
            if self.body != message.body {
                self.history.keep(Version { body: message.body.clone(), edited_ms: message.edited_ms, at });
            }
            return;
        } else if self.body != message.body && (message.edited_ms.is_some() || !self.body.reveal().is_empty()) {
            self.edited_at = Some(at);
            self.history.keep(Version { body: self.body.clone(), edited_ms: self.edited_ms, at });
        }
        self.edited_ms = edited_ms;
        self.body = message.body.clone();
        if let Some(media) = &message.media {
            let known = self.media.take();
            self.media = Some(known.map_or_else(|| media.clone(), |known| known.amended(media)));
        }
        self.data = message.data.clone().or(self.data.take());
    }

    /// Whether the Cloud API tells an edit of which the page told, and after which it told of another. Their clocks differ.
    fn is_earlier_text(&self, message: &PageMessage) -> bool {
        let is_the_pages = |edited_ms: Option<u64>| edited_ms.is_some_and(|ms| !is_second(ms));
        message.edited_ms.is_some_and(is_second)
            && self.history.versions.iter().any(|one| one.body == message.body && is_the_pages(one.edited_ms))
    }

    /// Notes what became of the message's file. `sha256` is that of the bytes on the disk.
    pub fn file(&mut self, status: MediaStatus, sha256: Option<BlobId>) {
        if let Some(media) = &mut self.media {
            media.status = status;
            media.sha256 = sha256.or(media.sha256);
        }
    }

    /// The page removed an undecrypted message: it was no message, so it counts as revoked.
    pub fn withdraw(&mut self, at: Timestamp) {
        if self.is_sealed() {
            self.revoked_at.get_or_insert(at);
        }
    }

    /// The message is not decrypted yet, or never opens on this device.
    pub fn is_sealed(&self) -> bool {
        self.kind == CIPHERTEXT || NEVER_OPEN.iter().any(|(_, kind)| self.kind == *kind)
    }

    /// An ack only ever rises, except to an error. `code` is the number of the server's refusal, `by` the way that tells of it.
    /// The Cloud API's reports come in any order, so an error does not undo a delivery there.
    pub fn acknowledge(&mut self, ack: Ack, code: Option<i64>, by: Via, at: Timestamp) {
        let is_news = match (by, self.source) {
            (Via::Web, Via::Web) => ack > self.ack || (ack.is_failure() && ack != self.ack),
            _ => rank(ack) > rank(self.ack),
        };
        if is_news {
            self.ack = ack;
            self.error_code = code;
            self.acks.push((ack, at));
            let surplus = self.acks.len().saturating_sub(ACKS_MAX);
            self.acks.drain(..surplus);
        }
        if self.ack == ack && ack.is_failure() {
            self.error_code = code.or(self.error_code);
        }
    }

    /// The client who is billed for the message, if there is one.
    pub fn cliente_id(&self) -> Option<&str> {
        self.sent_by_us.as_ref()?.cliente_id.as_deref()
    }

    /// Text between two people, in a message of any type (a caption, the button that was pressed). Groups, channels
    /// and empty texts do not count.
    pub fn has_personal_words(&self) -> bool {
        let personal = matches!(self.chat.rsplit_once('@'), Some((_, "c.us" | "lid")));
        personal && !self.body.reveal().trim().is_empty()
    }
}

/// The order in which a message of the Cloud API gets its acks: an error follows the server's ack, and a delivery shows that
/// an error was none.
fn rank(ack: Ack) -> i8 {
    match ack.level() {
        ..0 => 2,
        level @ 0..=1 => level,
        level => level.saturating_add(1),
    }
}

/// The way that tells of a message under this id.
pub fn told_by(id: &MessageId) -> Via {
    if id.is_wamid() { Via::Cloud } else { Via::Web }
}

/// Whether a time is one of the Cloud API's, which tells the second only.
fn is_second(ms: u64) -> bool {
    ms.is_multiple_of(1000)
}

/// Whether what is said now was written before what is known.
fn is_older(said: Option<u64>, known: Option<u64>) -> bool {
    match (said, known) {
        (Some(said), Some(known)) if is_second(said) || is_second(known) => said / 1000 < known / 1000,
        _ => said < known,
    }
}

/// What the page says of a deletion.
fn revocation(message: &PageMessage) -> Option<Revocation> {
    let (by_admin, by) = message.revoked_by.clone()?;
    let at = message.revoked_s.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000)));
    Some(Revocation { by_admin, by, at })
}

/// Overwrites a value only if the page knows one.
fn fill(known: &mut Option<String>, said: &Option<String>) {
    if said.is_some() {
        known.clone_from(said);
    }
}

/// The type given to an undecrypted message that never opens on this device; None if the message may still open.
pub fn never_opens(message: &PageMessage) -> Option<&'static str> {
    let subtype = message.subtype.as_deref().filter(|_| message.kind == CIPHERTEXT)?;
    NEVER_OPEN.iter().find(|(known, _)| *known == subtype).map(|(_, kind)| *kind)
}

/// Whether the message is undecrypted and may still open.
pub fn may_open(message: &PageMessage) -> bool {
    message.kind == CIPHERTEXT && never_opens(message).is_none()
}

#[cfg(test)]
pub(crate) mod tests;
