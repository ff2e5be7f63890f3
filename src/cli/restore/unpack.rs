//! Unpacks an archive that anybody may have made: no file is written outside of the folder it is unpacked in.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path};

use indicatif::ProgressBar;
use tar::{Archive, Entry as TarEntry, EntryType};
use tempfile::TempDir;

use crate::cli::backup::{Hashed, MANIFEST, Manifest, PROFILE, STORE};
use crate::cli::interrupt::Interrupt;
use crate::cli::{Failure, progress};
use crate::host::config::Paths;

/// The longest manifest. With a hundred bytes a file, it has room for more files than any profile.
const MANIFEST_MAX: u64 = 64 << 20;

const COPIED_AT_ONCE: usize = 64 << 10;

/// A complete, unpacked backup beside the folders it is meant for. Dropping this value deletes what was not moved away.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) manifest: Manifest,
    pub(super) profile: TempDir,
    pub(super) store: TempDir,
}

/// Unpacks and verifies.
pub(super) fn unpack(archive: File, paths: &Paths, interrupt: &Interrupt) -> Result<Unpacked, Failure> {
    let beside = |folder: &Path| {
        let draft = tempfile::Builder::new().prefix(".restore-").tempdir_in(folder);
        draft.map_err(Failure::io(format!("{} cannot be written in", folder.display())))
    };
    let (profile, store) = (beside(&paths.tokens)?, beside(&paths.data)?);
    let bar = progress::bar(archive.metadata().map(|file| file.len()).unwrap_or_default(), "Unpacking");
    let found = unpack_all(archive, profile.path(), store.path(), &bar, interrupt)?;
    bar.finish_and_clear();
    let manifest = verified(found)?;
    for folder in [profile.path(), store.path()] {
        // One sync of the file system instead of hundreds of single files.
        let synced = File::open(folder).and_then(|folder| Ok(nix::unistd::syncfs(&folder)?));
        synced.map_err(Failure::io("what was unpacked does not reach the disk"))?;
    }
    Ok(Unpacked { manifest, profile, store })
}

/// What was found in an archive.
struct Found {
    manifest: Option<Manifest>,
    /// Path, length and checksum, in order.
    files: Vec<(String, u64, String)>,
}

fn unpack_all(
    archive: File,
    profile: &Path,
    store: &Path,
    bar: &ProgressBar,
    interrupt: &Interrupt,
) -> Result<Found, Failure> {
    let zstd = zstd::Decoder::new(bar.wrap_read(BufReader::new(archive))).map_err(not_a_backup)?;
    let mut archive = Archive::new(zstd);
    let mut found = Found { manifest: None, files: Vec::new() };
    for entry in archive.entries().map_err(not_a_backup)? {
        interrupt.check()?;
        let mut entry = entry.map_err(not_a_backup)?;
        let name = checked_name(&entry)?;
        if name == MANIFEST {
            let mut text = Vec::new();
            entry.take(MANIFEST_MAX).read_to_end(&mut text).map_err(not_a_backup)?;
            found.manifest = Some(serde_json::from_slice(&text).map_err(|error| not_a_backup(error.into()))?);
            continue;
        }
        let folder = if name.starts_with(PROFILE) { profile } else { store };
        let (bytes, sha256) = write(&mut entry, &folder.join(&name))?;
        found.files.push((name, bytes, sha256));
    }
    Ok(found)
}

/// The name of a regular file in one of the two parts, or the manifest. Nothing else is in a backup.
fn checked_name(entry: &TarEntry<'_, impl Read>) -> Result<String, Failure> {
    let path = entry.path().map_err(not_a_backup)?;
    let refused = |why: &str| Failure::refused(format!("refused: the archive holds {:?}, {why}", path.display()));
    if entry.header().entry_type() != EntryType::Regular {
        return Err(refused("which is not a regular file"));
    }
    let name = path.to_str().ok_or_else(|| refused("whose name is not text"))?;
    let parts: Vec<_> = path.components().collect();
    let plain = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    let in_place = parts.len() > 1 && [PROFILE, STORE].iter().any(|part| parts[0].as_os_str() == *part);
    if !plain || !(in_place || name == MANIFEST) {
        return Err(refused("which does not belong there"));
    }
    Ok(name.to_owned())
}

/// Writes one file that only this user can read. A name that comes twice is an error.
fn write(entry: &mut impl Read, path: &Path) -> Result<(u64, String), Failure> {
    let failed = || Failure::io(path.display());
    let folder = path.parent().unwrap_or(path);
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed())?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed())?;
    let mut source = Hashed::new(entry);
    let mut file = io::BufWriter::new(&file);
    let mut buffer = vec![0; COPIED_AT_ONCE];
    // Not `io::copy`: an error of the archive and an error of the disk need different sentences.
    loop {
        let count = source.read(&mut buffer).map_err(not_a_backup)?;
        if count == 0 {
            break;
        }
        file.write_all(&buffer[..count]).map_err(failed())?;
    }
    file.flush().map_err(failed())?;
    Ok(source.finish())
}

