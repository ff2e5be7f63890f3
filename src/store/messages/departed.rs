//! Messages to the Cloud API that WhatsApp may tell of under an id which the service does not know yet.
//!
//! Where the app on the phone and the Cloud API share a number, the page and Meta's echoes tell of what the service sent, and
//! may be faster than Meta's answer with the id; and an id of another form than the published one hides the part that the page
//! knows. Without an id a message is recognised as the service's own by its recipient and what it says, once, and soon after
//! it was handed over.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Messages;
use crate::domain::address::ChatId;
use crate::domain::log::{Direction, LoggedMessage, Origin};
use crate::domain::message::MessageId;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::wamid::Wamid;
use crate::store::StoreError;

/// WhatsApp's clock and this machine's may differ by some of it.
const SOON: Duration = Duration::from_secs(120);
/// The words of a template are Meta's, and places and contacts are written in another way by each side: these are recognised by
/// their recipient and kind alone, and for a shorter time.
const WORDLESS_SOON: Duration = Duration::from_secs(15);
const WORDLESS: [&str; 4] = ["template", "location", "vcard", "multi_vcard"];
/// Messages that are remembered at most: more than any pace lets leave meanwhile.
const REMEMBERED: usize = 1024;

#[derive(Default)]
pub(in crate::store) struct Departed(Mutex<VecDeque<One>>);

struct One {
    reference: MessageId,
    /// The recipient's phone digits, in every form.
    numbers: Vec<String>,
    kind: String,
    body: Secret,
    at: Timestamp,
}

impl One {
    fn is(&self, message: &LoggedMessage) -> bool {
        let phone = message.phone.as_deref().or_else(|| message.chat.strip_suffix("@c.us"));
        let apart = Duration::from_millis(self.at.as_millis().abs_diff(message.timestamp.as_millis()));
        let is_wordless = WORDLESS.contains(&self.kind.as_str());
        let is_soon = apart <= if is_wordless { WORDLESS_SOON } else { SOON };
        // A template is told as the kind of message that it makes.
        let is_of_kind = self.kind == "template" || self.kind == message.kind;
        let says_the_same = is_of_kind && (is_wordless || self.body.reveal().trim() == message.body.reveal().trim());
        is_soon && says_the_same && phone.is_some_and(|phone| self.numbers.iter().any(|number| number == phone))
    }
}

impl Departed {
    /// A message is about to be handed over.
    pub(super) fn begin(&self, message: &LoggedMessage) {
        let Some(phone) = message.phone.as_deref() else { return };
        let chat = ChatId::parse_recipient(phone).ok();
        let mut numbers: Vec<_> = chat.iter().flat_map(ChatId::forms).map(|form| form.user().to_owned()).collect();
        numbers.push(phone.to_owned());
        let mut list = self.list();
        if list.len() >= REMEMBERED {
            list.pop_front();
        }
        list.push_back(One {
            reference: message.id.clone(),
            numbers,
            kind: message.kind.clone(),
            body: message.body.clone(),
            at: message.timestamp,
        });
    }

    /// The Cloud API took a message: an id of the published form tells more than what the message says.
    pub(super) fn accepted(&self, reference: &MessageId, id: &MessageId) {
        if Wamid::decode(id.as_str()).is_some() {
            self.forget(reference);
        }
    }

    /// Nothing left of a message, or nobody has to recognise it any more.
    pub(in crate::store) fn forget(&self, reference: &MessageId) {
        self.list().retain(|one| one.reference != *reference);
    }

    /// The reference of the message that this one is, if it is one of these; it is found once.
    fn take(&self, message: &LoggedMessage) -> Option<MessageId> {
        let mut list = self.list();
        let place = list.iter().position(|one| one.is(message))?;
        list.remove(place).map(|one| one.reference)
    }

    fn list(&self) -> MutexGuard<'_, VecDeque<One>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Messages {
    /// For whom this service sent a message that WhatsApp tells of; None if somebody else wrote it.
    pub(super) fn origin_of(&self, message: &LoggedMessage) -> Result<Option<Origin>, StoreError> {
        if let Some(origin) = self.origins.of(&message.id)? {
            return Ok(Some(origin));
        }
        if message.direction == Direction::In {
            return Ok(None);
        }
        // Meta's echo of what went by the page.
        if message.id.is_wamid()
            && let Some((from_me, key)) = message.id.key()
            && let Some(origin) = self.origins.of(&super::cloud::key_id(from_me, &key))?
        {
            return Ok(Some(origin));
        }
        let Some(reference) = self.departed.take(message) else { return Ok(None) };
        Ok(Some(self.origins.of(&reference)?.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::log::tests::page_message;
    use crate::domain::message::PageMessage;

    const SECOND: u64 = 1_785_000_000;

    fn said(id: &str, phone: &str, body: &str, second: u64) -> LoggedMessage {
        let page = PageMessage {
            chat: "22300000000001@lid".to_owned(),
            from_me: true,
            phone: Some(phone.to_owned()),
            t: second,
            ..page_message(id, body)
        };
        LoggedMessage::from_page(page, Timestamp::from_millis(second * 1000), false).unwrap()
    }

    #[test]
    fn a_message_is_recognised_once_by_its_recipient_its_words_and_its_time() {
        let departed = Departed::default();
        departed.begin(&said("cloud_1", "541122334455", "hola ", SECOND));
        for (phone, body, second) in [
            ("5491155554444", "hola", SECOND),
            ("5491122334455", "chau", SECOND),
            ("5491122334455", "hola", SECOND + 121),
            ("5491122334455", "hola", SECOND - 121),
        ] {
            assert_eq!(departed.take(&said("true_1@lid_A", phone, body, second)), None, "{phone} {body} {second}");
        }
        let same = said("true_1@lid_A", "5491122334455", "hola", SECOND + 2);
        assert_eq!(departed.take(&same), Some(MessageId::new("cloud_1")));
        assert_eq!(departed.take(&same), None, "a person wrote the second");
    }

    #[test]
    fn places_and_contacts_are_recognised_by_their_kind_because_each_side_words_them_in_its_own_way() {
        let departed = Departed::default();
        let of_kind = |id: &str, kind: &str, body: &str, second| LoggedMessage {
            kind: kind.to_owned(),
            ..said(id, "5491122334455", body, second)
        };
        for kind in ["location", "vcard", "multi_vcard"] {
            departed.begin(&of_kind("cloud_1", kind, "", SECOND));
            assert_eq!(departed.take(&of_kind("true_1@lid_A", "chat", "", SECOND)), None);
            assert_eq!(departed.take(&of_kind("true_1@lid_A", kind, "Casa (-34.6, -58.4)", SECOND + 16)), None);
            assert!(
                departed.take(&of_kind("true_1@lid_A", kind, "Casa (-34.6, -58.4)", SECOND + 1)).is_some(),
                "{kind}"
            );
        }
    }

    #[test]
    fn an_id_that_tells_more_ends_it_and_an_opaque_one_does_not() {
        let departed = Departed::default();
        let same = said("true_1@lid_A", "5491122334455", "hola", SECOND);
        let published =
            Wamid { number: "5491122334455".to_owned(), from_me: true, key: "3EB0A1B2C3D4".to_owned() }.encode();
        for (id, is_recognised) in [(published.as_str(), false), ("wamid.AAAA", true)] {
            let reference = MessageId::new("cloud_1");
            departed.begin(&said("cloud_1", "5491122334455", "hola", SECOND));
            departed.accepted(&reference, &MessageId::new(id));
            assert_eq!(departed.take(&same).is_some(), is_recognised, "{id}");
        }
    }
}
