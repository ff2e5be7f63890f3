//! Which files belong into a backup.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The two parts, as folders of the archive.
pub(crate) const PROFILE: &str = "profile";
/// Also the name of the store in `DATA_DIR`.
pub(crate) const STORE: &str = "store";

/// Folders that Chrome can create again, in the profile itself or one folder down (`Default`); they are left out. The page's
/// own storage is kept whole, with its service worker's registration, scripts and caches: the page expects them together.
const CACHES: [&str; 14] = [
    "BrowserMetrics",
    "Cache",
    "Code Cache",
    "Crash Reports",
    "Crashpad",
    "DawnCache",
    "DawnGraphiteCache",
    "DawnWebGPUCache",
    "GPUCache",
    "GrShaderCache",
    "GraphiteDawnCache",
    "Safe Browsing",
    "ShaderCache",
    "component_crx_cache",
];
/// Files of the running browser that are no part of the login.
const SINGLETON: &str = "Singleton";
/// Logs of the browser itself. (The `LOG` files further down belong to databases and are kept.)
const LOGS: [&str; 2] = ["chrome_debug.log", "BrowserMetrics-spare.pma"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// In the archive.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) modified: SystemTime,
}

/// Every file that belongs into a backup, in order.
pub(super) fn find(profile: &Path, data: Option<&Path>) -> io::Result<Vec<Item>> {
    let mut items = Vec::new();
    collect(profile, PROFILE, &is_cache, &mut items)?;
    if let Some(store) = data.map(|data| data.join(STORE)).filter(|store| store.is_dir()) {
        collect(&store, STORE, &|_| false, &mut items)?;
    }
    Ok(items)
}

/// The regular files below `folder`. Links, sockets and the like are no part of a login.
fn collect(folder: &Path, name: &str, left_out: &dyn Fn(&str) -> bool, items: &mut Vec<Item>) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
    let mut entries = fs::read_dir(folder).map_err(named)?.collect::<io::Result<Vec<_>>>().map_err(named)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let file_name = entry.file_name().into_string().map_err(|name| {
            io::Error::new(io::ErrorKind::InvalidData, format!("{name:?} in {} is no name in UTF-8", folder.display()))
        })?;
        let name = format!("{name}/{file_name}");
        if left_out(&name) {
            continue;
        }
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            collect(&path, &name, left_out, items)?;
        } else if metadata.is_file() {
            items.push(Item { name, path, bytes: metadata.len(), modified: metadata.modified()? });
        }
    }
    Ok(())
}

fn is_cache(name: &str) -> bool {
    let below: Vec<_> = name.split('/').skip(1).collect();
    match below.as_slice() {
        [top] => CACHES.contains(top) || LOGS.contains(top) || top.starts_with(SINGLETON),
        [_, inner] => CACHES.contains(inner),
        _ => false,
    }
}

/// The version of the Chrome that last opened the profile, as Chrome noted it there.
pub(super) fn chrome_version(profile: &Path) -> Option<String> {
    let version = fs::read_to_string(profile.join("Last Version")).ok()?;
    let version = version.trim();
    (!version.is_empty() && version.len() < 64).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_login_goes_in_and_the_caches_stay_out() {
        let folder = tempfile::tempdir().unwrap();
        let (profile, data) = (folder.path().join("admin"), folder.path().join("data"));
        let stays = [
            "Default/Cookies",
            "Default/IndexedDB/x.indexeddb.leveldb/LOG",
            "Default/Local Storage/leveldb/000003.log",
            "Default/Service Worker/CacheStorage/1/Cache/2",
            "Default/Service Worker/Database/CURRENT",
            "Local State",
            "linked",
        ];
        let goes = [
            "Crashpad/reports/1",
            "Default/Cache/Cache_Data/f_0001",
            "Default/Code Cache/js/1",
            "Default/GPUCache/data_0",
            "ShaderCache/index",
            "chrome_debug.log",
        ];
        for name in stays.iter().chain(&goes) {
            let path = profile.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        symlink("host-1", profile.join("SingletonLock")).unwrap();
        symlink("/etc/passwd", profile.join("Default/link")).unwrap();
        let names = |items: Vec<Item>| items.into_iter().map(|item| item.name).collect::<Vec<_>>();
        let expected = stays.map(|name| format!("profile/{name}"));
        assert_eq!(names(find(&profile, Some(&data)).unwrap()), expected);

        fs::create_dir_all(data.join("store")).unwrap();
        fs::write(data.join("store/db"), "x").unwrap();
        fs::write(data.join("store.reset"), "x").unwrap();
        assert_eq!(names(find(&profile, Some(&data)).unwrap()).last().unwrap(), "store/db");
    }
}
