//! The profile: Chrome's folder that holds the login, and the browsers that use it.
//!
//! The instance lock on `TOKENS_DIR` is taken before this is called, so no other session-manager uses the profile.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use crate::domain::state::SESSION;
use crate::host::disk;

use super::caches::{self, Size};
use super::leveldb;
use super::processes::{Running, looks_like_a_browser};

/// The folder in which the former Node service stored its login.
const FORMER: &str = "session-admin";
/// Marks that a device was linked in this profile. The file is removed together with the login.
const LINKED: &str = "linked";
/// Chrome's own folder in the profile, absent before its first start.
const DEFAULT: &str = "Default";
/// Written and removed again, to see whether a folder can be written.
const PROBE: &str = ".probe";
/// As much as the smallest file takes on a disk, and more than the disk holds back for a file that exists.
const PROBE_BYTES: usize = 4096;
const SINGLETONS: [&str; 3] = ["SingletonLock", "SingletonCookie", "SingletonSocket"];

#[derive(Clone, Debug)]
pub struct Profile {
    path: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// `path` is the folder that cannot be used, never a file of Chrome's in it.
    #[error("TOKENS_DIR cannot hold the login, because {}.", disk::explained(path, source))]
    Io { path: PathBuf, source: io::Error },
    #[error("another browser (pid {pid}) is using the profile {}: close it, then connect", path.display())]
    InUse { path: PathBuf, pid: i32 },
}

/// A browser that uses a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occupant {
    pub pid: i32,
    /// A session-manager started it.
    pub is_ours: bool,
}

impl Profile {
    /// The profile that [`Profile::open`] would return, if it exists already. Changes nothing.
    pub fn existing(tokens: &Path) -> Option<Self> {
        let tokens = tokens.canonicalize().ok()?;
        let path = [SESSION, FORMER].map(|name| tokens.join(name)).into_iter().find(|path| path.is_dir())?;
        Some(Self { path })
    }

