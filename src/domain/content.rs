//! What a message of ours says, and WhatsApp's limits on it. A new kind of message is a variant here, and the compiler names
//! the places that have to know it.

mod kinds;

use super::address::ChatId;
use super::group::GroupInvite;
use super::idempotency::SendKey;
use super::log::Origin;
use super::media::{BlobId, MediaKind};
use super::message::MessageId;
use super::secret::Secret;
use super::template::Template;
use super::via::Via;
pub use kinds::{
    CONTACTS_MAX, Contact, KindError, Location, NAME_MAX, POLL_OPTION_MAX, POLL_OPTIONS_MAX, POLL_QUESTION_MAX, Poll,
};

/// The most characters that WhatsApp takes in a text.
pub const TEXT_MAX: usize = 65_536;
/// The most people that one text mentions. A number that the page does not know is looked up at WhatsApp.
pub const MENTIONS_MAX: usize = 256;

#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// The text as the caller gave it: the idempotency key covers these bytes. [`Content::words`] is the text that is sent.
    Text {
        body: Secret,
        /// The people whom the text mentions, each with `@` and the digits of the number.
        mentions: Vec<ChatId>,
        /// The first link of the text gets a preview, if one can be had in time.
        preview: bool,
    },
    File(Box<Attachment>),
    Location(Box<Location>),
    /// At least one contact.
    Contacts(Vec<Contact>),
    Poll(Poll),
    /// A message that the account has, passed on.
    Forward {
        of: MessageId,
    },
    /// An invite into a group, for somebody who cannot be added.
    GroupInvite(Box<GroupInvite>),
    /// Only by the Cloud API.
    Template(Box<Template>),
}

/// A file to be sent. Its bytes are kept by their SHA-256 in `blobs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    pub id: BlobId,
    /// Bytes.
    pub size: u64,
    pub kind: MediaKind,
    pub mimetype: String,
    /// Only of a document: receivers see this name.
    pub filename: Option<Secret>,
    /// As the caller gave it, like the text of a message.
    pub caption: Option<Secret>,
    pub view_once: bool,
    /// Only of a picture: it moves.
    pub is_animated: bool,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_s: Option<u32>,
    /// Only of a voice note: how loud it is, 0 to 100, in 64 equal parts of its time.
    pub waveform: Option<[u8; 64]>,
    /// A small JPEG.
    pub thumbnail: Option<Vec<u8>>,
    /// The identity of what the caller gave, if the file was converted to be sent: the idempotency key covers this one.
    pub given: BlobId,
}

impl MediaKind {
    /// Whether WhatsApp shows a text with a file of this kind.
    pub fn takes_a_caption(self) -> bool {
        matches!(self, Self::Image | Self::Video | Self::Gif | Self::Document)
    }

    /// Whether WhatsApp shows a file of this kind only once where the sender asks for that.
    pub fn may_be_view_once(self) -> bool {
        matches!(self, Self::Image | Self::Video | Self::Voice)
    }
}

/// Why something cannot be a message. The sentence goes on after the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    #[error("is blank")]
    Blank,
    #[error("may have at most {TEXT_MAX} characters; this one has {0}")]
    TooLong(usize),
    /// The position counts characters, from 1.
    #[error("has the control character U+{:04X} at position {position}: of these only line ends and tabs can be sent", u32::from(*character))]
    Control { character: char, position: usize },
}

impl Content {
    /// A text to be sent.
    ///
    /// # Errors
    /// [`ContentError`]: WhatsApp takes no such text.
    pub fn text(body: &str) -> Result<Self, ContentError> {
        let is_refused = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if let Some((before, character)) = body.chars().enumerate().find(|(_, c)| is_refused(*c)) {
            return Err(ContentError::Control { character, position: before + 1 });
        }
        if body.trim().is_empty() {
            return Err(ContentError::Blank);
        }
        let length = with_newlines(body).chars().count();
        if length > TEXT_MAX {
            return Err(ContentError::TooLong(length));
        }
        Ok(Self::Text { body: Secret::new(body), mentions: Vec::new(), preview: false })
    }

    /// The file that is sent, if it is one.
    pub fn file(&self) -> Option<&Attachment> {
        match self {
            Self::File(file) => Some(file),
            Self::Text { .. }
            | Self::Location(_)
            | Self::Contacts(_)
            | Self::Poll(_)
            | Self::Forward { .. }
            | Self::GroupInvite(_)
            | Self::Template(_) => None,
        }
    }

    /// Contacts to be sent.
    ///
    /// # Errors
    /// [`KindError`]: there are none, or too many.
    pub fn contacts(contacts: Vec<Contact>) -> Result<Self, KindError> {
        if (1..=CONTACTS_MAX).contains(&contacts.len()) {
            Ok(Self::Contacts(contacts))
        } else {
            Err(KindError::Contacts)
        }
    }

