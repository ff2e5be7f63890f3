//! The connection to WhatsApp's server: when the session is READY, and what happens when the connection is lost.
//!
//! ```text
//! socket and stream connected ──held for 2 s──► synced, caught up, subscribed? ──yes──► READY
//!        ▲                                             │ no: AUTHENTICATED
//!        └──────────── lost: no sends at once, RECONNECTING after 5 s ◄────────────── one of them falls
//! ```
//!
//! A login that the server refuses shows a connection for a moment at each attempt, so a connection counts only once
//! it has held.

use crate::domain::state::{Reason, State};
use crate::transport::web::whatsapp::{Level, SocketState};

use super::facts::{Live, Lost, Probe, Step};
use super::{Effect, Machine, Now, Then, status_text};

impl Machine {
    pub(super) fn level_moved(&mut self, level: Level, now: Now) {
        let Some(live) = self.live_mut() else { return };
        // The page still reports its account while it clears its storage.
        if live.unlinked && level.account.is_some() {
            return;
        }
        live.note(&level, now.mono);
        if live.leave_at.is_some() {
            // A new document without an account shows that the storage is cleared: nothing is left to wait for.
            if level.account.is_none() && !live.unlinked {
                self.close(Then::Stop);
            }
            return;
        }
        match level.socket {
            SocketState::TosBlock | SocketState::SmbTosBlock => self.stop_for(Reason::AccountBlocked, now),
            SocketState::ProxyBlock => self.stop_for(Reason::ProxyBlocked, now),
            _ if level.account.is_some() && level.mutex == Some(false) => self.conflict(now),
            _ if level.account.is_some() => self.paired(&level, now),
            SocketState::Unpaired | SocketState::UnpairedIdle => self.unpaired(level.socket, now),
            _ => {}
        }
    }

    fn stop_for(&mut self, reason: Reason, now: Now) {
        self.fail(reason, status_text::of_reason(reason).to_owned(), now);
    }

    fn paired(&mut self, level: &Level, now: Now) {
        if !self.linked {
            self.linked = true;
            self.effects.push(Effect::RememberLink(true));
        }
        if matches!(self.state, State::Init | State::QrRequired) {
            let linked_here = self.state == State::QrRequired;
            if let Some(live) = self.live_mut() {
                live.linked_here |= linked_here;
                live.pairing_until = None;
            }
            self.become_(State::Authenticated, None, status_text::of_state(State::Authenticated).to_owned(), now);
        }
        let was_up = matches!(self.state, State::Ready | State::Reconnecting);
        let Some(live) = self.live_mut() else { return };
        if !live.is_whole() && (was_up || (live.was_connected && live.line_since.is_none())) {
            live.doubt(now.mono);
            live.network_told(level.online && level.network != Some(false), now.mono);
        }
        if live.line_since.is_some_and(|since| now.mono >= since + self.timings.ready_hold) {
            self.line_held(now);
        }
    }

    /// Socket and stream have been connected for long enough to count.
    pub(super) fn line_held(&mut self, now: Now) {
        let state = self.state;
        let Some(live) = self.live_mut().filter(|live| live.line_since.is_some()) else { return };
        live.was_connected = true;
        if live.is_whole() {
            (live.lost, live.probe) = (None, Probe::Idle);
            live.progress = None;
            live.linked_here = false;
            if matches!(state, State::Authenticated | State::Reconnecting) {
                self.ready_once = true;
                // The page may have reported that the login was accepted before the adapter was subscribed.
                self.login_accepted();
                self.own_documents = 0;
                self.become_(State::Ready, None, String::new(), now);
            }
        } else if state == State::Reconnecting {
            // The connection is back; the messages of the meantime are still arriving.
            (live.lost, live.probe) = (None, Probe::Idle);
            live.progress_at = now.mono;
            self.become_(State::Authenticated, None, status_text::of_state(State::Authenticated).to_owned(), now);
        }
    }

