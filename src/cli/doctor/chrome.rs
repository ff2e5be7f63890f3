//! Whether Chrome is installed, starts in its sandbox, and gets an answer from WhatsApp's page. It runs on a temporary profile.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::host::config::{Config, LoginMode};
use crate::transport::web::browser::{Browser, Chrome, LaunchError, PageScript, Profile, Tab, has_display};

use super::Finding;
use super::page::{Answer, Trouble};

/// A page that has loaded answers a question within this time.
const CLOCK_DEADLINE: Duration = Duration::from_secs(5);

/// What came of starting Chrome.
pub(super) struct Trial {
    pub(super) findings: Vec<Finding>,
    /// Whether Chrome itself found no display.
    pub(super) no_display: bool,
    /// How the page answered, if Chrome could ask it.
    pub(super) page: Option<Result<Answer, Trouble>>,
}

pub(super) async fn try_out(config: &Config) -> Trial {
    let path = std::env::var_os("PATH");
    let found = Chrome::find(config.browser.chrome_path.as_deref(), path.as_deref()).await;
    let chrome = match found {
        Ok(chrome) => chrome,
        Err(error) => {
            let remedy = "apt-get install chromium, or set CHROME_PATH to a Chrome or Chromium";
            let skipped = ["start", "sandbox"].map(|check| Finding::skipped(check, "there is no Chrome"));
            let findings = [vec![Finding::failure("chrome", error.to_string(), remedy)], skipped.into()].concat();
            return Trial { findings, no_display: false, page: None };
        }
    };
    let mut findings = vec![Finding::ok("chrome", format!("{} at {}", chrome.version, chrome.path.display()))];
    let started = start(config).await;
    let (start, page) = match &started {
        Ok(started) => (Finding::ok("start", started.described()), Some(started.page.clone())),
        Err(Refused { words, remedy, .. }) => {
            let by_hand = format!("see what it says: {} --headless=new --dump-dom about:blank", chrome.path.display());
            (Finding::failure("start", words, remedy.map_or(by_hand, str::to_owned)), None)
        }
    };
    findings.push(start);
    findings.push(sandbox(&Surroundings {
        root: nix::unistd::geteuid().is_root(),
        given_up: config.browser.chrome_args.iter().any(|flag| flag == "--no-sandbox"),
        started: started.is_ok(),
        namespaces: namespaces_are_allowed(),
        setuid_sandbox: has_setuid_sandbox(&chrome.path),
    }));
    Trial { findings, no_display: started.is_err_and(|refused| refused.no_display), page }
}

struct Started {
    took: Duration,
    cleanly: bool,
    page: Result<Answer, Trouble>,
}

impl Started {
    fn described(&self) -> String {
        let closed = if self.cleanly { "closed when asked" } else { "had to be ended by signal" };
        format!("started in {:.1} s and {closed}", self.took.as_secs_f64())
    }
}

struct Refused {
    words: String,
    /// None if a person has to look for the cause.
    remedy: Option<&'static str>,
    no_display: bool,
}

const AS_IT_SAYS: &str = "do what the sentence says";

impl Refused {
    fn new(words: impl ToString) -> Self {
        Self { words: words.to_string(), remedy: Some(AS_IT_SAYS), no_display: false }
    }
}

impl From<LaunchError> for Refused {
    fn from(error: LaunchError) -> Self {
        match error {
            LaunchError::Failed { cause, remedy } => Self { remedy, ..Self::new(cause) },
            error => Self { no_display: matches!(error, LaunchError::NoDisplay), ..Self::new(error) },
        }
    }
}

async fn start(config: &Config) -> Result<Started, Refused> {
    let mut settings = config.browser.clone();
    if settings.login_mode == LoginMode::Local && !has_display() {
        // A missing display has a line of its own; here the question is whether Chrome works at all.
        settings.login_mode = LoginMode::Server;
    }
    let folder = tempfile::Builder::new().prefix("session-manager-doctor-").tempdir();
    let folder =
        folder.map_err(|source| Refused::new(LaunchError::Temporary { path: std::env::temp_dir(), source }))?;
    let profile = Profile::open(folder.path()).map_err(Refused::new)?;
    // The adapter is not injected, so the page sends no reports.
    let page = PageScript {
        script: String::new(),
        binding: "unused".to_owned(),
        origin: settings.url.clone(),
        document: None,
    };
    let begun = Instant::now();
    let launch = Browser::launch(&settings, &profile, page, config.timings.browser_start, CancellationToken::new());
    let launched = launch.await?;
    let took = begun.elapsed();
    let page = ask(&launched.tab, &settings.url, config.timings.page_commit).await;
    let ended = launched.browser.close(config.timings.browser_close).await;
    Ok(Started { took, cleanly: ended.cleanly, page })
}

