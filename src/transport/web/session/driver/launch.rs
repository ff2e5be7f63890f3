//! Starting the browser, and the folder of its profile, which may stand in the way of that.

use tokio_util::sync::CancellationToken;

use crate::domain::state::Reason;
use crate::host::config::{Browser as BrowserSettings, Timings};
use crate::transport::web::browser::{Browser, LaunchError, Launched, Profile, ProfileError};
use crate::transport::web::session::machine::Input;
use crate::transport::web::whatsapp::{Adapter, Page, Reader, read_document};

use super::{Done, Driver, Running, Slot};

pub(super) struct Failed {
    reason: Reason,
    detail: String,
    /// The folder of the profile is at fault.
    by_profile: bool,
}

impl From<LaunchError> for Failed {
    fn from(error: LaunchError) -> Self {
        let reason = match &error {
            LaunchError::NotFound(_) => Reason::BrowserNotFound,
            LaunchError::NoDisplay => Reason::NoDisplay,
            LaunchError::Profile(ProfileError::InUse { .. }) => Reason::ProfileInUse,
            LaunchError::Profile(ProfileError::Io { .. })
            | LaunchError::Temporary { .. }
            | LaunchError::Failed { .. }
            | LaunchError::CalledOff => Reason::BrowserLaunchFailed,
        };
        let by_profile = matches!(error, LaunchError::Profile(ProfileError::Io { .. }));
        Self { reason, detail: error.to_string(), by_profile }
    }
}

impl Driver {
    pub(super) fn launch(&mut self) {
        self.generation += 1;
        let (settings, timings) = (self.parts.browser.clone(), self.parts.timings.clone());
        let profile = self.parts.profile.clone();
        let (generation, results) = (self.generation, self.results_tx.clone());
        let called_off = CancellationToken::new();
        self.slot = Slot::Launching(called_off.clone());
        tokio::spawn(async move {
            let launched = launch(settings, timings, profile, called_off).await;
            let _ = results.send((generation, Done::Launched(Box::new(launched)))).await;
        });
    }

    pub(super) fn launched(&mut self, launched: Result<(Launched, Adapter), Failed>) {
        // The launch was called off meanwhile.
        if matches!(self.slot, Slot::Leaving { .. }) {
            match launched {
                Ok((Launched { browser, .. }, _)) => self.end(browser),
                Err(_) => {
                    self.slot = Slot::Empty;
                    self.feed(Input::Closed);
                }
            }
            return;
        }
        self.slot = Slot::Empty;
        match launched {
            Ok((Launched { browser, tab, events }, adapter)) => {
                let page = Page::new(tab, &adapter, self.parts.timings.page_call);
                self.browser_version = Some(browser.version.clone());
                self.pulse.runs(Some(browser.pid()));
                let gone = Box::pin(browser.gone());
                self.page.send_replace(Some(page.clone()));
                self.slot = Slot::Running(Box::new(Running { browser, page, events, reader: Reader::default(), gone }));
                self.profile_trouble.note(None);
                self.feed(Input::Launched);
            }
            Err(Failed { detail, by_profile: true, .. }) => {
                self.profile_trouble.note(Some(&detail));
                self.feed(Input::ProfileUnusable(detail));
            }
            Err(Failed { reason, detail, .. }) => {
                tracing::error!(%reason, detail, "Chrome could not be started");
                self.feed(Input::LaunchFailed { reason, detail });
            }
        }
    }

    pub(super) fn look_at_profile(&self) {
        let profile = self.parts.profile.clone();
        self.start(async move {
            let looked = tokio::task::spawn_blocking(move || profile.check()).await;
            let looked = looked.map_err(|error| error.to_string()).and_then(|it| it.map_err(|error| error.to_string()));
            Some(Done::ProfileLooked(looked.err()))
        });
    }

    pub(super) fn profile_looked(&mut self, trouble: Option<String>) {
        self.profile_trouble.note(trouble.as_deref());
        self.feed(Input::ProfileLooked(trouble));
    }
}

async fn launch(
    settings: BrowserSettings,
    timings: Timings,
    profile: Profile,
    called_off: CancellationToken,
) -> Result<(Launched, Adapter), Failed> {
    let (path, url, settle) = (settings.adapter_path.clone(), settings.url.clone(), timings.surface_settle);
    let (html, shown_online) = (settings.html.clone(), settings.shown_online);
    let loaded = tokio::task::spawn_blocking(move || {
        let document = html.map(|path| read_document(&path)).transpose().map_err(|error| error.to_string())?;
        let mut adapter =
            Adapter::load(path.as_deref(), &url, settle, shown_online).map_err(|error| error.to_string())?;
        adapter.script.document = document;
        Ok(adapter)
    });
    let adapter = loaded.await.map_err(|error| error.to_string()).flatten();
    let failed = |detail: String| Failed { reason: Reason::BrowserLaunchFailed, detail, by_profile: false };
    let adapter = adapter.map_err(failed)?;
    let launched =
        Browser::launch(&settings, &profile, adapter.script.clone(), timings.browser_start, called_off).await?;
    Ok((launched, adapter))
}
