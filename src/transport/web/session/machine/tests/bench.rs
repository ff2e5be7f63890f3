//! A machine with a clock and a driver that only does what the test says, and the reports that the tests give it.

use crate::domain::account::Account;
use crate::domain::secret::Secret;
use crate::transport::web::whatsapp::{Level, PageEvent, PostLogout, SocketState, StreamState};

use super::super::*;

pub(super) const S: Duration = Duration::from_secs(1);

pub(super) fn policy() -> Policy {
    Policy {
        auto_connect: true,
        max_attempts: 3,
        error_retry: 300 * S,
        qr_max_attempts: 0,
        cliente_id: None,
        memory_max: None,
        pinned: false,
    }
}

/// A machine with a clock, and a driver that only does what the test says.
pub(super) struct Bench {
    pub(super) machine: Machine,
    pub(super) mono: Duration,
    /// A browser is starting or running.
    pub(super) browser: bool,
    pub(super) done: Vec<Effect>,
}

impl Bench {
    pub(super) fn new(policy: Policy, linked: bool) -> Self {
        let start = Now { mono: Duration::ZERO, wall: Timestamp::from_millis(0) };
        let machine = Machine::new(policy, Timings::default(), linked, 7, start);
        Self { machine, mono: Duration::ZERO, browser: false, done: Vec::new() }
    }

    pub(super) fn now(&self) -> Now {
        Now { mono: self.mono, wall: Timestamp::from_millis(u64::try_from(self.mono.as_millis()).unwrap()) }
    }

    pub(super) fn give(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.machine.handle(input, self.now());
        for effect in &effects {
            match effect {
                Effect::Launch => assert!(!std::mem::replace(&mut self.browser, true), "two browsers"),
                Effect::Record(step) => {
                    assert!(step.from.may_become(step.to), "{} -> {}", step.from, step.to);
                    assert!(
                        step.to != State::Ready || self.machine.live().is_some_and(Live::is_whole),
                        "READY without a connected, synced, heard page"
                    );
                }
                Effect::Close
                | Effect::Load
                | Effect::Reload
                | Effect::Beat
                | Effect::Probe
                | Effect::MeasureMemory => {
                    assert!(self.browser, "{effect:?} without a browser");
                }
                _ => {}
            }
        }
        assert!(self.machine.attempts <= 3);
        self.done.extend(effects.iter().cloned());
        effects
    }

    pub(super) fn page(&mut self, event: PageEvent) -> Vec<Effect> {
        self.give(Input::Page(event))
    }

    /// The page reports its connection. A connected one is held long enough to count.
    pub(super) fn level(&mut self, socket: SocketState, paired: bool) -> Vec<Effect> {
        let mut effects = self.page(PageEvent::Status(level(socket, paired)));
        if paired && socket == SocketState::Connected {
            effects.extend(self.wait(2 * S, true));
        }
        effects
    }

    /// Lets time pass and ticks at every deadline; answers heartbeats, and answers probes with `reachable`.
    pub(super) fn wait(&mut self, span: Duration, reachable: bool) -> Vec<Effect> {
        let (end, mut all, mut was_late) = (self.mono + span, Vec::new(), false);
        while let Some(at) = self.machine.deadline().filter(|at| *at <= end) {
            self.mono = self.mono.max(at);
            let effects = self.give(Input::Tick);
            for effect in &effects {
                match effect {
                    Effect::Beat => drop(self.give(Input::Beat { answered: true })),
                    Effect::Probe => all.extend(self.give(Input::Probed { reachable })),
                    _ => {}
                }
            }
            // The answer to a probe may make another deadline due; the very next tick must handle it.
            let answered = effects.contains(&Effect::Probe);
            all.extend(effects);
            let late = self.machine.deadline().is_some_and(|next| next <= self.mono);
            assert!(!late || answered && !was_late, "a deadline that stays in the past");
            was_late = late;
        }
        self.mono = end;
        all
    }

    pub(super) fn launched(&mut self) -> &mut Self {
        self.give(Input::Launched);
        self.page(hello());
        self
    }

    pub(super) fn closed(&mut self) {
        self.browser = false;
        self.give(Input::Closed);
    }

    pub(super) fn ready() -> Self {
        let mut bench = Self::new(policy(), true);
        bench.give(Input::Connect);
        bench.launched();
        bench.level(SocketState::Connected, true);
        assert_eq!(bench.state(), State::Ready);
        bench
    }

    pub(super) fn state(&self) -> State {
        self.machine.view().state
    }

    pub(super) fn told(&self) -> (State, Option<Reason>) {
        let view = self.machine.view();
        (view.state, view.reason)
    }
}

pub(super) fn level(socket: SocketState, paired: bool) -> Level {
    let connected = socket == SocketState::Connected;
    Level {
        socket,
        stream: if connected { StreamState::Connected } else { StreamState::Disconnected },
        synced: connected,
        caught_up: connected,
        comms: None,
        mutex: None,
        network: None,
        online: true,
        subscribed: true,
        version: None,
        account: paired.then(Account::default),
    }
}

pub(super) fn hello() -> PageEvent {
    PageEvent::Hello { post_logout: None, reloaded: false }
}

pub(super) fn logout() -> PageEvent {
    PageEvent::Logout { reason: None, told: None }
}

pub(super) fn ban(banned: bool, expires_s: Option<u64>) -> PageEvent {
    PageEvent::Ban { banned, code: Some(101), message: None, expires_s }
}

pub(super) fn progress(done: u64) -> PageEvent {
    PageEvent::Progress { step: "offline".to_owned(), done: Some(done), total: Some(5000) }
}

pub(super) fn after_logout(reason: Option<i64>) -> PageEvent {
    let said = PostLogout { reason, header: Some("Your account is locked".to_owned()), subtext: None };
    PageEvent::Hello { post_logout: Some(said), reloaded: false }
}

pub(super) fn code(text: &str) -> PageEvent {
    PageEvent::Code { code: Some(Secret::new(text)), source: "modules".to_owned(), ttl_ms: None }
}
