//! The session as a pure machine: (State, Input) → State + Effects. It uses no tokio and reads no clock.
//!
//! ```text
//! phase   Stopped ──connect──► Launching ──launched──► Live ──close──► Closing ──closed──► Stopped | Failed | Waiting
//!            ▲                    ▲                                                                        │
//!            └── disconnect       └──────────────── backoff over, or ERROR's retry ◄───────────────────────┘
//! state   the published state: follows from the phase and from the page's reports (live.rs)
//! ```
//!
//! The driver feeds every event to the machine and performs its effects; nothing else changes the session's state.

mod codes;
mod endings;
mod facts;
mod line;
mod live;
mod memory;
mod profile;
mod signals;
mod timers;

use std::collections::VecDeque;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::domain::backoff::Backoff;
use crate::domain::limits::Limits;
use crate::domain::state::{Reason, State, Transition};
use crate::domain::time::Timestamp;
use crate::host::config::{Session as Policy, Timings};

use super::status_text;
use facts::Live;
pub use signals::{Ban, Code, Effect, Input, Now, Progress, View};

/// This many relaunches within this time are too many, also where each of them reaches READY; as many as
/// MAX_RECONNECTION_ATTEMPTS allows in a row are never too many.
const RECOVERIES_MAX: u32 = 10;
const RECOVERIES_WITHIN: Duration = Duration::from_secs(600);

#[derive(Debug)]
enum Phase {
    Stopped,
    Failed { retry_at: Option<Duration> },
    Closing { then: Then },
    Waiting { until: Duration },
    Launching,
    Live(Box<Live>),
}

/// What follows once the browser is closed.
#[derive(Clone, Copy, Debug)]
enum Then {
    Stop,
    Fail { retry_at: Option<Duration> },
    Relaunch { after: Duration },
}

pub struct Machine {
    policy: Policy,
    timings: Timings,
    rng: SmallRng,
    state: State,
    reason: Option<Reason>,
    detail: String,
    since: Timestamp,
    phase: Phase,
    /// Relaunches, and reloads after a crash, in a row: none of them reached READY.
    attempts: u32,
    /// When the last relaunches and such reloads were: what is bounded besides is their rate.
    recoveries: VecDeque<Duration>,
    /// When the session became READY or began to show codes, if neither was interrupted since.
    well_since: Option<Duration>,
    initialized: bool,
    /// Whether the profile holds a login, as far as is known.
    linked: bool,
    /// The session was READY since the last connect.
    ready_once: bool,
    documents: u64,
    /// Documents that the page loaded by itself since the session was last READY.
    own_documents: u32,
    /// Documents in a row that WhatsApp's server called too old.
    outdated: u32,
    limits: Option<Limits>,
    ban: Option<Ban>,
    /// Why the folder of the profile cannot hold a login, as it was last looked at.
    profile_trouble: Option<String>,
    /// When the folder is looked at next; None while the answer is awaited.
    profile_look: Option<Duration>,
    /// When the browser was last started afresh because of its memory.
    recycled_at: Option<Duration>,
    effects: Vec<Effect>,
}

impl Machine {
    /// A session at rest. `linked` says whether the profile holds a login; `seed` is for the jitter.
    pub fn new(policy: Policy, timings: Timings, linked: bool, seed: u64, now: Now) -> Self {
        Self {
            policy,
            timings,
            rng: SmallRng::seed_from_u64(seed),
            state: State::Disconnected,
            reason: None,
            detail: status_text::of_state(State::Disconnected).to_owned(),
            since: now.wall,
            phase: Phase::Stopped,
            attempts: 0,
            recoveries: VecDeque::new(),
            well_since: None,
            initialized: false,
            linked,
            ready_once: false,
            documents: 0,
            own_documents: 0,
            outdated: 0,
            limits: None,
            ban: None,
            profile_trouble: None,
            profile_look: None,
            recycled_at: None,
            effects: Vec::new(),
        }
    }

    /// Handles an input and returns the effects to perform, in order.
    pub fn handle(&mut self, input: Input, now: Now) -> Vec<Effect> {
        match input {
            Input::Connect => self.connect(now),
            Input::Disconnect(reason) => self.disconnect(reason, status_text::of_reason(reason).to_owned(), now),
            Input::Launched => self.launched(now),
            Input::LaunchFailed { reason, detail } => self.launch_failed(reason, detail, now),
            Input::ProfileUnusable(why) => self.profile_unusable(why, now),
            Input::ProfileLooked(trouble) => self.profile_looked(trouble, now),
            Input::BrowserGone { how } => self.browser_gone(&how, now),
            Input::Closed => self.closed(now),
            Input::LoginRemoved => self.linked = false,
            Input::MemoryMeasured { bytes, quiet } => self.memory_measured(bytes, quiet, now),
            Input::Tick => self.tick(now),
            other => self.live_input(other, now),
        }
        std::mem::take(&mut self.effects)
    }

