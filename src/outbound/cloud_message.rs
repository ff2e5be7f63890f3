//! A message to the Cloud API as the log keeps it: nothing reports it as the page reports its own.

use serde_json::json;

use crate::domain::content::{Attachment, Contact, Content, Outgoing};
use crate::domain::history::History;
use crate::domain::log::{Direction, LoggedMessage};
use crate::domain::media::{Media, MediaKind, MediaStatus};
use crate::domain::message::{Ack, Details, MessageId};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::domain::via::Via;
use crate::transport::Reservation;

pub(super) fn logged(to: &Reservation, outgoing: &Outgoing, account: Option<String>, now: Timestamp) -> LoggedMessage {
    let (kind, media, data) = match &outgoing.content {
        Content::Text { .. } => ("chat", None, None),
        Content::File(file) => (kind_of(file.kind), Some(media_of(file)), None),
        Content::Location(place) => {
            let text = |text: Option<&Secret>| text.map(|text| text.reveal().to_owned());
            let (name, address) = (text(place.name.as_ref()), text(place.address.as_ref()));
            let (latitude, longitude) = (place.latitude(), place.longitude());
            let place = json!({ "latitude": latitude, "longitude": longitude, "name": name, "address": address });
            ("location", None, Some(Details(json!({ "location": place }))))
        }
        Content::Contacts(contacts) => {
            let one = |contact: &Contact| json!({ "name": contact.name().reveal(), "phones": [format!("+{}", contact.phone.digits())] });
            let kind = if contacts.len() == 1 { "vcard" } else { "multi_vcard" };
            let data = json!({ "contacts": contacts.iter().map(one).collect::<Vec<_>>() });
            (kind, None, Some(Details(data)))
        }
        Content::Poll(_) => ("poll_creation", None, None),
        Content::Forward { .. } => ("chat", None, None),
        Content::GroupInvite(_) => ("groups_v4_invite", None, None),
        Content::Template(template) => {
            let data = json!({ "template": {
                "name": template.name(), "language": template.language(), "components": template.components(),
            } });
            ("template", None, Some(Details(data)))
        }
    };
    LoggedMessage {
        id: to.message_id.clone(),
        direction: Direction::Out,
        chat: to.chat_id.clone(),
        phone: to.phone.clone(),
        author: None,
        name: None,
        kind: kind.to_owned(),
        body: outgoing.content.words().unwrap_or_else(|| Secret::new("")),
        media,
        quoted: outgoing.reply_to.as_ref().map(quoted),
        lid: None,
        author_phone: None,
        author_lid: None,
        subtype: None,
        data,
        edited_ms: None,
        error_code: None,
        // As WhatsApp's own times, in whole seconds.
        timestamp: Timestamp::from_millis(now.as_millis() / 1000 * 1000),
        received_at: now,
        recovered: false,
        ack: Ack::PENDING,
        acks: Vec::new(),
        edited_at: None,
        revoked_at: None,
        history: History::default(),
        account,
        sent_by_us: None,
        source: Via::Cloud,
    }
}

/// WhatsApp's own part of the id of the message that is answered; an opaque id as it is.
fn quoted(id: &MessageId) -> String {
    id.key().map_or_else(|| id.to_string(), |(_, key)| key)
}

/// The type that WhatsApp Web gives to a message with such a file.
fn kind_of(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Voice => "ptt",
        MediaKind::VideoNote => "ptv",
        MediaKind::Gif => "video",
        kind => kind.name(),
    }
}

fn media_of(file: &Attachment) -> Media {
    Media {
        kind: Some(file.kind),
        mimetype: file.mimetype.clone(),
        size: Some(file.size),
        filename: file.filename.as_ref().map(|name| name.reveal().to_owned()),
        duration_s: file.duration_s,
        width: file.width,
        height: file.height,
        pages: None,
        sha256: Some(file.id),
        thumbnail: None,
        view_once: file.view_once,
        status: MediaStatus::Stored,
    }
}
