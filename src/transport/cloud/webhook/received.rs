//! A message that somebody wrote, as the rest of the service knows messages.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::shapes::{Contact, File, Message};
use super::{Heard, Told};
use crate::domain::log::REVOKED;
use crate::domain::media::{BlobId, Media, MediaKind, MediaStatus};
use crate::domain::message::{Ack, Details, MessageId, PageMessage, Reaction};
use crate::domain::notice::Person;
use crate::domain::secret::Secret;
use crate::domain::wamid::Wamid;

/// The server part of the chat of somebody whose number Meta does not tell.
const NAMELESS: &str = "bsuid";

/// `from_me`: the account itself wrote the message, in the business app on the phone.
pub(super) fn message(value: &Value, contacts: &[Contact], account: Option<&str>, from_me: bool) -> Option<Told> {
    let head = Message::deserialize(value).ok()?;
    let (phone, user_id) = if from_me { (&head.to, &head.to_user_id) } else { (&head.from, &head.from_user_id) };
    let phone = phone.as_deref().map(super::digits).filter(|digits| !digits.is_empty());
    let chat = match (&phone, user_id) {
        (Some(phone), _) => format!("{phone}@c.us"),
        (None, Some(user_id)) => format!("{user_id}@{NAMELESS}"),
        (None, None) => return None,
    };
    let content = &value[head.kind.as_str()];
    // Who reacts or deletes. In an echo it is the account itself.
    let own = account.filter(|_| from_me);
    let actor = own.map_or_else(|| chat.clone(), |digits| format!("{digits}@c.us"));
    let actor_phone = own.map_or_else(|| phone.clone().filter(|_| !from_me), |digits| Some(digits.to_owned()));
    if head.kind == "reaction" {
        return Some(Told::Reacted(Box::new(Reaction {
            id: MessageId::new(head.id),
            message_id: MessageId::new(content["message_id"].as_str()?),
            chat,
            sender: actor,
            sender_phone: actor_phone,
            from_me,
            emoji: content["emoji"].as_str().unwrap_or_default().to_owned(),
            t_ms: head.timestamp.saturating_mul(1000),
        })));
    }
    // Notices: a number that changed, a chat that was opened.
    if matches!(head.kind.as_str(), "system" | "request_welcome") {
        return None;
    }
    // An edit and a deletion name the message that they change.
    let is_edit = head.kind == "edit";
    let is_revocation = head.kind == "revoke";
    let changed = if is_edit || is_revocation { Some(content["original_message_id"].as_str()?) } else { None };
    let message = if is_edit { &content["message"] } else { value };
    let Said { kind, body, media, data } = match head.kind.as_str() {
        "edit" => edited(message)?,
        "revoke" => Said { kind: REVOKED.to_owned(), ..Said::default() },
        kind => said(kind, content),
    };
    let contact = contacts.iter().find(|contact| {
        (phone.is_some() && contact.wa_id == phone) || (user_id.is_some() && contact.user_id == *user_id)
    });
    let profile = contact.and_then(|contact| contact.profile.clone());
    let quoted = message["context"]["id"].as_str().filter(|id| Some(*id) != changed).map(quoted);
    let message = PageMessage {
        id: MessageId::new(changed.unwrap_or(&head.id)),
        from_me,
        from: (!from_me).then(|| chat.clone()),
        to: from_me.then(|| chat.clone()),
        chat,
        lid: None,
        author: None,
        author_phone: None,
        author_lid: None,
        phone,
        kind,
        subtype: None,
        body: Secret::new(body),
        name: profile.and_then(|profile| profile.name.or(profile.username)).filter(|_| !from_me),
        media,
        quoted,
        data: data.map(Details),
        edited_ms: is_edit.then(|| head.timestamp.saturating_mul(1000)),
        edit_open: false,
        revoked_s: is_revocation.then_some(head.timestamp),
        notice: None,
        revoked_by: is_revocation.then_some((false, Some(Person { id: actor, phone: actor_phone, lid: None }))),
        row: None,
        t: head.timestamp,
        ack: Ack::PENDING,
        is_new: true,
    };
    if is_revocation {
        return Some(Told::Revoked(Box::new(message)));
    }
    let heard = Box::new(Heard { message, account: account.map(str::to_owned) });
    Some(if is_edit { Told::Edited(heard) } else { Told::Message(heard) })
}

/// What a message says after an edit. WhatsApp lets people edit texts and captions.
fn edited(message: &Value) -> Option<Said> {
    let kind = message["type"].as_str()?;
    let content = &message[kind];
    if !content.is_object() {
        return None;
    }
    match kind {
        "text" => Some(said(kind, content)),
        // The caption may come without the file.
        "image" | "video" | "document" => {
            let body = content["caption"].as_str().unwrap_or_default().to_owned();
            Some(Said { body, ..said(kind, content) })
        }
        _ => None,
    }
}

/// WhatsApp's own part of the id of a quoted message, as WhatsApp Web has it; an opaque id as it is.
fn quoted(id: &str) -> String {
    Wamid::decode(id).map_or_else(|| id.to_owned(), |wamid| wamid.key)
}