    pub fn view(&self) -> View {
        let live = self.live();
        let level = live.and_then(|live| live.level.as_ref());
        View {
            state: self.state,
            reason: self.reason,
            detail: self.detail_with_profile(),
            since: self.since,
            attempts: live.map_or(0, |live| live.load_tries).max(self.attempts),
            initialized: self.initialized,
            active: self.is_active(),
            documents: self.documents,
            connected: live.is_some_and(Live::is_connected),
            line_up: self.state == State::Ready && live.is_some_and(|live| live.lost.is_none() && live.is_whole()),
            progress: live.and_then(|live| live.progress.clone()).filter(|_| self.state == State::Authenticated),
            limits: self.limits.clone(),
            ban: self.ban.clone(),
            account: level.and_then(|level| level.account.clone()),
            code: live.and_then(|live| live.code.clone()).filter(|_| self.state == State::QrRequired),
            web_version: level.and_then(|level| level.version.clone()),
            pinned: self.policy.pinned,
            send_broken: live.and_then(|live| live.surface.as_ref()).and_then(|surface| surface.broken("send")),
        }
    }

    fn is_active(&self) -> bool {
        match self.phase {
            Phase::Stopped | Phase::Failed { .. } => false,
            Phase::Closing { then } => matches!(then, Then::Relaunch { .. }),
            Phase::Waiting { .. } | Phase::Launching | Phase::Live(_) => self.state != State::Disconnected,
        }
    }

    /// Whether no browser is left to wait for.
    pub fn is_at_rest(&self) -> bool {
        matches!(self.phase, Phase::Stopped | Phase::Failed { .. })
    }

    fn live(&self) -> Option<&Live> {
        match &self.phase {
            Phase::Live(live) => Some(live),
            _ => None,
        }
    }

    fn connect(&mut self, now: Now) {
        self.initialized = true;
        if self.is_active() {
            return;
        }
        self.fresh_start();
        self.become_(State::Init, None, status_text::of_state(State::Init).to_owned(), now);
        match &mut self.phase {
            Phase::Closing { then } => *then = Then::Relaunch { after: Duration::ZERO },
            // The page of an unlinked session was still clearing its storage.
            Phase::Live(_) => self.close(Then::Relaunch { after: Duration::ZERO }),
            _ => self.launch(),
        }
    }

    fn fresh_start(&mut self) {
        self.attempts = 0;
        self.recoveries.clear();
        self.well_since = None;
        self.ready_once = false;
        (self.own_documents, self.outdated) = (0, 0);
    }

    fn launch(&mut self) {
        self.phase = Phase::Launching;
        self.effects.push(Effect::Launch);
    }

    fn launched(&mut self, now: Now) {
        if matches!(self.phase, Phase::Launching) {
            self.phase = Phase::Live(Box::new(Live::new(now.mono, &self.timings)));
            self.profile_is_sound(now);
            self.effects.push(Effect::Load);
        }
    }

    fn launch_failed(&mut self, reason: Reason, detail: String, now: Now) {
        match self.phase {
            Phase::Launching if reason.is_permanent() => self.fail(reason, detail, now),
            Phase::Launching => self.recover(reason, detail, now),
            // The launch was called off: `Closed` follows.
            _ => {}
        }
    }

    fn browser_gone(&mut self, how: &str, now: Now) {
        match self.phase {
            Phase::Live(_) if self.state == State::Disconnected => self.phase = Phase::Stopped,
            Phase::Live(_) => {
                self.phase = Phase::Launching;
                self.recover(Reason::BrowserCrashed, format!("The browser ended by itself ({how})."), now);
            }
            // `Closed` follows from the task that is closing the browser.
            _ => {}
        }
    }

    /// Ends the browser, even while it starts. `Closed` reports the end.
    fn close(&mut self, then: Then) {
        if matches!(self.phase, Phase::Live(_) | Phase::Launching) {
            self.effects.push(Effect::Close);
        }
        self.phase = Phase::Closing { then };
    }

    fn closed(&mut self, now: Now) {
        let Phase::Closing { then } = self.phase else { return };
        match then {
            Then::Stop => self.phase = Phase::Stopped,
            Then::Fail { retry_at } => self.phase = Phase::Failed { retry_at },
            Then::Relaunch { after } if after.is_zero() => self.launch(),
            Then::Relaunch { after } => self.phase = Phase::Waiting { until: now.mono + after },
        }
    }

