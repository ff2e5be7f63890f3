//! The one task that owns the session: it feeds every event to the machine and performs the machine's effects. No
//! other task changes the browser or the page. The driver never waits: the work it starts returns to it as `Done`.

mod effects;
mod launch;
mod publish;
mod requests;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::message::MessageEvent;
use crate::domain::state::{Reason, Transition};
use crate::domain::time::Clock;
use crate::host::activity::Activity;
use crate::host::byte_queue;
use crate::host::config::{Browser as BrowserSettings, Session as Policy, Timings};
use crate::host::tasks::Tasks;
use crate::host::trouble::Trouble;
use crate::transport::web::browser::{Browser, Launched, Profile, TabEvent, TabEvents};
use crate::transport::web::whatsapp::{Adapter, Page, PageEvent, Reader};

use super::code::LinkCode;
use super::handle::{Handle, Pulse, REQUESTS, Request};
use super::machine::{Code, Input, Machine, Now};
use super::presences::Presences;
use super::profile_size;
use super::snapshot::Snapshot;
use launch::Failed;
use requests::LogOut;

/// Room for the results of work in progress: launches, calls, pictures. There are never more than a dozen at a time.
const RESULTS: usize = 64;
/// With nothing to do the driver turns this often, to show that it is not stuck.
const IDLE_TURN: Duration = Duration::from_secs(5);
/// How long to wait for the exit of a browser whose pipe closed; it exits within 0.3 s.
const PIPE_GRACE: Duration = Duration::from_secs(2);

/// The name of the task that owns the session.
pub const TASK: &str = "session";

/// The dependencies of the driver.
pub struct Parts {
    pub policy: Policy,
    pub browser: BrowserSettings,
    pub timings: Timings,
    pub profile: Profile,
    pub clock: Arc<dyn Clock>,
    /// Every transition, in order, for the store.
    pub transitions: mpsc::Sender<Transition>,
    /// All events of messages, in order.
    pub messages: byte_queue::Sender<MessageEvent>,
    /// Events for tasks that wait for the end of a send; these events do not wait for the disk.
    pub acks: mpsc::Sender<MessageEvent>,
    /// Ends the session for good, cleanly.
    pub stop: CancellationToken,
}

/// Starts the driver. The session is at rest until somebody connects it; the task ends once it was stopped and no
/// browser is left.
pub fn start(parts: Parts, tasks: &Tasks) -> Handle {
    let (requests_tx, requests) = mpsc::channel(REQUESTS);
    let (results_tx, results) = mpsc::channel(RESULTS);
    let started = Instant::now();
    let now = Now { mono: Duration::ZERO, wall: parts.clock.now() };
    let machine =
        Machine::new(parts.policy.clone(), parts.timings.clone(), parts.profile.is_linked(), rand::random(), now);
    let first = Snapshot::new(0, machine.view(), None, None);
    let (snapshot, snapshots) = watch::channel(Arc::new(first));
    let (page, pages) = watch::channel(None);
    let pulse = Arc::new(Pulse::new());
    let activity = Activity::default();
    let (measured, profile_size) = watch::channel(None);
    let (profile, every) = (parts.profile.clone(), parts.timings.profile_size);
    tasks.spawn(profile_size::TASK, profile_size::run(profile, every, measured, parts.stop.clone()));
    let (presences, told) = Presences::new(rand::random());
    let driver = Driver {
        parts,
        presences,
        machine,
        started,
        generation: 0,
        slot: Slot::Empty,
        requests,
        results,
        results_tx,
        snapshot,
        page,
        code: None,
        drawing: None,
        browser_version: None,
        at_rest: Vec::new(),
        logging_out: None,
        wipe: false,
        remembering: None,
        profile_trouble: Trouble::default(),
        steps: Vec::new(),
        pulse: Arc::clone(&pulse),
        activity: activity.clone(),
    };
    tasks.spawn(TASK, driver.run());
    Handle { requests: requests_tx, snapshots, pages, pulse, activity, profile_size, presences: told }
}

/// The result of work that the driver started.
enum Done {
    Launched(Box<Result<(Launched, Adapter), Failed>>),
    Closed,
    Gone(String),
    LoadFailed(String),
    PageCrashed,
    Beat(bool),
    Probed(bool),
    ProfileLooked(Option<String>),
    /// The bytes; 0 if they could not be read.
    MemoryMeasured(u64),
    PairingCodeGiven,
    LoopEnded,
    LogOutFailed,
    Drawn(Option<LinkCode>),
    Wiped(bool),
}

/// The state of the browser.
enum Slot {
    Empty,
    /// Cancelling the token calls off the launch.
    Launching(CancellationToken),
    Running(Box<Running>),
    /// The browser is ending: it was called off during its start, or it ended by itself. `closing` is set once the
    /// machine wants it closed.
    Leaving {
        closing: bool,
    },
}

