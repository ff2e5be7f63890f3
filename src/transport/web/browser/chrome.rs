//! Finds Chrome, and chooses the flags it is started with.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::host::config::{Browser as Settings, LoginMode};

use super::caches;

/// The program names that are searched along PATH, in this order.
pub const NAMES: [&str; 6] = [
    "google-chrome-stable",
    "google-chrome",
    "chromium",
    "chromium-browser",
    "chrome-headless-shell",
    "chromium-headless-shell",
];

/// Distributions put a shell script on PATH that adds its own flags, and that does not always replace itself by the
/// browser. These are the browsers behind the scripts.
const BEHIND_SCRIPTS: [(&str, &str); 6] = [
    ("google-chrome-stable", "/opt/google/chrome/chrome"),
    ("google-chrome", "/opt/google/chrome/chrome"),
    ("chromium", "/usr/lib/chromium/chromium"),
    ("chromium-browser", "/usr/lib/chromium-browser/chromium-browser"),
    ("chrome-headless-shell", "/usr/lib/chromium/chromium-headless-shell"),
    ("chromium-headless-shell", "/usr/lib/chromium/chromium-headless-shell"),
];

/// The flag that marks browsers of this service, and so tells a leftover from somebody else's browser.
pub(super) const MARK: &str = "--session-manager";

/// `--version` takes 60 ms; from a cold disk it took 4 s.
const VERSION_DEADLINE: Duration = Duration::from_secs(15);

/// An installed browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chrome {
    pub path: PathBuf,
    /// For example `156.0.8078.79`.
    pub version: String,
}

#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("No Chrome or Chromium was found: install one (apt-get install chromium) or set CHROME_PATH.")]
    Nowhere,
    #[error("CHROME_PATH names {0}, which is not a program that can be run: correct it or unset it.")]
    NotThere(PathBuf),
    #[error(
        "{path} does not tell its version ({why}): run it by hand with --version, or set CHROME_PATH to another one."
    )]
    Mute { path: PathBuf, why: String },
}

impl Chrome {
    /// Finds the browser: the configured one, or the first of the usual names along `search_path` (PATH).
    pub async fn find(configured: Option<&Path>, search_path: Option<&OsStr>) -> Result<Self, FindError> {
        let path = match configured {
            Some(path) if is_program(path) => behind_script(path.to_owned()),
            Some(path) => return Err(FindError::NotThere(path.to_owned())),
            None => search(search_path).ok_or(FindError::Nowhere)?,
        };
        let version = ask_version(&path).await.map_err(|why| FindError::Mute { path: path.clone(), why })?;
        Ok(Self { path, version })
    }

    /// A headless shell needs half the memory; its client hints reveal it, and it does not lock its profile.
    pub fn is_headless_shell(&self) -> bool {
        let name = self.path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.contains("headless-shell") || name.contains("headless_shell")
    }

    /// The user agent of this version with a window: without the word that WhatsApp refuses.
    pub fn user_agent(&self) -> String {
        let major = self.version.split('.').next().unwrap_or_default();
        let machine = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" };
        format!(
            "Mozilla/5.0 (X11; Linux {machine}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
        )
    }
}

fn search(search_path: Option<&OsStr>) -> Option<PathBuf> {
    let folders: Vec<_> = std::env::split_paths(search_path?).collect();
    let found = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    found.into_iter().find(|path| is_program(path)).map(behind_script)
}

fn is_program(path: &Path) -> bool {
    path.is_file() && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

fn behind_script(path: PathBuf) -> PathBuf {
    let mut start = [0; 2];
    let is_script = File::open(&path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && &start == b"#!";
    let real = BEHIND_SCRIPTS.iter().find(|(name, _)| path.file_name() == Some(OsStr::new(name)));
    match real {
        Some((_, real)) if is_script && is_program(Path::new(real)) => PathBuf::from(real),
        _ => path,
    }
}

async fn ask_version(path: &Path) -> Result<String, String> {
    let mut command = tokio::process::Command::new(path);
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let answer = tokio::time::timeout(VERSION_DEADLINE, command.output())
        .await
        .map_err(|_| format!("no answer within {VERSION_DEADLINE:?}"))?
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&answer.stdout);
    let version = text.split_whitespace().find(|w| w.contains('.') && w.starts_with(|c: char| c.is_ascii_digit()));
    version.map(str::to_owned).ok_or_else(|| answer.status.to_string())
}

/// The facts besides the settings that the flags depend on.
pub(super) struct Surroundings<'a> {
    pub(super) profile: &'a Path,
    pub(super) root: bool,
    /// Docker gives 64 MiB of /dev/shm, in which Chrome's renderers crash.
    pub(super) small_shm: bool,
}

