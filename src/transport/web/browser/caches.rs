//! What a profile takes on the disk, and the caches in it that Chrome itself does not bound.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Chrome keeps its cache of files of the network within this (`--disk-cache-size`): WhatsApp Web has some 30 MB.
pub(super) const DISK_CACHE: u64 = 128 << 20;
/// The same for media of the network (`--media-cache-size`).
pub(super) const MEDIA_CACHE: u64 = 16 << 20;
/// All caches together may be this large before a start: the caches of the network at their bounds, and as much of
/// compiled code.
const BOUND: u64 = 2 * (DISK_CACHE + MEDIA_CACHE);
/// The most files that are counted. A profile has some thousand files; counting more would take seconds.
const FILES_MAX: usize = 200_000;

/// The folders in the profile whose contents Chrome can create again. The login is in none of them: it is in
/// `Default/IndexedDB`, `Default/Local Storage` and the cookies.
const CACHES: [&str; 15] = [
    "Default/Cache",
    "Default/Code Cache",
    "Default/Media Cache",
    "Default/GPUCache",
    "Default/DawnCache",
    "Default/DawnGraphiteCache",
    "Default/DawnWebGPUCache",
    "ShaderCache",
    "GrShaderCache",
    "GraphiteDawnCache",
    "component_crx_cache",
    "extensions_crx_cache",
    // A browser that does not end in order leaves a file of 4 MB.
    "BrowserMetrics",
    "DeferredBrowserMetrics",
    "Crash Reports",
];

/// What a profile takes on the disk, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    pub total: u64,
    /// The part of `total` in the caches that Chrome can create again.
    pub caches: u64,
    /// There are more files than were counted.
    pub at_least: bool,
}

/// Measures a profile. Blocking, some milliseconds for a thousand files.
pub(super) fn measure(profile: &Path) -> Size {
    let mut left = FILES_MAX;
    let total = size_of(profile, &mut left);
    let at_least = left == 0;
    Size { total, caches: caches(profile), at_least }
}

/// Removes the caches if they are over their bound together. Blocking; no browser may run on the profile.
pub(super) fn trim(profile: &Path) {
    let taken = caches(profile);
    if taken <= BOUND {
        return;
    }
    for cache in folders(profile) {
        // Chrome works with a cache that stays. The next start tries to remove it again.
        if let Err(error) = fs::remove_dir_all(&cache)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, folder = %cache.display(), "a cache of the browser could not be removed");
        }
    }
    tracing::info!(
        megabytes = taken >> 20,
        bound = BOUND >> 20,
        "removed the browser's caches, which were over their bound"
    );
}

fn folders(profile: &Path) -> impl Iterator<Item = PathBuf> {
    CACHES.into_iter().map(|name| profile.join(name))
}

fn caches(profile: &Path) -> u64 {
    let mut left = FILES_MAX;
    folders(profile).map(|cache| size_of(&cache, &mut left)).sum()
}

/// The bytes of all files below a folder; links are not followed. Files that go away meanwhile do not count.
fn size_of(folder: &Path, left: &mut usize) -> u64 {
    let (mut open, mut total) = (vec![folder.to_owned()], 0);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if *left == 0 {
                return total;
            }
            *left -= 1;
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => total += metadata.len(),
                Err(_) => {}
            }
        }
    }
    total
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A file that takes no room on the disk.
    fn put(profile: &Path, name: &str, size: u64) {
        let path = profile.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(path).unwrap().set_len(size).unwrap();
    }

    #[test]
    fn caches_go_only_when_they_are_over_their_bound_and_the_login_never() {
        let folder = tempfile::tempdir().unwrap();
        let profile = folder.path();
        let login = ["Default/IndexedDB/https_web.whatsapp.com_0.indexeddb.leveldb/000003.log", "Default/Cookies"];
        let storage = ["Default/Local Storage/leveldb/000003.log", "Default/Service Worker/CacheStorage/x", "linked"];
        let kept = [login.as_slice(), storage.as_slice()].concat();
        kept.iter().for_each(|name| put(profile, name, BOUND));
        let cached = ["Default/Code Cache/js/a", "Default/Cache/Cache_Data/b", "BrowserMetrics/c.pma"];
        cached.iter().for_each(|name| put(profile, name, BOUND / 3));
        trim(profile);
        assert!(cached.iter().all(|name| profile.join(name).exists()), "they are within the bound");

        put(profile, "ShaderCache/data_0", 3);
        let size = measure(profile);
        assert_eq!(size, Size { total: 5 * BOUND + BOUND / 3 * 3 + 3, caches: BOUND / 3 * 3 + 3, at_least: false });
        trim(profile);
        assert_eq!(measure(profile), Size { total: 5 * BOUND, caches: 0, at_least: false });
        assert!(kept.iter().all(|name| profile.join(name).exists()), "nothing of the login or of the page went");
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_size() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(measure(&folder.path().join("none")), Size::default());
    }
}
