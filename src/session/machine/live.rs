//! The session while a browser runs: which state follows from what the page says.

use crate::domain::state::{Reason, State};
use crate::secret::Secret;
use crate::whatsapp::{Level, PageEvent, SocketState};

use super::facts::{Live, Load, Probe};
use super::{Code, Effect, Input, Machine, Now, Phase, Then, words};

impl Machine {
    fn live_mut(&mut self) -> Option<&mut Live> {
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
            // What was lost cannot be asked for again; a new document tells everything from the start.
            Input::ReportsLost => {
                match live.reloaded_at.map(|at| at + timings.stable).filter(|next| now.mono < *next) {
                    Some(next) => live.reload_at = Some(next),
                    None => self.reload_for_reports(now),
                }
            }
            Input::PairingCodeGiven => live.pairing_until = Some(now.mono + timings.pairing_code),
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
        let timings = self.timings.clone();
        let Some(live) = self.live_mut() else { return };
        match event {
            PageEvent::Hello { .. } => {
                live.begin_document(now.mono, &timings);
                self.documents += 1;
                self.doubt_line(now);
            }
            PageEvent::Document { status } if status >= 400 => self.load_failed(Some(&format!("HTTP {status}")), now),
            PageEvent::Document { .. } => {
                live.load_tries = 0;
                if self.state == State::Init && self.reason == Some(Reason::PageLoadFailed) {
                    self.become_(State::Init, None, words::of_state(State::Init).to_owned(), now);
                }
            }
            // The browser's error page, or a server's, has no modules either.
            PageEvent::Surface(_) if matches!(live.load, Load::Failed { .. }) => {}
            PageEvent::Surface(surface) if surface.settled && !surface.loader => {
                self.load_failed(Some("the page came without its scripts"), now);
            }
            PageEvent::Surface(surface) => {
                let broken = surface.broken("session").filter(|_| surface.settled);
                live.surface = Some(surface);
                // A page that was refused or that is leaving has another reason.
                if let Some(modules) = broken.filter(|_| !matches!(self.state, State::Error | State::Disconnected)) {
                    let detail = format!("{} Missing: {modules}.", words::of_reason(Reason::SurfaceChanged));
                    self.fail(Reason::SurfaceChanged, detail, now);
                }
            }
            PageEvent::Status(level) => self.level_moved(level, now),
            PageEvent::Code { code, .. } => self.code_changed(code, now),
            PageEvent::Progress { .. } => live.progress_at = now.mono,
            PageEvent::Logout { .. } => self.unlinked(now),
            PageEvent::Refused {} if self.state != State::Disconnected => {
                self.fail(Reason::BrowserRefused, words::of_reason(Reason::BrowserRefused).to_owned(), now);
            }
            PageEvent::Refused {}
            | PageEvent::Message { .. }
            | PageEvent::Changed { .. }
            | PageEvent::Removed { .. }
            | PageEvent::Ack { .. }
            | PageEvent::Outcome(_)
            | PageEvent::Reaction(_)
            | PageEvent::Vote(_)
            | PageEvent::Pairing { .. }
            | PageEvent::Leaving {}
            | PageEvent::Ban { .. }
            | PageEvent::Unavailable {}
            | PageEvent::Outdated {}
            | PageEvent::Limits(_)
            | PageEvent::Fault { .. } => {}
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
        // The same failure is told twice, by the call and by the error page; the one that knows why counts.
        if self.state != State::Disconnected && (why.is_some() || !known) {
            let why = why.unwrap_or("the address could not be reached");
            let detail = format!("{} The browser says: {why}.", words::of_reason(Reason::PageLoadFailed));
            self.step_back(Reason::PageLoadFailed, detail, now);
        }
    }

    fn page_crashed(&mut self, now: Now) {
        if self.state == State::Disconnected {
            return self.close(Then::Stop);
        }
        let detail = words::of_reason(Reason::PageCrashed).to_owned();
        // A renderer that crashes again before the session was well needs a new browser around it.
        if self.attempts > 0 || self.policy.max_attempts == 0 {
            return self.recover(Reason::PageCrashed, detail, now);
        }
        self.attempts += 1;
        self.step_back(Reason::PageCrashed, detail, now);
        self.reload(now);
    }

    pub(super) fn reload(&mut self, now: Now) {
        let until = now.mono + self.timings.page_commit + self.timings.page_load;
        if let Some(live) = self.live_mut() {
            live.load = Load::Asked { until };
            self.effects.push(Effect::Reload);
            self.doubt_line(now);
        }
    }

    /// A line that was up is in doubt until the page says otherwise, and that may not take longer than the grace.
    fn doubt_line(&mut self, now: Now) {
        let was_up = self.state == State::Ready;
        if let Some(live) = self.live_mut().filter(|_| was_up) {
            live.doubt(now.mono);
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
            let detail = words::of_reason(Reason::PageUnresponsive).to_owned();
            self.recover(Reason::PageUnresponsive, detail, now);
        }
    }

    fn level_moved(&mut self, level: Level, now: Now) {
        let Some(live) = self.live_mut() else { return };
        if live.unlinked && level.account.is_some() {
            return;
        }
        live.note(&level, now.mono);
        if live.leave_at.is_some() {
            // It has cleared its storage: nothing is left to wait for.
            if level.account.is_none() {
                self.close(Then::Stop);
            }
            return;
        }
        match level.socket {
            SocketState::TosBlock | SocketState::SmbTosBlock => self.stop_for(Reason::AccountBlocked, now),
            SocketState::ProxyBlock => self.stop_for(Reason::ProxyBlocked, now),
            SocketState::DeprecatedVersion if self.version_reloaded => self.stop_for(Reason::VersionDeprecated, now),
            SocketState::DeprecatedVersion => {
                self.version_reloaded = true;
                self.reload(now);
            }
            SocketState::Conflict if self.take_back => {
                self.take_back = false;
                self.reload(now);
            }
            SocketState::Conflict => {
                self.disconnect(Reason::Conflict, words::of_reason(Reason::Conflict).to_owned(), now);
            }
            _ if level.account.is_some() => self.paired(&level, now),
            SocketState::Unpaired | SocketState::UnpairedIdle => self.unpaired(level.socket, now),
            _ => {}
        }
    }

    fn stop_for(&mut self, reason: Reason, now: Now) {
        self.fail(reason, words::of_reason(reason).to_owned(), now);
    }

    fn paired(&mut self, level: &Level, now: Now) {
        if !self.linked {
            self.linked = true;
            self.effects.push(Effect::RememberLink(true));
        }
        if matches!(self.state, State::Init | State::QrRequired) {
            self.become_(State::Authenticated, None, words::of_state(State::Authenticated).to_owned(), now);
        }
        let is_ready = self.state == State::Ready;
        let was_up = is_ready || self.state == State::Reconnecting;
        let Some(live) = self.live_mut() else { return };
        if level.socket != SocketState::Connected {
            if was_up || live.was_connected {
                live.doubt(now.mono);
                live.network_told(level.online, now.mono);
            }
            return;
        }
        live.was_connected = true;
        let whole = level.synced && level.subscribed;
        if is_ready && !whole {
            // Connected and deaf, or behind: given the same grace as a line that is gone.
            return self.doubt_line(now);
        }
        live.lost = None;
        live.probe = Probe::Idle;
        if whole {
            if !is_ready {
                self.ready_once = true;
                self.take_back = false;
                self.become_(State::Ready, None, String::new(), now);
            }
        } else if self.state == State::Reconnecting {
            self.become_(State::Authenticated, None, words::of_state(State::Authenticated).to_owned(), now);
        }
    }

    /// The page asks for a phone.
    fn unpaired(&mut self, socket: SocketState, now: Now) {
        let had_login = self.linked;
        self.forget_link();
        if let Some(live) = self.live_mut() {
            live.lost = None;
        }
        match self.state {
            State::Init | State::Authenticated | State::Reconnecting if !self.ready_once => {
                let reason = had_login.then_some(Reason::LoggedOut);
                let detail = reason.map_or(words::of_state(State::QrRequired), words::of_reason).to_owned();
                self.become_(State::QrRequired, reason, detail, now);
            }
            State::Init => {
                self.become_(State::QrRequired, None, words::of_state(State::QrRequired).to_owned(), now);
            }
            State::Ready | State::Reconnecting | State::Authenticated => {
                let detail = words::of_reason(Reason::LoggedOut).to_owned();
                return self.disconnect(Reason::LoggedOut, detail, now);
            }
            State::QrRequired | State::Disconnected | State::Error => {}
        }
        if socket == SocketState::UnpairedIdle {
            self.codes_ran_out(now);
        }
    }

    pub(super) fn codes_ran_out(&mut self, now: Now) {
        let limit = self.policy.qr_max_attempts;
        let Some(live) = self.live_mut() else { return };
        // Somebody is typing a pairing code: new scannable ones would end it.
        if live.pairing_until.is_some_and(|until| now.mono < until) {
            return;
        }
        if limit > 0 && live.attempt >= limit {
            let detail = words::of_reason(Reason::QrNotScanned).to_owned();
            return self.disconnect(Reason::QrNotScanned, detail, now);
        }
        live.in_series = 0;
        self.effects.push(Effect::RefreshCode);
    }

    fn code_changed(&mut self, code: Option<Secret>, now: Now) {
        let (limit, first, later) = (self.policy.qr_max_attempts, self.timings.first_code, self.timings.later_code);
        let Some(live) = self.live_mut() else { return };
        live.progress_at = now.mono;
        live.code_asked = false;
        let Some(text) = code else {
            live.take_code_off();
            return self.code_gone();
        };
        live.code_until = Some(now.mono + first + first);
        if live.shelved.as_ref().is_some_and(|code| code.text == text) {
            live.code = live.shelved.take();
            return;
        }
        let typing = live.pairing_until.is_some_and(|until| now.mono < until);
        if limit > 0 && live.attempt >= limit && !typing {
            let detail = words::of_reason(Reason::QrNotScanned).to_owned();
            return self.disconnect(Reason::QrNotScanned, detail, now);
        }
        live.attempt += 1;
        live.in_series += 1;
        let life = if live.in_series == 1 { first } else { later };
        let expires_at = now.wall.plus(life);
        live.code = Some(Code { text, attempt: live.attempt, generated_at: now.wall, expires_at });
        if self.state == State::QrRequired {
            self.well_since.get_or_insert(now.mono);
        }
    }

    /// Codes that follow each other are as well as a session gets without a phone.
    pub(super) fn code_gone(&mut self) {
        if self.state == State::QrRequired {
            self.well_since = None;
        }
    }

    /// The device was unlinked: by the phone, by us, or found to be when it connected.
    fn unlinked(&mut self, now: Now) {
        let grace = now.mono + self.timings.unlink_grace;
        let Some(live) = self.live_mut() else { return };
        (live.unlinked, live.lost) = (true, None);
        live.take_code_off();
        let detail = words::of_reason(Reason::LoggedOut).to_owned();
        match self.state {
            State::Ready | State::Reconnecting | State::Authenticated if self.ready_once => {
                self.forget_link();
                self.become_(State::Disconnected, Some(Reason::LoggedOut), detail, now);
                if let Some(live) = self.live_mut() {
                    live.leave_at = Some(grace);
                }
            }
            State::Authenticated | State::Reconnecting => {
                // A login made in this very run never worked; an older one was unlinked while nobody was listening.
                let fresh = self.live().is_some_and(|live| live.attempt > 0);
                let reason = if fresh { Reason::LoginRefused } else { Reason::LoggedOut };
                self.forget_link();
                self.become_(State::QrRequired, Some(reason), words::of_reason(reason).to_owned(), now);
            }
            _ => {}
        }
    }

    fn forget_link(&mut self) {
        if self.linked {
            self.linked = false;
            self.effects.push(Effect::RememberLink(false));
        }
    }
}
