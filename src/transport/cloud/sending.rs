//! Sending by the Cloud API.

use std::path::Path;
use std::time::Duration;

use rand::Rng;
use serde_json::{Value, json};

use super::client::Client;
use super::health::Health;
use super::limits;
use crate::domain::address::ChatId;
use crate::domain::content::{Attachment, Contact, Content, Outgoing};
use crate::domain::emoji::Emoji;
use crate::domain::media::MediaKind;
use crate::domain::message::{IdParts, MessageId};
use crate::domain::secret::Secret;
use crate::domain::via::Via;
use crate::domain::wamid::Wamid;
use crate::transport::{
    ActFailure, Dispatched, NothingLeft, Progress, Recipient, Resent, Reservation, SendFailure, Transport,
};

/// The name of a file whose sender gave none.
const UNNAMED: &str = "file";

impl Transport for Client {
    fn via(&self) -> Via {
        Via::Cloud
    }

    fn account(&self) -> Option<String> {
        self.own_phone()
    }

    fn takes(&self, message: &Outgoing) -> Result<(), NothingLeft> {
        limits::check(&message.to, &message.content)?;
        let is_named = message.reply_to.as_ref().is_none_or(|id| named_by_meta(id, message.to.user()).is_some());
        if is_named { Ok(()) } else { Err(NothingLeft::MessageAbsent) }
    }

    /// Meta has its own limits on first messages, and its refusals name them. Who was talked to is asked of the log.
    async fn recipient(&self, _: &ChatId) -> Result<Recipient, NothingLeft> {
        Ok(Recipient { is_known: true, talked: true, restricted: None })
    }

    /// Meta is not asked: it has neither ids beforehand nor a look-up of numbers.
    async fn reserve(&self, to: &ChatId, _: Duration) -> Result<Reservation, NothingLeft> {
        if let Health::Unauthorized(why) = self.health() {
            return Err(NothingLeft::Unauthorized(why));
        }
        if let Some(retry_after) = self.pair_wait(to) {
            let why = "too many messages went to this recipient in a short time (Meta's pair rate limit)";
            return Err(NothingLeft::RateLimited { why, retry_after });
        }
        let message_id = MessageId::reference(rand::rng().random());
        let raw_id = message_id.as_str().to_owned();
        let recipient = Recipient { is_known: true, talked: true, restricted: None };
        Ok(Reservation { message_id, raw_id, chat_id: to.to_string(), phone: Some(to.user().to_owned()), recipient })
    }

    /// Meta shows typing only as the answer to a message, and marks that message as read.
    async fn typing(&self, _: &Reservation) -> Result<(), NothingLeft> {
        Ok(())
    }

    async fn upload(
        &self,
        to: &Reservation,
        file: &Attachment,
        path: &Path,
        progress: &Progress,
    ) -> Result<(), NothingLeft> {
        let name = file.filename.as_ref().map_or(UNNAMED, Secret::reveal);
        self.upload(&to.raw_id, path, &file.mimetype, name, progress).await
    }

    fn forget_upload(&self, to: &Reservation) {
        self.take_upload(&to.raw_id);
    }

    /// No upload to Meta is lost with a page.
    async fn recovered(&self) -> bool {
        false
    }

    async fn dispatch(
        &self,
        to: &Reservation,
        message: &Outgoing,
        patience: Duration,
    ) -> Result<Dispatched, SendFailure> {
        let number = to.phone.clone().unwrap_or_default();
        let answered = message.reply_to.as_ref().map(|id| named_by_meta(id, &number));
        if answered == Some(None) {
            return Err(SendFailure::NothingLeft(NothingLeft::MessageAbsent));
        }
        let file = self.take_upload(&to.raw_id);
        let Some((kind, content)) = content_of(&message.content, file) else {
            let why = "the file's upload is unknown".to_owned();
            return Err(SendFailure::NothingLeft(NothingLeft::NotUploaded(why)));
        };
        let mut body = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": number,
            "type": kind,
            "biz_opaque_callback_data": to.message_id.as_str(),
        });
        body[kind] = content;
        if let Some(id) = answered.flatten() {
            body["context"] = json!({ "message_id": id });
        }
        self.post(&number, &body, patience).await
    }

    /// A message that Meta may have is never sent again.
    async fn resend(&self, _: &MessageId) -> Result<Resent, NothingLeft> {
        Ok(Resent::Absent)
    }

    fn sends_unconfirmed(&self) {}
}