struct Running {
    browser: Browser,
    page: Page,
    events: TabEvents,
    reader: Reader,
    gone: Pin<Box<dyn Future<Output = String> + Send>>,
}

struct Driver {
    parts: Parts,
    presences: Presences,
    machine: Machine,
    started: Instant,
    /// Counts browsers: results for an earlier browser are ignored.
    generation: u64,
    slot: Slot,
    requests: mpsc::Receiver<Request>,
    results: mpsc::Receiver<(u64, Done)>,
    results_tx: mpsc::Sender<(u64, Done)>,
    snapshot: watch::Sender<Arc<Snapshot>>,
    /// The page of the running browser, for tasks that ask it something.
    page: watch::Sender<Option<Page>>,
    /// The current code with its pictures, and the code that is being drawn.
    code: Option<(Code, Option<Arc<LinkCode>>)>,
    drawing: Option<Code>,
    browser_version: Option<String>,
    /// Callers that wait until the session is at rest.
    at_rest: Vec<oneshot::Sender<()>>,
    logging_out: Option<LogOut>,
    /// The stored login must be removed once the browser is closed.
    wipe: bool,
    /// The write of the profile's mark that is in progress; the next write waits for it.
    remembering: Option<JoinHandle<()>>,
    /// The trouble of the profile's folder, for the log.
    profile_trouble: Trouble,
    /// Transitions that were made and not published yet.
    steps: Vec<Transition>,
    pulse: Arc<Pulse>,
    /// The work of others that needs the browser.
    activity: Activity,
}

/// What one turn of the loop handles.
enum Wake {
    Stop,
    Request(Request),
    Tab(TabEvent),
    Gone(String),
    Done(u64, Done),
    Time,
}

impl Driver {
    async fn run(mut self) {
        let mut stopping = false;
        loop {
            self.pulse.beat();
            if matches!(self.slot, Slot::Empty) {
                self.pulse.runs(None);
            }
            if stopping && self.machine.is_at_rest() && matches!(self.slot, Slot::Empty) && !self.wipe {
                break;
            }
            match self.next(stopping).await {
                Wake::Stop => {
                    stopping = true;
                    self.requests.close();
                    self.feed(Input::Disconnect(Reason::ShuttingDown));
                }
                // Dropping the request tells the caller that the service is stopping.
                Wake::Request(request) if stopping => drop(request),
                Wake::Request(request) => self.serve(request),
                Wake::Tab(event) => self.tab(event),
                Wake::Gone(how) => self.gone(how),
                Wake::Done(generation, done) => self.done(generation, done),
                Wake::Time => self.feed(Input::Tick),
            }
        }
        if let Some(writing) = self.remembering.take() {
            // A link of the last moment must still be stored.
            let _ = writing.await;
        }
    }

