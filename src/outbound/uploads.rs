//! Files that callers uploaded to send them later by an id. Each is kept for a day; its pin keeps the bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::Rng;
use tokio_util::sync::CancellationToken;

use crate::blobs::{Blobs, Pin};
use crate::domain::secret::Secret;
use crate::domain::time::Clock;
use crate::domain::upload::{UPLOAD_LIFE, Upload, UploadId};
use crate::host::tasks::Tasks;
use crate::store::{Store, StoreError};

/// The most uploads that are kept at a time. Callers have 7 a minute all day long before this is reached.
const UPLOADS_MAX: usize = 10_000;
/// How often uploads that have run out are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(
        "{UPLOADS_MAX} uploaded files are kept already, each for 24 hours: try again later, or send the file with the message"
    )]
    TooMany,
    #[error("the upload could not be stored: {0}")]
    Store(#[from] StoreError),
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Uploads {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<UploadId, (Upload, Pin)>>,
}

impl Uploads {
    /// Reads the uploads of earlier runs, and pins their files. `clock` is the clock by which they run out.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn start(
        store: Store,
        blobs: &Blobs,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
        tasks: &Tasks,
    ) -> Result<Self, StoreError> {
        let (mut kept, mut lost) = (HashMap::new(), Vec::new());
        for upload in store.uploads().await? {
            match blobs.pin(upload.sha256) {
                Some(pin) => drop(kept.insert(upload.id, (upload, pin))),
                // Somebody removed the file from the disk, or a backup without files was restored.
                None => lost.push(upload.id),
            }
        }
        if !lost.is_empty()
            && let Err(error) = store.drop_uploads(lost).await
        {
            tracing::warn!(%error, "uploads whose files are gone stay on record for now");
        }
        let kept = Mutex::new(kept);
        let uploads = Self { shared: Arc::new(Shared { store, clock, kept }) };
        let sweeping = uploads.clone();
        tasks.spawn("uploads", async move {
            while stop.run_until_cancelled(tokio::time::sleep(SWEEP_EVERY)).await.is_some() {
                sweeping.sweep().await;
            }
        });
        Ok(uploads)
    }

    /// Keeps a file under a new id; returns once that is durable.
    ///
    /// # Errors
    /// [`UploadError`]. The file is not kept then.
    pub async fn keep(&self, file: Pin, mimetype: String, filename: Option<String>) -> Result<Upload, UploadError> {
        let upload = Upload {
            id: UploadId::from_bytes(rand::rng().random()),
            sha256: file.id(),
            size: file.size(),
            mimetype,
            filename: filename.map(Secret::new),
            expires_at: self.shared.clock.now().plus(UPLOAD_LIFE),
        };
        {
            let mut kept = self.kept();
            if kept.len() >= UPLOADS_MAX {
                return Err(UploadError::TooMany);
            }
            kept.insert(upload.id, (upload.clone(), file));
        }
        if let Err(error) = self.shared.store.keep_upload(upload.clone()).await {
            self.kept().remove(&upload.id);
            return Err(error.into());
        }
        Ok(upload)
    }

    /// None for an id that is unknown or has run out.
    pub fn find(&self, id: UploadId) -> Option<(Upload, Pin)> {
        let now = self.shared.clock.now();
        self.kept().get(&id).filter(|(upload, _)| upload.expires_at > now).cloned()
    }

    async fn sweep(&self) {
        let now = self.shared.clock.now();
        let is_over = |(_, (upload, _)): &(&UploadId, &(Upload, Pin))| upload.expires_at <= now;
        let over: Vec<UploadId> = self.kept().iter().filter(is_over).map(|(id, _)| *id).collect();
        if over.is_empty() {
            return;
        }
        // A record whose file is gone does no harm, so a failure is left to the next round.
        match self.shared.store.drop_uploads(over.clone()).await {
            Ok(()) => self.kept().retain(|id, _| !over.contains(id)),
            Err(error) => tracing::warn!(%error, "uploads that have run out stay for now"),
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<UploadId, (Upload, Pin)>> {
        self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::domain::time::Timestamp;
    use crate::host::tasks;

    struct Hand(AtomicU64);

    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::Relaxed))
        }
    }

    #[tokio::test]
    async fn an_upload_survives_a_restart_and_not_its_day() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let blobs = Blobs::open(dir.path(), 1 << 20).await.unwrap();
        let (clock, (tasks, _ends)) = (Arc::new(Hand(AtomicU64::new(1_000_000))), tasks::set());
        let start = async || {
            Uploads::start(store.clone(), &blobs, clock.clone(), CancellationToken::new(), &tasks).await.unwrap()
        };
        let uploads = start().await;
        let mut writer = blobs.writer(None, 100).await.unwrap();
        writer.write(&b"a file"[..]).await.unwrap();
        let pin = writer.finish().await.unwrap().pin;
        let upload = uploads.keep(pin, "text/plain".to_owned(), Some("a.txt".to_owned())).await.unwrap();
        assert_eq!((upload.size, upload.expires_at), (6, clock.now().plus(UPLOAD_LIFE)));
        assert_eq!(blobs.unpinned(), [], "it is in use");
        assert!(uploads.find(UploadId::from_bytes([0; 16])).is_none());

        drop(uploads);
        let uploads = start().await;
        assert_eq!(uploads.find(upload.id).map(|(found, _)| found), Some(upload.clone()));
        let (_, pin) = uploads.find(upload.id).unwrap();
        assert!(pin.path().exists());
        let elsewhere = tempfile::tempdir().unwrap();
        let (none, stop) = (Blobs::open(elsewhere.path(), 1 << 20).await.unwrap(), CancellationToken::new());
        let other = Store::open(&elsewhere.path().join("data")).await.unwrap().store;
        other.keep_upload(upload.clone()).await.unwrap();
        let lost = Uploads::start(other.clone(), &none, clock.clone(), stop, &tasks).await.unwrap();
        assert!(lost.find(upload.id).is_none() && other.uploads().await.unwrap().is_empty());

        clock.0.store(upload.expires_at.as_millis(), Ordering::Relaxed);
        assert!(uploads.find(upload.id).is_none());
        uploads.sweep().await;
        assert_eq!(store.uploads().await.unwrap(), []);
        assert!(uploads.kept().is_empty());
    }
}
