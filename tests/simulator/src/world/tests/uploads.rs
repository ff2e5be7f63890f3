//! Files that pages send: the host takes them or refuses, and their receivers open them.

use super::{ME, Outcome, connected, linked_as, world};
use crate::faults::UploadAnswer;
use crate::media::{Kind, digest, hash, sealed};
use crate::message::Message;
use crate::protocol::FromPage;
use crate::world::World;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

const OTHER: &str = "5491150000002";
const KEY: [u8; 32] = [7; 32];

/// Uploads a file as a page does; returns the fields of a message with it.
fn uploaded(world: &mut World, bytes: &[u8], kind: Kind) -> Result<Value, Box<dyn std::error::Error>> {
    let file = sealed(bytes, &KEY, kind)?;
    let name = URL_SAFE_NO_PAD.encode(digest(&file));
    let enc_filehash = hash(&file);
    let (_, path) = world.upload("image".to_owned(), &name, vec!["token".to_owned()], file.into());
    Ok(json!({
        "mimetype": "image/png", "size": bytes.len(), "filehash": hash(bytes), "encFilehash": enc_filehash,
        "directPath": path, "mediaKey": STANDARD.encode(KEY), "caption": "words",
    }))
}

fn message(chat: &str, kind: &str, fields: &Value) -> Result<Message, serde_json::Error> {
    serde_json::from_value(json!({
        "id": "3EB0AA", "fromMe": true, "remote": chat, "from": "1@lid", "to": chat, "type": kind, "t": 1, "fields": fields,
    }))
}

#[test]
fn the_file_of_a_sent_message_is_opened_and_reaches_the_other_account() -> Outcome {
    let mut world = world()?;
    world.add_account(OTHER, None)?;
    let login = linked_as(&mut world, ME)?;
    let (page, _) = connected(&mut world, &login);
    let lid = world.add_account(OTHER, None)?.lid;
    let fields = uploaded(&mut world, b"a picture", Kind::Image)?;
    world.peer_said(page, FromPage::Send { message: message(&lid, "image", &fields)? });
    let record = world.record();
    let file = record.received[0].file.clone().ok_or("no file")?;
    assert_eq!((file.kind, file.size, &file.bytes[..]), (Kind::Image, 9, &b"a picture"[..]));
    assert_eq!(file.sha256, hash(b"a picture"));
    assert_eq!(record.received[0].fields["caption"], "words");
    assert!(record.uploads[0].named && record.uploads[0].path.is_some());
    assert_eq!(json!(world.chats(OTHER)[0].messages[0].fields), fields);
    Ok(())
}

#[test]
fn a_message_that_is_wrong_about_its_file_has_none() -> Outcome {
    for wrong in ["filehash", "encFilehash", "mediaKey", "directPath", "size"] {
        let mut world = world()?;
        let login = linked_as(&mut world, ME)?;
        let (page, _) = connected(&mut world, &login);
        let mut fields = uploaded(&mut world, b"a picture", Kind::Image)?;
        fields[wrong] = if wrong == "size" { json!(1) } else { json!(hash(b"other")) };
        world.peer_said(page, FromPage::Send { message: message("5@lid", "image", &fields)? });
        assert_eq!(world.record().received[0].file, None, "{wrong}");
    }
    Ok(())
}

#[test]
fn a_linked_device_gets_no_key_of_a_view_once_file_and_a_document_its_name_as_caption() -> Outcome {
    let mut world = world()?;
    let lid = world.add_account(OTHER, None)?.lid;
    let login = linked_as(&mut world, ME)?;
    let (page, _) = connected(&mut world, &login);
    let mut fields = uploaded(&mut world, b"a picture", Kind::Image)?;
    fields["isViewOnce"] = json!(true);
    world.peer_said(page, FromPage::Send { message: message(&lid, "image", &fields)? });
    let mut document = message(&lid, "document", &json!({ "filename": "a.pdf" }))?;
    document.id = "3EB0BB".to_owned();
    world.peer_said(page, FromPage::Send { message: document });
    let got = &world.chats(OTHER)[0].messages;
    assert_eq!(json!(got[0].fields), json!({ "mimetype": "image/png", "isViewOnce": true }));
    assert_eq!(json!(got[1].fields), json!({ "filename": "a.pdf", "caption": "a.pdf", "isCaptionByUser": false }));
    Ok(())
}

#[test]
fn the_host_answers_uploads_one_after_the_other_and_the_last_answer_stays() -> Outcome {
    let mut world = world()?;
    world.faults.uploads = vec![UploadAnswer::Status(500), UploadAnswer::Take];
    let mut answers = Vec::new();
    for _ in 0..3 {
        let (answer, path) = world.upload("image".to_owned(), "", Vec::new(), Vec::new().into());
        answers.push((answer, path.is_some()));
    }
    let taken = (UploadAnswer::Take, true);
    assert_eq!(answers, [(UploadAnswer::Status(500), false), taken, taken]);
    assert_eq!(json!(UploadAnswer::Status(413)), json!(413));
    assert_eq!(json!(UploadAnswer::Hang), json!("hang"));
    Ok(())
}
