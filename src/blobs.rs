//! The bytes of files, under `DATA_DIR/media`: each file once, by the SHA-256 of its bytes.
//!
//! ```text
//! media/.part-<random>  being written ──► synced ──► renamed to media/<first 2 digits>/<64 digits> ──► folder synced
//! ```
//!
//! A crash leaves the whole file or a part that the next start removes. A [`Pin`] keeps a file from being removed. This
//! room does not know who uses a file: `inbound::media` asks the store, and removes what nobody uses or the quota evicts.

mod error;
mod index;
mod writer;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nix::sys::statvfs::statvfs;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::domain::media::BlobId;
pub use error::BlobError;
use index::Index;
pub use writer::{BlobWriter, Written};

/// The start of the names of files that are being written.
const PART: &str = ".part-";
/// The space that files leave on the disk, so that messages can be stored: this much, or this part of a small disk.
const RESERVE: u64 = 256 << 20;
const RESERVE_PART: u64 = 20;

/// The files. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    shared: Arc<Shared>,
}

struct Shared {
    dir: PathBuf,
    quota: u64,
    /// Held for moments only, never over a call of the disk.
    index: Mutex<Index>,
    /// Held while a file gets its name or loses it, so that no removal meets the same file being written again. Only
    /// calls of the disk take it.
    naming: Mutex<()>,
    /// The bytes of the parts that are being written.
    writing: AtomicU64,
    /// The bytes of all files.
    total: watch::Sender<u64>,
}

/// How much the files take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub files: usize,
    pub bytes: u64,
    pub quota: u64,
}

/// A file that is not removed while this lives.
#[derive(Clone)]
pub struct Pin(Arc<Pinned>);

struct Pinned {
    blobs: Blobs,
    id: BlobId,
    size: u64,
}

impl Pin {
    pub fn id(&self) -> BlobId {
        self.0.id
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// Where the file is, for other programs of this machine.
    pub fn path(&self) -> PathBuf {
        self.0.blobs.shared.path(self.0.id)
    }

    /// Whether the file is still on the disk. If somebody has removed it, it is not pinned again before it is written again.
    pub async fn is_there(&self) -> bool {
        let (shared, id) = (Arc::clone(&self.0.blobs.shared), self.id());
        let looked = in_the_pool(move || {
            let is_there = shared.path(id).try_exists().unwrap_or(true);
            if !is_there {
                shared.index().lose(id);
            }
            Ok(is_there)
        });
        looked.await.unwrap_or(true)
    }

    /// Opens the file for reading.
    ///
    /// # Errors
    /// [`BlobError::Io`], also if somebody has removed the file.
    pub async fn open(&self) -> Result<File, BlobError> {
        let path = self.path();
        in_the_pool(move || File::open(&path).map_err(|source| BlobError::Io { path, source })).await
    }
}

impl std::fmt::Debug for Pin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pin").field(&self.0.id).finish()
    }
}

impl PartialEq for Pin {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Pin {}

impl Drop for Pinned {
    fn drop(&mut self) {
        self.blobs.shared.index().unpin(self.id);
    }
}

impl Blobs {
    /// Opens the folder `media` in `data` (`DATA_DIR`), creates it if it is absent, and removes parts that a crash left.
    /// All files together take at most `quota` bytes, apart from pinned ones.
    ///
    /// # Errors
    /// [`BlobError::Io`]: the folder cannot be used.
    pub async fn open(data: &Path, quota: u64) -> Result<Self, BlobError> {
        let dir = data.join("media");
        in_the_pool(move || {
            private_folder(&dir)?;
            let index = index::read(&dir).map_err(|source| BlobError::Io { path: dir.clone(), source })?;
            let (total, _) = watch::channel(index.total());
            Ok(Self {
                shared: Arc::new(Shared {
                    dir,
                    quota,
                    index: Mutex::new(index),
                    naming: Mutex::default(),
                    writing: AtomicU64::new(0),
                    total,
                }),
            })
        })
        .await
    }

    /// Begins to write a file of at most `max` bytes. `expected` is its size, where it is known.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Quota`], [`BlobError::NoRoom`], [`BlobError::Io`].
    pub async fn writer(&self, expected: Option<u64>, max: u64) -> Result<BlobWriter, BlobError> {
        let blobs = self.clone();
        in_the_pool(move || {
            let wanted = expected.unwrap_or(0);
            if wanted > max {
                return Err(BlobError::TooLarge { max });
            }
            blobs.shared.require_quota(wanted)?;
            blobs.shared.require_room(wanted)?;
            BlobWriter::begin(blobs, max)
        })
        .await
    }

