//! Writes one file.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use rand::Rng;
use sha2::{Digest, Sha256};

use super::{BlobError, Blobs, PART, Pin, in_the_pool, private_folder};
use crate::domain::media::BlobId;

/// The free space is looked at each time this many bytes more were written.
const LOOK_EVERY: u64 = 16 << 20;
/// The file is synced each time this many bytes more were written. If a large file were synced once, at its end, the sync that
/// makes a message durable would wait for all of its bytes.
const SYNC_EVERY: u64 = 4 << 20;

/// A file that is being written. If it is dropped before [`Self::finish`], nothing of it stays.
pub struct BlobWriter {
    /// None only while a call of the disk has it.
    part: Option<Part>,
}

struct Part {
    blobs: Blobs,
    path: PathBuf,
    file: File,
    hash: Sha256,
    size: u64,
    max: u64,
}

/// A file that was written and is durable.
#[derive(Debug)]
pub struct Written {
    pub pin: Pin,
    /// The file was there already, under another name.
    pub was_known: bool,
}

impl BlobWriter {
    /// Blocking.
    pub(super) fn begin(blobs: Blobs, max: u64) -> Result<Self, BlobError> {
        let name = format!("{PART}{:016x}", rand::rng().random::<u64>());
        let path = blobs.shared.dir.join(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.map_err(|source| BlobError::Io { path: path.clone(), source })?;
        let part = Part { blobs, path, file, hash: Sha256::new(), size: 0, max };
        Ok(Self { part: Some(part) })
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Quota`], [`BlobError::NoRoom`], [`BlobError::Io`]. Nothing of the file stays then.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<(), BlobError> {
        let Some(part) = self.part.take() else { return Err(BlobError::Stopped) };
        let part = in_the_pool(move || part.add(bytes.as_ref())).await?;
        self.part = Some(part);
        Ok(())
    }

    /// The bytes written so far.
    pub fn size(&self) -> u64 {
        self.part.as_ref().map_or(0, |part| part.size)
    }

    /// Makes the file durable under the SHA-256 of its bytes.
    ///
    /// # Errors
    /// [`BlobError::Io`]. Nothing of the file stays then.
    pub async fn finish(mut self) -> Result<Written, BlobError> {
        let Some(part) = self.part.take() else { return Err(BlobError::Stopped) };
        in_the_pool(move || part.finish()).await
    }
}

impl Part {
    fn add(mut self, bytes: &[u8]) -> Result<Self, BlobError> {
        let length = bytes.len() as u64;
        if self.size.saturating_add(length) > self.max {
            return Err(BlobError::TooLarge { max: self.max });
        }
        if self.size / LOOK_EVERY != (self.size + length) / LOOK_EVERY {
            self.blobs.shared.require_room(0)?;
        }
        self.blobs.shared.require_quota(length)?;
        self.hash.update(bytes);
        self.file.write_all(bytes).map_err(|source| BlobError::Io { path: self.path.clone(), source })?;
        if self.size / SYNC_EVERY != (self.size + length) / SYNC_EVERY {
            self.file.sync_data().map_err(|source| BlobError::Io { path: self.path.clone(), source })?;
        }
        self.size += length;
        self.blobs.shared.writing.fetch_add(length, Ordering::Relaxed);
        Ok(self)
    }

    fn finish(self) -> Result<Written, BlobError> {
        let id = BlobId::from_bytes(self.hash.clone().finalize().into());
        let shared = &self.blobs.shared;
        if let Some(pin) = self.blobs.pin(id) {
            return Ok(Written { pin, was_known: true });
        }
        let (folder, path) = (shared.folder(id), shared.path(id));
        self.file.sync_all().map_err(|source| BlobError::Io { path: self.path.clone(), source })?;
        let _naming = shared.naming();
        if let Some(pin) = self.blobs.pin(id) {
            return Ok(Written { pin, was_known: true });
        }
        private_folder(&folder)?;
        let done = fs::rename(&self.path, &path);
        let done =
            done.and_then(|()| File::open(&folder)?.sync_all()).and_then(|()| File::open(&shared.dir)?.sync_all());
        done.map_err(|source| BlobError::Io { path, source })?;
        let pin = {
            let mut index = shared.index();
            index.add(id, self.size, SystemTime::now());
            index.pin(id)
        };
        shared.told();
        let size = pin.unwrap_or(self.size);
        Ok(Written { pin: self.blobs.pinned(id, size), was_known: false })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.blobs.shared.writing.fetch_sub(self.size, Ordering::Relaxed);
        // After a rename there is no such file any more.
        let _ = fs::remove_file(&self.path);
    }
}
