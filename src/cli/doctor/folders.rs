//! The folders: their owners and permissions, and the process that uses them.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use indicatif::BinaryBytes;
use nix::unistd::{AccessFlags, access, geteuid};

use crate::host::config::Paths;
use crate::host::instance::{InstanceError, InstanceLock};
use crate::transport::web::browser::{Occupant, Profile, Size, orphans};

use super::Finding;

/// The service that runs on these folders, as its lock file says.
pub(super) fn running_service(paths: &Paths) -> Option<i32> {
    [&paths.tokens, &paths.data].into_iter().find_map(|dir| match InstanceLock::probe(dir) {
        Err(InstanceError::Held { pid, .. }) => pid,
        _ => None,
    })
}

pub(super) fn check(paths: &Paths, service: Option<i32>) -> Vec<Finding> {
    let profile = Profile::existing(&paths.tokens);
    let occupants = profile.as_ref().map(Profile::occupants).unwrap_or_default();
    let lock = InstanceLock::probe(&paths.tokens).and_then(|()| InstanceLock::probe(&paths.data));
    let linked = profile.as_ref().map(Profile::is_linked);
    let mut findings = vec![folder("tokens", &paths.tokens), folder("data", &paths.data)];
    findings.extend(profile.as_ref().and_then(|profile| openness(profile.path())));
    findings.push(profile_lock(lock, &occupants, linked));
    findings.push(profile_size(profile.as_ref().map(Profile::size)));
    findings.push(leftovers(&orphans(), service));
    findings
}

/// What is read of an existing folder.
struct Facts {
    is_folder: bool,
    owner: u32,
    mode: u32,
    writable: bool,
}

fn folder(check: &'static str, path: &Path) -> Finding {
    let is_writable = |path: &Path| access(path, AccessFlags::W_OK | AccessFlags::X_OK).is_ok();
    let shown = path.display();
    match fs::metadata(path) {
        Ok(metadata) => {
            let facts = Facts {
                is_folder: metadata.is_dir(),
                owner: metadata.uid(),
                mode: metadata.mode() & 0o7777,
                writable: is_writable(path),
            };
            judge(check, &shown.to_string(), &facts, geteuid().as_raw())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            let parent = absolute.ancestors().skip(1).find(|folder| folder.exists()).unwrap_or(Path::new("/"));
            if is_writable(parent) {
                return Finding::ok(check, format!("{shown} is not there yet; the first start makes it"));
            }
            let remedy = format!("make it for the user of the service: install -d -m 700 -o USER {shown}");
            Finding::failure(check, format!("{shown} is not there, and {} cannot be written", parent.display()), remedy)
        }
        Err(error) => Finding::failure(check, format!("{shown}: {error}"), "let the user of the service reach it"),
    }
}

fn judge(check: &'static str, path: &str, facts: &Facts, user: u32) -> Finding {
    const ROOT: u32 = 0;
    let owner = facts.owner;
    if !facts.is_folder {
        return Finding::failure(check, format!("{path} is not a folder"), "move it away, or set another folder");
    }
    if owner != user && user == ROOT {
        let detail =
            format!("{path} belongs to user {owner}, and this is root: what root writes, that user cannot read");
        return Finding::warning(check, detail, "run the service as that user");
    }
    if owner != user || !facts.writable {
        let detail = format!("{path} belongs to user {owner} (mode {:03o}), and this is user {user}", facts.mode);
        return Finding::failure(check, detail, format!("chown -R {user} {path} && chmod 700 {path}"));
    }
    let remedy = format!("chmod 700 {path}");
    match facts.mode {
        mode if mode & 0o022 != 0 => {
            Finding::failure(check, format!("{path} can be changed by other users (mode {mode:03o})"), remedy)
        }
        mode if mode & 0o055 != 0 => {
            Finding::warning(check, format!("{path} can be looked into by other users (mode {mode:03o})"), remedy)
        }
        mode => Finding::ok(check, format!("{path} is this user's alone (mode {mode:03o})")),
    }
}

/// Whoever can read the login has the account, so other users must not be able to.
fn openness(profile: &Path) -> Option<Finding> {
    let mode = fs::metadata(profile).ok()?.mode() & 0o777;
    let shown = profile.display();
    (mode & 0o077 != 0).then(|| {
        let detail = format!("the login in {shown} is open to other users (mode {mode:03o}) until the next start");
        Finding::warning("profile", detail, format!("chmod 700 {shown}"))
    })
}

