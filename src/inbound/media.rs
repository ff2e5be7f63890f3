//! Fetches the files of messages, after the messages are stored and told.
//!
//! ```text
//! message stored, its file Pending ──► due ──► the page fetches and decrypts it ──► slices ──► blobs ──► Stored, told
//!                                        │        └ gone from WhatsApp's host ──► the phone uploads it again
//!                                        └── tried again later, then Gone
//! ```
//!
//! One task owns all of this. Which files are pending is in the store, so a restart goes on where the service was; a crash
//! leaves the whole file or nothing. The task also evicts the oldest files over the quota, and removes files whose
//! messages are gone.

mod cloud;
mod fetch;
mod source;
mod task;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::blobs::{Blobs, Pin, Usage};
use crate::domain::media::{FetchPolicy, Media, MediaStatus};
use crate::domain::message::MessageId;
use crate::domain::time::Clock;
use crate::host::config::Timings;
use crate::host::metrics::Metrics;
use crate::host::tasks::Tasks;
use crate::store::{LogChange, Store, StoreError};
use crate::transport::cloud::Client;
use crate::transport::web::session::Handle;

pub struct Parts {
    pub store: Store,
    pub session: Handle,
    pub blobs: Blobs,
    pub clock: Arc<dyn Clock>,
    pub policy: FetchPolicy,
    pub metrics: Metrics,
    pub timings: Timings,
    /// None: the Cloud API is not configured.
    pub cloud: Option<Client>,
    pub stop: CancellationToken,
}

/// The files of messages, for those who ask for them. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    store: Store,
    blobs: Blobs,
    clock: Arc<dyn Clock>,
    policy: FetchPolicy,
    asked: Arc<Notify>,
}

/// The file of a message, or why there is none.
#[derive(Debug)]
pub enum File {
    Here(Pin, Box<Media>),
    /// The file is being fetched.
    Pending,
    /// The message has no file.
    None,
    /// `MEDIA_FETCH` says that files of this kind are not fetched.
    Off,
    /// Larger than `MEDIA_MAX_MB`; the limit in bytes.
    TooLarge(u64),
    Gone,
    Broken,
    Unavailable,
    NoMessage,
}

#[derive(Debug, thiserror::Error)]
#[error("files cannot be looked up at the moment: {0}")]
pub struct FilesError(#[from] StoreError);

/// Starts the task that fetches files.
pub fn start(parts: Parts, tasks: &Tasks) -> Files {
    let Parts { store, session, blobs, clock, policy, metrics, timings, cloud, stop } = parts;
    let files = Files {
        store: store.clone(),
        blobs: blobs.clone(),
        clock: Arc::clone(&clock),
        policy: policy.clone(),
        asked: Arc::default(),
    };
    let (snapshots, activity, asked) = (session.watch(), session.activity().clone(), Arc::clone(&files.asked));
    let source = source::Session { handle: session, stall: timings.file_stall, phone: timings.file_phone };
    let cloud = cloud.map(|client| cloud::CloudFiles { client, store: store.clone() });
    let kept = task::Kept { store, source, cloud, blobs, clock, max: policy.max, metrics, activity, timings, asked };
    tasks.spawn("files of messages", task::Task::new(kept, snapshots).run(stop));
    files
}

impl Files {
    /// The file of a message. A file that is fetched on request only is requested by this.
    ///
    /// # Errors
    /// The store cannot be read, or the request cannot be stored.
    pub async fn of(&self, message: MessageId) -> Result<File, FilesError> {
        let Some(entry) = self.store.logged_message(message.clone()).await? else { return Ok(File::NoMessage) };
        let Some(media) = entry.message.media else { return Ok(File::None) };
        Ok(match media.status {
            MediaStatus::Pending => File::Pending,
            MediaStatus::Gone => File::Gone,
            MediaStatus::Broken => File::Broken,
            MediaStatus::Unavailable => File::Unavailable,
            MediaStatus::Stored => match media.sha256.and_then(|id| self.blobs.pin(id)) {
                Some(pin) if pin.is_there().await => File::Here(pin, Box::new(media)),
                // Somebody removed the file from the disk.
                _ => self.request(message, media).await?,
            },
            // The settings may have changed since the message arrived.
            MediaStatus::OnRequest | MediaStatus::TooLarge | MediaStatus::Off => self.request(message, media).await?,
        })
    }

    async fn request(&self, message: MessageId, media: Media) -> Result<File, FilesError> {
        match self.policy.first(&Media { status: MediaStatus::Pending, ..media }) {
            MediaStatus::Off => return Ok(File::Off),
            MediaStatus::TooLarge => return Ok(File::TooLarge(self.policy.max)),
            _ => {}
        }
        let change = LogChange::File(message, MediaStatus::Pending, None, self.clock.now());
        self.store.log(Arc::new(vec![change])).await?;
        self.asked.notify_one();
        Ok(File::Pending)
    }

    pub fn usage(&self) -> Usage {
        self.blobs.usage()
    }
}
