//! What Meta takes: checked before a call, so that the answer names the limit.

use crate::domain::address::{ChatId, Server};
use crate::domain::content::{Attachment, Content};
use crate::domain::media::MediaKind;
use crate::transport::NothingLeft;

const TEXT_MAX: usize = 4096;
const CAPTION_MAX: usize = 1024;
const IMAGE_MAX: u64 = 5 << 20;
const SOUND_MAX: u64 = 16 << 20;
const DOCUMENT_MAX: u64 = 100 << 20;
const STICKER_MAX: u64 = 100 << 10;
const ANIMATED_STICKER_MAX: u64 = 500 << 10;

/// Meta's list of documents (developers.facebook.com, WhatsApp, "Document messages": supported document types). The upload
/// itself takes these, and the types of the other kinds; it refuses everything else.
const DOCUMENTS: [&str; 8] = [
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
];

/// # Errors
/// The Cloud API never takes this.
pub(super) fn check(to: &ChatId, content: &Content) -> Result<(), NothingLeft> {
    match to.server() {
        Server::Phone => {}
        Server::Group => return Err(not_possible("it does not write to groups")),
        Server::Lid => return Err(not_possible("it writes to phone numbers, and knows no LIDs")),
    }
    let length = content.words().map_or(0, |words| words.reveal().chars().count());
    let limit = match content {
        Content::Text { mentions, .. } if !mentions.is_empty() => return Err(not_possible("it mentions nobody")),
        Content::Text { .. } => TEXT_MAX,
        Content::File(file) => {
            check_file(file)?;
            CAPTION_MAX
        }
        Content::Template(_) | Content::Location(_) | Content::Contacts(_) => return Ok(()),
        Content::Poll(_) => return Err(not_possible("it has no polls")),
        Content::GroupInvite(_) => return Err(not_possible("it knows no groups")),
        Content::Forward { .. } => return Err(not_possible("it has no messages to pass on")),
    };
    if length > limit { Err(NothingLeft::TextTooLong { length, limit }) } else { Ok(()) }
}

fn not_possible(why: &str) -> NothingLeft {
    NothingLeft::NotPossible(format!("the Cloud API cannot do this: {why}"))
}

fn check_file(file: &Attachment) -> Result<(), NothingLeft> {
    if file.view_once {
        return Err(not_possible("it has no files that open once"));
    }
    let (types, limit): (&[&str], u64) = match file.kind {
        MediaKind::Image => (&["image/jpeg", "image/png"], IMAGE_MAX),
        MediaKind::Video | MediaKind::Gif => (&["video/mp4", "video/3gpp", "video/3gp"], SOUND_MAX),
        MediaKind::Audio => (&["audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"], SOUND_MAX),
        MediaKind::Voice => (&["audio/ogg"], SOUND_MAX),
        MediaKind::Sticker if file.is_animated => (&["image/webp"], ANIMATED_STICKER_MAX),
        MediaKind::Sticker => (&["image/webp"], STICKER_MAX),
        MediaKind::Document => (&DOCUMENTS, DOCUMENT_MAX),
        MediaKind::VideoNote => return Err(not_possible("it has no round videos")),
    };
    let mimetype = file.mimetype.split(';').next().unwrap_or_default().trim();
    if !types.contains(&mimetype) {
        let (kind, types) = (file.kind, types.join(", "));
        return Err(NothingLeft::FileRefused(format!("the Cloud API takes a file of kind {kind} only as {types}")));
    }
    if file.size > limit { Err(NothingLeft::FileTooLarge { limit }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::content::tests::attachment;
    use crate::domain::media::BlobId;

    #[test]
    fn what_the_cloud_api_never_takes_is_refused_before_a_call() {
        let phone = ChatId::parse("5491122334455@c.us").unwrap();
        let text = |length: usize| Content::text(&"ñ".repeat(length)).unwrap();
        assert_eq!(check(&phone, &text(4096)), Ok(()));
        assert_eq!(check(&phone, &text(4097)), Err(NothingLeft::TextTooLong { length: 4097, limit: 4096 }));
        for chat in ["120363000000000001@g.us", "22300000000001@lid"] {
            let chat = ChatId::parse(chat).unwrap();
            assert!(matches!(check(&chat, &text(1)), Err(NothingLeft::NotPossible(_))));
        }
        let file = |change: fn(&mut Attachment)| {
            let mut file = attachment(BlobId::from_bytes([1; 32]));
            change(&mut file);
            check(&phone, &Content::File(Box::new(file)))
        };
        assert_eq!(file(|_| {}), Ok(()));
        assert_eq!(file(|file| file.size = IMAGE_MAX + 1), Err(NothingLeft::FileTooLarge { limit: IMAGE_MAX }));
        assert!(matches!(file(|file| file.view_once = true), Err(NothingLeft::NotPossible(_))));
        assert!(matches!(file(|file| file.mimetype = "image/gif".to_owned()), Err(NothingLeft::FileRefused(_))));
        assert_eq!(
            file(|file| (file.kind, file.mimetype) = (MediaKind::Voice, "audio/ogg; codecs=opus".to_owned())),
            Ok(())
        );
        let document = |mimetype: &str| {
            let mut file = attachment(BlobId::from_bytes([1; 32]));
            (file.kind, file.mimetype) = (MediaKind::Document, mimetype.to_owned());
            check(&phone, &Content::File(Box::new(file)))
        };
        for mimetype in ["text/plain; charset=utf-8", "application/pdf", DOCUMENTS[3], DOCUMENTS[5], DOCUMENTS[7]] {
            assert_eq!(document(mimetype), Ok(()), "{mimetype}");
        }
        for mimetype in ["application/zip", "text/csv", "image/gif", "application/octet-stream", ""] {
            assert!(matches!(document(mimetype), Err(NothingLeft::FileRefused(_))), "{mimetype}");
        }
        let sticker = |is_animated: bool, size: u64| {
            let mut file = attachment(BlobId::from_bytes([1; 32]));
            (file.kind, file.mimetype) = (MediaKind::Sticker, "image/webp".to_owned());
            (file.is_animated, file.size) = (is_animated, size);
            check(&phone, &Content::File(Box::new(file)))
        };
        assert_eq!((sticker(false, 100 << 10), sticker(true, 500 << 10)), (Ok(()), Ok(())));
        assert_eq!(sticker(false, (100 << 10) + 1), Err(NothingLeft::FileTooLarge { limit: 100 << 10 }));
        assert_eq!(sticker(true, (500 << 10) + 1), Err(NothingLeft::FileTooLarge { limit: 500 << 10 }));
    }
}
