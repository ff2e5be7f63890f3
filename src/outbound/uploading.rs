//! Brings the files of messages to WhatsApp's server before the messages are dispatched. Nobody sees an upload, and it may be
//! repeated: until the dispatch nothing has left.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, timeout_at};
use tokio_util::sync::CancellationToken;

use super::SendError;
use crate::blobs::Pin;
use crate::domain::content::Attachment;
use crate::domain::message::MessageId;
use crate::transport::{Progress, Reservation, Transport};

/// Files that are uploaded at a time. The page holds each of them whole, as it is and encrypted.
const LANES: usize = 2;
/// How often the log says how far a long upload is.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// The pauses before a file is uploaded again whose upload was lost with the page. The session may learn of the loss a moment
/// later than the upload, and of a page that hangs after some 20 seconds.
const AGAIN: [Duration; 3] = [Duration::from_millis(500), Duration::from_secs(5), Duration::from_secs(30)];
/// No upload begins later than this after the first: the key has to outlive the last one.
const AGAIN_WITHIN: Duration = Duration::from_secs(3600);

/// The file of a forward gets no more time than this, where its caller does not wait for it. A fetch or an upload that makes no
/// progress ends long before.
const FORWARD_MAX: Duration = AGAIN_WITHIN;

/// A file that a message needs at WhatsApp's server.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// One that the service keeps.
    Kept(&'a Attachment, &'a Pin),
    /// That of a message that is passed on.
    Forwarded(&'a MessageId),
}

impl Wanted<'_> {
    fn kind(&self) -> &str {
        match self {
            Self::Kept(file, _) => file.kind.name(),
            Self::Forwarded(_) => "forward",
        }
    }
}

/// The uploads that are under way. Cheap to clone.
#[derive(Clone)]
pub(super) struct Uploading {
    lanes: Arc<Semaphore>,
    now: Arc<Mutex<Vec<Upload>>>,
    /// The most bytes of a file that is sent.
    pub(super) largest: u64,
    /// Ends uploads: nothing has left, and a retry sends.
    stop: CancellationToken,
}

/// An upload that is under way.
#[derive(Clone, Debug)]
pub struct Upload {
    pub message_id: MessageId,
    progress: Progress,
}

impl Upload {
    /// The bytes that WhatsApp's server has, and all bytes; 0 and 0 while the upload waits for others.
    pub fn progress(&self) -> (u64, u64) {
        self.progress.now()
    }
}

impl Uploading {
    pub(super) fn new(largest: u64, stop: CancellationToken) -> Self {
        Self { lanes: Arc::new(Semaphore::new(LANES)), now: Arc::default(), largest, stop }
    }

    /// Counts the uploads of one file.
    pub(super) fn attempts(&self) -> Attempts {
        Attempts { pauses: AGAIN.iter(), end: Instant::now() + AGAIN_WITHIN, stop: self.stop.clone() }
    }

    /// The uploads that are under way.
    pub(super) fn list(&self) -> Vec<Upload> {
        self.entries().clone()
    }

    /// Uploads a file. At `end` the upload is cancelled; None: it goes on until it is through.
    ///
    /// # Errors
    /// Nothing has left.
    pub(super) async fn upload<T: Transport>(
        &self,
        transport: &T,
        to: &Reservation,
        wanted: Wanted<'_>,
        end: Option<Instant>,
    ) -> Result<(), SendError> {
        let entry = self.enter(&to.message_id);
        let upload = async {
            // The semaphore is never closed.
            let _lane = self.lanes.acquire().await;
            match wanted {
                Wanted::Kept(file, pin) => transport.upload(to, file, &pin.path(), &entry.progress).await,
                Wanted::Forwarded(of) => {
                    let patience = end.map_or(FORWARD_MAX, |end| end.saturating_duration_since(Instant::now()));
                    transport.bring_forward(to, of, self.largest, patience).await
                }
            }
        };
        let told = tell(&entry, wanted.kind());
        let ended = async {
            match end {
                Some(end) => timeout_at(end, upload).await.ok(),
                None => Some(upload.await),
            }
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(SendError::Stopping),
            uploaded = ended => match uploaded {
                Some(uploaded) => Ok(uploaded?),
                None => Err(SendError::NotUploaded(
                    "it took longer than SEND_TIMEOUT; with an idempotency key it goes on by itself".to_owned(),
                )),
            },
            never = told => match never {},
        }
    }

    fn enter(&self, message: &MessageId) -> Entry<'_> {
        let progress = Progress::default();
        self.entries().push(Upload { message_id: message.clone(), progress: progress.clone() });
        Entry { uploading: self, message_id: message.clone(), progress }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Upload>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An upload in the list until this is dropped.
struct Entry<'a> {
    uploading: &'a Uploading,
    message_id: MessageId,
    progress: Progress,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.uploading.entries().retain(|upload| upload.message_id != self.message_id);
    }
}

/// How often a file may be uploaded again.
pub(super) struct Attempts {
    pauses: std::slice::Iter<'static, Duration>,
    end: Instant,
    stop: CancellationToken,
}

impl Attempts {
    /// Waits until the transport can upload again; false if the file is given up.
    pub(super) async fn again<T: Transport>(&mut self, transport: &T) -> bool {
        let Some(pause) = self.pauses.next() else { return false };
        let recovered = async {
            tokio::time::sleep(*pause).await;
            transport.recovered().await
        };
        let recovered = self.stop.run_until_cancelled(timeout_at(self.end, recovered));
        matches!(recovered.await, Some(Ok(true)))
    }
}

/// Tells the log how far a long upload is.
async fn tell(entry: &Entry<'_>, kind: &str) -> std::convert::Infallible {
    let mut every = tokio::time::interval_at(Instant::now() + TOLD_EVERY, TOLD_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let (done, total) = entry.progress.now();
        tracing::info!(message_id = entry.message_id.masked(), kind, done, total, "a file is being uploaded");
    }
}