/// The flags, with the user's flags merged in.
pub(super) fn flags(chrome: &Chrome, settings: &Settings, around: &Surroundings<'_>) -> Vec<String> {
    let mut flags: Vec<String> = [
        // The service relies on these.
        MARK,
        "--remote-debugging-pipe",
        "--password-store=basic",
        "--no-first-run",
        "--no-default-browser-check",
        "--hide-crash-restore-bubble",
        // The debugging pipe alone sets navigator.webdriver.
        "--disable-blink-features=AutomationControlled",
        // No network traffic that the page does not need.
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-extensions",
        "--disable-quic",
        "--metrics-recording-only",
        "--mute-audio",
        // A page without a visible window must not be slowed down.
        "--disable-background-timer-throttling",
        "--disable-backgrounding-occluded-windows",
        "--disable-renderer-backgrounding",
    ]
    .map(str::to_owned)
    .into();
    if settings.login_mode == LoginMode::Server {
        // Nobody looks at the window. In a small one the page draws fewer rows and pictures.
        let small = "--window-size=800,600";
        flags.extend(["--headless=new", "--disable-gpu", "--disable-software-rasterizer", small].map(str::to_owned));
    } else {
        flags.push("--window-size=1280,800".to_owned());
    }
    if around.root {
        flags.push("--no-sandbox".to_owned());
    }
    if around.small_shm {
        flags.push("--disable-dev-shm-usage".to_owned());
    }
    flags.push(format!("--user-data-dir={}", around.profile.display()));
    flags.push(format!("--disk-cache-size={}", caches::DISK_CACHE));
    flags.push(format!("--media-cache-size={}", caches::MEDIA_CACHE));
    let user_agent = settings.user_agent.clone().unwrap_or_else(|| chrome.user_agent());
    flags.push(format!("--user-agent={user_agent}"));
    flags.extend(settings.proxy.as_ref().map(|proxy| format!("--proxy-server={}", proxy.server)));
    merge(&mut flags, &settings.chrome_args, settings.html.is_some());
    // The start page: without it Chrome loads its New Tab page.
    flags.push("about:blank".to_owned());
    flags
}

/// Each of these saves memory and costs the page nothing: 49 and 17 MiB of 411 MiB measured.
const FEATURES_OFF: &str =
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup,SpareRendererForSitePerProcess,Translate,MediaRouter";
/// Chrome does not know where a document from a file came from, and would ask a person before it lets it reach an
/// address of the local network, such as a proxy's.
const FEATURES_OFF_PINNED: &str =
    "LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets,LocalNetworkAccessForWorkers";
const FEATURES_ON: &str = "NetworkServiceInProcess2";

