//! The calls that fetch the files of messages.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Page, PageError};
use crate::domain::message::MessageId;
use crate::transport::web::browser::{BlobReader, CallError};
use crate::transport::web::whatsapp::answers::{Fetched, Reupload};

impl Page {
    /// Fetches the file of a message, and keeps it in the page under `token` until it is dropped. The download ends when
    /// nothing came for `stall`, or when more than `max` bytes come, whatever the message announces. `direct_path` is where the phone has uploaded the file again.
    pub async fn media_fetch(
        &self,
        message: &MessageId,
        token: &str,
        stall: Duration,
        max: u64,
        direct_path: Option<&str>,
        deadline: Duration,
    ) -> Result<Fetched, PageError> {
        let argument = json!({
            "message_id": message.as_str(),
            "token": token,
            "stall_ms": millis(stall),
            "max_bytes": max,
            "direct_path": direct_path,
        });
        let fetched = self.call("media_fetch", argument, deadline).await;
        if let Err(PageError::Lost(CallError::TimedOut(_))) = &fetched {
            // The page would go on with a download that nobody waits for.
            let _ = self.media_drop(token).await;
        }
        fetched
    }

    /// Opens a file that the page keeps.
    pub async fn media_open(&self, token: &str, deadline: Duration) -> Result<BlobReader, PageError> {
        // A Blob is no JSON: the call's answer itself cannot be taken.
        let call = self.expression("media_blob", &json!({ "token": token }));
        let opened = self.tab.open_blob(format!("{call}.then((answer) => answer.value)"), deadline).await?;
        opened.ok_or_else(|| PageError::MediaLater("the page no longer keeps the file".to_owned()))
    }

    /// Asks the account's phone to upload the file of a message again, and waits for its answer at most `wait`.
    pub async fn media_reupload(&self, message: &MessageId, wait: Duration) -> Result<Reupload, PageError> {
        let argument = json!({ "message_id": message.as_str(), "wait_ms": millis(wait) });
        self.call("media_reupload", argument, wait + self.deadline).await
    }

    /// Forgets a file, and what the page itself has stored of it; ends its download if it is in progress.
    pub async fn media_drop(&self, token: &str) -> Result<(), PageError> {
        self.call("media_drop", json!({ "token": token }), self.deadline).await.map(|_: Value| ())
    }

    /// Ends a download: the call that began it fails.
    pub async fn media_cancel(&self, token: &str) -> Result<(), PageError> {
        self.call("media_cancel", json!({ "token": token }), self.deadline).await.map(|_: Value| ())
    }
}

/// The longest timer of a browser, in milliseconds: a longer one ends at once.
const TIMER_MAX: u128 = i32::MAX as u128;

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis().min(TIMER_MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::read;
    use super::*;

    #[test]
    fn what_the_page_says_of_a_file_is_read() {
        let sha256 = "0f".repeat(32);
        let value = json!({ "size": 5, "sha256": sha256, "mimetype": null });
        let fetched: Fetched = read(json!({ "ok": true, "value": value })).unwrap();
        assert_eq!((fetched.size, fetched.sha256.to_string(), fetched.mimetype), (5, sha256, None));

        let told = |outcome: &str, path: Option<&str>| -> Reupload {
            let value = json!({ "outcome": outcome, "direct_path": path });
            read(json!({ "ok": true, "value": value })).unwrap()
        };
        let uploaded = told("uploaded", Some("/v/x"));
        assert_eq!(uploaded, Reupload::Uploaded { direct_path: "/v/x".to_owned() });
        assert_eq!(format!("{uploaded:?}"), "Uploaded");
        assert_eq!(told("not_on_phone", None), Reupload::NotOnPhone);
        assert_eq!(told("failed", None), Reupload::Failed);
        assert_eq!(told("no_answer", None), Reupload::NoAnswer);
    }

    #[test]
    fn no_time_is_longer_than_a_timer_of_the_browser() {
        assert_eq!(millis(Duration::from_secs(2)), 2000);
        assert_eq!(millis(Duration::MAX), 2_147_483_647);
    }
}