    async fn next(&mut self, stopping: bool) -> Wake {
        let idle = Instant::now() + IDLE_TURN;
        let due = self.machine.deadline().map_or(idle, |at| (self.started + at).min(idle));
        let due = self.logging_out.as_ref().map_or(due, |log_out| due.min(log_out.until));
        let page = async {
            match &mut self.slot {
                Slot::Running(running) => tokio::select! {
                    how = &mut running.gone => Wake::Gone(how),
                    event = running.events.next() => Wake::Tab(event),
                },
                Slot::Empty | Slot::Launching(_) | Slot::Leaving { .. } => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.parts.stop.cancelled(), if !stopping => Wake::Stop,
            Some((generation, done)) = self.results.recv() => Wake::Done(generation, done),
            Some(request) = self.requests.recv() => Wake::Request(request),
            turn = page => turn,
            () = tokio::time::sleep_until(due) => Wake::Time,
        }
    }

    /// Passes the input to the machine, performs the effects, and publishes the new state.
    fn feed(&mut self, input: Input) {
        let now = self.now();
        for effect in self.machine.handle(input, now) {
            self.perform(effect);
        }
        self.after();
        // Transitions are published after the snapshot: whoever reads one in the log finds the session in that state.
        for step in std::mem::take(&mut self.steps) {
            self.record(step);
        }
    }

    fn now(&self) -> Now {
        Now { mono: self.started.elapsed(), wall: self.parts.clock.now() }
    }

    fn tab(&mut self, event: TabEvent) {
        match event {
            TabEvent::Said(report) => self.report(&report),
            TabEvent::Unreachable { .. } => self.feed(Input::LoadFailed { why: None }),
            TabEvent::Crashed => self.feed(Input::PageCrashed),
            TabEvent::Overflowed => self.feed(Input::ReportsLost),
            TabEvent::Closed => self.gone("it closed its pipe".to_owned()),
        }
    }

    fn report(&mut self, report: &str) {
        let Slot::Running(running) = &mut self.slot else { return };
        let (event, missed) = match running.reader.read(report) {
            Ok(read) => read,
            Err(error) => return tracing::warn!(%error, "skipped an unreadable page report"),
        };
        let message = match &event {
            PageEvent::Message { message } => Some(MessageEvent::Added(message.clone())),
            PageEvent::Changed { message } => Some(MessageEvent::Changed(message.clone())),
            PageEvent::Removed { id } => Some(MessageEvent::Removed(id.clone())),
            PageEvent::Ack { id, ack, code } => Some(MessageEvent::Acked(id.clone(), *ack, *code)),
            PageEvent::Outcome(outcome) => Some(MessageEvent::Outcome(outcome.clone())),
            PageEvent::Reaction(reaction) => Some(MessageEvent::Reacted(reaction.clone())),
            PageEvent::Vote(vote) => Some(MessageEvent::Voted(vote.clone())),
            PageEvent::Notice(notice) => Some(MessageEvent::Noticed(notice.clone())),
            PageEvent::Presence(presence) => {
                self.presences.tell(presence.clone(), self.parts.clock.now());
                None
            }
            PageEvent::Fault { place, message } => {
                tracing::warn!(place, message, "something went wrong in the page adapter");
                None
            }
            PageEvent::Surface(surface) if !surface.missing.is_empty() => {
                let missing: Vec<_> = surface.missing.iter().map(|m| m.modules.join(" or ")).collect();
                tracing::warn!(?missing, settled = surface.settled, "the page lacks modules");
                None
            }
            _ => None,
        };
        let refused = message.is_some_and(|message| !self.hand_on(message));
        if refused || missed > 0 {
            tracing::warn!(missed, refused, "reports of the page were lost; loading it again");
            self.feed(Input::ReportsLost);
        }
        // `told` is known only at the end of a logout: at its beginning the page has not asked WhatsApp's server yet.
        let told = if let PageEvent::Logout { told, .. } = &event { Some(told.unwrap_or(true)) } else { None };
        self.feed(Input::Page(event));
        if let Some(told) = told {
            self.page_unlinked(told);
        }
    }

    /// Passes an event to those who follow messages; false if one of them is too far behind to take it.
    fn hand_on(&self, message: MessageEvent) -> bool {
        // A task that waits for an ack must not wait for the disk.
        let acks = message.of_a_send().is_none_or(|ack| self.parts.acks.try_send(ack).is_ok());
        let size = message.size();
        self.parts.messages.try_send(message, size).is_ok() && acks
    }

    /// The browser ended without a request: `how` names the sign that came first, its exit or its pipe.
    fn gone(&mut self, how: String) {
        self.page.send_replace(None);
        let Slot::Running(running) = std::mem::replace(&mut self.slot, Slot::Leaving { closing: false }) else {
            return;
        };
        self.start(async move {
            let told = tokio::time::timeout(PIPE_GRACE, running.browser.gone()).await.unwrap_or(how);
            running.browser.close(Duration::ZERO).await;
            Some(Done::Gone(told))
        });
    }

    fn done(&mut self, generation: u64, done: Done) {
        match done {
            Done::Drawn(drawn) => self.drawn(drawn),
            Done::Wiped(gone) => self.wiped(gone),
            _ if generation != self.generation => (),
            Done::Launched(launched) => self.launched(*launched),
            Done::Closed => {
                self.slot = Slot::Empty;
                self.feed(Input::Closed);
            }
            Done::Gone(how) => {
                tracing::warn!(how, "Chrome ended by itself");
                let closing = matches!(self.slot, Slot::Leaving { closing: true });
                self.slot = Slot::Empty;
                self.feed(if closing { Input::Closed } else { Input::BrowserGone { how } });
            }
            Done::LoadFailed(why) => self.feed(Input::LoadFailed { why: Some(why) }),
            Done::PageCrashed => self.feed(Input::PageCrashed),
            Done::Beat(answered) => self.feed(Input::Beat { answered }),
            Done::Probed(reachable) => self.feed(Input::Probed { reachable }),
            Done::ProfileLooked(trouble) => self.profile_looked(trouble),
            Done::MemoryMeasured(bytes) => self.feed(Input::MemoryMeasured { bytes, quiet: self.activity.is_quiet() }),
            Done::PairingCodeGiven => self.feed(Input::PairingCodeGiven),
            Done::LoopEnded => self.feed(Input::LoopEnded),
            Done::LogOutFailed => self.log_out_failed(),
        }
    }
}
