//! Allows one process per folder, by an advisory lock that the kernel releases however its holder dies.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

use super::disk;

/// The lock file in the guarded folder, with the pid of the holder as text. It is never removed: otherwise two
/// processes could lock two different files of the same name.
const LOCK_FILE: &str = ".lock";

/// A folder that belongs to this process until this value is dropped.
#[derive(Debug)]
pub struct InstanceLock {
    file: File,
}

#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    #[error(
        "another session-manager{} is using {}: stop it first, or set another folder",
        pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default(),
        dir.display()
    )]
    Held { dir: PathBuf, pid: Option<i32> },
    #[error("{}", disk::explained(dir, source))]
    Io { dir: PathBuf, source: io::Error },
}

impl InstanceLock {
    /// Takes `dir` for this process; a missing folder is created, for this user alone. Never waits for another holder.
    pub fn acquire(dir: &Path) -> Result<Self, InstanceError> {
        let unusable = |source| InstanceError::Io { dir: dir.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(unusable)?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(dir.join(LOCK_FILE))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(InstanceError::Held { dir: dir.to_owned(), pid: read_pid(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        // The file belongs to the holder of the lock, so it may be emptied only now. On a full disk the lock holds
        // without the pid, which is only for the sentence that refuses another process.
        match file.set_len(0).and_then(|()| writeln!(file, "{}", process::id())) {
            Err(error) if !disk::is_full(&error) => Err(unusable(error)),
            _ => Ok(Self { file }),
        }
    }

    /// Whether `dir` could be taken now. It changes nothing; the file is locked for microseconds, shared.
    pub fn probe(dir: &Path) -> Result<(), InstanceError> {
        let unusable = |source| InstanceError::Io { dir: dir.to_owned(), source };
        let mut file = match File::open(dir.join(LOCK_FILE)) {
            Ok(file) => file,
            // No process ever took the folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(source) => return Err(unusable(source)),
        };
        match file.try_lock_shared() {
            Ok(()) => file.unlock().map_err(unusable),
            Err(TryLockError::WouldBlock) => Err(InstanceError::Held { dir: dir.to_owned(), pid: read_pid(&mut file) }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // Closing is not enough: a child between fork and exec holds a copy of the descriptor for a moment.
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the instance lock is released by the exit of the process");
        }
    }
}

/// The holder may have locked the file and not written its pid yet.
fn read_pid(file: &mut File) -> Option<i32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn makes_the_folder_and_names_the_holder() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("new/data");
        let lock = InstanceLock::acquire(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);

        let refusal = InstanceLock::acquire(&dir).unwrap_err();
        let (pid, shown) = (process::id(), dir.display());
        assert_eq!(
            refusal.to_string(),
            format!("another session-manager (pid {pid}) is using {shown}: stop it first, or set another folder")
        );
        drop(lock);
        InstanceLock::acquire(&dir).unwrap();
    }

    #[test]
    fn a_file_left_by_the_dead_does_not_block() {
        let dir = tempfile::tempdir().unwrap();
        // Longer than this process's pid: no digit of it may remain.
        fs::write(dir.path().join(LOCK_FILE), "999999999999\n").unwrap();
        let _lock = InstanceLock::acquire(dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join(LOCK_FILE)).unwrap();
        assert_eq!(text, format!("{}\n", process::id()));
    }

    #[test]
    fn a_holder_that_has_not_written_yet_has_no_pid() {
        let dir = tempfile::tempdir().unwrap();
        let file = File::create(dir.path().join(LOCK_FILE)).unwrap();
        file.lock().unwrap();
        let refusal = InstanceLock::acquire(dir.path()).unwrap_err();
        assert!(refusal.to_string().starts_with("another session-manager is using "), "{refusal}");
        file.unlock().unwrap();
    }

    #[test]
    fn a_probe_names_the_holder_and_leaves_no_trace() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("data");
        InstanceLock::probe(&dir).unwrap();
        assert!(!dir.exists());
        let lock = InstanceLock::acquire(&dir).unwrap();
        let ours = Some(process::id().cast_signed());
        assert!(matches!(InstanceLock::probe(&dir), Err(InstanceError::Held { pid, .. }) if pid == ours));
        drop(lock);
        InstanceLock::probe(&dir).unwrap();
        InstanceLock::acquire(&dir).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_used_is_named() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("file");
        fs::write(&dir, "").unwrap();
        let refusal = InstanceLock::acquire(&dir).unwrap_err();
        assert!(matches!(&refusal, InstanceError::Io { .. }));
        assert!(refusal.to_string().contains(&dir.display().to_string()), "{refusal}");
    }
}
