//! A message as the durable log keeps it, and the changes that may follow.

mod query;

use crate::domain::secret::Secret;

use super::media::{BlobId, Media, MediaStatus};
use super::message::{Ack, Details, MessageId, PageMessage};
use super::time::Timestamp;
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
    /// The phone digits of this account when the message was stored.
    pub account: Option<String>,
    /// Set if this service sent the message.
    pub sent_by_us: Option<Origin>,
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
        let is_sealed = message.kind == CIPHERTEXT;
        let kind = never_opens(&message).map_or(message.kind, str::to_owned);
        Some(Self {
            direction: if message.from_me { Direction::Out } else { Direction::In },
            revoked_at: (kind == REVOKED).then_some(received_at),
            edited_at: message.edited_ms.map(|_| received_at),
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
            edited_ms: message.edited_ms,
            error_code: None,
            timestamp: Timestamp::from_millis(message.t.saturating_mul(1000)),
            received_at,
            recovered,
            ack: message.ack,
            acks: Vec::new(),
            account: None,
            sent_by_us: None,
        })
    }

    /// Applies a later report of the page. A deletion keeps the text.
    pub fn amend(&mut self, message: &PageMessage, at: Timestamp) {
        if message.kind == REVOKED {
            self.revoked_at.get_or_insert(at);
        } else if message.kind != CIPHERTEXT {
            self.say(message, at);
        }
        fill(&mut self.phone, &message.phone);
        fill(&mut self.lid, &message.lid);
        fill(&mut self.author_phone, &message.author_phone);
        fill(&mut self.author_lid, &message.author_lid);
        self.name = self.name.take().or_else(|| message.name.clone());
        self.acknowledge(message.ack, None, at);
    }

    fn say(&mut self, message: &PageMessage, at: Timestamp) {
        if self.is_sealed() {
            // The message exists after all, so a revocation noted while it was undecrypted is void.
            self.revoked_at = None;
            self.subtype = None;
            self.kind.clone_from(&message.kind);
        } else if message.edited_ms < self.edited_ms {
            // This report is older than the edit that is known already.
            return;
        } else if self.body != message.body && (message.edited_ms.is_some() || !self.body.reveal().is_empty()) {
            self.edited_at = Some(at);
        }
        self.edited_ms = message.edited_ms;
        self.body = message.body.clone();
        if let Some(media) = &message.media {
            let known = self.media.take();
            self.media = Some(known.map_or_else(|| media.clone(), |known| known.amended(media)));
        }
        self.data = message.data.clone().or(self.data.take());
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

    /// An ack only ever rises, except to an error. `code` is the number of the server's refusal.
    pub fn acknowledge(&mut self, ack: Ack, code: Option<i64>, at: Timestamp) {
        if ack > self.ack || (ack.is_failure() && ack != self.ack) {
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
pub(crate) mod tests {
    use super::*;

    #[test]
    fn only_words_between_two_are_personal() {
        let at = Timestamp::from_millis(0);
        let personal = |message: PageMessage| {
            LoggedMessage::from_page(message, at, false).is_some_and(|message| message.has_personal_words())
        };
        assert!(personal(page_message("a", "hola")) && !personal(page_message("a", " \n")));
        assert!(!personal(PageMessage { chat: "1@g.us".to_owned(), ..page_message("a", "hola") }));
        assert!(personal(PageMessage { kind: "image".to_owned(), ..page_message("a", "una foto") }));
        assert!(personal(PageMessage { kind: "buttons_response".to_owned(), ..page_message("a", "Sí") }));
    }

    pub(crate) fn page_message(id: &str, body: &str) -> PageMessage {
        PageMessage {
            id: MessageId::new(id),
            from_me: false,
            chat: "1@lid".to_owned(),
            author: None,
            from: Some("1@lid".to_owned()),
            to: None,
            phone: None,
            lid: None,
            author_phone: None,
            author_lid: None,
            subtype: None,
            data: None,
            edited_ms: None,
            revoked_s: None,
            row: None,
            name: None,
            media: None,
            quoted: None,
            kind: "chat".to_owned(),
            body: Secret::new(body),
            t: 1,
            ack: Ack::PENDING,
            is_new: true,
        }
    }

    #[test]
    fn system_notices_are_not_messages() {
        let at = Timestamp::from_millis(0);
        let notice = PageMessage { kind: "gp2".to_owned(), ..page_message("a", "") };
        let status = PageMessage { chat: "status@broadcast".to_owned(), ..page_message("a", "x") };
        assert!(LoggedMessage::from_page(notice, at, false).is_none());
        assert!(LoggedMessage::from_page(status, at, false).is_none());
        assert!(LoggedMessage::from_page(page_message("a", "x"), at, false).is_some());
    }

    #[test]
    fn edits_deletions_and_acks_are_kept_beside_what_was_said() {
        let at = Timestamp::from_millis;
        let Some(mut logged) = LoggedMessage::from_page(page_message("a", "hola"), at(0), false) else { return };
        let before = logged.clone();
        logged.amend(&page_message("a", "hola"), at(1));
        assert_eq!(logged, before, "nothing new");
        logged.amend(&page_message("a", "adiós"), at(2));
        assert_eq!((logged.body.reveal(), logged.edited_at), ("adiós", Some(at(2))));
        let gone = PageMessage { kind: "revoked".to_owned(), ..page_message("a", "") };
        logged.amend(&gone, at(3));
        assert_eq!((logged.body.reveal(), logged.revoked_at), ("adiós", Some(at(3))));
        logged.acknowledge(Ack::new(2), None, at(4));
        logged.acknowledge(Ack::new(1), None, at(5));
        assert_eq!(logged.acks, [(Ack::new(2), at(4))]);
        logged.acknowledge(Ack::new(-1), Some(475), at(6));
        logged.acknowledge(Ack::new(-1), None, at(7));
        assert_eq!((logged.ack, logged.error_code), (Ack::new(-1), Some(475)));
        logged.acknowledge(Ack::new(1), None, at(8));
        assert_eq!((logged.ack, logged.error_code), (Ack::new(1), None), "it was sent again");
    }

    #[test]
    fn an_older_word_of_the_page_does_not_undo_an_edit() {
        let at = Timestamp::from_millis;
        let said = |body: &str, edited_ms| PageMessage { edited_ms, ..page_message("a", body) };
        let Some(mut logged) = LoggedMessage::from_page(said("dos", Some(20)), at(0), true) else { return };
        assert_eq!(logged.edited_at, Some(at(0)));
        logged.amend(&said("uno", Some(10)), at(1));
        logged.amend(&said("cero", None), at(2));
        assert_eq!((logged.body.reveal(), logged.edited_at), ("dos", Some(at(0))));
        logged.amend(&said("tres", Some(30)), at(3));
        assert_eq!((logged.body.reveal(), logged.edited_at), ("tres", Some(at(3))));
    }

    #[test]
    fn words_that_an_earlier_version_did_not_read_are_no_edit() {
        let at = Timestamp::from_millis;
        let picture = |body: &str| PageMessage { kind: "image".to_owned(), ..page_message("a", body) };
        let Some(mut logged) = LoggedMessage::from_page(picture(""), at(0), false) else { return };
        logged.amend(&picture("el gato"), at(1));
        assert_eq!((logged.body.reveal(), logged.edited_at), ("el gato", None));
    }

    #[test]
    fn a_deletion_that_comes_first_is_an_entry_that_is_deleted() {
        let at = Timestamp::from_millis;
        let gone = PageMessage { kind: "revoked".to_owned(), ..page_message("a", "") };
        let logged = LoggedMessage::from_page(gone, at(3), false);
        assert_eq!(logged.map(|logged| (logged.kind, logged.revoked_at)), Some(("revoked".to_owned(), Some(at(3)))));
    }

    #[test]
    fn what_can_never_open_is_named() {
        let at = Timestamp::from_millis;
        let subtype = |subtype: &str| PageMessage {
            kind: CIPHERTEXT.to_owned(),
            subtype: Some(subtype.to_owned()),
            ..page_message("a", "")
        };
        assert!(may_open(&subtype("fanout")) && !may_open(&subtype("bot_unavailable_fanout")));
        let Some(mut logged) = LoggedMessage::from_page(subtype("view_once_unavailable_fanout"), at(0), false) else {
            return;
        };
        assert_eq!(logged.kind, "view_once");
        let before = logged.clone();
        logged.amend(&subtype("view_once_unavailable_fanout"), at(1));
        assert_eq!(logged, before);
        logged.withdraw(at(2));
        assert_eq!(logged.revoked_at, Some(at(2)));
        logged.amend(&page_message("a", "hola"), at(3));
        assert_eq!((logged.kind.as_str(), logged.revoked_at), ("chat", None), "it is there after all");
    }

    #[test]
    fn a_ciphertext_that_opens_is_no_edit() {
        let at = Timestamp::from_millis;
        let closed = PageMessage { kind: CIPHERTEXT.to_owned(), ..page_message("a", "") };
        let Some(mut logged) = LoggedMessage::from_page(closed, at(0), false) else { return };
        logged.amend(&page_message("a", "hola"), at(1));
        assert_eq!((logged.kind.as_str(), logged.body.reveal(), logged.edited_at), ("chat", "hola", None));
    }
}