    /// Looks whether a file of so many bytes can be kept now.
    ///
    /// # Errors
    /// As [`Self::writer`].
    pub async fn require(&self, bytes: u64) -> Result<(), BlobError> {
        let shared = Arc::clone(&self.shared);
        in_the_pool(move || shared.require_quota(bytes).and_then(|()| shared.require_room(bytes))).await
    }

    /// Keeps a file from being removed; None if there is no such file.
    pub fn pin(&self, id: BlobId) -> Option<Pin> {
        let size = self.shared.index().pin(id)?;
        Some(self.pinned(id, size))
    }

    fn pinned(&self, id: BlobId, size: u64) -> Pin {
        Pin(Arc::new(Pinned { blobs: self.clone(), id, size }))
    }

    /// Every file that is not pinned, the oldest first.
    pub fn unpinned(&self) -> Vec<BlobId> {
        self.shared.index().unpinned().into_iter().map(|(id, _)| id).collect()
    }

    /// The oldest files that have to go so that the others fit into the quota.
    pub fn surplus(&self) -> Vec<BlobId> {
        let index = self.shared.index();
        let mut total = index.total();
        if total <= self.shared.quota {
            return Vec::new();
        }
        let over = |(_, size): &(BlobId, u64)| {
            let is_over = total > self.shared.quota;
            total = total.saturating_sub(*size);
            is_over
        };
        index.unpinned().into_iter().take_while(over).map(|(id, _)| id).collect()
    }

    /// Removes a file, unless it is pinned. True if it is gone.
    ///
    /// # Errors
    /// [`BlobError::Io`].
    pub async fn remove(&self, id: BlobId) -> Result<bool, BlobError> {
        let blobs = self.clone();
        in_the_pool(move || {
            let _naming = blobs.shared.naming();
            // The file leaves the index first: nobody can pin it while it is removed.
            if !blobs.shared.index().remove(id) {
                return Ok(false);
            }
            blobs.shared.told();
            let path = blobs.shared.path(id);
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => Err(BlobError::Io { path, source }),
                _ => Ok(true),
            }
        })
        .await
    }

    /// Follows how many bytes all files take.
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.shared.total.subscribe()
    }

    pub fn usage(&self) -> Usage {
        let index = self.shared.index();
        Usage { files: index.files(), bytes: index.total(), quota: self.shared.quota }
    }
}

impl Shared {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn naming(&self) -> MutexGuard<'_, ()> {
        self.naming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) {
        let total = self.index().total();
        self.total.send_replace(total);
    }

    fn folder(&self, id: BlobId) -> PathBuf {
        self.dir.join(&id.to_string()[..2])
    }

    fn path(&self, id: BlobId) -> PathBuf {
        self.folder(id).join(id.to_string())
    }

    /// Files that are in use and parts cannot be evicted, so only they count.
    ///
    /// # Errors
    /// [`BlobError::Quota`] if so many bytes more would take more than the quota.
    fn require_quota(&self, bytes: u64) -> Result<(), BlobError> {
        let taken = self.index().pinned().saturating_add(self.writing.load(Ordering::Relaxed));
        if taken.saturating_add(bytes) > self.quota {
            return Err(BlobError::Quota { quota: self.quota });
        }
        Ok(())
    }

    /// # Errors
    /// [`BlobError::NoRoom`] if so many bytes more would take what is reserved for messages.
    fn require_room(&self, bytes: u64) -> Result<(), BlobError> {
        let Ok(disk) = statvfs(&self.dir) else { return Ok(()) };
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        let reserve = RESERVE.min(disk.blocks().saturating_mul(disk.fragment_size()) / RESERVE_PART);
        if free < bytes.saturating_add(reserve) {
            return Err(BlobError::NoRoom { path: self.dir.clone() });
        }
        Ok(())
    }
}

/// Files are private: only the service's own user may read the folder.
fn private_folder(path: &Path) -> Result<(), BlobError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|source| BlobError::Io { path: path.to_owned(), source })
}

async fn in_the_pool<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    // The pool refuses work only while the runtime shuts down.
    spawn_blocking(work).await.unwrap_or(Err(BlobError::Stopped))
}

#[cfg(test)]
mod tests;
