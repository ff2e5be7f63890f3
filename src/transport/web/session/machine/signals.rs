//! The inputs and effects of the machine.

use std::time::Duration;

use crate::domain::account::Account;
pub use crate::domain::limits::Ban;
use crate::domain::limits::Limits;
use crate::domain::secret::Secret;
use crate::domain::state::{Reason, State, Transition};
use crate::domain::time::Timestamp;
use crate::transport::web::whatsapp::PageEvent;

/// A moment by two clocks: deadlines use the clock that never jumps, people read the other.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The time since the driver started.
    pub mono: Duration,
    pub wall: Timestamp,
}

#[derive(Debug)]
pub enum Input {
    Connect,
    /// Stop on purpose and stay stopped: the operator, a logout, the end of the service.
    Disconnect(Reason),
    Launched,
    LaunchFailed {
        reason: Reason,
        detail: String,
    },
    /// No browser was started, because the folder of the profile cannot hold a login: the sentence says why.
    ProfileUnusable(String),
    /// Why the folder of the profile cannot hold a login, or None if it can.
    ProfileLooked(Option<String>),
    /// The browser ended without a request.
    BrowserGone {
        how: String,
    },
    /// The browser that was to be closed is gone.
    Closed,
    /// The page could not be loaded, with the reason if the browser gives one.
    LoadFailed {
        why: Option<String>,
    },
    PageCrashed,
    /// Reports of the page were lost on the way.
    ReportsLost,
    Page(PageEvent),
    /// Whether the renderer answered the heartbeat.
    Beat {
        answered: bool,
    },
    /// Whether WhatsApp's host could be reached.
    Probed {
        reachable: bool,
    },
    PairingCodeGiven,
    /// The operator wants a code to scan instead.
    PairingCodeDropped,
    /// The page's connection loop has ended: only a new document can connect again.
    LoopEnded,
    /// WhatsApp's server acknowledged none of several sends in a row although the connection seemed up.
    SendsUnconfirmed,
    /// The stored login was removed from the profile.
    LoginRemoved,
    /// The memory of the browser's processes, and whether nothing is under way that needs the browser.
    MemoryMeasured {
        bytes: u64,
        quiet: bool,
    },
    /// Time has passed: see [`Machine::deadline`].
    Tick,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Launch,
    Close,
    Load,
    Reload,
    RefreshCode,
    /// Switch from a pairing code back to codes to scan.
    QrAgain,
    Reconnect,
    Beat,
    Probe,
    /// See whether the folder of the profile can hold a login; [`Input::ProfileLooked`] follows.
    LookAtProfile,
    /// Measure the memory of the browser's processes; [`Input::MemoryMeasured`] follows.
    MeasureMemory,
    /// Store in the profile whether a device is linked.
    RememberLink(bool),
    Record(Transition),
}

/// The code a phone scans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    pub text: Secret,
    /// The number of the code since a phone was first asked for.
    pub attempt: u32,
    pub generated_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The latest progress of a first sync or a backlog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `offline` (messages of an absence), `history`, `chats`, `app_state` or `critical`.
    pub step: String,
    pub done: Option<u64>,
    pub total: Option<u64>,
    pub moved_at: Timestamp,
}

/// The state of the session that the driver publishes.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub state: State,
    pub reason: Option<Reason>,
    pub detail: String,
    pub since: Timestamp,
    pub attempts: u32,
    /// A connection was requested since the service started.
    pub initialized: bool,
    /// A browser runs, is starting, or is about to be started again.
    pub active: bool,
    /// How many documents the page has had: events that one document lost must be asked for from the next.
    pub documents: u64,
    /// The page is connected to WhatsApp's server.
    pub connected: bool,
    /// READY, and the connection is up at this moment: a message sent now leaves.
    pub line_up: bool,
    pub progress: Option<Progress>,
    /// None until the page has told them.
    pub limits: Option<Limits>,
    pub ban: Option<Ban>,
    pub account: Option<Account>,
    pub code: Option<Code>,
    pub web_version: Option<String>,
    /// The page's document comes from a file.
    pub pinned: bool,
    /// The modules that sending needs and the page lacks.
    pub send_broken: Option<String>,
}
