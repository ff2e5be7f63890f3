//! The machine: shared memory, fonts, a display, free space on the disks.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use indicatif::BinaryBytes;
use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};

use crate::host::config::{LoginMode, Paths};
use crate::outbound::attach::find_converter;
use crate::transport::web::browser::{SHM_MIN, has_display};

use super::Finding;

/// A profile grows to a few hundred MiB; below this Chrome and the store soon cannot write.
const DISK_FAILURE: u64 = 256 << 20;
const DISK_WARNING: u64 = 1 << 30;
/// The folders in which fonts are looked for, and the depth: `truetype/dejavu/DejaVuSans.ttf`.
const FONT_FOLDERS: [&str; 2] = ["/usr/share/fonts", "/usr/local/share/fonts"];
const FONT_FOLDERS_AT_HOME: [&str; 2] = [".fonts", ".local/share/fonts"];
const FONT_DEPTH: usize = 4;

pub(super) fn shm() -> Finding {
    let path = Path::new("/dev/shm");
    let size = statvfs(path).ok().map(|fs| fs.blocks() * fs.fragment_size());
    judge_shm(size, access(path, AccessFlags::W_OK).is_ok())
}

fn judge_shm(size: Option<u64>, writable: bool) -> Finding {
    const CHECK: &str = "shm";
    match size {
        None => Finding::failure(CHECK, "there is no /dev/shm", "mount -t tmpfs -o mode=1777 tmpfs /dev/shm"),
        Some(_) if !writable => Finding::failure(CHECK, "this user cannot write in /dev/shm", "chmod 1777 /dev/shm"),
        Some(size) if size < SHM_MIN => {
            let detail =
                format!("/dev/shm has {}: Chrome is told to use the disk instead, which is slower", BinaryBytes(size));
            Finding::warning(CHECK, detail, "give the container more: --shm-size=256m")
        }
        Some(size) => Finding::ok(CHECK, format!("/dev/shm has {}", BinaryBytes(size))),
    }
}

pub(super) fn fonts() -> Finding {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let at_home = home.iter().flat_map(|home| FONT_FOLDERS_AT_HOME.map(|name| home.join(name)));
    let folders = FONT_FOLDERS.iter().map(PathBuf::from).chain(at_home);
    judge_fonts(folders.map(|folder| count_fonts(&folder, FONT_DEPTH)).sum())
}

fn judge_fonts(count: usize) -> Finding {
    const CHECK: &str = "fonts";
    if count > 0 {
        return Finding::ok(CHECK, format!("{count} font files"));
    }
    let remedy = "apt-get install fonts-liberation fonts-noto-color-emoji";
    Finding::warning(CHECK, "there are no fonts: Chrome may not start, and a window shows no text", remedy)
}

fn count_fonts(folder: &Path, depth: usize) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries
        .map(|path| match path.extension().and_then(|extension| extension.to_str()) {
            Some("ttf" | "otf" | "ttc" | "woff2") => 1,
            _ if depth > 1 && path.is_dir() => count_fonts(&path, depth - 1),
            _ => 0,
        })
        .sum()
}

/// Voice notes of other formats are converted where the program is installed.
pub(super) fn converter() -> Finding {
    const CHECK: &str = "ffmpeg";
    match find_converter(std::env::var_os("PATH").as_deref()) {
        Some(path) => Finding::ok(CHECK, format!("{}: sounds are converted to voice notes", path.display())),
        None => Finding::ok(CHECK, "is not installed: voice notes other than Ogg with Opus are refused"),
    }
}

/// `refused`: Chrome found no display, whatever the environment says.
pub(super) fn display(mode: LoginMode, refused: bool) -> Finding {
    judge_display(mode, has_display() && !refused)
}

fn judge_display(mode: LoginMode, usable: bool) -> Finding {
    const CHECK: &str = "display";
    match (mode, usable) {
        (LoginMode::Server, _) => Finding::ok(CHECK, "LOGIN_MODE=server needs none"),
        (LoginMode::Local, true) => Finding::ok(CHECK, "LOGIN_MODE=local can open its window"),
        (LoginMode::Local, false) => {
            let remedy = "use LOGIN_MODE=server, run it on a desktop, or link with deploy/start-with-xvfb.sh";
            Finding::failure(CHECK, "LOGIN_MODE=local opens a window, and no display can be used", remedy)
        }
    }
}

/// One line for each file system.
pub(super) fn disks(paths: &Paths) -> Vec<Finding> {
    let mut seen = Vec::new();
    let mut findings = Vec::new();
    for path in [&paths.tokens, &paths.data] {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let Some(there) = absolute.ancestors().find(|folder| folder.exists()) else { continue };
        let device = fs::metadata(there).map(|metadata| metadata.dev()).ok();
        if seen.contains(&device) {
            continue;
        }
        seen.push(device);
        findings.push(match statvfs(there) {
            // The bytes and files that ordinary users may still use; some file systems do not count files.
            Ok(fs) => judge_disk(
                path,
                fs.blocks_available() * fs.fragment_size(),
                fs.files() > 0 && fs.files_available() == 0,
            ),
            Err(error) => Finding::skipped("disk", format!("{}: {error}", path.display())),
        });
    }
    findings
}

fn judge_disk(path: &Path, free: u64, no_files: bool) -> Finding {
    const CHECK: &str = "disk";
    let detail = format!("{} free for {}", BinaryBytes(free), path.display());
    let remedy = "free some space, or set TOKENS_DIR and DATA_DIR to a larger disk";
    if no_files {
        Finding::failure(CHECK, format!("no more files can be made in {}", path.display()), remedy)
    } else if free < DISK_FAILURE {
        Finding::failure(CHECK, detail, remedy)
    } else if free < DISK_WARNING {
        Finding::warning(CHECK, detail, remedy)
    } else {
        Finding::ok(CHECK, detail)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::report::Status;
    use super::*;

    #[test]
    fn shared_memory_is_judged_by_its_size() {
        assert_eq!(judge_shm(None, false).status, Status::Failure);
        assert_eq!(judge_shm(Some(SHM_MIN), false).status, Status::Failure);
        assert_eq!(judge_shm(Some(64 << 20), true).status, Status::Warning);
        assert_eq!(judge_shm(Some(SHM_MIN), true).status, Status::Ok);
    }

    #[test]
    fn fonts_are_found_where_distributions_put_them() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(judge_fonts(count_fonts(root.path(), FONT_DEPTH)).status, Status::Warning);
        let folder = root.path().join("truetype/dejavu");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("A.ttf"), "").unwrap();
        fs::write(folder.join("README"), "").unwrap();
        assert_eq!(count_fonts(root.path(), FONT_DEPTH), 1);
        assert_eq!(judge_fonts(1).status, Status::Ok);
    }

    #[test]
    fn a_display_is_needed_for_a_window_only() {
        assert_eq!(judge_display(LoginMode::Server, false).status, Status::Ok);
        assert_eq!(judge_display(LoginMode::Local, true).status, Status::Ok);
        assert_eq!(judge_display(LoginMode::Local, false).status, Status::Failure);
    }

    #[test]
    fn a_disk_is_judged_by_what_is_free() {
        let judged = |free, no_files| judge_disk(Path::new("/d"), free, no_files).status;
        assert_eq!(judged(DISK_FAILURE - 1, false), Status::Failure);
        assert_eq!(judged(DISK_FAILURE, false), Status::Warning);
        assert_eq!(judged(DISK_WARNING, false), Status::Ok);
        assert_eq!(judged(DISK_WARNING, true), Status::Failure);
    }
}
