//! Which files there are: read once from the folder, then kept in memory.

use std::collections::{HashMap, hash_map};
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::PART;
use crate::domain::media::BlobId;

#[derive(Debug, Default)]
pub(super) struct Index {
    files: HashMap<BlobId, Entry>,
    total: u64,
    /// The bytes of the pinned files.
    pinned: u64,
}

#[derive(Debug)]
struct Entry {
    size: u64,
    /// When the file was written.
    since: SystemTime,
    pins: usize,
    /// Somebody removed the file from the disk.
    is_lost: bool,
}

/// Reads the folder, and removes the parts in it that a crash left. What is no file of this room stays untouched.
pub(super) fn read(dir: &Path) -> io::Result<Index> {
    let mut index = Index::default();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PART) {
            fs::remove_file(entry.path())?;
        } else if is_ours(&entry.file_name().to_string_lossy()) && entry.file_type()?.is_dir() {
            for file in fs::read_dir(entry.path())? {
                let file = file?;
                let name = file.file_name().to_string_lossy().into_owned();
                let in_place = name.get(..2).is_some_and(|digits| entry.file_name() == digits);
                let Some(id) = name.parse::<BlobId>().ok().filter(|_| in_place) else { continue };
                let about = file.metadata()?;
                if about.is_file() {
                    index.add(id, about.len(), about.modified().unwrap_or(SystemTime::UNIX_EPOCH));
                }
            }
        }
    }
    Ok(index)
}

/// Whether a folder has the name of one of this room. Another may be unreadable, as the `lost+found` of a disk of its own.
fn is_ours(folder: &str) -> bool {
    folder.len() == 2 && folder.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl Index {
    pub(super) fn add(&mut self, id: BlobId, size: u64, since: SystemTime) {
        match self.files.entry(id) {
            hash_map::Entry::Vacant(place) => {
                place.insert(Entry { size, since, pins: 0, is_lost: false });
                self.total += size;
            }
            hash_map::Entry::Occupied(mut place) => place.get_mut().is_lost = false,
        }
    }

    /// The file is not pinned any more until it is added again.
    pub(super) fn lose(&mut self, id: BlobId) {
        if let Some(entry) = self.files.get_mut(&id) {
            entry.is_lost = true;
        }
    }

    /// The size of the file that is pinned.
    pub(super) fn pin(&mut self, id: BlobId) -> Option<u64> {
        let entry = self.files.get_mut(&id).filter(|entry| !entry.is_lost)?;
        if entry.pins == 0 {
            self.pinned += entry.size;
        }
        entry.pins += 1;
        Some(entry.size)
    }

    pub(super) fn unpin(&mut self, id: BlobId) {
        let Some(entry) = self.files.get_mut(&id) else { return };
        if entry.pins == 1 {
            self.pinned = self.pinned.saturating_sub(entry.size);
        }
        entry.pins = entry.pins.saturating_sub(1);
    }

    /// False if the file is pinned or unknown.
    pub(super) fn remove(&mut self, id: BlobId) -> bool {
        if self.files.get(&id).is_none_or(|entry| entry.pins > 0) {
            return false;
        }
        let size = self.files.remove(&id).map_or(0, |entry| entry.size);
        self.total = self.total.saturating_sub(size);
        true
    }

    /// The files that are not pinned with their sizes, the oldest first.
    pub(super) fn unpinned(&self) -> Vec<(BlobId, u64)> {
        let mut found: Vec<_> = self.files.iter().filter(|(_, entry)| entry.pins == 0).collect();
        found.sort_by_key(|(id, entry)| (entry.since, **id));
        found.into_iter().map(|(id, entry)| (*id, entry.size)).collect()
    }

    /// The bytes of the pinned files.
    pub(super) fn pinned(&self) -> u64 {
        self.pinned
    }

    pub(super) fn total(&self) -> u64 {
        self.total
    }

    pub(super) fn files(&self) -> usize {
        self.files.len()
    }
}
