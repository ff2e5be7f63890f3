//! A file is uploaded, and the message that is dispatched then names it by its id.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use http::header;
use rand::Rng;
use tokio::time::Instant;

use super::client::Client;
use super::form::{form, pieces};
use super::shapes::Uploaded;
use crate::transport::{NothingLeft, Progress};

/// The deadline of an upload that goes on: 100 MB at 30 kB/s.
const LONGEST: Duration = Duration::from_secs(3600);
/// How many times within its span a stall is looked for.
const LOOKS: u32 = 6;
/// How many spans the end of an upload has. In five minutes the 4 MiB that this machine's buffers may hold leave at 14 kB/s.
const LAST: u32 = 5;
/// Meta's number for a parameter that it does not take: at an upload, a file of a type that is none of its list.
const PARAMETER: i64 = 100;
/// Meta's number below that one for a thing that is not there, or that the token does not show: here the phone number.
const ABSENT: i64 = 33;

impl Client {
    /// Uploads a file, and keeps its id for the message with this reference.
    pub(super) async fn upload(
        &self,
        reference: &str,
        path: &Path,
        mimetype: &str,
        filename: &str,
        progress: &Progress,
    ) -> Result<(), NothingLeft> {
        let failed = |why: String| NothingLeft::NotUploaded(why);
        let file = tokio::fs::File::open(path).await.map_err(|error| failed(error.to_string()))?;
        let size = file.metadata().await.map_err(|error| failed(error.to_string()))?.len();
        let boundary = format!("{:032x}", rand::rng().random::<u128>());
        let (head, tail) = form(&boundary, mimetype, filename);
        let length = head.len() as u64 + size + tail.len() as u64;
        progress.note(0, size);
        let body = pieces(head, file, tail, progress.clone(), size);
        let request = self
            .0
            .http
            .post(self.url(&format!("{}/media", self.0.settings.phone_number_id)))
            .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
            .header(header::CONTENT_LENGTH, length)
            .body(reqwest::Body::wrap_stream(body));
        let answer = tokio::select! {
            answer = self.call(request, LONGEST) => answer.map_err(|no_answer| failed(no_answer.words()))?,
            // Others wait for this one to end.
            () = stalled(progress, self.0.timings.cloud_stall) => {
                return Err(failed("Meta took nothing of it for a while, and gave no answer".to_owned()));
            }
        };
        if answer.status.is_success() {
            let Uploaded { id } = answer.read().ok_or_else(|| failed("the answer names no file".to_owned()))?;
            self.uploads().insert(reference.to_owned(), id);
            return Ok(());
        }
        if answer.error().is_some_and(|error| error.code == PARAMETER && error.subcode != Some(ABSENT)) {
            let why = format!("the Cloud API takes no file of type {mimetype}, or not this one ({PARAMETER})");
            return Err(NothingLeft::FileRefused(why));
        }
        Err(match self.refusal(&answer) {
            Some(
                refusal
                @ (NothingLeft::Unauthorized(_) | NothingLeft::RateLimited { .. } | NothingLeft::FileRefused(_)),
            ) => refusal,
            Some(refusal) => failed(refusal.to_string()),
            None => failed(format!("the Cloud API answers {}", answer.status.as_u16())),
        })
    }

    /// The id of the file that was uploaded for a message.
    pub(super) fn take_upload(&self, reference: &str) -> Option<String> {
        self.uploads().remove(reference)
    }

    fn uploads(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until nothing of an upload has left for this span. The last megabytes are read before they have left: until they have,
/// and Meta has looked at the file, the upload has the span [`LAST`] times.
async fn stalled(progress: &Progress, span: Duration) {
    let (mut seen, mut since) = (progress.now(), Instant::now());
    let patience = |(done, size): (u64, u64)| if done >= size { span * LAST } else { span };
    while since.elapsed() < patience(seen) {
        tokio::time::sleep(span / LOOKS).await;
        let now = progress.now();
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_upload_that_moves_is_not_stalled() {
        let (progress, span, began) = (Progress::default(), Duration::from_secs(60), Instant::now());
        let moves = async {
            for done in 1..=3 {
                tokio::time::sleep(Duration::from_secs(50)).await;
                progress.note(done, 4);
            }
        };
        progress.note(0, 4);
        tokio::join!(stalled(&progress, span), moves);
        assert!((210..230).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_read_has_time_to_leave() {
        let (progress, began) = (Progress::default(), Instant::now());
        progress.note(3, 3);
        stalled(&progress, Duration::from_secs(60)).await;
        assert!((300..320).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());
    }
}
