//! Files: what their messages say, what the host keeps, and what the phone answers.

use super::{FRIEND, ME, Outcome, connected, linked, told, world};
use crate::faults::Reupload;
use crate::media::{HostAnswer, Kind, Media, Wrong, hash};
use crate::message::bare_id;
use crate::protocol::FromPage;
use crate::record::AskedUpload;
use serde_json::json;

/// The path without its signature.
fn bare(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

#[test]
fn the_host_keeps_what_the_message_says() -> Outcome {
    let mut world = world()?;
    let sent = world.media(ME, &Media::new(FRIEND, Kind::Image, b"a picture"))?;
    assert_eq!((sent.size, sent.filehash.as_str()), (9, hash(b"a picture").as_str()));
    let (answer, kept) = world.fetch("GET", bare(&sent.path), Vec::new()).ok_or("no file")?;
    assert_eq!((answer, hash(&kept)), (HostAnswer::Serve, sent.enc_filehash.clone()));
    assert!(!kept.windows(9).any(|window| window == b"a picture"));
    world.host_answers(&sent.message, HostAnswer::Gone)?;
    assert_eq!(world.fetch("GET", bare(&sent.path), Vec::new()).map(|(answer, _)| answer), Some(HostAnswer::Gone));
    assert_eq!(world.record().fetches.len(), 2);
    assert!(world.fetch("GET", "/v/none/none", Vec::new()).is_none());
    assert!(world.host_answers("false_nobody@lid_AC", HostAnswer::Gone).is_err());
    Ok(())
}

#[test]
fn a_message_can_be_wrong_about_its_file() -> Outcome {
    for wrong in [Wrong::Key, Wrong::FileHash, Wrong::EncFileHash, Wrong::Mac] {
        let mut world = world()?;
        let media = Media { wrong: Some(wrong), ..Media::new(FRIEND, Kind::Document, b"a list") };
        let sent = world.media(ME, &media)?;
        let (_, kept) = world.fetch("GET", bare(&sent.path), Vec::new()).ok_or("no file")?;
        assert_eq!(sent.filehash != hash(b"a list"), wrong == Wrong::FileHash);
        assert_eq!(sent.enc_filehash != hash(&kept), wrong == Wrong::EncFileHash);
    }
    Ok(())
}

#[test]
fn a_view_once_file_has_no_key() -> Outcome {
    let mut world = world()?;
    world.media(ME, &Media { view_once: true, ..Media::new(FRIEND, Kind::Ptt, b"words") })?;
    let chats = world.chats(ME);
    assert_eq!(
        json!(chats[0].messages[0].fields),
        json!({ "mimetype": "audio/ogg; codecs=opus", "duration": "0", "isViewOnce": true })
    );
    Ok(())
}

#[test]
fn the_phone_uploads_again_once_it_answers() -> Outcome {
    let mut world = world()?;
    let login = linked(&mut world)?;
    let (page, outbox) = connected(&mut world, &login);
    world.faults.reupload = Reupload::Silent;
    let sent = world.media(ME, &Media::new(FRIEND, Kind::Image, b"a picture"))?;
    told(&outbox);
    let id = bare_id(&sent.message).to_owned();
    let asked = AskedUpload { id: id.clone(), chat: "1@lid".to_owned(), from_me: false, participant: None };
    world.peer_said(page, FromPage::AskUpload { asked: asked.clone() });
    assert_eq!((told(&outbox).len(), &world.record().uploads_asked), (0, &vec![asked]));
    world.faults.reupload = Reupload::Success;
    world.answer_upload(&id)?;
    let answers = told(&outbox);
    assert_eq!((&answers[0]["t"], &answers[0]["result"]), (&json!("uploaded"), &json!(1)));
    let path = answers[0]["directPath"].as_str().ok_or("no path")?;
    let (_, kept) = world.fetch("GET", bare(path), Vec::new()).ok_or("no file")?;
    assert_eq!((bare(path) == bare(&sent.path), hash(&kept)), (false, sent.enc_filehash));
    Ok(())
}

#[test]
fn a_file_without_given_bytes_has_the_size_that_is_asked_for_and_is_like_no_other() -> Outcome {
    let mut world = world()?;
    let media = Media { bytes: None, size: Some(1001), ..Media::new(FRIEND, Kind::Document, b"") };
    let (one, other) = (world.media(ME, &media)?, world.media(ME, &media)?);
    assert_eq!((one.size, other.size), (1001, 1001));
    assert_ne!(one.filehash, other.filehash);
    Ok(())
}
