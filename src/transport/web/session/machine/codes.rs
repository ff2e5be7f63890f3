//! Linking a phone: codes to scan, which follow each other until somebody scans one, and pairing codes.

use std::time::Duration;

use crate::domain::secret::Secret;
use crate::domain::state::{Reason, State};
use crate::transport::web::whatsapp::{PairingEvent, SocketState};

use super::{Code, Effect, Machine, Now, status_text};

/// The prefix that the page's own picture may have before the ref.
const PREFIX: &str = "https://wa.me/settings/linked_devices#";

/// The part of a code that identifies it at WhatsApp's server. The secret after it may change.
fn ref_of(code: &Secret) -> &str {
    let text = code.reveal();
    text.strip_prefix(PREFIX).unwrap_or(text).split(',').next().unwrap_or_default()
}

impl Machine {
    /// The page asks for a phone.
    pub(super) fn unpaired(&mut self, socket: SocketState, now: Now) {
        let had_login = self.linked;
        self.forget_link();
        if let Some(live) = self.live_mut() {
            live.lost = None;
        }
        match self.state {
            State::Init | State::Authenticated | State::Reconnecting if !self.ready_once => {
                let reason = had_login.then_some(Reason::LoggedOut);
                let detail = reason.map_or(status_text::of_state(State::QrRequired), status_text::of_reason).to_owned();
                self.become_(State::QrRequired, reason, detail, now);
            }
            State::Init => {
                self.become_(State::QrRequired, None, status_text::of_state(State::QrRequired).to_owned(), now);
            }
            State::Ready | State::Reconnecting | State::Authenticated => {
                let detail = status_text::of_reason(Reason::LoggedOut).to_owned();
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
        // Somebody is typing a pairing code: new codes to scan would end it.
        if live.pairing_until.is_some_and(|until| now.mono < until) {
            return;
        }
        if limit > 0 && live.attempt >= limit {
            let detail = status_text::of_reason(Reason::QrNotScanned).to_owned();
            return self.disconnect(Reason::QrNotScanned, detail, now);
        }
        live.in_series = 0;
        live.code_asked_at = Some(now.mono);
        self.effects.push(Effect::RefreshCode);
    }

    pub(super) fn code_changed(&mut self, code: Option<Secret>, ttl_ms: Option<u64>, now: Now) {
        let (limit, first, later) = (self.policy.qr_max_attempts, self.timings.first_code, self.timings.later_code);
        let Some(live) = self.live_mut() else { return };
        live.progress_at = now.mono;
        let Some(text) = code else {
            live.take_code_off();
            return self.code_gone();
        };
        live.code_asked_at = None;
        if live.shelved.as_ref().is_some_and(|code| code.text == text) {
            live.code = live.shelved.take();
            live.code_until = Some(now.mono + first + first);
            return;
        }
        // Another secret with the same ref does not count as a new code.
        let shown = live.code.as_ref().or(live.shelved.as_ref());
        if let Some(same) = shown.filter(|code| ref_of(&code.text) == ref_of(&text)).cloned() {
            live.code = Some(Code { text, ..same });
            live.code_until = Some(now.mono + first + first);
            return;
        }
        let typing = live.pairing_until.is_some_and(|until| now.mono < until);
        if limit > 0 && live.attempt >= limit && !typing {
            let detail = status_text::of_reason(Reason::QrNotScanned).to_owned();
            return self.disconnect(Reason::QrNotScanned, detail, now);
        }
        live.attempt += 1;
        live.in_series += 1;
        let usual = if live.in_series == 1 { first } else { later };
        let life = ttl_ms.map_or(usual, Duration::from_millis);
        live.code_until = Some(now.mono + life + first);
        let expires_at = now.wall.plus(life);
        live.code = Some(Code { text, attempt: live.attempt, generated_at: now.wall, expires_at });
        if self.state == State::QrRequired {
            self.well_since.get_or_insert(now.mono);
        }
    }

    /// Showing codes counts as well; without a code the session is no longer well.
    pub(super) fn code_gone(&mut self) {
        if self.state == State::QrRequired {
            self.well_since = None;
        }
    }

    pub(super) fn pairing_told(&mut self, event: PairingEvent, now: Now) {
        let Some(live) = self.live_mut() else { return };
        match event {
            PairingEvent::Hello => live.progress_at = now.mono,
            PairingEvent::Refresh | PairingEvent::ManualRefresh | PairingEvent::Error => self.pairing_over(now),
        }
    }

    /// The pairing code is no longer valid: codes to scan come back.
    pub(super) fn pairing_over(&mut self, now: Now) {
        let was_given = self.live_mut().and_then(|live| live.pairing_until.take()).is_some();
        if was_given && self.state == State::QrRequired {
            self.with_live(|live| live.progress_at = now.mono);
            self.effects.push(Effect::QrAgain);
        }
    }
}
