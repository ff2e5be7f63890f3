//! What a dispatch sends, in the form that the adapter reads.

use serde::Serialize;

use crate::domain::content::{self, Content, Outgoing};
use crate::domain::secret::Secret;

/// The content of a message and the message that it answers. Of the contents exactly one is there.
#[derive(Clone, PartialEq, Serialize)]
pub struct Payload {
    #[serde(flatten)]
    body: Body,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<String>,
}

#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Body {
    Location {
        latitude: f64,
        longitude: f64,
        name: Option<String>,
        address: Option<String>,
    },
    Contacts(Vec<Contact>),
    Poll {
        question: String,
        options: Vec<String>,
        multiple: bool,
    },
    /// The id of the message that is passed on; `token` names its file, if it has one.
    Forward {
        of: String,
        token: String,
    },
    GroupInvite {
        group_id: String,
        subject: String,
        code: String,
        expires_s: Option<u64>,
    },
    #[serde(untagged)]
    Text {
        text: String,
        /// Chat ids of people.
        mentions: Vec<String>,
        preview: bool,
    },
    /// `upload` is the token of the file, `text` its caption.
    #[serde(untagged)]
    File {
        upload: String,
        text: String,
    },
}

#[derive(Clone, PartialEq, Serialize)]
struct Contact {
    name: String,
    vcard: String,
}

impl Payload {
    /// `token` names the upload of the message's file, also of a file that is passed on. None if the page cannot send such a content.
    pub fn new(message: &Outgoing, token: &str) -> Option<Self> {
        let words = message.content.words().map(Secret::into_revealed).unwrap_or_default();
        let revealed = |text: &Secret| text.reveal().to_owned();
        let body = match &message.content {
            Content::Text { mentions, preview, .. } => Body::Text {
                text: words,
                mentions: mentions.iter().map(ToString::to_string).collect(),
                preview: *preview,
            },
            Content::File(_) => Body::File { upload: token.to_owned(), text: words },
            Content::Location(place) => Body::Location {
                latitude: place.latitude(),
                longitude: place.longitude(),
                name: place.name.as_ref().map(revealed),
                address: place.address.as_ref().map(revealed),
            },
            Content::Contacts(contacts) => Body::Contacts(contacts.iter().map(Contact::from).collect()),
            Content::Poll(poll) => Body::Poll {
                question: words,
                options: poll.options().iter().map(revealed).collect(),
                multiple: poll.multiple,
            },
            Content::Forward { of } => Body::Forward { of: of.to_string(), token: token.to_owned() },
            Content::GroupInvite(invite) => Body::GroupInvite {
                group_id: invite.group.to_string(),
                subject: revealed(&invite.subject),
                code: revealed(&invite.code),
                expires_s: invite.expires_s,
            },
            Content::Template(_) => return None,
        };
        Some(Self { body, reply_to: message.reply_to.as_ref().map(ToString::to_string) })
    }
}

impl From<&content::Contact> for Contact {
    fn from(contact: &content::Contact) -> Self {
        Self { name: contact.name().reveal().to_owned(), vcard: vcard(contact) }
    }
}

/// A card as WhatsApp's applications write it: `waid` makes the receiver's application offer a chat.
fn vcard(contact: &content::Contact) -> String {
    let name = contact.name().reveal().replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,");
    let digits = contact.phone.digits();
    [
        "BEGIN:VCARD",
        "VERSION:3.0",
        &format!("N:;{name};;;"),
        &format!("FN:{name}"),
        &format!("TEL;type=CELL;waid={digits}:+{digits}"),
        "END:VCARD",
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;
    use crate::domain::address::{ChatId, PhoneNumber};
    use crate::domain::content::{Location, Poll};
    use crate::domain::log::Origin;
    use crate::domain::message::MessageId;

    fn payload(content: Content, reply_to: Option<&str>) -> Value {
        let to = ChatId::parse("1@lid").unwrap();
        let reply_to = reply_to.map(MessageId::new);
        let message = Outgoing { to, content, reply_to, origin: Origin::default(), key: None, via: None };
        serde_json::to_value(Payload::new(&message, "token").unwrap()).unwrap()
    }

    #[test]
    fn each_content_has_its_own_form() {
        let person = ChatId::parse("5491122334455@c.us").unwrap();
        let text = Content::Text { body: Secret::new("hola\r\n"), mentions: vec![person], preview: true };
        assert_eq!(
            payload(text, Some("true_1@lid_A")),
            json!({ "text": "hola\n", "mentions": ["5491122334455@c.us"], "preview": true, "reply_to": "true_1@lid_A" })
        );
        let place = Location::new(-34.5, 58.25, Some("Obelisco"), None).unwrap();
        assert_eq!(
            payload(Content::Location(Box::new(place)), None),
            json!({ "location": { "latitude": -34.5, "longitude": 58.25, "name": "Obelisco", "address": null } })
        );
        let poll = Poll::new("¿Cuándo?", ["lunes", "martes"], true).unwrap();
        assert_eq!(
            payload(Content::Poll(poll), None),
            json!({ "poll": { "question": "¿Cuándo?", "options": ["lunes", "martes"], "multiple": true } })
        );
        let forward = Content::Forward { of: MessageId::new("false_1@lid_B") };
        assert_eq!(payload(forward, None), json!({ "forward": { "of": "false_1@lid_B", "token": "token" } }));
    }

    #[test]
    fn a_contact_is_a_card() {
        let phone = PhoneNumber::parse("5491122334455").unwrap();
        let contact = content::Contact::new(r"Pérez; Ana, \o/", phone).unwrap();
        let card = concat!(
            "BEGIN:VCARD\nVERSION:3.0\n",
            r"N:;Pérez\; Ana\, \\o/;;;",
            "\n",
            r"FN:Pérez\; Ana\, \\o/",
            "\nTEL;type=CELL;waid=5491122334455:+5491122334455\nEND:VCARD"
        );
        let contacts = Content::contacts(vec![contact]).unwrap();
        assert_eq!(payload(contacts, None), json!({ "contacts": [{ "name": r"Pérez; Ana, \o/", "vcard": card }] }));
    }
}
