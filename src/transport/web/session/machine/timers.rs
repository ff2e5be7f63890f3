//! Everything that the machine waits for, in one list: the next deadline and its action come from the same place.

use std::time::Duration;

use crate::domain::state::{Reason, State};

use super::facts::{Live, Load, Lost, Probe, Step};
use super::{Effect, Machine, Now, Phase, Then, status_text};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// The pause in ERROR is over: start again.
    Retry,
    /// The pause before a relaunch is over.
    Launch,
    LoadLate,
    LoadAgain,
    /// An unlinked page took too long to clear its storage.
    Leave,
    /// The connection did not come back by itself.
    LineGrace,
    /// The connection has held for long enough to count.
    Held,
    /// The page has had no connection loop for long enough.
    CommsGone,
    /// The next step in the recovery of a lost connection.
    Escalate,
    ProbeAgain,
    /// Nothing progresses towards READY, or towards a code.
    Stalled,
    AskCode,
    PairingOver,
    /// The code was not followed by another one.
    CodeStale,
    /// Reports were lost again right after a reload.
    Reload,
    Beat,
    /// The session was well for long enough to reset the attempts.
    Well,
    LookAtProfile,
    MeasureMemory,
}

/// Several deadlines may have passed; fewer than this many can pass at once.
const AT_ONCE: usize = 32;

impl Machine {
    /// When [`super::Input::Tick`] is due next.
    pub fn deadline(&self) -> Option<Duration> {
        self.timers().into_iter().map(|(at, _)| at).min()
    }

    pub(super) fn tick(&mut self, now: Now) {
        for _ in 0..AT_ONCE {
            let next = self.timers().into_iter().filter(|(at, _)| *at <= now.mono).min_by_key(|(at, _)| *at);
            let Some((_, due)) = next else { return };
            self.perform(due, now);
        }
    }

    fn timers(&self) -> Vec<(Duration, Due)> {
        let mut timers = Vec::new();
        match &self.phase {
            Phase::Failed { retry_at: Some(at) } => timers.push((*at, Due::Retry)),
            Phase::Waiting { until } => timers.push((*until, Due::Launch)),
            Phase::Live(_) => self.live_timers(&mut timers),
            Phase::Stopped | Phase::Failed { .. } | Phase::Closing { .. } | Phase::Launching => {}
        }
        if let Some(since) = self.well_since.filter(|_| self.attempts > 0) {
            timers.push((since + self.timings.stable, Due::Well));
        }
        timers.extend(self.profile_look.filter(|_| self.minds_profile()).map(|at| (at, Due::LookAtProfile)));
        timers.extend(self.memory_look().map(|at| (at, Due::MeasureMemory)));
        timers
    }

    fn live_timers(&self, timers: &mut Vec<(Duration, Due)>) {
        let (Some(live), t) = (self.live(), &self.timings) else { return };
        if let Some(at) = live.leave_at {
            return timers.push((at, Due::Leave));
        }
        match live.load {
            Load::Asked { until } => timers.push((until, Due::LoadLate)),
            Load::Arrived { until } if live.level.is_none() => timers.push((until, Due::LoadLate)),
            Load::Arrived { .. } => {}
            // There is no page whose connection or heartbeat could be watched.
            Load::Failed { retry_at } => return timers.push((retry_at, Due::LoadAgain)),
        }
        timers.extend(live.beat.next.map(|at| (at, Due::Beat)));
        timers.extend(live.pairing_until.map(|at| (at, Due::PairingOver)));
        timers.extend(live.code_until.map(|at| (at, Due::CodeStale)));
        timers.extend(live.reload_at.map(|at| (at, Due::Reload)));
        if let Probe::Down { again_at } = live.probe {
            timers.push((again_at, Due::ProbeAgain));
        }
        let settles = match self.state {
            State::Authenticated => live.is_whole(),
            State::Ready => live.is_whole() && live.lost.is_some(),
            State::Reconnecting => true,
            _ => false,
        };
        timers.extend(live.line_since.filter(|_| settles).map(|since| (since + t.ready_hold, Due::Held)));
        if let Some(since) = live.comms_gone_since.filter(|_| live.probe == Probe::Idle) {
            timers.push((since + t.conflict, Due::CommsGone));
        }
        if let Some(Lost { since, up_since, step }) = live.lost {
            if self.state.may_become(State::Reconnecting) {
                timers.push((since + t.line_grace, Due::LineGrace));
            }
            if live.comms_gone_since.is_some() {
                return;
            }
            let after = match step {
                Step::Waited => t.reconnect_after,
                Step::Reconnected => t.reload_after,
                Step::Reloaded => t.relaunch_after,
            };
            timers.extend(up_since.filter(|_| live.probe == Probe::Idle).map(|up| (up + after, Due::Escalate)));
        } else if live.level.is_some() && live.is_online() && live.probe == Probe::Idle && self.is_under_way() {
            timers.push((live.progress_at + self.patience(), Due::Stalled));
            if self.state == State::QrRequired {
                let since = live.code_asked_at.map_or(live.progress_at, |asked| asked.max(live.progress_at));
                timers.push((since + t.progress / 4, Due::AskCode));
            }
        }
    }

