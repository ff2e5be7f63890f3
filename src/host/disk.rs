//! What an error of the disk means for a person: the cause, then what to do.

use std::io;
use std::path::Path;

/// Whether the same call works again once there is room.
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Why a path cannot be used and what to do, as a sentence without a capital and without a full stop.
pub fn explained(path: &Path, error: &io::Error) -> String {
    use io::ErrorKind::{
        AlreadyExists, IsADirectory, NotADirectory, NotFound, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem,
        StorageFull,
    };
    let shown = path.display();
    match error.kind() {
        StorageFull => format!("the disk of {shown} is full: free some space, nothing stored is lost"),
        QuotaExceeded => {
            format!("the space that this user may use on the disk of {shown} is used up: free some, or raise the quota")
        }
        ReadOnlyFilesystem => {
            format!("the disk of {shown} is mounted read-only: mount it for writing, or set another folder")
        }
        PermissionDenied => {
            let user = nix::unistd::geteuid();
            format!("the user of the service (uid {user}) may not write in {shown}: give it the folder with chown -R")
        }
        NotADirectory | AlreadyExists => match file_in_the_way(path) {
            Some(file) => format!("{} is not a folder, and has to be one: move it away", file.display()),
            None => unknown(path, error),
        },
        IsADirectory => format!("{shown} is a folder, and has to be a file: move it away"),
        NotFound => format!("{shown} is not there: put it back, or set another folder"),
        _ => unknown(path, error),
    }
}

/// The same for a sentence that names the place already.
pub fn told(error: &io::Error) -> String {
    use io::ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem};
    match error.kind() {
        _ if is_full(error) => "the disk is full: free some space".to_owned(),
        ReadOnlyFilesystem => "the disk is mounted read-only: choose another place".to_owned(),
        PermissionDenied => "this user may not: be the user of the service (sudo -u), or change the owner".to_owned(),
        NotFound => "it is not there".to_owned(),
        _ => error.to_string(),
    }
}

fn unknown(path: &Path, error: &io::Error) -> String {
    format!("{} cannot be used ({error}): check that its disk is sound", path.display())
}

/// The part of a path that is there and is not a folder.
fn file_in_the_way(path: &Path) -> Option<&Path> {
    path.ancestors().find(|part| part.symlink_metadata().is_ok()).filter(|part| !part.is_dir())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    #[test]
    fn a_file_in_the_place_of_a_folder_is_named() {
        let root = tempfile::tempdir().unwrap();
        let (file, below) = (root.path().join("data"), root.path().join("data/store/db"));
        fs::write(&file, "").unwrap();
        let wanted = format!("{} is not a folder, and has to be one: move it away", file.display());
        assert_eq!(explained(&below, &fs::read(&below).unwrap_err()), wanted);
        assert_eq!(explained(&file, &fs::create_dir(&file).unwrap_err()), wanted);
    }

    #[test]
    fn every_cause_has_its_remedy() {
        let told = |kind: io::ErrorKind| explained(Path::new("/data"), &kind.into());
        for (kind, remedy) in [
            (io::ErrorKind::StorageFull, "free some space"),
            (io::ErrorKind::QuotaExceeded, "raise the quota"),
            (io::ErrorKind::ReadOnlyFilesystem, "mount it for writing"),
            (io::ErrorKind::PermissionDenied, "chown"),
            (io::ErrorKind::NotFound, "put it back"),
            (io::ErrorKind::Other, "check that its disk is sound"),
        ] {
            let sentence = told(kind);
            assert!(sentence.contains("/data") && sentence.contains(remedy), "{sentence}");
        }
    }
}