/// Checks that the archive holds exactly the files of the manifest, with their lengths and checksums.
fn verified(found: Found) -> Result<Manifest, Failure> {
    let mut manifest = found
        .manifest
        .ok_or_else(|| Failure::refused("the file is no whole backup: its end, with the checksums, is missing"))?;
    if let Some(objection) = manifest.objection() {
        return Err(Failure::refused(format!("this backup cannot be restored here: {objection}")));
    }
    let mut files = found.files;
    files.sort();
    manifest.files.sort();
    let named = manifest.files.iter().map(|file| (&file.path, file.bytes, &file.sha256));
    let differs =
        |sentence: String| Err(Failure::refused(format!("the backup is damaged: {sentence}; nothing was changed")));
    if named.len() != files.len() {
        return differs(format!("it names {} files and holds {}", named.len(), files.len()));
    }
    for ((path, bytes, sha256), (found, length, hash)) in named.zip(&files) {
        if path != found || bytes != *length || sha256 != hash {
            return differs(format!("{path} is not what was backed up"));
        }
    }
    if !manifest.has(PROFILE) {
        return differs("it holds no profile".to_owned());
    }
    Ok(manifest)
}

fn not_a_backup(error: io::Error) -> Failure {
    Failure::refused(format!("the file is not a backup of session-manager, or damaged ({error}); nothing was changed"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use serde_json::json;
    use tar::{Builder, Header};

    use super::*;

    const OF_X: &str = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";

    fn entry(tar: &mut Builder<impl Write>, kind: EntryType, name: &str, body: &[u8]) {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(body.len() as u64);
        // The name is written directly, because the library's setter refuses `..`.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        tar.append(&header, body).unwrap();
    }

    fn manifest(files: &[&str]) -> Vec<u8> {
        let files: Vec<_> = files.iter().map(|path| json!({ "path": path, "bytes": 1, "sha256": OF_X })).collect();
        let manifest = json!({
            "format": 1, "made_at": "2026-11-22T10:00:00.000Z", "session_manager": "0.1.0", "chrome": null,
            "store_format": null, "linked": true, "files": files,
        });
        manifest.to_string().into_bytes()
    }

    /// Unpacks an archive made by `fill` into fresh folders; the error is the sentence of the refusal.
    fn unpacked(fill: impl FnOnce(&mut Builder<&mut Vec<u8>>)) -> Result<Manifest, String> {
        let mut bytes = Vec::new();
        let mut tar = Builder::new(&mut bytes);
        fill(&mut tar);
        tar.finish().unwrap();
        drop(tar);
        let root = tempfile::tempdir().unwrap();
        let [tokens, data] = ["tokens", "data"].map(|name| root.path().join(name));
        fs::create_dir(&tokens).unwrap();
        fs::create_dir(&data).unwrap();
        let file = root.path().join("file");
        fs::write(&file, zstd::encode_all(bytes.as_slice(), 1).unwrap()).unwrap();
        let result = unpack(
            File::open(file).unwrap(),
            &Paths { tokens: tokens.clone(), data: data.clone() },
            &Interrupt::never(),
        );
        let manifest = result.map(|unpacked| unpacked.manifest).map_err(|failure| failure.to_string());
        // In every case no file is left, and none was written outside.
        for folder in [&tokens, &data] {
            assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        }
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3);
        manifest
    }

    #[test]
    fn what_is_whole_is_accepted() {
        let manifest = unpacked(|tar| {
            entry(tar, EntryType::Regular, "profile/a", b"x");
            entry(tar, EntryType::Regular, "store/db", b"x");
            entry(tar, EntryType::Regular, MANIFEST, &manifest(&["store/db", "profile/a"]));
        });
        assert_eq!(manifest.unwrap().bytes(), 2);
    }

    #[test]
    fn whatever_would_leave_the_folder_is_refused() {
        for name in ["profile/../../escape", "/etc/escape", "../escape", "elsewhere/x", "profile", "profilex/y"] {
            let refusal = unpacked(|tar| entry(tar, EntryType::Regular, name, b"x")).unwrap_err();
            assert!(refusal.contains("does not belong there"), "{name}: {refusal}");
        }
        for kind in [EntryType::Symlink, EntryType::Link, EntryType::Char, EntryType::Block, EntryType::Fifo] {
            let refusal = unpacked(|tar| entry(tar, kind, "profile/a", b"")).unwrap_err();
            assert!(refusal.contains("not a regular file"), "{refusal}");
        }
    }

    #[test]
    fn what_is_not_as_the_manifest_says_is_refused() {
        let with = |files: &[&str], body: &'static [u8], named: &[&str]| {
            let (files, manifest) = (files.iter().map(ToString::to_string).collect::<Vec<_>>(), manifest(named));
            unpacked(move |tar| {
                files.iter().for_each(|name| entry(tar, EntryType::Regular, name, body));
                entry(tar, EntryType::Regular, MANIFEST, &manifest);
            })
        };
        assert!(with(&["profile/a"], b"y", &["profile/a"]).unwrap_err().contains("profile/a is not what"));
        assert!(with(&["profile/a"], b"xx", &["profile/a"]).unwrap_err().contains("profile/a is not what"));
        assert!(with(&["profile/a", "profile/b"], b"x", &["profile/a"]).unwrap_err().contains("names 1 files"));
        assert!(with(&[], b"x", &["profile/a"]).unwrap_err().contains("holds 0"));
        assert!(with(&["store/db"], b"x", &["store/db"]).unwrap_err().contains("no profile"));
        let twice = with(&["profile/a", "profile/a"], b"x", &["profile/a", "profile/a"]).unwrap_err();
        assert!(twice.contains("File exists"), "{twice}");
        let cut = unpacked(|tar| entry(tar, EntryType::Regular, "profile/a", b"x")).unwrap_err();
        assert!(cut.contains("its end"), "{cut}");
    }
}
