//! The ids of messages at the Cloud API (`wamid.…`), and what they have in common with the ids of WhatsApp Web.
//!
//! A published `wamid` is the base64 of the other side's number, the direction, and the part of the id that WhatsApp Web
//! shows too: `1c 18 LENGTH number 15 02 00 DIRECTION 18 LENGTH key 00`. Ids of another form stay opaque.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::message::MessageId;
use super::secret::masked;

const PREFIX: &str = "wamid.";
/// The id of a message before the Cloud API has given it one.
const REFERENCE: &str = "cloud_";

/// What a `wamid` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wamid {
    /// The phone digits of the other side.
    pub number: String,
    pub from_me: bool,
    /// WhatsApp's own part of the id.
    pub key: String,
}

impl Wamid {
    pub fn decode(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let rest = bytes.strip_prefix(&[0x1c, 0x18])?;
        let (number, rest) = text_of(rest)?;
        let (direction, rest) = rest.strip_prefix(&[0x15, 0x02, 0x00])?.split_first()?;
        let (key, _) = text_of(rest.strip_prefix(&[0x18])?)?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let is_key = key.len() >= 8 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
        let from_me = match direction {
            0x11 => true,
            0x12 => false,
            _ => return None,
        };
        (is_number && is_key).then_some(Self { number, from_me, key })
    }

    /// The id of a message with this number and key.
    pub fn encode(&self) -> String {
        let length = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
        let direction = if self.from_me { 0x11 } else { 0x12 };
        let mut bytes = vec![0x1c, 0x18, length(&self.number)];
        bytes.extend_from_slice(self.number.as_bytes());
        bytes.extend_from_slice(&[0x15, 0x02, 0x00, direction, 0x18, length(&self.key)]);
        bytes.extend_from_slice(self.key.as_bytes());
        bytes.push(0);
        format!("{PREFIX}{}", STANDARD.encode(bytes))
    }
}

/// A text behind its length, and what follows it.
fn text_of(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*length))?;
    Some((String::from_utf8(text.to_vec()).ok()?, rest))
}

impl MessageId {
    /// The id of a message that the Cloud API has not given one. `random` tells it from every other.
    pub fn reference(random: u128) -> Self {
        Self::new(format!("{REFERENCE}{random:032x}"))
    }

    pub fn is_reference(&self) -> bool {
        self.as_str().starts_with(REFERENCE)
    }

    pub fn is_wamid(&self) -> bool {
        self.as_str().starts_with(PREFIX)
    }

    /// A `wamid` as a log may hold it. Its base64 has the other side's whole number in it, so only the number's last two digits
    /// and the key are shown, and of an id of another form a part of its hash.
    pub(super) fn masked_wamid(&self) -> String {
        match Wamid::decode(self.as_str()) {
            Some(Wamid { number, key, .. }) => format!("{PREFIX}{}_{key}", masked(&number)),
            None => {
                let hash = Sha256::digest(self.as_str());
                let shown: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
                format!("{PREFIX}#{shown}")
            }
        }
    }

    /// The direction and WhatsApp's own part of the id of a message between two people; None if the id does not tell it.
    pub fn key(&self) -> Option<(bool, String)> {
        if self.is_wamid() {
            return Wamid::decode(self.as_str()).map(|wamid| (wamid.from_me, wamid.key));
        }
        let mut parts = self.as_str().split('_');
        let (Some(from_me), Some(_), Some(key), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        match from_me {
            "true" => Some((true, key.to_owned())),
            "false" => Some((false, key.to_owned())),
            _ => None,
        }
    }

    /// Whether both ids are of one message: equal, or the ids that WhatsApp Web and the Cloud API have for it.
    pub fn is_same_message(&self, other: &Self) -> bool {
        self == other || (self.is_wamid() != other.is_wamid() && self.key().is_some() && self.key() == other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wamid_has_the_number_and_the_key_that_the_page_knows() {
        let received =
            Wamid { number: "16505551234".to_owned(), from_me: false, key: "3A4A6599AEE03810144F".to_owned() };
        let text = received.encode();
        assert_eq!(Wamid::decode(&text), Some(received));
        let id = MessageId::new(text);
        assert!(id.is_same_message(&MessageId::new("false_16505551234@c.us_3A4A6599AEE03810144F")));
        assert!(id.is_same_message(&MessageId::new("false_99900000000001@lid_3A4A6599AEE03810144F")));
        assert!(!id.is_same_message(&MessageId::new("true_16505551234@c.us_3A4A6599AEE03810144F")));
        assert!(!id.is_same_message(&MessageId::new("false_1@g.us_3A4A6599AEE03810144F_2@lid")));
    }

    #[test]
    fn ids_of_another_form_are_opaque() {
        for text in ["wamid.", "wamid.HBgL", "wamid.!!", "false_1@lid_AB", "wamid.AAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(Wamid::decode(text), None, "{text}");
        }
        let opaque = MessageId::new("wamid.AAAA");
        assert!(opaque.is_same_message(&opaque.clone()) && !opaque.is_same_message(&MessageId::new("wamid.AAAB")));
        assert!(MessageId::reference(7).is_reference() && !opaque.is_reference());
    }
}
