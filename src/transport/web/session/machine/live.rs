//! The session while a browser runs: passes the page's reports to the files that decide on them.
//!
//! `line.rs` decides on AUTHENTICATED, READY and RECONNECTING, `codes.rs` on the linking of a phone, `endings.rs` on
//! events that end or refuse a login.

use crate::domain::state::{Reason, State};
use crate::transport::web::whatsapp::{PageEvent, Surface};

use super::facts::{Live, Load};
use super::{Input, Machine, Now, Phase, Progress, Then, status_text};

/// Documents in a row that the page may load by itself without the session becoming READY: a large backlog makes two.
const OWN_DOCUMENTS_MAX: u32 = 10;

impl Machine {
    pub(super) fn live_mut(&mut self) -> Option<&mut Live> {
        match &mut self.phase {
            Phase::Live(live) => Some(live),
            _ => None,
        }
    }

    pub(super) fn live_input(&mut self, input: Input, now: Now) {
        let timings = self.timings.clone();
        let Some(live) = self.live_mut() else { return };
        match input {
            Input::LoadFailed { why } => self.load_failed(why.as_deref(), now),
            Input::PageCrashed => self.page_crashed(now),
            // Lost reports cannot be asked for again; a new document reports everything from the start.
            Input::ReportsLost => {
                match live.reloaded_at.map(|at| at + timings.stable).filter(|next| now.mono < *next) {
                    Some(next) => live.reload_at = Some(next),
                    None => self.reload_for_reports(now),
                }
            }
            Input::PairingCodeGiven => live.pairing_until = Some(now.mono + timings.pairing_code),
            Input::PairingCodeDropped => self.pairing_over(now),
            Input::LoopEnded => self.loop_ended(now),
            Input::SendsUnconfirmed => self.sends_unconfirmed(now),
            Input::Beat { answered } => self.beaten(answered, now),
            Input::Probed { reachable } => self.probed(reachable, now),
            Input::Page(event) => self.page_said(event, now),
            _ => {}
        }
    }

    pub(super) fn reload_for_reports(&mut self, now: Now) {
        if let Some(live) = self.live_mut() {
            (live.reloaded_at, live.reload_at) = (Some(now.mono), None);
            self.reload(now);
        }
    }

    fn page_said(&mut self, event: PageEvent, now: Now) {
        let Some(live) = self.live_mut() else { return };
        match event {
            PageEvent::Hello { post_logout, .. } => {
                self.begin_document(post_logout.is_some(), now);
                if let Some(said) = post_logout {
                    self.logged_out_because(&said, now);
                }
            }
            PageEvent::Document { status } if status >= 400 => self.load_failed(Some(&format!("HTTP {status}")), now),
            PageEvent::Document { .. } => {
                live.load_tries = 0;
                if self.state == State::Init && self.reason == Some(Reason::PageLoadFailed) {
                    self.become_(State::Init, None, status_text::of_state(State::Init).to_owned(), now);
                }
            }
            // The browser's error page, or a server's, has no modules either.
            PageEvent::Surface(_) if matches!(live.load, Load::Failed { .. }) => {}
            PageEvent::Surface(surface) => self.surface_told(surface, now),
            PageEvent::Status(level) => self.level_moved(level, now),
            PageEvent::Code { code, ttl_ms, .. } => self.code_changed(code, ttl_ms, now),
            PageEvent::Pairing { event } => self.pairing_told(event, now),
            PageEvent::Progress { step, done, total } => {
                live.moved(Progress { step, done, total, moved_at: now.wall }, now.mono);
                self.catching_up(now);
            }
            PageEvent::Leaving {} => self.unlinked(None, now),
            PageEvent::Logout { reason, .. } => self.unlinked(reason.as_deref(), now),
            PageEvent::Ban { banned: false, .. } => self.login_accepted(),
            PageEvent::Ban { code, message, expires_s, .. } => self.banned(code, message, expires_s, now),
            PageEvent::Unavailable {} => self.unavailable(now),
            PageEvent::Outdated {} => self.outdated(now),
            PageEvent::Limits(limits) => self.limits = Some(limits),
            PageEvent::Refused {} if self.state != State::Disconnected => {
                self.fail(Reason::BrowserRefused, status_text::of_reason(Reason::BrowserRefused).to_owned(), now);
            }
            PageEvent::Refused {}
            | PageEvent::Message { .. }
            | PageEvent::Changed { .. }
            | PageEvent::Removed { .. }
            | PageEvent::Ack { .. }
            | PageEvent::Outcome(_)
            | PageEvent::Reaction(_)
            | PageEvent::Vote(_)
            | PageEvent::Notice(_)
            | PageEvent::Presence(_)
            | PageEvent::Fault { .. } => {}
        }
    }

