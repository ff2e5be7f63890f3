//! The host of files, and the phone that uploads a file again when its page asks.

use super::{World, unix_ms};
use crate::error::Error;
use crate::faults::{Reupload, UploadAnswer};
use crate::media::{HostAnswer, Kind, Media, Sent, Wrong, digest, hash, opened, sealed};
use crate::message::{Incoming, Message, bare_id};
use crate::protocol::ToPage;
use crate::record::{AskedUpload, Fetch, ReceivedFile, Upload};
use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use std::collections::BTreeMap;

/// A path is signed for two weeks.
const LIFE_S: u64 = 14 * 86_400;

/// The files on the host, by path without the signature, and the files that were sent, by the bare ids of messages.
#[derive(Debug, Default)]
pub(super) struct Files {
    kept: BTreeMap<String, Kept>,
    sent: BTreeMap<String, Sent>,
    /// The files that arrive in parts, by their names.
    parts: BTreeMap<String, Vec<u8>>,
    /// The requests that the phone has not answered: bare id → the page that asked.
    asked: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Kept {
    bytes: Bytes,
    answer: HostAnswer,
}

fn unsigned(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

impl World {
    /// Somebody sends a file to an account.
    pub(crate) fn media(&mut self, phone: &str, media: &Media) -> Result<Sent, Error> {
        self.sent_file(media, |world, content| world.incoming(phone, content))
    }

    /// An account's owner sends a file on the phone to a number or a group.
    pub(crate) fn media_from_phone(&mut self, phone: &str, to: &str, media: &Media) -> Result<Sent, Error> {
        self.sent_file(media, |world, content| world.send_from_phone(phone, to, content))
    }

    /// Puts a file on the host, and sends the message with it.
    fn sent_file(
        &mut self,
        media: &Media,
        send: impl FnOnce(&mut Self, Incoming) -> Result<String, Error>,
    ) -> Result<Sent, Error> {
        let random = self.random.of("files");
        let (key, other) = (random.hex(32).into_bytes(), random.hex(32).into_bytes());
        let plain = media.content(|| random.next())?;
        let mut file = sealed(&plain, &key, media.kind)?;
        if media.wrong == Some(Wrong::Mac)
            && let Some(last) = file.last_mut()
        {
            *last ^= 1;
        }
        let now_s = unix_ms() / 1000;
        let until_s = if media.expired { now_s - 60 } else { now_s + LIFE_S };
        let said = |wrong, value: String| if media.wrong == Some(wrong) { hash(&other) } else { value };
        let mut sent = Sent {
            message: String::new(),
            media_key: STANDARD.encode(if media.wrong == Some(Wrong::Key) { &other } else { &key }),
            filehash: said(Wrong::FileHash, hash(&plain)),
            enc_filehash: said(Wrong::EncFileHash, hash(&file)),
            size: plain.len(),
            path: self.keep(file.into(), until_s),
        };
        sent.message = send(self, media.message(&sent, now_s))?;
        self.files.sent.insert(bare_id(&sent.message).to_owned(), sent.clone());
        Ok(sent)
    }

    /// Puts a file on the host; returns its signed path.
    fn keep(&mut self, bytes: Bytes, until_s: u64) -> String {
        let random = self.random.of("paths of files");
        let path = format!("/v/t62.7118-24/{}_n.enc", random.hex(24).to_lowercase());
        let signature = random.hex(16);
        self.files.kept.insert(path.clone(), Kept { bytes, answer: HostAnswer::default() });
        format!("{path}?ccb=11-4&oh=01_Q5AaI{signature}&oe={until_s:X}&_nc_sid=5e03e0")
    }

    /// A page uploads a file, or a part of one: the last request of a file in parts has no bytes.
    pub(crate) fn upload(
        &mut self,
        kind: String,
        name: &str,
        mut query: Vec<String>,
        bytes: Bytes,
    ) -> (UploadAnswer, Option<String>) {
        query.sort();
        let answer = self.next_upload_answer();
        let has = |wanted: &str| query.iter().any(|name| name == wanted);
        let is_part = has("stream") && !has("final_hash");
        let bytes = if has("final_hash") { self.files.parts.remove(name).unwrap_or_default().into() } else { bytes };
        let named = URL_SAFE_NO_PAD.encode(digest(&bytes)) == name;
        let size = bytes.len();
        let taken = matches!(answer, UploadAnswer::Take);
        if taken && is_part {
            self.files.parts.entry(name.to_owned()).or_default().extend_from_slice(&bytes);
        }
        let path = (taken && !is_part).then(|| self.keep(bytes, unix_ms() / 1000 + LIFE_S));
        self.record.uploads.push(Upload { kind, query, size, named, answer, path: path.clone() });
        self.touch();
        (answer, path)
    }

    /// The last answer of the list stays.
    fn next_upload_answer(&mut self) -> UploadAnswer {
        match self.faults.uploads.len() {
            0 => UploadAnswer::Take,
            1 => self.faults.uploads[0],
            _ => self.faults.uploads.remove(0),
        }
    }

    /// The file of a message that a page sends, opened as its receiver opens it; the host answers for it by the
    /// message from now on.
    pub(super) fn received_file(&mut self, message: &Message) -> Option<ReceivedFile> {
        let said = |name: &str| message.fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let is_gif = message.fields.get("isGif").and_then(Value::as_bool) == Some(true);
        let kind = Kind::of_message(&message.kind, is_gif)?;
        let (path, media_key) = (said("directPath")?, said("mediaKey")?);
        let (filehash, enc_filehash) = (said("filehash")?, said("encFilehash")?);
        let sealed = self.files.kept.get(unsigned(&path))?.bytes.clone();
        let bytes = opened(&sealed, &STANDARD.decode(&media_key).ok()?, kind)?;
        let size = bytes.len();
        let is_whole = hash(&bytes) == filehash
            && hash(&sealed) == enc_filehash
            && message.fields.get("size").and_then(Value::as_u64) == Some(size as u64);
        let sent = Sent { message: message.key(), path, media_key, filehash: filehash.clone(), enc_filehash, size };
        self.files.sent.insert(message.id.clone(), sent);
        is_whole.then(|| ReceivedFile { kind, size, sha256: filehash, bytes: bytes.into() })
    }

    fn file_of(&self, message: &str) -> Result<&Sent, Error> {
        let missing = || Error::NotFound { what: "message with a file", name: message.to_owned() };
        self.files.sent.get(bare_id(message)).ok_or_else(missing)
    }

    /// The file of a message as the phone opens it, with its type.
    pub(crate) fn opened_file(&self, message: &str) -> Result<(String, Bytes), Error> {
        let missing = || Error::NotFound { what: "file that the phone can open", name: message.to_owned() };
        let sent = self.file_of(message)?;
        let phone = self.copies(message)?.into_iter().next().ok_or_else(missing)?;
        let Message { kind, fields, .. } = self.message(&phone, bare_id(message)).ok_or_else(missing)?;
        let is_gif = fields.get("isGif").and_then(Value::as_bool) == Some(true);
        let kept = self.files.kept.get(unsigned(&sent.path)).ok_or_else(missing)?;
        let kind = Kind::of_message(kind, is_gif).ok_or_else(missing)?;
        let key = STANDARD.decode(&sent.media_key).ok().ok_or_else(missing)?;
        let bytes = opened(&kept.bytes, &key, kind).ok_or_else(missing)?;
        let mimetype = fields.get("mimetype").and_then(Value::as_str).unwrap_or_default();
        Ok((mimetype.to_owned(), bytes.into()))
    }

    /// Changes how the host answers for the file that a message names.
    pub(crate) fn host_answers(&mut self, message: &str, answer: HostAnswer) -> Result<(), Error> {
        let path = unsigned(&self.file_of(message)?.path).to_owned();
        if let Some(kept) = self.files.kept.get_mut(&path) {
            kept.answer = answer;
        }
        Ok(())
    }

    /// A page asks the host for a file; None if there is no such file.
    pub(crate) fn fetch(&mut self, method: &str, path: &str, query: Vec<String>) -> Option<(HostAnswer, Bytes)> {
        self.record.fetches.push(Fetch { method: method.to_owned(), path: path.to_owned(), query });
        self.touch();
        self.files.kept.get(path).map(|kept| (kept.answer, kept.bytes.clone()))
    }

    /// A page asks the phone to upload a file again.
    pub(super) fn asked_upload(&mut self, page: u64, asked: AskedUpload) {
        self.files.asked.insert(asked.id.clone(), page);
        let id = asked.id.clone();
        self.record.uploads_asked.push(asked);
        self.touch();
        if let Err(error) = self.answer_upload(&id) {
            tracing::warn!(%error, "a page asked for a file that was never sent");
        }
    }

    /// The phone answers a request for a file as the faults say; a silent one answers when this is called again.
    pub(crate) fn answer_upload(&mut self, message: &str) -> Result<(), Error> {
        let id = bare_id(message).to_owned();
        let path = self.file_of(&id)?.path.clone();
        let Some(result) = self.faults.reupload.result() else { return Ok(()) };
        let Some(page) = self.files.asked.remove(&id) else { return Ok(()) };
        let bytes = self.files.kept.get(unsigned(&path)).map(|kept| kept.bytes.clone());
        let uploaded = bytes.filter(|_| self.faults.reupload == Reupload::Success);
        let direct_path = uploaded.map(|bytes| self.keep(bytes, unix_ms() / 1000 + LIFE_S));
        self.tell(page, &ToPage::Uploaded { id: &id, result, direct_path: direct_path.as_deref() });
        Ok(())
    }
}
