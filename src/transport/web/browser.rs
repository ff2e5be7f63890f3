//! The browser: finding Chrome, starting it on the profile, driving it over its pipe, and ending it cleanly.

mod caches;
mod cdp;
mod chrome;
mod last_words;
mod leveldb;
mod net_error;
mod process;
mod processes;
mod profile;
mod usage;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::host::config::{Browser as Settings, LoginMode};
use crate::host::disk;
use last_words::LastWords;

pub use caches::Size;
pub use cdp::{BlobReader, CallError, DOCUMENT_MAX, Disguise, Handling, PageSetup, Tab, TabEvent, TabEvents};
pub use chrome::{Chrome, FindError, NAMES};
pub use net_error::{NetError, explained};
pub use processes::orphans;
pub use profile::{Occupant, Profile, ProfileError};
pub use usage::{Usage, usage};

/// The least /dev/shm for Chrome: Docker gives 64 MiB, and twice that was enough for one page. With less, the flags
/// make Chrome use another folder.
pub const SHM_MIN: u64 = 128 << 20;
/// A Chrome whose pipe closes exits within 0.3 s; on a loaded machine it took 1 s.
const LEAVE_GRACE: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    #[error(transparent)]
    NotFound(#[from] FindError),
    #[error(
        "LOGIN_MODE=local opens a window and there is no display here: set DISPLAY, use LOGIN_MODE=server, or link with deploy/start-with-xvfb.sh."
    )]
    NoDisplay,
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error("the launch was called off")]
    CalledOff,
    /// Chrome itself takes this for another browser on its profile.
    #[error("Chrome needs the temporary folder (TMPDIR), and {}.", disk::explained(path, source))]
    Temporary { path: PathBuf, source: io::Error },
    #[error("{cause}: {}.", remedy.unwrap_or("`session-manager doctor` says more"))]
    Failed { cause: String, remedy: Option<&'static str> },
}

/// A running browser with its one page.
pub struct Browser {
    connection: cdp::Connection,
    process: Arc<process::Process>,
    pub version: String,
}

/// The result of a launch: the browser, its page, and the page's events.
pub struct Launched {
    pub browser: Browser,
    pub tab: Tab,
    pub events: TabEvents,
}

/// How a browser ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The browser exited by itself after it was asked, without a signal.
    pub cleanly: bool,
}

/// What the page is prepared with; the browser adds a disguise if one is needed.
#[derive(Clone, Debug)]
pub struct PageScript {
    pub script: String,
    pub binding: String,
    pub origin: String,
    /// The page's document, if it is not to come from the network.
    pub document: Option<Arc<[u8]>>,
}