    /// How long nothing may progress: a first sync contains the page's own time windows of 180 s.
    pub(super) fn patience(&self) -> Duration {
        let linked_here = self.live().is_some_and(|live| live.linked_here);
        if linked_here { self.timings.link_progress } else { self.timings.progress }
    }

    /// Whether the session is on its way to another state, so that no progress is a fault.
    pub(super) fn is_under_way(&self) -> bool {
        let without_code = self.live().is_some_and(|live| live.code.is_none() && live.pairing_until.is_none());
        matches!(self.state, State::Init | State::Authenticated | State::Reconnecting)
            || (self.state == State::QrRequired && without_code)
    }

    fn perform(&mut self, due: Due, now: Now) {
        match due {
            Due::Retry => self.try_again(now),
            Due::Launch => self.launch(),
            Due::LoadLate => self.load_failed(Some("the page did not arrive in time"), now),
            Due::LoadAgain => self.load_again(now),
            Due::Leave => self.close(Then::Stop),
            Due::LineGrace => {
                let detail = status_text::of_reason(Reason::NetworkLost).to_owned();
                self.become_(State::Reconnecting, Some(Reason::NetworkLost), detail, now);
            }
            Due::Held => self.line_held(now),
            // A network that is down would explain this, so WhatsApp's host is probed first.
            Due::CommsGone => self.probe(),
            Due::Escalate | Due::Stalled => self.escalate(),
            Due::ProbeAgain => self.probe(),
            Due::AskCode => self.codes_ran_out(now),
            Due::PairingOver => self.pairing_over(now),
            Due::Beat => {
                self.with_live(|live| live.beat.next = None);
                self.effects.push(Effect::Beat);
            }
            Due::CodeStale => {
                self.with_live(|live| {
                    live.take_code_off();
                    live.progress_at = now.mono;
                });
                self.code_gone();
            }
            Due::Reload => self.reload_for_reports(now),
            Due::Well => self.attempts = 0,
            Due::LookAtProfile => {
                self.profile_look = None;
                self.effects.push(Effect::LookAtProfile);
            }
            Due::MeasureMemory => {
                self.with_live(|live| live.memory_look = None);
                self.effects.push(Effect::MeasureMemory);
            }
        }
    }

    pub(super) fn try_again(&mut self, now: Now) {
        self.fresh_start();
        self.become_(State::Init, None, status_text::of_state(State::Init).to_owned(), now);
        self.launch();
    }

    pub(super) fn with_live(&mut self, change: impl FnOnce(&mut Live)) {
        if let Phase::Live(live) = &mut self.phase {
            change(live);
        }
    }

    fn load_again(&mut self, now: Now) {
        let until = now.mono + self.timings.page_commit + self.timings.page_load;
        self.with_live(|live| live.load = Load::Asked { until });
        self.effects.push(Effect::Load);
    }
}
