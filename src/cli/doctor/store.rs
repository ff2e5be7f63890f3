//! Whether this version can read the store. A copy is opened, because opening a store changes it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use indicatif::BinaryBytes;
use tempfile::TempDir;

use crate::host::disk;
use crate::host::instance::InstanceLock;
use crate::store::{Store, StoreError, check_all};

use super::Finding;

const CHECK: &str = "store";
/// The largest store that is checked: the copy goes into the temporary folder, which is often memory.
const COPY_MAX: u64 = 512 << 20;

pub(super) async fn check(data: &Path, service: Option<i32>) -> Finding {
    if let Some(pid) = service {
        return Finding::skipped(CHECK, format!("the running service (pid {pid}) has it open"));
    }
    let from = data.to_owned();
    let copied = tokio::task::spawn_blocking(move || copy(&from)).await;
    let (folder, bytes) = match copied.map_err(io::Error::other).flatten() {
        Ok(Copied::Here(folder, bytes)) => (folder, bytes),
        Ok(Copied::Absent) => return Finding::ok(CHECK, "not there yet; the first start makes it"),
        Ok(Copied::TooLarge(bytes)) => {
            return Finding::skipped(CHECK, format!("{}: too large to read a copy of", BinaryBytes(bytes)));
        }
        Err(error) => {
            let remedy = match error.kind() {
                _ if disk::is_full(&error) => "free some space in the temporary folder (TMPDIR)".to_owned(),
                io::ErrorKind::ReadOnlyFilesystem => "set TMPDIR to a folder that can be written".to_owned(),
                // A file in the place of the folder is reported by the check of the folders.
                io::ErrorKind::NotADirectory => {
                    format!("{} has to be a folder: move away what is there", data.display())
                }
                _ => format!("let the user of the service read all of {}", data.display()),
            };
            return Finding::failure(CHECK, format!("it cannot be copied to be looked at: {error}"), remedy);
        }
    };
    if InstanceLock::probe(data).is_err() {
        return Finding::skipped(CHECK, "a service was started meanwhile");
    }
    // sled panics on unexpected bytes. The store reports such a panic as damage, so the panic itself is not printed.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let state = look(folder.path()).await;
    std::panic::set_hook(hook);
    judge(state, bytes)
}

enum Copied {
    Absent,
    TooLarge(u64),
    Here(TempDir, u64),
}

/// The store and its marker file.
fn copy(data: &Path) -> io::Result<Copied> {
    let from = data.join("store");
    if !from.try_exists()? {
        return Ok(Copied::Absent);
    }
    let files = files(&from)?;
    let bytes = files.iter().map(|(_, bytes)| bytes).sum();
    if bytes > COPY_MAX {
        return Ok(Copied::TooLarge(bytes));
    }
    let folder = tempfile::Builder::new().prefix("session-manager-doctor-").tempdir()?;
    for (path, _) in &files {
        let to = folder.path().join(path.strip_prefix(data).map_err(io::Error::other)?);
        fs::create_dir_all(to.parent().unwrap_or(folder.path()))?;
        fs::copy(path, to)?;
    }
    let marker = data.join("store.reset");
    if marker.try_exists()? {
        fs::copy(marker, folder.path().join("store.reset"))?;
    }
    Ok(Copied::Here(folder, bytes))
}

fn files(folder: &Path) -> io::Result<Vec<(PathBuf, u64)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push((entry.path(), metadata.len()));
        }
    }
    Ok(found)
}

#[derive(Debug)]
enum State {
    Sound { held: bool },
    Damaged,
    Refused(StoreError),
}

async fn look(copy: &Path) -> State {
    check_all(copy);
    match Store::open(copy).await {
        Ok(opened) => {
            let state = match opened.set_aside {
                Some(_) => State::Damaged,
                None => State::Sound { held: opened.store.sending_is_held().await },
            };
            // This is a copy. If closing it fails, it is deleted all the same.
            let _ = opened.store.close().await;
            state
        }
        Err(error) => State::Refused(error),
    }
}

fn judge(state: State, bytes: u64) -> Finding {
    let format = migrations::CURRENT;
    match state {
        State::Sound { held: false } => Finding::ok(CHECK, format!("{}, sound, format {format}", BinaryBytes(bytes))),
        State::Sound { held: true } => {
            let detail = "sending is off: the store was started anew or restored, and forgot what was sent before";
            Finding::warning(CHECK, detail, "see that nobody repeats old sends, then: session-manager store accept")
        }
        State::Damaged => {
            let remedy = "restore a backup; or start the service, which sets it aside and keeps sending off until \
                          `session-manager store accept`";
            Finding::failure(CHECK, "it is damaged", remedy)
        }
        State::Refused(error @ StoreError::Newer(_)) => {
            Finding::failure(CHECK, error.to_string(), "install the version that was here before")
        }
        State::Refused(error) => Finding::failure(CHECK, error.to_string(), "see what the sentence says"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::report::Status;
    use super::*;
    use crate::store::announce_restored;

    async fn made() -> TempDir {
        let data = tempfile::tempdir().unwrap();
        Store::open(data.path()).await.unwrap().store.close().await.unwrap();
        data
    }

    fn contents(data: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found: Vec<_> =
            files(data).unwrap().into_iter().map(|(path, _)| (path.clone(), fs::read(path).unwrap())).collect();
        found.sort();
        found
    }

    #[tokio::test]
    async fn a_store_is_read_and_not_touched() {
        let data = made().await;
        let before = contents(data.path());
        assert_eq!(check(data.path(), None).await.status, Status::Ok);
        assert_eq!(contents(data.path()), before);
        announce_restored(data.path(), "test").unwrap();
        assert_eq!(check(data.path(), None).await.status, Status::Warning);
        assert_eq!(check(data.path(), Some(1)).await.status, Status::Skipped);
        assert_eq!(check(&data.path().join("absent"), None).await.status, Status::Ok);
    }

    #[tokio::test]
    async fn damage_is_told_and_left_as_it_is() {
        let data = made().await;
        let database = data.path().join("store/db");
        let length = fs::metadata(&database).unwrap().len();
        fs::write(&database, vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
        let before = contents(data.path());
        assert_eq!(check(data.path(), None).await.status, Status::Failure);
        assert_eq!(contents(data.path()), before);
    }

    #[test]
    fn a_store_of_a_later_version_is_a_failure() {
        let newer = StoreError::Newer(migrations::MigrationError::Newer { found: 99, known: migrations::CURRENT });
        let finding = judge(State::Refused(newer), 1);
        assert!(finding.status == Status::Failure && finding.detail.contains("99"), "{finding:?}");
    }
}