async fn ask(tab: &Tab, url: &str, deadline: Duration) -> Result<Answer, Trouble> {
    let begun = Instant::now();
    match tab.navigate(url, deadline).await {
        Ok(Ok(())) => {
            let took = begun.elapsed();
            Ok(Answer { took, by_browser: true, clock: clock(tab).await })
        }
        Ok(Err(word)) => Err(Trouble::Browser(word)),
        Err(error) => Err(Trouble::Browser(error.to_string())),
    }
}

/// By how many milliseconds the clock of the page's host is ahead of this machine's, by the `Date` of its answers.
async fn clock(tab: &Tab) -> Option<i64> {
    let question = "fetch(location.href, { method: 'HEAD', cache: 'no-store' })\
        .then(answer => Date.parse(answer.headers.get('date')) - Date.now())";
    tab.evaluate(question.to_owned(), CLOCK_DEADLINE).await.ok()?.as_i64()
}

struct Surroundings {
    root: bool,
    /// CHROME_ARGS switches the sandbox off.
    given_up: bool,
    started: bool,
    namespaces: bool,
    setuid_sandbox: bool,
}

fn sandbox(around: &Surroundings) -> Finding {
    const CHECK: &str = "sandbox";
    match around {
        Surroundings { root: true, .. } => {
            let detail = "as root Chrome starts without its sandbox: a page that breaks out owns the machine";
            Finding::warning(CHECK, detail, "run the service as an ordinary user")
        }
        Surroundings { given_up: true, .. } => {
            Finding::warning(CHECK, "CHROME_ARGS gives Chrome's sandbox up", "take --no-sandbox out of CHROME_ARGS")
        }
        Surroundings { started: true, .. } => Finding::ok(CHECK, "Chrome runs in its sandbox"),
        Surroundings { namespaces: false, setuid_sandbox: false, .. } => {
            let remedy = "allow user namespaces (sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or \
                          kernel.unprivileged_userns_clone=1), or install the browser's setuid sandbox (chrome-sandbox, mode 4755)";
            Finding::failure(CHECK, "the kernel lets ordinary users make no user namespaces", remedy)
        }
        _ => Finding::skipped(CHECK, "Chrome did not start"),
    }
}

/// The kernel settings that keep ordinary users from creating namespaces, by distribution.
fn namespaces_are_allowed() -> bool {
    let value =
        |name: &str| -> Option<u64> { fs::read_to_string(format!("/proc/sys/{name}")).ok()?.trim().parse().ok() };
    let forbidden = value("kernel/unprivileged_userns_clone") == Some(0)
        || value("kernel/apparmor_restrict_unprivileged_userns") == Some(1)
        || value("user/max_user_namespaces") == Some(0);
    !forbidden
}

fn has_setuid_sandbox(chrome: &Path) -> bool {
    const SETUID: u32 = 0o4000;
    let sandbox = fs::metadata(chrome.with_file_name("chrome-sandbox"));
    sandbox.is_ok_and(|sandbox| sandbox.uid() == 0 && sandbox.mode() & SETUID != 0)
}

#[cfg(test)]
mod tests {
    use super::super::report::Status;
    use super::*;

    #[test]
    fn the_sandbox_is_judged_by_what_weakens_it() {
        let around = |root, given_up, started, namespaces, setuid_sandbox| {
            sandbox(&Surroundings { root, given_up, started, namespaces, setuid_sandbox }).status
        };
        assert_eq!(around(true, false, true, true, true), Status::Warning);
        assert_eq!(around(false, true, true, true, true), Status::Warning);
        assert_eq!(around(false, false, true, false, false), Status::Ok);
        assert_eq!(around(false, false, false, false, false), Status::Failure);
        assert_eq!(around(false, false, false, false, true), Status::Skipped);
        assert_eq!(around(false, false, false, true, false), Status::Skipped);
    }
}
