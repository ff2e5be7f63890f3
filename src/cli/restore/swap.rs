//! Putting a folder in the place of another.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::cli::Failure;

/// Whether the path can be taken without loss: it does not exist, or is an empty folder.
pub(super) fn is_free(place: &Path) -> bool {
    match fs::read_dir(place) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// Moves `from` to `to`, durably. An existing `to` is first renamed to a name with `time` in it, which is returned. If the
/// move then fails, the renaming is undone.
pub(super) fn put(from: &Path, to: &Path, time: &str) -> Result<Option<PathBuf>, Failure> {
    let failed = || Failure::io(to.display());
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".before-restore-{time}"));
    let aside = to.with_file_name(name);
    // Renaming a folder over an empty one is allowed.
    let is_free = is_free(to);
    if !is_free {
        fs::rename(to, &aside).map_err(failed())?;
    }
    if let Err(error) = fs::rename(from, to) {
        if !is_free {
            fs::rename(&aside, to).map_err(Failure::io(format!(
                "what was in {} is now {}",
                to.display(),
                aside.display()
            )))?;
        }
        return Err(failed()(error));
    }
    let folder = to.parent().unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed())?;
    Ok((!is_free).then_some(aside))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_was_there_is_set_aside_or_stays() {
        let root = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "admin"].map(|name| root.path().join(name));
        fs::create_dir(&from).unwrap();
        fs::write(from.join("new"), "").unwrap();
        fs::create_dir(&to).unwrap();
        assert!(is_free(&to) && is_free(&root.path().join("absent")));
        assert_eq!(put(&from, &to, "now").unwrap(), None);
        assert!(to.join("new").exists() && !is_free(&to));

        assert!(put(&from, &to, "now").is_err(), "there is nothing to put");
        assert!(to.join("new").exists());
        fs::create_dir(&from).unwrap();
        let aside = put(&from, &to, "now").unwrap().unwrap();
        assert_eq!(aside, root.path().join("admin.before-restore-now"));
        assert!(aside.join("new").exists() && is_free(&to));
    }
}