    /// A document that the service did not request was loaded by the page: for a large backlog, for an update, or
    /// because the server calls it too old. This is no crash, but it may not go on for ever.
    fn begin_document(&mut self, after_logout: bool, now: Now) {
        let timings = self.timings.clone();
        let Some(live) = self.live_mut() else { return };
        let own = matches!(live.load, Load::Arrived { .. }) && !after_logout;
        live.begin_document(now.mono, &timings);
        self.documents += 1;
        self.own_documents = if own { self.own_documents + 1 } else { self.own_documents };
        self.doubt_line(now);
        if self.own_documents > OWN_DOCUMENTS_MAX && self.state != State::Disconnected {
            self.own_documents = 0;
            let detail = "The page keeps loading itself again and does not become ready; the browser is started again."
                .to_owned();
            self.recover(Reason::SyncStalled, detail, now);
        }
    }

    fn surface_told(&mut self, surface: Surface, now: Now) {
        if surface.settled && !surface.loader {
            return self.load_failed(Some("the page came without its scripts"), now);
        }
        let broken = surface.broken("session").filter(|_| surface.settled);
        if let Some(live) = self.live_mut() {
            live.surface = Some(surface);
        }
        // A page that was refused or is closing has another reason.
        if let Some(modules) = broken.filter(|_| !matches!(self.state, State::Error | State::Disconnected)) {
            let detail = format!("{} Missing: {modules}.", status_text::of_reason(Reason::SurfaceChanged));
            self.fail(Reason::SurfaceChanged, detail, now);
        }
    }

    pub(super) fn load_failed(&mut self, why: Option<&str>, now: Now) {
        let pause = self.live().map_or(0, |live| live.load_tries) + 1;
        let pause = self.backoff(pause);
        let Some(live) = self.live_mut() else { return };
        let known = matches!(live.load, Load::Failed { .. });
        if !known {
            live.load_tries += 1;
            live.load = Load::Failed { retry_at: now.mono + pause };
            live.level = None;
            live.take_code_off();
        }
        // The call and the error page both report the same failure; the report that knows the reason counts.
        if self.state != State::Disconnected && (why.is_some() || !known) {
            self.step_back(Reason::PageLoadFailed, status_text::of_load_failure(why), now);
        }
    }

    fn page_crashed(&mut self, now: Now) {
        if self.state == State::Disconnected {
            return self.close(Then::Stop);
        }
        let detail = status_text::of_reason(Reason::PageCrashed).to_owned();
        // A renderer that crashes again before the session was well needs a new browser.
        let was_well = self.recoveries.back().is_none_or(|at| *at + self.timings.stable <= now.mono);
        if self.attempts > 0 || !was_well || self.policy.max_attempts == 0 {
            return self.recover(Reason::PageCrashed, detail, now);
        }
        self.attempts += 1;
        self.recoveries.push_back(now.mono);
        self.step_back(Reason::PageCrashed, detail, now);
        self.reload(now);
    }

    pub(super) fn reload(&mut self, now: Now) {
        let until = now.mono + self.timings.page_commit + self.timings.page_load;
        if let Some(live) = self.live_mut() {
            live.load = Load::Asked { until };
            // The old document's connection says nothing about the next document.
            live.line_since = None;
            self.effects.push(super::Effect::Reload);
            self.doubt_line(now);
        }
    }

    fn beaten(&mut self, answered: bool, now: Now) {
        let heartbeat = self.timings.heartbeat;
        let Some(live) = self.live_mut() else { return };
        live.beat.missed = if answered { 0 } else { live.beat.missed + 1 };
        live.beat.next = Some(if answered { now.mono + heartbeat } else { now.mono });
        if live.beat.missed >= 2 {
            if self.state == State::Disconnected {
                return self.close(Then::Stop);
            }
            let detail = status_text::of_reason(Reason::PageUnresponsive).to_owned();
            self.recover(Reason::PageUnresponsive, detail, now);
        }
    }
}
