//! The calls that bring a file out: the page is given a path, uploads the file, and sends a message with it.
//!
//! An upload is visible to nobody and may be repeated; a reload of the page forgets it. Only `dispatch` sends.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::files_in::millis;
use super::{CallError, Page, PageError};
use crate::domain::message::MessageId;

/// A file to upload, and what a message with it says of it. What a kind of file does not have is left out.
#[derive(Serialize)]
pub struct UploadRequest<'a> {
    /// The name of the upload in the page, as in [`Page::give_file`].
    pub token: &'a str,
    pub chat_id: &'a str,
    /// `image`, `video`, `gif`, `audio`, `voice`, `document` or `sticker`.
    pub kind: &'a str,
    pub mimetype: &'a str,
    /// The name that receivers of a document see.
    pub filename: Option<&'a str>,
    /// Used if the dispatch gives none.
    pub caption: Option<&'a str>,
    pub view_once: bool,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub duration_s: Option<u32>,
    /// Of a voice note: 64 samples from 0 to 100.
    #[serde(serialize_with = "in_base64")]
    pub waveform: Option<&'a [u8]>,
    /// A small JPEG.
    #[serde(serialize_with = "in_base64")]
    pub thumbnail: Option<&'a [u8]>,
}

fn in_base64<S: Serializer>(bytes: &Option<&[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    bytes.map(|bytes| STANDARD.encode(bytes)).serialize(serializer)
}

/// What the page has uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Uploaded {
    /// Bytes.
    pub size: u64,
    /// The SHA-256 of the file as the page read it, in base64.
    pub filehash: String,
}

/// How much of a file has left, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct UploadProgress {
    pub loaded: u64,
    /// 0 before the upload has begun.
    pub total: u64,
}

impl Page {
    /// The most bytes that WhatsApp takes of a kind of file.
    pub async fn upload_limit(&self, kind: &str) -> Result<u64, PageError> {
        #[derive(Deserialize)]
        struct Limit {
            bytes: u64,
        }
        self.call("upload_limit", json!({ "kind": kind }), self.deadline).await.map(|limit: Limit| limit.bytes)
    }

    /// Names a file to the page; its bytes are read when it is uploaded, so it must stay as it is until then.
    pub async fn give_file(&self, token: &str, path: &Path) -> Result<(), PageError> {
        let call = self.expression("file_input", &json!({ "token": token }));
        // The adapter wraps every answer; the browser needs the element itself.
        let element = format!("{call}.then((answer) => answer.value)");
        Ok(self.tab.give_file(element, path, self.deadline).await?)
    }

    /// Uploads a file that the page was given. A repeated call returns the first answer, or joins an upload that is in
    /// progress. The deadline ends the wait, not the upload: [`Page::upload_cancel`] does that.
    pub async fn upload(&self, request: &UploadRequest<'_>, deadline: Duration) -> Result<Uploaded, PageError> {
        let argument = serde_json::to_value(request).map_err(CallError::from)?;
        self.call("upload", argument, deadline).await
    }

    /// Whether a message that is passed on has a file. Refuses what cannot be passed on, and a file of more than `largest` bytes.
    pub async fn forward_check(&self, message: &MessageId, largest: u64) -> Result<bool, PageError> {
        #[derive(Deserialize)]
        struct Checked {
            has_file: bool,
        }
        let argument = json!({ "message_id": message.as_str(), "max_bytes": largest });
        self.call("forward_check", argument, self.deadline).await.map(|checked: Checked| checked.has_file)
    }

    /// Brings the file of a message, if it has one of at most `largest` bytes, to where the receivers of a forward will find it. A
    /// fetch ends when nothing came for `stall`, and the phone, if it must upload the file again, has `phone` to answer.
    pub async fn forward_file(
        &self,
        message: &MessageId,
        token: &str,
        largest: u64,
        (stall, phone): (Duration, Duration),
        deadline: Duration,
    ) -> Result<(), PageError> {
        let argument = json!({
            "message_id": message.as_str(),
            "token": token,
            "max_bytes": largest,
            "stall_ms": millis(stall),
            "phone_ms": millis(phone),
        });
        self.call("forward_file", argument, deadline).await.map(|_: Value| ())
    }

    /// Ends what is under way for a forward, and makes the page forget its file.
    pub async fn forward_drop(&self, token: &str) -> Result<(), PageError> {
        self.call("forward_drop", json!({ "token": token }), self.deadline).await.map(|_: Value| ())
    }

    pub async fn upload_progress(&self, token: &str) -> Result<UploadProgress, PageError> {
        self.call("upload_progress", json!({ "token": token }), self.deadline).await
    }

    /// Ends an upload; the file can be uploaded again.
    pub async fn upload_cancel(&self, token: &str) -> Result<(), PageError> {
        self.call("upload_cancel", json!({ "token": token }), self.deadline).await.map(|_: Value| ())
    }

    /// Makes the page forget a file and its upload.
    pub async fn upload_drop(&self, token: &str) -> Result<(), PageError> {
        self.call("upload_drop", json!({ "token": token }), self.deadline).await.map(|_: Value| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_given_to_the_page_in_base64() -> Result<(), serde_json::Error> {
        let request = UploadRequest {
            token: "t",
            chat_id: "1@lid",
            kind: "voice",
            mimetype: "audio/ogg; codecs=opus",
            filename: None,
            caption: None,
            view_once: false,
            width: None,
            height: None,
            duration_s: Some(3),
            waveform: Some(&[0, 100]),
            thumbnail: None,
        };
        let value = serde_json::to_value(&request)?;
        assert_eq!((&value["waveform"], &value["thumbnail"]), (&json!("AGQ="), &Value::Null));
        Ok(())
    }
}
