//! Starts the effects of the machine; each result returns to the driver as `Done`.

use std::sync::Arc;

use tokio::time::Instant;
use tracing::field::display;

use crate::domain::state::Transition;
use crate::host::disk;
use crate::transport::web::browser::{Browser, CallError, usage};
use crate::transport::web::session::machine::Effect;
use crate::transport::web::session::network;
use crate::transport::web::whatsapp::{Page, PageError};

use super::{Done, Driver, Slot};

impl Driver {
    pub(super) fn perform(&mut self, effect: Effect) {
        let deadline = self.parts.timings.page_call;
        match effect {
            Effect::Launch => self.launch(),
            Effect::Close => self.close(),
            Effect::Load => self.load(),
            Effect::Reload => self.reload(),
            Effect::RefreshCode => self.ask("a new code", |page| async move { page.refresh_code().await }),
            Effect::QrAgain => self.ask("for codes to scan again", |page| async move { page.qr_again().await }),
            Effect::Reconnect => self.with_page(|page| async move {
                let error = page.reconnect().await.err()?;
                tracing::warn!(%error, "the page could not be asked to reconnect");
                matches!(error, PageError::LoopEnded).then_some(Done::LoopEnded)
            }),
            Effect::Beat => {
                let deadline = self.parts.timings.heartbeat_deadline.min(deadline);
                let pulse = Arc::clone(&self.pulse);
                self.with_page(move |page| async move {
                    let (asked, answer) = (Instant::now(), page.beat(deadline).await);
                    pulse.heartbeat(asked.elapsed());
                    Some(Done::Beat(is_alive(&answer)))
                });
            }
            Effect::Probe => {
                let settings = &self.parts.browser;
                let address =
                    settings.proxy.as_ref().map_or_else(|| settings.url.clone(), |proxy| proxy.server.clone());
                let deadline = self.parts.timings.probe_deadline;
                self.start(async move { Some(Done::Probed(network::reachable(&address, deadline).await)) });
            }
            Effect::LookAtProfile => self.look_at_profile(),
            Effect::MeasureMemory => self.measure_memory(),
            Effect::RememberLink(linked) => self.remember_link(linked),
            Effect::Record(step) => self.steps.push(step),
        }
    }

    pub(super) fn record(&self, step: Transition) {
        let (from, to, reason) = (step.from, step.to, step.reason.map(display));
        tracing::info!(%from, %to, reason, "session state changed");
        if self.parts.transitions.try_send(step).is_err() {
            tracing::warn!(%to, "a change of state could not be queued for the store: the log of events lacks it");
        }
    }

    fn measure_memory(&self) {
        let Slot::Running(running) = &self.slot else { return };
        let browser = running.browser.pid();
        self.start(async move {
            let used = tokio::task::spawn_blocking(move || usage(browser)).await.ok().flatten();
            Some(Done::MemoryMeasured(used.map_or(0, |used| used.memory)))
        });
    }

    fn remember_link(&mut self, linked: bool) {
        let (profile, before) = (self.parts.profile.clone(), self.remembering.take());
        let folder = profile.path().to_owned();
        self.remembering = Some(tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            let written = tokio::task::spawn_blocking(move || profile.set_linked(linked)).await;
            if let Err(error) = written.map_err(std::io::Error::other).flatten() {
                let why = disk::explained(&folder, &error);
                tracing::warn!("whether a phone is linked could not be noted in the profile, because {why}");
            }
        }));
    }

    /// Ends the browser, whatever its state; `Closed` always follows once it is gone.
    fn close(&mut self) {
        self.page.send_replace(None);
        match std::mem::replace(&mut self.slot, Slot::Leaving { closing: true }) {
            Slot::Running(running) => self.end(running.browser),
            Slot::Launching(called_off) => called_off.cancel(),
            Slot::Leaving { .. } => {}
            Slot::Empty => self.start(async { Some(Done::Closed) }),
        }
    }

    pub(super) fn end(&self, browser: Browser) {
        let patience = self.parts.timings.browser_close;
        self.start(async move {
            let ended = browser.close(patience).await;
            tracing::info!(cleanly = ended.cleanly, "closed Chrome");
            Some(Done::Closed)
        });
    }

    fn load(&self) {
        let (url, deadline) = (self.parts.browser.url.clone(), self.parts.timings.page_commit);
        self.with_page(move |page| async move {
            match page.navigate(&url, deadline).await {
                Ok(Ok(())) => None,
                // Another navigation replaced this one, for example the page's own.
                Ok(Err(why)) if why == "net::ERR_ABORTED" => None,
                Ok(Err(why)) => Some(Done::LoadFailed(why)),
                Err(error @ CallError::TimedOut(_)) => Some(Done::LoadFailed(error.to_string())),
                // The loss of the browser is reported on another path.
                Err(_) => None,
            }
        });
    }

    fn reload(&self) {
        self.with_page(|page| async move {
            let failed = page.reload().await.err().filter(|error| !matches!(error, CallError::Closed))?;
            tracing::warn!(error = %failed, "the page could not be loaded again");
            Some(Done::PageCrashed)
        });
    }

    /// Makes a call to the page whose result its reports will show.
    fn ask<F>(&self, what: &'static str, call: impl FnOnce(Page) -> F + Send + 'static)
    where
        F: Future<Output = Result<(), PageError>> + Send,
    {
        self.with_page(move |page| async move {
            if let Err(error) = call(page).await {
                tracing::warn!(%error, "asked the page {what}, in vain");
            }
            None
        });
    }

    pub(super) fn with_page<F>(&self, call: impl FnOnce(Page) -> F + Send + 'static)
    where
        F: Future<Output = Option<Done>> + Send,
    {
        if let Slot::Running(running) = &self.slot {
            let page = running.page.clone();
            self.start(async move { call(page).await });
        }
    }

    pub(super) fn start(&self, work: impl Future<Output = Option<Done>> + Send + 'static) {
        let (generation, results) = (self.generation, self.results_tx.clone());
        tokio::spawn(async move {
            if let Some(done) = work.await {
                let _ = results.send((generation, done)).await;
            }
        });
    }
}

/// A renderer that refuses a call, for example between two documents, is alive.
fn is_alive(answer: &Result<(), CallError>) -> bool {
    !matches!(answer, Err(CallError::TimedOut(_)))
}