impl Client {
    /// Reacts to a message of Meta's, in place of an earlier reaction.
    pub async fn react(
        &self,
        number: &str,
        message: &MessageId,
        emoji: &Emoji,
        patience: Duration,
    ) -> Result<(), ActFailure> {
        let body = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": number,
            "type": "reaction",
            "reaction": { "message_id": message.as_str(), "emoji": emoji.as_str() },
        });
        match self.post(number, &body, patience).await {
            Ok(_) => Ok(()),
            Err(SendFailure::NothingLeft(why)) => Err(ActFailure::NothingLeft(why)),
            Err(SendFailure::Unknown) => Err(ActFailure::Unknown),
        }
    }
}

/// Meta's id of a message of the chat with this number; None for an id that neither Meta nor WhatsApp Web gave.
fn named_by_meta(id: &MessageId, number: &str) -> Option<String> {
    if id.is_wamid() {
        return Some(id.as_str().to_owned());
    }
    let IdParts { from_me, key, .. } = id.parts()?;
    Some(Wamid { number: number.to_owned(), from_me, key: key.to_owned() }.encode())
}

/// Meta's type of a content, and the content in Meta's form; None for a file that was not uploaded, and for what
/// [`Transport::takes`] refuses.
fn content_of(content: &Content, file: Option<String>) -> Option<(&'static str, Value)> {
    let words = content.words().map(Secret::into_revealed);
    Some(match content {
        Content::Text { preview, .. } => ("text", json!({ "body": words.unwrap_or_default(), "preview_url": preview })),
        Content::Location(place) => {
            let text = |text: Option<&Secret>| text.map(|text| text.reveal().to_owned());
            let mut location = json!({ "latitude": place.latitude(), "longitude": place.longitude() });
            for (name, value) in [("name", &place.name), ("address", &place.address)] {
                if let Some(value) = text(value.as_ref()) {
                    location[name] = json!(value);
                }
            }
            ("location", location)
        }
        Content::Contacts(contacts) => {
            let one = |contact: &Contact| {
                let (name, digits) = (contact.name().reveal(), contact.phone.digits());
                json!({
                    "name": { "formatted_name": name, "first_name": name },
                    "phones": [{ "phone": format!("+{digits}"), "type": "CELL", "wa_id": digits }],
                })
            };
            ("contacts", contacts.iter().map(one).collect())
        }
        Content::Poll(_) | Content::Forward { .. } | Content::GroupInvite(_) => return None,
        Content::File(attachment) => {
            let mut media = json!({ "id": file? });
            if let Some(caption) = words {
                media["caption"] = json!(caption);
            }
            let kind = match attachment.kind {
                MediaKind::Image => "image",
                MediaKind::Video | MediaKind::Gif | MediaKind::VideoNote => "video",
                MediaKind::Audio => "audio",
                MediaKind::Voice => {
                    media["voice"] = json!(true);
                    "audio"
                }
                MediaKind::Document => {
                    media["filename"] = json!(attachment.filename.as_ref().map_or(UNNAMED, Secret::reveal));
                    "document"
                }
                MediaKind::Sticker => "sticker",
            };
            (kind, media)
        }
        Content::Template(template) => (
            "template",
            json!({
                "name": template.name(),
                "language": { "code": template.language() },
                "components": template.components(),
            }),
        ),
    })
}