impl Browser {
    /// Finds Chrome, frees the profile from browsers that are gone, starts Chrome and attaches to its page, within
    /// `deadline`. Once `called_off` is cancelled, it fails as soon as everything it started is gone.
    pub async fn launch(
        settings: &Settings,
        profile: &Profile,
        page: PageScript,
        deadline: Duration,
        called_off: CancellationToken,
    ) -> Result<Launched, LaunchError> {
        if settings.login_mode == LoginMode::Local && !has_display() {
            return Err(LaunchError::NoDisplay);
        }
        let chrome = Chrome::find(settings.chrome_path.as_deref(), std::env::var_os("PATH").as_deref()).await?;
        let owned = profile.clone();
        tokio::task::spawn_blocking(move || owned.clear())
            .await
            .map_err(|error| failed(&error, &LastWords::default()))??;
        if called_off.is_cancelled() {
            return Err(LaunchError::CalledOff);
        }
        let root = nix::unistd::geteuid().is_root();
        if root {
            tracing::warn!("running as root: Chrome starts without its sandbox; use an ordinary user instead");
        }
        let around = chrome::Surroundings { profile: profile.path(), root, small_shm: shm_is_small() };
        let flags = chrome::flags(&chrome, settings, &around);
        let spawned = process::spawn(&chrome.path, &flags).map_err(|error| failed(&error, &LastWords::default()))?;
        let process = Arc::new(spawned.process);
        tracing::info!(pid = process.pid(), path = %chrome.path.display(), version = chrome.version, "started Chrome");
        let setup = PageSetup {
            script: page.script,
            binding: page.binding,
            origin: page.origin.clone(),
            disguise: chrome.is_headless_shell().then(|| Disguise {
                user_agent: settings.user_agent.clone().unwrap_or_else(|| chrome.user_agent()),
                version: chrome.version.clone(),
            }),
            // A window is there to be looked at.
            handling: Handling {
                origin: page.origin.clone(),
                unseen: settings.login_mode == LoginMode::Server,
                login: settings.proxy.as_ref().and_then(|proxy| proxy.login.clone()),
                pinned: page.document,
            },
        };
        let attached = tokio::select! {
            attached = open(spawned.read, spawned.write, setup) => match attached {
                Ok(attached) => Ok(attached),
                // A browser that dies closes its pipe first; its exit status says more.
                Err(why) => Err(tokio::time::timeout(LEAVE_GRACE, process.exited()).await.unwrap_or(why)),
            },
            how = process.exited() => Err(how),
            () = called_off.cancelled() => Err("called off".to_owned()),
            () = tokio::time::sleep(deadline) => Err(format!("not ready within {deadline:?}")),
        };
        match attached {
            Ok((connection, tab, events, version)) => {
                Ok(Launched { browser: Self { connection, process, version }, tab, events })
            }
            Err(why) => {
                // Chrome's pipe is closed by now, so Chrome exits by itself.
                process.end(LEAVE_GRACE).await;
                if called_off.is_cancelled() {
                    return Err(LaunchError::CalledOff);
                }
                let words = process.last_words();
                if words.name("Missing X server") || words.name("cannot open display") {
                    return Err(LaunchError::NoDisplay);
                }
                temporary_folder().await?;
                Err(failed(&why, &words))
            }
        }
    }

    /// Ends the browser: first by a request over the protocol (a signal can lose the login), after `patience` by
    /// signals.
    pub async fn close(self, patience: Duration) -> Ended {
        let until = Instant::now() + patience;
        if let Err(error) = self.connection.close_browser(patience).await {
            tracing::debug!(%error, "Chrome did not answer the request to close");
        }
        let cleanly = self.process.end(until.saturating_duration_since(Instant::now())).await;
        Ended { cleanly }
    }

    pub fn pid(&self) -> i32 {
        self.process.pid()
    }

    /// Waits until the process exits without a request; returns how it ended, why if Chrome said so, and what helps.
    pub fn gone(&self) -> impl Future<Output = String> + Send + use<> {
        let process = Arc::clone(&self.process);
        async move {
            let how = process.exited().await;
            let words = process.last_words();
            let helps = words.remedy(&how).map(|remedy| format!("; {remedy}")).unwrap_or_default();
            format!("{}{helps}", words.described(&how))
        }
    }
}

async fn open(
    read: std::os::fd::OwnedFd,
    write: std::os::fd::OwnedFd,
    setup: PageSetup,
) -> Result<(cdp::Connection, Tab, TabEvents, String), String> {
    let opened = cdp::Connection::open(read, write).map_err(|error| error.to_string())?;
    let connection = opened.connection.clone();
    let (tab, events) = cdp::attach(opened, setup).await.map_err(|error| error.to_string())?;
    let version = connection.version(Duration::from_secs(10)).await.map_err(|error| error.to_string())?;
    Ok((connection, tab, events, version))
}

fn failed(why: &impl ToString, words: &LastWords) -> LaunchError {
    let why = why.to_string();
    LaunchError::Failed {
        cause: format!("Chrome could not be started ({})", words.described(&why)),
        remedy: words.remedy(&why),
    }
}

/// An error if nothing can be written in the temporary folder, which is Chrome's too.
async fn temporary_folder() -> Result<(), LaunchError> {
    let made = tokio::task::spawn_blocking(|| tempfile::Builder::new().prefix("session-manager-").tempdir().map(drop));
    let made = made.await.map_err(io::Error::other).flatten();
    made.map_err(|source| LaunchError::Temporary { path: std::env::temp_dir(), source })
}

/// Whether the environment names a display on which a window can open.
pub fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn shm_is_small() -> bool {
    nix::sys::statvfs::statvfs(Path::new("/dev/shm")).is_ok_and(|fs| fs.blocks() * fs.fragment_size() < SHM_MIN)
}