/// `linked` is None if there is no profile.
fn profile_lock(lock: Result<(), InstanceError>, occupants: &[Occupant], linked: Option<bool>) -> Finding {
    const CHECK: &str = "profile";
    let stranger = occupants.iter().find(|occupant| !occupant.is_ours);
    match (lock, stranger.or(occupants.first())) {
        (Err(InstanceError::Held { pid: Some(pid), .. }), _) => {
            let detail = format!("in use by the running session-manager (pid {pid}); a second one would exit with 75");
            Finding::ok(CHECK, detail)
        }
        (Err(error @ InstanceError::Held { pid: None, .. }), _) => {
            Finding::warning(CHECK, error.to_string(), "find out who it is before starting the service")
        }
        (Err(InstanceError::Io { dir, source }), _) => {
            Finding::skipped(CHECK, format!("{} cannot be looked into: {source}", dir.display()))
        }
        (Ok(()), Some(Occupant { pid, is_ours: false })) => {
            Finding::failure(CHECK, format!("another browser (pid {pid}) is using it"), "close that browser")
        }
        (Ok(()), Some(Occupant { pid, is_ours: true })) => {
            let detail = format!("a browser (pid {pid}) of a service that is gone is using it");
            Finding::warning(CHECK, detail, "the next start of the service ends it")
        }
        (Ok(()), None) => Finding::ok(
            CHECK,
            match linked {
                Some(true) => "free; a phone is linked in it",
                Some(false) => "free; no phone is linked in it yet",
                None => "not there yet; the first start makes it",
            },
        ),
    }
}

fn profile_size(size: Option<Size>) -> Finding {
    const CHECK: &str = "profile size";
    let Some(Size { total, caches, at_least }) = size else {
        return Finding::skipped(CHECK, "there is no profile yet");
    };
    let more = if at_least { "at least " } else { "" };
    let (total, caches) = (BinaryBytes(total), BinaryBytes(caches));
    Finding::ok(CHECK, format!("the profile takes {more}{total}, of which {caches} are caches that are kept in bounds"))
}

fn leftovers(orphans: &[i32], service: Option<i32>) -> Finding {
    const CHECK: &str = "orphans";
    if orphans.is_empty() {
        return Finding::ok(CHECK, "no browser of a service that is gone");
    }
    let pids: Vec<_> = orphans.iter().map(ToString::to_string).collect();
    let pids = pids.join(" ");
    let remedy = if service.is_some() {
        format!("they are not of the running service: kill {pids}")
    } else {
        format!("the next start ends what is on its own profile; else: kill {pids}")
    };
    Finding::warning(CHECK, format!("browsers whose service is gone: {pids}"), remedy)
}

#[cfg(test)]
mod tests {
    use super::super::report::Status;
    use super::*;

    #[test]
    fn a_folder_is_judged_by_its_owner_and_mode() {
        let judged = |owner, mode, writable, user| {
            judge("tokens", "/t", &Facts { is_folder: true, owner, mode, writable }, user).status
        };
        assert_eq!(judged(1000, 0o700, true, 1000), Status::Ok);
        assert_eq!(judged(1000, 0o755, true, 1000), Status::Warning);
        assert_eq!(judged(1000, 0o770, true, 1000), Status::Failure);
        assert_eq!(judged(1000, 0o777, true, 1000), Status::Failure);
        assert_eq!(judged(1000, 0o500, false, 1000), Status::Failure);
        assert_eq!(judged(1000, 0o700, false, 1001), Status::Failure);
        assert_eq!(judged(1000, 0o700, true, 0), Status::Warning);
        let file = Facts { is_folder: false, owner: 1, mode: 0o700, writable: true };
        assert_eq!(judge("tokens", "/t", &file, 1).status, Status::Failure);
    }

    #[test]
    fn who_uses_the_profile_is_told() {
        let held = |pid| Err(InstanceError::Held { dir: "/t".into(), pid });
        let [ours, stranger] = [true, false].map(|is_ours| Occupant { pid: 42, is_ours });
        let running = profile_lock(held(Some(7)), &[ours], Some(true));
        assert!(running.status == Status::Ok && running.detail.contains("(pid 7)"), "{running:?}");
        assert_eq!(profile_lock(held(None), &[], Some(true)).status, Status::Warning);
        assert_eq!(profile_lock(Ok(()), &[ours], Some(true)).status, Status::Warning);
        let other = profile_lock(Ok(()), &[ours, stranger], Some(true));
        assert!(other.status == Status::Failure && other.detail.contains("(pid 42)"), "{other:?}");
        assert_eq!(profile_lock(Ok(()), &[], None).status, Status::Ok);
    }

    #[test]
    fn the_size_of_the_profile_is_told() {
        assert_eq!(profile_size(None).status, Status::Skipped);
        let told = |at_least| profile_size(Some(Size { total: 90 << 20, caches: 30 << 20, at_least })).detail;
        assert!(told(false).contains("takes 90.00 MiB, of which 30.00 MiB"), "{}", told(false));
        assert!(told(true).contains("at least 90.00 MiB"), "{}", told(true));
    }

    #[test]
    fn a_leftover_is_named() {
        assert_eq!(leftovers(&[], None).status, Status::Ok);
        let found = leftovers(&[3, 4], Some(1));
        assert_eq!(
            (found.status, found.remedy.as_deref()),
            (Status::Warning, Some("they are not of the running service: kill 3 4"))
        );
    }
}
