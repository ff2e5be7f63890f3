//! A message as the durable log keeps it, and what may happen to it later.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::secret::{Secret, revealed};

use super::message::{Ack, Media, MessageId, PageMessage};
use super::time::Timestamp;

/// Types that tell of the conversation's keeping and are nobody's words.
const SYSTEM: [&str; 8] = [
    "gp2",
    "e2e_notification",
    "notification",
    "notification_template",
    "protocol",
    "call_log",
    "broadcast_notification",
    "debug",
];
/// Not decrypted yet.
pub const CIPHERTEXT: &str = "ciphertext";
/// Deleted for everybody.
const REVOKED: &str = "revoked";
/// Acknowledgements kept of one message: clock, server, delivered, read, played, and an error or two.
const ACKS_MAX: usize = 8;

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    In,
    /// From this account: by the service, the phone, or another of its devices.
    Out,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedMessage {
    pub id: MessageId,
    pub direction: Direction,
    /// `user@server`.
    pub chat: String,
    /// The other side's phone digits, where known; never those of a LID.
    pub phone: Option<String>,
    /// Who wrote it, in groups.
    pub author: Option<String>,
    pub name: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(with = "revealed")]
    pub body: Secret,
    pub media: Option<Media>,
    pub quoted: Option<String>,
    /// By WhatsApp's server; whole seconds.
    pub timestamp: Timestamp,
    pub received_at: Timestamp,
    /// It came while nobody listened.
    pub recovered: bool,
    pub ack: Ack,
    pub acks: Vec<(Ack, Timestamp)>,
    pub edited_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// This account's own phone digits at the time.
    #[serde(default)]
    pub account: Option<String>,
    /// Where it was sent by this service.
    #[serde(default)]
    pub sent_by_us: Option<Origin>,
}

/// What is known of a message that this service sent itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Whom it is billed to.
    pub cliente_id: Option<String>,
}

impl LoggedMessage {
    /// None for what is no message: system notices, and status updates, which belong to no conversation.
    pub fn from_page(message: PageMessage, received_at: Timestamp, recovered: bool) -> Option<Self> {
        if SYSTEM.contains(&message.kind.as_str()) || message.chat == "status@broadcast" {
            return None;
        }
        Some(Self {
            direction: if message.from_me { Direction::Out } else { Direction::In },
            id: message.id,
            chat: message.chat,
            phone: message.phone,
            author: message.author,
            name: message.name,
            kind: message.kind,
            body: message.body,
            media: message.media,
            quoted: message.quoted,
            timestamp: Timestamp::from_millis(message.t.saturating_mul(1000)),
            received_at,
            recovered,
            ack: message.ack,
            acks: Vec::new(),
            edited_at: None,
            revoked_at: None,
            account: None,
            sent_by_us: None,
        })
    }

    /// Takes a later word of the page in. A deletion keeps what was said.
    pub fn amend(&mut self, message: &PageMessage, at: Timestamp) {
        if message.kind == REVOKED {
            self.revoked_at.get_or_insert(at);
        } else {
            if self.kind == CIPHERTEXT {
                self.kind.clone_from(&message.kind);
            } else if self.body != message.body {
                self.edited_at = Some(at);
            }
            self.body = message.body.clone();
            self.media = message.media.clone().or(self.media.take());
        }
        self.phone = message.phone.clone().or(self.phone.take());
        self.acknowledge(message.ack, at);
    }

    /// Acknowledgements only climb, but for an error.
    pub fn acknowledge(&mut self, ack: Ack, at: Timestamp) {
        if ack > self.ack || (ack.is_failure() && ack != self.ack) {
            self.ack = ack;
            self.acks.push((ack, at));
            let surplus = self.acks.len().saturating_sub(ACKS_MAX);
            self.acks.drain(..surplus);
        }
    }

    /// Whom it is billed to, where it was sent for somebody.
    pub fn cliente_id(&self) -> Option<&str> {
        self.sent_by_us.as_ref()?.cliente_id.as_deref()
    }

    /// Text between two people: not a group, a channel, a picture, or nothing.
    pub fn is_personal_text(&self) -> bool {
        let personal = matches!(self.chat.rsplit_once('@'), Some((_, "c.us" | "lid")));
        personal && self.kind == "chat" && !self.body.reveal().trim().is_empty()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn only_text_between_two_is_personal() {
        let at = Timestamp::from_millis(0);
        let personal = |message: PageMessage| {
            LoggedMessage::from_page(message, at, false).is_some_and(|message| message.is_personal_text())
        };
        assert!(personal(page_message("a", "hola")) && !personal(page_message("a", " \n")));
        assert!(!personal(PageMessage { chat: "1@g.us".to_owned(), ..page_message("a", "hola") }));
        assert!(!personal(PageMessage { kind: "image".to_owned(), ..page_message("a", "hola") }));
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
        logged.acknowledge(Ack::new(2), at(4));
        logged.acknowledge(Ack::new(1), at(5));
        assert_eq!(logged.acks, [(Ack::new(2), at(4))]);
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