/// Chrome uses only the last of several feature lists, so the service's and the user's are merged into one.
fn merge(flags: &mut Vec<String>, user: &[String], pinned: bool) {
    /// Without its own values of these the service would not work, or would be open to the whole machine.
    const OURS: [&str; 4] =
        ["--remote-debugging-port", "--remote-debugging-pipe", "--user-data-dir", "--enable-automation"];
    let mut off = vec![FEATURES_OFF.to_owned()];
    off.extend(pinned.then(|| FEATURES_OFF_PINNED.to_owned()));
    let mut on = vec![FEATURES_ON.to_owned()];
    for flag in user {
        let name = flag.split('=').next().unwrap_or_default();
        if let Some(list) = flag.strip_prefix("--disable-features=") {
            off.push(list.to_owned());
        } else if let Some(list) = flag.strip_prefix("--enable-features=") {
            on.push(list.to_owned());
        } else if OURS.contains(&name) || !flag.starts_with("--") {
            tracing::warn!(flag = name, "left out of CHROME_ARGS: the service sets it itself, or it is not a flag");
        } else {
            flags.push(flag.clone());
        }
    }
    flags.push(format!("--disable-features={}", off.join(",")));
    flags.push(format!("--enable-features={}", on.join(",")));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::host::config::Config;

    fn chrome() -> Chrome {
        Chrome { path: "/opt/x/chrome".into(), version: "156.0.8078.79".to_owned() }
    }

    fn flags_with(env: &[(&str, &str)], root: bool) -> Vec<String> {
        let env: BTreeMap<String, String> = env.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        let settings = Config::read(&env).unwrap().browser;
        flags(&chrome(), &settings, &Surroundings { profile: Path::new("/t/admin"), root, small_shm: false })
    }

    #[test]
    fn the_sandbox_is_given_up_for_root_only() {
        assert!(flags_with(&[], true).contains(&"--no-sandbox".to_owned()));
        assert!(!flags_with(&[], false).contains(&"--no-sandbox".to_owned()));
    }

    #[test]
    fn no_flag_gives_the_automation_away() {
        let flags = flags_with(&[], false);
        assert!(!flags.iter().any(|f| f.contains("HeadlessChrome") || f.starts_with("--enable-automation")));
        assert!(flags.iter().any(|f| f.starts_with("--user-agent=") && f.contains("Chrome/156.0.0.0")));
    }

    #[test]
    fn a_window_is_opened_in_local_mode_only() {
        assert!(flags_with(&[], false).contains(&"--headless=new".to_owned()));
        assert!(!flags_with(&[("LOGIN_MODE", "local")], false).iter().any(|f| f.starts_with("--headless")));
    }

    #[test]
    fn the_users_flags_are_merged_and_cannot_open_a_port() {
        let args = "--disable-features=Foo --remote-debugging-port=9222 --user-data-dir=/x --lang=es http://evil";
        let flags = flags_with(&[("CHROME_ARGS", args)], false);
        let off: Vec<_> = flags.iter().filter(|f| f.starts_with("--disable-features=")).collect();
        assert!(off.len() == 1 && off[0].ends_with(",Foo"), "{off:?}");
        assert!(flags.contains(&"--lang=es".to_owned()));
        assert!(!flags.iter().any(|f| f.contains("9222") || f.contains("=/x") || f.contains("evil")));
        assert_eq!(flags.last().map(String::as_str), Some("about:blank"));
    }

    #[test]
    fn the_users_flags_are_split_as_a_shell_splits_words() {
        let args = r#"--host-rules="MAP a.example 127.0.0.1" '--lang=es'"#;
        let flags = flags_with(&[("CHROME_ARGS", args)], false);
        assert!(flags.contains(&"--host-rules=MAP a.example 127.0.0.1".to_owned()), "{flags:?}");
        assert!(flags.contains(&"--lang=es".to_owned()), "{flags:?}");
        let open: BTreeMap<String, String> = [("CHROME_ARGS".to_owned(), "'--lang=es".to_owned())].into();
        let problems = Config::read(&open).unwrap_err().to_string();
        assert!(problems.contains("CHROME_ARGS") && problems.contains("quotation"), "{problems}");
    }

    #[tokio::test]
    async fn finds_the_first_of_the_usual_names_and_reads_its_version() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(Chrome::find(None, Some(dir.path().as_os_str())).await, Err(FindError::Nowhere)));
        let path = dir.path().join("chromium-browser");
        std::fs::write(&path, "#!/bin/sh\necho 'Chromium 99.1.2.3 built on X'\n").unwrap();
        assert!(matches!(Chrome::find(Some(&path), None).await, Err(FindError::NotThere(_))), "not executable");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        let found = Chrome::find(None, Some(dir.path().as_os_str())).await.unwrap();
        assert_eq!(found.version, "99.1.2.3");
    }
}