    /// The text of a file as the caller gave it; None if it is blank.
    ///
    /// # Errors
    /// [`ContentError`]: WhatsApp takes no such text.
    pub fn caption(text: &str) -> Result<Option<Secret>, ContentError> {
        match Self::text(text) {
            Ok(_) => Ok(Some(Secret::new(text))),
            Err(ContentError::Blank) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What tells this content from another under the same idempotency key. Stores of earlier versions hold hashes of these
    /// parts: those of a kind never change.
    pub fn identity(&self) -> Vec<String> {
        let revealed = |text: &Secret| text.reveal().to_owned();
        let perhaps = |text: Option<&Secret>| text.map_or_else(String::new, revealed);
        // No text begins with a control character, so no text has the same parts as another kind.
        match self {
            Self::Text { body, mentions, preview } => {
                let mentions = mentions.iter().map(|person| format!("\u{0}mention {person}"));
                let preview = preview.then(|| "\u{0}preview".to_owned());
                [revealed(body)].into_iter().chain(mentions).chain(preview).collect()
            }
            Self::File(file) => {
                let kind = format!("\u{0}file {}{}", file.kind, if file.view_once { " once" } else { "" });
                vec![kind, file.given.to_string(), perhaps(file.filename.as_ref()), perhaps(file.caption.as_ref())]
            }
            Self::Location(place) => {
                let at = format!("\u{0}location {} {}", place.latitude(), place.longitude());
                vec![at, perhaps(place.name.as_ref()), perhaps(place.address.as_ref())]
            }
            Self::Contacts(contacts) => {
                let one = |contact: &Contact| [revealed(contact.name()), contact.phone.digits().to_owned()];
                ["\u{0}contacts".to_owned()].into_iter().chain(contacts.iter().flat_map(one)).collect()
            }
            Self::Poll(poll) => {
                let kind = format!("\u{0}poll{}", if poll.multiple { " multiple" } else { "" });
                [kind, revealed(poll.question())].into_iter().chain(poll.options().iter().map(revealed)).collect()
            }
            Self::Forward { of } => vec![format!("\u{0}forward {of}")],
            Self::GroupInvite(invite) => vec![format!("\u{0}invite {}", invite.group), revealed(&invite.code)],
            Self::Template(template) => {
                let components = template.components().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                vec!["\u{0}template".to_owned(), template.name().to_owned(), template.language().to_owned(), components]
            }
        }
    }

    /// The text as it is sent, of a file its caption, of a poll its question: line ends `\r\n` and `\r` become `\n`, the only line end that
    /// WhatsApp knows.
    pub fn words(&self) -> Option<Secret> {
        self.given_words().map(|words| Secret::new(with_newlines(words.reveal())))
    }

    /// How many characters a person would have typed.
    pub fn typed(&self) -> usize {
        self.given_words().map_or(0, |words| words.reveal().chars().count())
    }

    fn given_words(&self) -> Option<&Secret> {
        match self {
            Self::Text { body, .. } => Some(body),
            Self::File(file) => file.caption.as_ref(),
            Self::Poll(poll) => Some(poll.question()),
            Self::Location(_) | Self::Contacts(_) | Self::Forward { .. } | Self::GroupInvite(_) | Self::Template(_) => {
                None
            }
        }
    }
}

fn with_newlines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A message to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    pub to: ChatId,
    pub content: Content,
    /// The message of the same chat that this one answers.
    pub reply_to: Option<MessageId>,
    /// Who wants it sent; the log keeps this with the message.
    pub origin: Origin,
    /// The idempotency key under which the message is sent exactly once.
    pub key: Option<SendKey>,
    /// The way that the caller names; None: the way of the settings.
    pub via: Option<Via>,
}

impl Outgoing {
    /// What tells this message from another to the same chat under the same idempotency key.
    pub fn identity(&self) -> Vec<String> {
        let reply = self.reply_to.as_ref().map(|message| format!("\u{0}reply {message}"));
        self.content.identity().into_iter().chain(reply).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    pub(crate) fn attachment(id: BlobId) -> Attachment {
        Attachment {
            id,
            size: 7,
            kind: MediaKind::Image,
            mimetype: "image/jpeg".to_owned(),
            filename: None,
            caption: None,
            view_once: false,
            is_animated: false,
            width: None,
            height: None,
            duration_s: None,
            waveform: None,
            thumbnail: None,
            given: id,
        }
    }

    #[test]
    fn a_text_has_a_character_that_is_seen_and_no_more_than_whatsapp_takes() {
        assert_eq!(Content::text(" \n\t"), Err(ContentError::Blank));
        let longest = "é".repeat(TEXT_MAX);
        assert!(Content::text(&longest).is_ok());
        assert_eq!(Content::text(&format!("{longest}é")), Err(ContentError::TooLong(TEXT_MAX + 1)));
    }

    #[test]
    fn of_the_control_characters_a_text_has_only_line_ends_and_tabs() {
        let text = |body: &str| {
            Content::text(body)
                .map(|content| content.words().map_or_else(String::new, |words| words.reveal().to_owned()))
        };
        let given = "a\r\nb\rc\n\r\n\td\r";
        assert_eq!(text(given), Ok("a\nb\nc\n\n\td\n".to_owned()));
        // Keys that earlier versions stored cover the text as it was given.
        assert_eq!(Content::text(given).map(|content| content.identity().concat()), Ok(given.to_owned()));
        assert!(
            Content::text(&"\r\n".repeat(TEXT_MAX - 1).replacen('\n', "\nx", 1)).is_ok(),
            "a line end is one character"
        );
        for character in (0..=0x9f).filter_map(char::from_u32).filter(|c| c.is_control() && !"\t\n\r".contains(*c)) {
            let refused = Err(ContentError::Control { character, position: 3 });
            assert_eq!(text(&format!("ñ\n{character}a\u{0}")), refused, "{character:?}");
        }
        let error = ContentError::Control { character: '\u{1b}', position: 7 };
        assert!(error.to_string().starts_with("has the control character U+001B at position 7"), "{error}");
    }

    #[test]
    fn a_file_under_a_key_is_the_same_by_its_bytes_its_kind_and_its_words() {
        let file = Attachment { caption: Some(Secret::new("hola\r\n")), ..attachment(BlobId::from_bytes([1; 32])) };
        let identity = |file: &Attachment| Content::File(Box::new(file.clone())).identity();
        let same = Attachment { mimetype: "image/png".to_owned(), id: BlobId::from_bytes([2; 32]), ..file.clone() };
        assert_eq!(identity(&file), identity(&same), "how it is sent is no part of what was asked for");
        for other in [
            Attachment { given: BlobId::from_bytes([3; 32]), ..file.clone() },
            Attachment { kind: MediaKind::Document, ..file.clone() },
            Attachment { view_once: true, ..file.clone() },
            Attachment { caption: None, ..file.clone() },
            Attachment { filename: Some(Secret::new("a")), ..file.clone() },
        ] {
            assert_ne!(identity(&file), identity(&other));
        }
        let content = Content::File(Box::new(file));
        assert_eq!(content.words().map(|words| words.reveal().to_owned()).as_deref(), Some("hola\n"));
        assert!(!format!("{content:?}").contains("hola"));
    }

    #[test]
    fn contents_of_different_kinds_have_different_parts() {
        let person = ChatId::parse("5491122334455@c.us").unwrap();
        let phone = person.phone_number().unwrap();
        let text = |mentions: Vec<ChatId>, preview| Content::Text { body: Secret::new("hola"), mentions, preview };
        let contact = |name| Contact::new(name, phone.clone()).unwrap();
        let contents = [
            text(Vec::new(), false),
            text(Vec::new(), true),
            text(vec![person], false),
            Content::Location(Box::new(Location::new(1.0, 2.0, Some("hola"), None).unwrap())),
            Content::Location(Box::new(Location::new(1.0, 2.0, None, Some("hola")).unwrap())),
            Content::Contacts(vec![contact("hola")]),
            Content::Contacts(vec![contact("hola"), contact("hola")]),
            Content::Poll(Poll::new("hola", ["a", "b"], false).unwrap()),
            Content::Poll(Poll::new("hola", ["a", "b"], true).unwrap()),
            Content::Forward { of: MessageId::new("hola") },
        ];
        for (at, content) in contents.iter().enumerate() {
            assert!(contents[..at].iter().all(|other| other.identity() != content.identity()), "{content:?}");
        }
        assert_eq!(contents[0].identity(), ["hola"], "stores of earlier versions hold the hash of this");
        let to = ChatId::parse("5491122334455@c.us").unwrap();
        let plain = Outgoing {
            to,
            content: contents[0].clone(),
            reply_to: None,
            origin: Origin::default(),
            key: None,
            via: None,
        };
        let reply = Outgoing { reply_to: Some(MessageId::new("hola")), ..plain.clone() };
        assert_eq!(plain.identity(), ["hola"]);
        assert_ne!(plain.identity(), reply.identity());
    }

    #[test]
    fn what_a_text_says_stays_out_of_logs() {
        let printed = format!("{:?}", Content::text("un secreto"));
        assert!(!printed.contains("secreto"), "{printed}");
    }
}
