//! Events that end or refuse a login: a logout, a ban, an outdated page, a login that is used elsewhere.

use std::time::Duration;

use crate::domain::state::{Reason, State};
use crate::transport::web::whatsapp::PostLogout;

use super::{Ban, Effect, Machine, Now, Then, status_text};

/// Documents in a row that WhatsApp's server may call too old. The page reloads itself within seconds each time.
const OUTDATED_MAX: u32 = 5;

impl Machine {
    /// The device is being unlinked, or was: by the phone, by this service, or as the page found when it connected.
    pub(super) fn unlinked(&mut self, why: Option<&str>, now: Now) {
        let grace = now.mono + self.timings.unlink_grace;
        let Some(live) = self.live_mut() else { return };
        (live.unlinked, live.explained, live.lost) = (true, true, None);
        live.comms_gone_since = None;
        live.take_code_off();
        let detail = status_text::of_logout(why);
        match self.state {
            State::Ready | State::Reconnecting | State::Authenticated if self.ready_once => {
                self.forget_link();
                self.become_(State::Disconnected, Some(Reason::LoggedOut), detail, now);
                if let Some(live) = self.live_mut() {
                    live.leave_at = Some(grace);
                }
            }
            State::Authenticated | State::Reconnecting => {
                // A login that this browser made never worked; an older login was unlinked while the service was down.
                let fresh = self.live().is_some_and(|live| live.attempt > 0);
                let reason = if fresh { Reason::LoginRefused } else { Reason::LoggedOut };
                let detail = if fresh { status_text::of_reason(reason).to_owned() } else { detail };
                self.forget_link();
                self.become_(State::QrRequired, Some(reason), detail, now);
            }
            _ => {}
        }
    }

    pub(super) fn forget_link(&mut self) {
        if self.linked {
            self.linked = false;
            self.effects.push(Effect::RememberLink(false));
        }
    }

    /// The address of the document after a logout holds the reason, if WhatsApp gave one.
    pub(super) fn logged_out_because(&mut self, said: &PostLogout, now: Now) {
        let Some((reason, detail)) = status_text::of_post_logout(said) else { return };
        let told = matches!(self.reason, Some(Reason::LoggedOut | Reason::LoginRefused));
        if told && matches!(self.state, State::Disconnected | State::QrRequired) {
            self.become_(self.state, Some(reason), detail, now);
        } else if matches!(self.state, State::Authenticated | State::Ready | State::Reconnecting) {
            // The report of the logout itself was lost.
            self.unlinked(None, now);
            // This document is the one after the page cleared its storage.
            self.with_live(|live| live.unlinked = false);
            self.become_(self.state, Some(reason), detail, now);
        }
    }

    /// WhatsApp's server accepted the login.
    pub(super) fn login_accepted(&mut self) {
        (self.outdated, self.ban) = (0, None);
        if let Some(live) = self.live_mut() {
            live.explained = false;
        }
    }

    /// Makes no attempt before the ban ends, if WhatsApp names an end: each attempt would extend the ban.
    pub(super) fn banned(&mut self, code: Option<i64>, message: Option<String>, expires_s: Option<u64>, now: Now) {
        let until = expires_s.map(|seconds| now.wall.plus(Duration::from_secs(seconds)));
        let ban = Ban { code, message, until };
        let detail = status_text::of_ban(&ban);
        self.ban = Some(ban);
        if !matches!(self.state, State::Error | State::Disconnected) {
            let retry_at = expires_s.map(|seconds| now.mono + Duration::from_secs(seconds));
            self.become_(State::Error, Some(Reason::AccountBlocked), detail, now);
            self.come_to_rest(Then::Fail { retry_at }, now);
        }
    }

    /// WhatsApp's server is out of service. The page retries by itself, so it is left alone.
    pub(super) fn unavailable(&mut self, now: Now) {
        self.refused_for_now(
            Reason::ServiceUnavailable,
            status_text::of_reason(Reason::ServiceUnavailable).to_owned(),
            now,
        );
        self.with_live(|live| {
            live.progress_at = now.mono;
            live.be_patient(now.mono);
        });
    }

    /// WhatsApp's server calls the page too old, and the page reloads itself at once.
    pub(super) fn outdated(&mut self, now: Now) {
        self.with_live(|live| (live.explained, live.comms_gone_since) = (true, None));
        // These documents have their own limit.
        (self.outdated, self.own_documents) = (self.outdated + 1, 0);
        let detail = status_text::of_outdated(self.policy.pinned).to_owned();
        if self.outdated >= OUTDATED_MAX && self.state != State::Disconnected {
            self.outdated = 0;
            return self.recover(Reason::VersionDeprecated, detail, now);
        }
        self.refused_for_now(Reason::VersionDeprecated, detail, now);
    }

    /// The login is refused and the page will try again; meanwhile the session shows the reason.
    fn refused_for_now(&mut self, reason: Reason, detail: String, now: Now) {
        match self.state {
            State::Ready => {
                self.with_live(|live| live.doubt(now.mono));
                self.become_(State::Reconnecting, Some(reason), detail, now);
            }
            State::Authenticated | State::Reconnecting | State::Init => {
                self.become_(self.state, Some(reason), detail, now);
            }
            State::QrRequired | State::Disconnected | State::Error => {}
        }
    }

    /// The login is used elsewhere. A reload would take it back, and the other user would then do the same: only the
    /// operator decides.
    pub(super) fn conflict(&mut self, now: Now) {
        self.disconnect(Reason::Conflict, status_text::of_reason(Reason::Conflict).to_owned(), now);
    }
}
