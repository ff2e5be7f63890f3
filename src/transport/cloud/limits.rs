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
const STICKER_MAX: u64 = 500 << 10;

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
        MediaKind::Sticker => (&["image/webp"], STICKER_MAX),
        MediaKind::Document => (&[], DOCUMENT_MAX),
        MediaKind::VideoNote => return Err(not_possible("it has no round videos")),
    };
    let mimetype = file.mimetype.split(';').next().unwrap_or_default().trim();
    if !types.is_empty() && !types.contains(&mimetype) {
        let kind = file.kind;
        return Err(NothingLeft::FileRefused(format!(
            "the Cloud API takes a file of kind {kind} only as {}; send it as a document",
            types.join(", ")
        )));
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
    }
}