/// What a message says, under the names that WhatsApp Web has for it.
#[derive(Default)]
struct Said {
    kind: String,
    body: String,
    media: Option<Media>,
    data: Option<Value>,
}

fn said(kind: &str, content: &Value) -> Said {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let named = |kind: &str| Said { kind: kind.to_owned(), ..Said::default() };
    match kind {
        "text" => Said { body: text(&content["body"]), ..named("chat") },
        "image" | "video" | "audio" | "document" | "sticker" => file(kind, content),
        "location" => location(content),
        "contacts" => cards(content),
        "button" => Said {
            body: text(&content["text"]),
            data: Some(json!({ "button": { "id": content["payload"], "text": content["text"] } })),
            ..named("template_button_reply")
        },
        "interactive" => interactive(content),
        "unsupported" => named("unsupported"),
        // Orders, and what Meta adds: kept as it came.
        other => Said {
            body: text(&content["text"]),
            data: Some(json!({ other: content })).filter(|_| !content.is_null()),
            ..named(other)
        },
    }
}

fn interactive(content: &Value) -> Said {
    let reply = |name: &str| Some(&content[name]).filter(|reply| reply.is_object());
    let body = |reply: &Value| reply["title"].as_str().unwrap_or_default().to_owned();
    let answered = |kind: &str, field: &str, reply: &Value| Said {
        kind: kind.to_owned(),
        body: body(reply),
        data: Some(match field {
            "list" => {
                json!({ "list": { "id": reply["id"], "title": reply["title"], "description": reply["description"] } })
            }
            field => json!({ field: { "id": reply["id"], "text": reply["title"] } }),
        }),
        media: None,
    };
    if let Some(pressed) = reply("button_reply") {
        return answered("buttons_response", "button", pressed);
    }
    if let Some(chosen) = reply("list_reply") {
        return answered("list_response", "list", chosen);
    }
    Said {
        kind: "interactive".to_owned(),
        body: content["nfm_reply"]["body"].as_str().unwrap_or_default().to_owned(),
        data: Some(json!({ "interactive": content })),
        media: None,
    }
}

fn location(content: &Value) -> Said {
    let [name, address] = ["name", "address"].map(|field| content[field].as_str().filter(|text| !text.is_empty()));
    let place = [name, address].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let (latitude, longitude) = (&content["latitude"], &content["longitude"]);
    let at = if latitude.is_number() && longitude.is_number() {
        format!("({latitude}, {longitude})")
    } else {
        String::new()
    };
    Said {
        kind: "location".to_owned(),
        body: [place, at].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
        data: Some(json!({ "location": {
            "latitude": latitude, "longitude": longitude, "name": name, "address": address,
        } })),
        media: None,
    }
}

fn cards(content: &Value) -> Said {
    let cards = content.as_array().map(Vec::as_slice).unwrap_or_default();
    let phones = |card: &Value| -> Vec<String> {
        let phones = card["phones"].as_array().into_iter().flatten();
        phones.filter_map(|phone| phone["phone"].as_str()).map(str::to_owned).collect()
    };
    let words: Vec<String> = cards
        .iter()
        .map(|card| {
            let name = card["name"]["formatted_name"].as_str().unwrap_or_default().to_owned();
            [name, phones(card).join(", ")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
        })
        .collect();
    let told: Vec<Value> =
        cards.iter().map(|card| json!({ "name": card["name"]["formatted_name"], "phones": phones(card) })).collect();
    Said {
        kind: if cards.len() == 1 { "vcard" } else { "multi_vcard" }.to_owned(),
        body: words.join("\n"),
        data: Some(json!({ "contacts": told })),
        media: None,
    }
}

fn file(kind: &str, content: &Value) -> Said {
    let Ok(file) = File::deserialize(content) else {
        return Said { kind: kind.to_owned(), ..Said::default() };
    };
    let (name, media) = match kind {
        "image" => ("image", MediaKind::Image),
        "video" => ("video", MediaKind::Video),
        "audio" if file.voice == Some(true) => ("ptt", MediaKind::Voice),
        "audio" => ("audio", MediaKind::Audio),
        "sticker" => ("sticker", MediaKind::Sticker),
        _ => ("document", MediaKind::Document),
    };
    let sha256 = file.sha256.and_then(|text| STANDARD.decode(text).ok()).and_then(|bytes| bytes.try_into().ok());
    let media = Media {
        kind: Some(media),
        mimetype: file.mime_type.unwrap_or_default(),
        size: None,
        filename: file.filename,
        duration_s: None,
        width: None,
        height: None,
        pages: None,
        sha256: sha256.map(BlobId::from_bytes),
        thumbnail: None,
        view_once: false,
        status: MediaStatus::Pending,
    };
    Said {
        kind: name.to_owned(),
        body: file.caption.unwrap_or_default(),
        media: Some(media),
        // By this id the file is fetched.
        data: Some(json!({ "cloud_media_id": file.id })),
    }
}
