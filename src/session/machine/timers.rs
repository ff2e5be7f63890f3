//! Everything the machine waits for, in one list: the next deadline and what to do at it come from the same place.

use std::time::Duration;

use crate::domain::state::{Reason, State};

use crate::whatsapp::SocketState;

use super::facts::{Live, Load, Lost, Probe, Step};
use super::{Effect, Machine, Now, Phase, Then, words};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// ERROR is tried again.
    Retry,
    /// The pause before a relaunch is over.
    Launch,
    LoadLate,
    LoadAgain,
    /// An unlinked page took too long to clear its storage.
    Leave,
    /// The socket did not come back by itself.
    SocketGrace,
    /// The next step of recovery of a lost socket.
    Escalate,
    ProbeAgain,
    /// Nothing moves towards READY, or towards a code.
    Stalled,
    AskCode,
    PairingOver,
    /// A code that nothing followed.
    CodeStale,
    /// Reports were lost again right after a reload.
    Reload,
    Beat,
    /// Well for long enough to count as recovered.
    Well,
}

/// More than one deadline may have passed; fewer than these can pass at once.
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
        if let Some(since) = self.well_since.filter(|_| self.attempts > 0 || self.version_reloaded) {
            timers.push((since + self.timings.stable, Due::Well));
        }
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
            // There is no page whose socket or heart could be watched.
            Load::Failed { retry_at } => return timers.push((retry_at, Due::LoadAgain)),
        }
        timers.extend(live.beat.next.map(|at| (at, Due::Beat)));
        timers.extend(live.pairing_until.map(|at| (at, Due::PairingOver)));
        timers.extend(live.code_until.map(|at| (at, Due::CodeStale)));
        timers.extend(live.reload_at.map(|at| (at, Due::Reload)));
        if let Probe::Down { again_at } = live.probe {
            timers.push((again_at, Due::ProbeAgain));
        }
        if let Some(Lost { since, up_since, step }) = live.lost {
            if self.state.may_become(State::Reconnecting) {
                timers.push((since + t.socket_grace, Due::SocketGrace));
            }
            let after = match step {
                Step::Waited => t.reconnect_after,
                Step::Reconnected => t.reload_after,
                Step::Reloaded => t.relaunch_after,
            };
            timers.extend(up_since.filter(|_| live.probe == Probe::Idle).map(|up| (up + after, Due::Escalate)));
        } else if live.level.is_some() && live.is_online() && live.probe == Probe::Idle && self.is_under_way() {
            timers.push((live.progress_at + t.progress, Due::Stalled));
            if self.state == State::QrRequired && !live.code_asked {
                timers.push((live.progress_at + t.progress / 2, Due::AskCode));
            }
        }
    }

    /// Whether the session is on its way somewhere, so that standing still is wrong.
    fn is_under_way(&self) -> bool {
        let without_code = self.live().is_some_and(|live| live.code.is_none() && live.pairing_until.is_none());
        matches!(self.state, State::Init | State::Authenticated | State::Reconnecting)
            || (self.state == State::QrRequired && without_code)
    }

    fn perform(&mut self, due: Due, now: Now) {
        match due {
            Due::Retry => {
                self.fresh_start();
                self.become_(State::Init, None, words::of_state(State::Init).to_owned(), now);
                self.launch();
            }
            Due::Launch => self.launch(),
            Due::LoadLate => self.load_failed(Some("the page did not arrive in time"), now),
            Due::LoadAgain => self.load_again(now),
            Due::Leave => self.close(Then::Stop),
            Due::SocketGrace => {
                let detail = words::of_reason(Reason::NetworkLost).to_owned();
                self.become_(State::Reconnecting, Some(Reason::NetworkLost), detail, now);
            }
            Due::Escalate | Due::Stalled => self.escalate(),
            Due::ProbeAgain => self.probe(),
            Due::AskCode => self.ask_code(now),
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
            Due::Well => (self.attempts, self.version_reloaded) = (0, false),
        }
    }

    fn with_live(&mut self, change: impl FnOnce(&mut Live)) {
        if let Phase::Live(live) = &mut self.phase {
            change(live);
        }
    }

    fn load_again(&mut self, now: Now) {
        let until = now.mono + self.timings.page_commit + self.timings.page_load;
        self.with_live(|live| live.load = Load::Asked { until });
        self.effects.push(Effect::Load);
    }

    fn ask_code(&mut self, now: Now) {
        self.with_live(|live| live.code_asked = true);
        self.codes_ran_out(now);
    }

    fn pairing_over(&mut self, now: Now) {
        self.with_live(|live| live.pairing_until = None);
        let idle =
            self.live().and_then(|live| live.level.as_ref()).is_some_and(|l| l.socket == SocketState::UnpairedIdle);
        if idle && self.state == State::QrRequired {
            self.codes_ran_out(now);
        }
    }

    /// Asking the page costs nothing; before it is torn down the network is asked.
    fn escalate(&mut self) {
        match self.live().and_then(|live| live.lost) {
            Some(lost) if lost.step == Step::Waited => {
                self.with_live(|live| live.lost = Some(Lost { step: Step::Reconnected, ..lost }));
                self.effects.push(Effect::Reconnect);
            }
            _ => self.probe(),
        }
    }

    fn probe(&mut self) {
        self.with_live(|live| live.probe = Probe::Asked);
        self.effects.push(Effect::Probe);
    }

    pub(super) fn probed(&mut self, reachable: bool, now: Now) {
        let interval = self.timings.probe_interval;
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
        self.with_live(|live| live.probe = Probe::Idle);
        match lost {
            // The network is back: the page gets its time again.
            Some(Lost { up_since: None, .. }) => self.with_live(|live| {
                live.lost = lost.map(|lost| Lost { up_since: Some(now.mono), ..lost });
            }),
            Some(lost) if lost.step == Step::Reconnected => {
                self.with_live(|live| live.lost = Some(Lost { step: Step::Reloaded, ..lost }));
                self.reload(now);
            }
            Some(_) => {
                let detail = words::of_reason(Reason::NetworkLost).to_owned();
                self.recover(Reason::NetworkLost, detail, now);
            }
            None => self.stalled(now),
        }
    }

    fn stalled(&mut self, now: Now) {
        let Some(live) = self.live() else { return };
        // It may have been the network, and that only just came back.
        if self.is_under_way() && now.mono >= live.progress_at + self.timings.progress {
            let detail = words::of_reason(Reason::SyncStalled).to_owned();
            self.recover(Reason::SyncStalled, detail, now);
        }
    }
}