    /// The profile under `tokens`, created if it does not exist. Blocking.
    pub fn open(tokens: &Path) -> Result<Self, ProfileError> {
        let wrap = |path: &Path| {
            let path = path.to_owned();
            move |source| ProfileError::Io { path, source }
        };
        fs::create_dir_all(tokens).map_err(wrap(tokens))?;
        // Chrome stores absolute paths, and the search for a leftover browser compares them.
        let tokens = tokens.canonicalize().map_err(wrap(tokens))?;
        let path = tokens.join(SESSION);
        let former = tokens.join(FORMER);
        if !path.exists() && former.is_dir() {
            fs::rename(&former, &path).map_err(wrap(&former))?;
            tracing::info!(from = %former.display(), "adopted the login of the former service");
        }
        if !path.exists() {
            DirBuilder::new().mode(0o700).create(&path).map_err(wrap(&path))?;
        }
        // The login gives access to the account: other users of the machine may not read it.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(wrap(&path))?;
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the folder can hold a login: it is there, or can be made, and files can be written in it. Blocking.
    pub fn check(&self) -> Result<(), ProfileError> {
        self.probe().map_err(|(path, source)| {
            // A folder that cannot be entered hides those below it.
            let closed = |folder: &&Path| folder.is_dir() && access(*folder, AccessFlags::X_OK).is_err();
            let path = path.ancestors().filter(closed).last().unwrap_or(&path).to_owned();
            ProfileError::Io { path, source }
        })
    }

    fn probe(&self) -> Result<(), (PathBuf, io::Error)> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.path);
        made.map_err(|error| (self.path.clone(), error))?;
        // Files of another user in it are found where that user once ran the service.
        for folder in [self.path.clone(), self.path.join(DEFAULT)].into_iter().filter(|folder| folder.exists()) {
            let probe = folder.join(PROBE);
            let written = fs::write(&probe, [0; PROBE_BYTES]);
            let removed = ignore_missing(fs::remove_file(&probe));
            written.and(removed).map_err(|error| (folder, error))?;
        }
        Ok(())
    }

    /// What the profile takes on the disk. Blocking.
    pub fn size(&self) -> Size {
        caches::measure(&self.path)
    }

    /// Whether a device was linked in this profile.
    pub fn is_linked(&self) -> bool {
        self.path.join(LINKED).exists()
    }

    /// Stores whether a device is linked. Blocking.
    pub fn set_linked(&self, linked: bool) -> io::Result<()> {
        let mark = self.path.join(LINKED);
        if linked {
            return fs::write(mark, b"");
        }
        ignore_missing(fs::remove_file(mark))
    }

    /// Removes the stored login. The browser must be closed. Blocking.
    pub fn wipe(&self) -> io::Result<()> {
        ignore_missing(fs::remove_dir_all(&self.path))?;
        DirBuilder::new().mode(0o700).create(&self.path)
    }

    /// Prepares the profile for a start: sees that it can be written, ends a browser that an earlier crash of this
    /// service left, removes the locks of dead browsers and caches that grew too large, repairs databases, and fails if
    /// somebody else's browser uses the profile. Blocking, up to a few seconds.
    pub fn clear(&self) -> Result<(), ProfileError> {
        self.check()?;
        let browsers: Vec<_> = Running::on(&self.path).collect();
        if let Some(stranger) = browsers.iter().find(|browser| !browser.is_ours()) {
            return Err(ProfileError::InUse { path: self.path.clone(), pid: stranger.pid });
        }
        for leftover in &browsers {
            tracing::warn!(pid = leftover.pid, "ending a browser that an earlier run of this service left");
            leftover.end();
        }
        if let Some(pid) = self.singleton_holder() {
            return Err(ProfileError::InUse { path: self.path.clone(), pid });
        }
        if let Ok(lock) = fs::read_link(self.path.join(SINGLETONS[0])) {
            tracing::info!(lock = %lock.display(), "cleared the profile lock of a browser that is gone");
        }
        self.remove_socket_folder();
        for name in SINGLETONS {
            let file = self.path.join(name);
            let removed = ignore_missing(fs::remove_file(&file));
            removed.map_err(|source| ProfileError::Io { path: self.path.clone(), source })?;
        }
        caches::trim(&self.path);
        leveldb::mend(&self.path);
        Ok(())
    }

    /// Chrome puts its socket into its own temporary folder, which a killed browser leaves behind.
    fn remove_socket_folder(&self) {
        let Ok(socket) = fs::read_link(self.path.join(SINGLETONS[2])) else { return };
        let Some(folder) = socket.parent() else { return };
        let name = folder.file_name().and_then(OsStr::to_str).unwrap_or_default();
        if !name.contains("chromium.") && !name.contains("google.Chrome.") {
            return;
        }
        // Removes Chrome's two files and then the folder: if it holds another file, that file is not Chrome's and
        // stays.
        let _ = fs::remove_file(&socket);
        let _ = fs::remove_file(folder.join(SINGLETONS[1]));
        let _ = fs::remove_dir(folder);
    }

    /// The browsers that use the profile. Changes nothing.
    pub fn occupants(&self) -> Vec<Occupant> {
        let browsers = Running::on(&self.path);
        let mut users: Vec<_> =
            browsers.map(|browser| Occupant { pid: browser.pid, is_ours: browser.is_ours() }).collect();
        let holder = self.singleton_holder().filter(|pid| users.iter().all(|user| user.pid != *pid));
        users.extend(holder.map(|pid| Occupant { pid, is_ours: false }));
        users
    }

    /// The live browser of this host that holds Chrome's own lock, a link whose target is `host-pid`.
    fn singleton_holder(&self) -> Option<i32> {
        let target = fs::read_link(self.path.join(SINGLETONS[0])).ok()?.to_string_lossy().into_owned();
        let (host, pid) = target.rsplit_once('-')?;
        let ours = nix::unistd::gethostname().unwrap_or_default();
        pid.parse().ok().filter(|pid| OsStr::new(host) == ours && looks_like_a_browser(*pid))
    }
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::symlink;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use nix::unistd::Pid;

    use super::*;
    use crate::transport::web::browser::chrome::MARK;
    use crate::transport::web::browser::orphans;
    use crate::transport::web::browser::processes::{self, is_alive};

    struct Reaped(Child);

    impl Drop for Reaped {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// A process whose command line reads `name arguments…`. It waits for input that never comes.
    fn stand_in(name: &str, arguments: &[&str]) -> Reaped {
        let mut command = Command::new("/bin/sh");
        command.arg0(name).args(["-c", "read _; exit", "sh"]).args(arguments).process_group(0);
        command.stdin(std::process::Stdio::piped());
        let child = Reaped(command.spawn().unwrap());
        // The parent continues a moment before the kernel shows the new command line.
        while processes::arguments(child.0.id().cast_signed())[0] != name.as_bytes() {
            std::thread::yield_now();
        }
        child
    }

    #[test]
    fn the_folder_is_private_and_the_former_login_is_adopted() {
        let tokens = tempfile::tempdir().unwrap();
        fs::create_dir(tokens.path().join(FORMER)).unwrap();
        fs::write(tokens.path().join(FORMER).join("login"), "x").unwrap();
        let profile = Profile::open(tokens.path()).unwrap();
        assert!(profile.path().join("login").exists());
        assert_eq!(fs::metadata(profile.path()).unwrap().permissions().mode() & 0o777, 0o700);
        profile.set_linked(true).unwrap();
        assert!(Profile::open(tokens.path()).unwrap().is_linked());
        profile.wipe().unwrap();
        assert!(!profile.is_linked() && !profile.path().join("login").exists());
    }

    #[test]
    fn a_folder_that_cannot_hold_the_login_is_named_and_one_that_is_gone_is_made_anew() {
        let root = tempfile::tempdir().unwrap();
        let tokens = root.path().join("tokens");
        let profile = Profile::open(&tokens).unwrap();
        let told = |profile: &Profile| profile.clear().unwrap_err().to_string();
        fs::remove_dir_all(&tokens).unwrap();
        profile.clear().unwrap();
        assert_eq!(fs::metadata(profile.path()).unwrap().permissions().mode() & 0o777, 0o700);

        fs::remove_dir_all(&tokens).unwrap();
        fs::write(&tokens, "").unwrap();
        let in_the_way = fs::canonicalize(&tokens).unwrap();
        assert_eq!(
            told(&profile),
            format!(
                "TOKENS_DIR cannot hold the login, because {} is not a folder, and has to be one: move it away.",
                in_the_way.display()
            )
        );
        fs::remove_file(&tokens).unwrap();
        profile.clear().unwrap();
        assert_eq!(fs::read_dir(profile.path()).unwrap().count(), 0, "nothing is left of the look");
        // Root may write everywhere.
        if nix::unistd::geteuid().is_root() {
            return;
        }
        for (closed, mode) in [(profile.path().to_owned(), 0o500), (in_the_way, 0o000)] {
            fs::set_permissions(&closed, fs::Permissions::from_mode(mode)).unwrap();
            let sentence = told(&profile);
            fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
            let named = format!("may not write in {}: give it the folder", closed.display());
            assert!(sentence.contains(&named), "{sentence}");
        }
    }

    #[test]
    fn the_lock_of_the_dead_and_of_another_host_is_cleared() {
        let tokens = tempfile::tempdir().unwrap();
        let profile = Profile::open(tokens.path()).unwrap();
        let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
        // This process's own pid is alive but not a browser: the number was given to another process.
        let own = std::process::id();
        for target in [format!("{host}-{own}"), format!("elsewhere-{own}"), format!("{host}-0"), "rubbish".to_owned()] {
            symlink(&target, profile.path().join("SingletonLock")).unwrap();
            profile.clear().unwrap();
            assert!(fs::symlink_metadata(profile.path().join("SingletonLock")).is_err(), "{target}");
        }
    }

    #[test]
    fn the_socket_folder_of_a_killed_browser_goes_and_nothing_else_does() {
        let tokens = tempfile::tempdir().unwrap();
        let profile = Profile::open(tokens.path()).unwrap();
        for (name, goes) in [("org.chromium.Chromium.AbCdEf", true), ("precious", false)] {
            let folder = tokens.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("SingletonSocket"), "").unwrap();
            symlink(folder.join("SingletonSocket"), profile.path().join("SingletonSocket")).unwrap();
            profile.clear().unwrap();
            assert_eq!(!folder.exists(), goes, "{name}");
        }
    }

    #[test]
    fn a_leftover_is_ended_and_a_stranger_is_not() {
        let tokens = tempfile::tempdir().unwrap();
        let profile = Profile::open(tokens.path()).unwrap();
        let flag = format!("--user-data-dir={}", profile.path().display());
        let mut elsewhere = stand_in("chrome", &[MARK, "--user-data-dir=/tmp/other"]);
        let leftover = stand_in("chrome", &[MARK, &flag]);
        profile.clear().unwrap();
        assert!(!is_alive(Pid::from_raw(leftover.0.id().cast_signed())));
        assert!(elsewhere.0.try_wait().unwrap().is_none(), "another profile's browser is left alone");

        let mut stranger = stand_in("chrome", &[&flag]);
        let refused = profile.clear();
        assert!(matches!(refused, Err(ProfileError::InUse { pid, .. }) if pid.unsigned_abs() == stranger.0.id()));
        assert!(stranger.0.try_wait().unwrap().is_none());
    }

    #[test]
    fn who_is_at_work_is_told_and_left_alone() {
        let tokens = tempfile::tempdir().unwrap();
        assert!(Profile::existing(tokens.path()).is_none());
        let profile = Profile::open(tokens.path()).unwrap();
        let existing = Profile::existing(tokens.path()).unwrap();
        assert_eq!((existing.path(), existing.occupants()), (profile.path(), vec![]));

        let flag = format!("--user-data-dir={}", profile.path().display());
        let mut leftover = stand_in("chrome", &[MARK, &flag]);
        let pid = leftover.0.id().cast_signed();
        assert_eq!(existing.occupants(), [Occupant { pid, is_ours: true }]);
        // It has no pipe.
        assert!(orphans().contains(&pid));
        assert!(leftover.0.try_wait().unwrap().is_none());
    }

    #[test]
    fn a_live_browser_with_the_lock_of_this_host_is_in_use() {
        let tokens = tempfile::tempdir().unwrap();
        let profile = Profile::open(tokens.path()).unwrap();
        let browser = stand_in("chromium", &[]);
        let host = nix::unistd::gethostname().unwrap().into_string().unwrap();
        symlink(format!("{host}-{}", browser.0.id()), profile.path().join("SingletonLock")).unwrap();
        assert!(matches!(profile.clear(), Err(ProfileError::InUse { .. })));
        assert_eq!(profile.occupants(), [Occupant { pid: browser.0.id().cast_signed(), is_ours: false }]);
    }
}