    /// After the page has reloaded itself it takes in the whole backlog before its stream is connected. Progress of
    /// the backlog shows that the connection is up, so the session is AUTHENTICATED and no longer RECONNECTING.
    pub(super) fn catching_up(&mut self, now: Now) {
        let logged_in = |level: &Level| level.socket == SocketState::Connected && level.account.is_some();
        let under_way = |live: &Live| !live.was_connected && live.level.as_ref().is_some_and(logged_in);
        if self.state == State::Reconnecting && self.live().is_some_and(under_way) {
            self.with_live(|live| (live.lost, live.probe) = (None, Probe::Idle));
            self.become_(State::Authenticated, None, status_text::of_state(State::Authenticated).to_owned(), now);
        }
    }

    /// A connection that was up is in doubt until the page reports otherwise, for no longer than the grace.
    pub(super) fn doubt_line(&mut self, now: Now) {
        let was_up = self.state == State::Ready;
        if let Some(live) = self.live_mut().filter(|_| was_up) {
            live.doubt(now.mono);
        }
    }

    /// Asks the page to reconnect first, which costs nothing; before anything is closed, the network is probed.
    pub(super) fn escalate(&mut self) {
        match self.live().and_then(|live| live.lost) {
            Some(lost) if lost.step == Step::Waited => {
                self.with_live(|live| live.lost = Some(Lost { step: Step::Reconnected, ..lost }));
                self.effects.push(Effect::Reconnect);
            }
            _ => self.probe(),
        }
    }

    pub(super) fn probe(&mut self) {
        self.with_live(|live| live.probe = Probe::Asked);
        self.effects.push(Effect::Probe);
    }

    pub(super) fn probed(&mut self, reachable: bool, now: Now) {
        let (interval, conflict) = (self.timings.probe_interval, self.timings.conflict);
        let Some(live) = self.live().filter(|live| live.probe == Probe::Asked) else { return };
        let lost = live.lost;
        if !reachable {
            self.with_live(|live| {
                live.probe = Probe::Down { again_at: now.mono + interval };
                live.progress_at = now.mono;
                if let Some(lost) = &mut live.lost {
                    (lost.up_since, lost.step) = (None, Step::Waited);
                }
            });
            return;
        }
        if live.comms_gone_since.is_some_and(|since| now.mono >= since + conflict) {
            return self.conflict(now);
        }
        self.with_live(|live| live.probe = Probe::Idle);
        match lost {
            // The network is back: the page gets its full time again.
            Some(Lost { up_since: None, .. }) => self.with_live(|live| {
                live.lost = lost.map(|lost| Lost { up_since: Some(now.mono), ..lost });
            }),
            Some(lost) if lost.step == Step::Reconnected => {
                self.with_live(|live| live.lost = Some(Lost { step: Step::Reloaded, ..lost }));
                self.reload(now);
            }
            Some(_) => {
                let detail = status_text::of_reason(Reason::NetworkLost).to_owned();
                self.recover(Reason::NetworkLost, detail, now);
            }
            None => self.stalled(now),
        }
    }

    fn stalled(&mut self, now: Now) {
        let patience = self.patience();
        let Some(live) = self.live() else { return };
        // The network may have been the cause, and may have come back just now.
        if self.is_under_way() && now.mono >= live.progress_at + patience {
            let detail = status_text::of_reason(Reason::SyncStalled).to_owned();
            self.recover(Reason::SyncStalled, detail, now);
        }
    }

    /// Only a new document can connect again. If the login is used elsewhere, a reload would take it back, so none is
    /// made.
    pub(super) fn loop_ended(&mut self, now: Now) {
        let lost = self.live().and_then(|live| live.lost);
        let used_elsewhere = self.live().is_some_and(|live| live.comms_gone_since.is_some());
        if let Some(lost) = lost.filter(|_| !used_elsewhere) {
            self.with_live(|live| live.lost = Some(Lost { step: Step::Reloaded, ..lost }));
            self.reload(now);
        }
    }

    /// The connection seems up but WhatsApp's server acknowledges nothing: a new document shows whether it works.
    pub(super) fn sends_unconfirmed(&mut self, now: Now) {
        if self.state == State::Ready {
            let detail = status_text::of_reason(Reason::SendsUnconfirmed).to_owned();
            self.step_back(Reason::SendsUnconfirmed, detail, now);
            self.with_live(|live| live.doubt(now.mono));
            self.reload(now);
        }
    }
}