    /// An error that needs a person is retried now and then, but not an account that is blocked.
    fn retry_at(&self, reason: Reason, now: Now) -> Option<Duration> {
        match reason {
            Reason::AccountBlocked => None,
            reason if reason.is_permanent() => Some(now.mono + self.timings.look_again),
            _ => Some(now.mono + self.policy.error_retry),
        }
    }

    fn disconnect(&mut self, reason: Reason, detail: String, now: Now) {
        if self.state == State::Disconnected {
            // The first reason stays, but the machine no longer waits for a page that is clearing its storage.
            if matches!(self.phase, Phase::Live(_)) {
                self.close(Then::Stop);
            }
            return;
        }
        self.become_(State::Disconnected, Some(reason), detail, now);
        self.come_to_rest(Then::Stop, now);
    }

    /// Gives up until the operator connects or the next retry is due (see `retry_at`).
    fn fail(&mut self, reason: Reason, detail: String, now: Now) {
        self.become_(State::Error, Some(reason), detail, now);
        // A failed launch leaves nothing to close.
        let retry_at = self.retry_at(reason, now);
        if matches!(self.phase, Phase::Launching) {
            self.phase = Phase::Failed { retry_at };
        } else {
            self.come_to_rest(Then::Fail { retry_at }, now);
        }
    }

    fn come_to_rest(&mut self, then: Then, now: Now) {
        match self.phase {
            Phase::Live(_) | Phase::Launching | Phase::Closing { .. } => self.close(then),
            Phase::Stopped | Phase::Failed { .. } | Phase::Waiting { .. } => {
                self.phase = Phase::Closing { then };
                self.closed(now);
            }
        }
    }

    /// Starts the browser again after a growing pause, or gives up.
    fn recover(&mut self, reason: Reason, detail: String, now: Now) {
        let has_browser = matches!(self.phase, Phase::Live(_));
        if self.attempts >= self.policy.max_attempts {
            let detail = format!(
                "{detail} {} attempts to recover did not help; it is tried again by itself, and `session-manager doctor` \
                 finds what is wrong with the machine.",
                self.attempts
            );
            return self.fail(reason, detail, now);
        }
        if self.recovers_too_often(now) {
            let (times, minutes) = (self.recoveries.len(), RECOVERIES_WITHIN.as_secs() / 60);
            let detail = format!("{detail} It was started again {times} times in {minutes} minutes.");
            return self.fail(reason, detail, now);
        }
        self.attempts += 1;
        self.recoveries.push_back(now.mono);
        let after = self.backoff(self.attempts);
        self.step_back(reason, detail, now);
        if has_browser {
            self.close(Then::Relaunch { after });
        } else {
            self.phase = Phase::Waiting { until: now.mono + after };
        }
    }

    fn recovers_too_often(&mut self, now: Now) -> bool {
        while self.recoveries.front().is_some_and(|at| *at + RECOVERIES_WITHIN <= now.mono) {
            self.recoveries.pop_front();
        }
        let most = RECOVERIES_MAX.max(self.policy.max_attempts);
        self.recoveries.len() >= usize::try_from(most).unwrap_or(usize::MAX)
    }

    /// The state of a session without a page: a session that had a login is RECONNECTING, any other starts over.
    fn step_back(&mut self, reason: Reason, detail: String, now: Now) {
        let state = match self.state {
            State::Authenticated | State::Ready | State::Reconnecting => State::Reconnecting,
            _ => State::Init,
        };
        self.become_(state, Some(reason), detail, now);
        self.well_since = None;
    }

    /// Doubles from the first pause up to the longest, with a jitter of a quarter so that many services do not start
    /// at once.
    fn backoff(&mut self, attempt: u32) -> Duration {
        let Timings { backoff: first, backoff_max: max, .. } = self.timings;
        Backoff { first, max, jitter: 0.75..=1.25 }.pause(attempt, &mut self.rng)
    }

    /// Enters a state, or stays in it with another reason. The domain's table lists every legal transition.
    fn become_(&mut self, to: State, reason: Option<Reason>, detail: String, now: Now) {
        let from = self.state;
        self.reason = reason;
        if from != to {
            debug_assert!(from.may_become(to), "{from} -> {to}");
            self.well_since = (to == State::Ready).then_some(now.mono);
            if to == State::Ready {
                self.attempts = 0;
            }
            self.state = to;
            self.since = now.wall;
            let record = Transition { at: now.wall, from, to, reason, detail: detail.clone() };
            self.effects.push(Effect::Record(record));
        }
        self.detail = detail;
    }
}

#[cfg(test)]
mod tests;
