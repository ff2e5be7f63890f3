//! What goes into the machine and what comes out of it.

use std::time::Duration;

use crate::domain::account::Account;
use crate::domain::limits::Limits;
use crate::domain::secret::Secret;
use crate::domain::state::{Reason, State, Transition};
use crate::domain::time::Timestamp;
use crate::transport::web::whatsapp::PageEvent;

/// A moment by both clocks: deadlines count on one that never jumps, people read the other.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Since the driver started.
    pub mono: Duration,
    pub wall: Timestamp,
}

#[derive(Debug)]
pub enum Input {
    Connect,
    /// Stop on purpose and stay stopped: the operator, an unlinking, the end of the service.
    Disconnect(Reason),
    Launched,
    LaunchFailed {
        reason: Reason,
        detail: String,
    },
    /// The browser went without being asked.
    BrowserGone {
        how: String,
    },
    /// The browser that was asked to close is gone.
    Closed,
    /// The page could not be loaded; why, where the browser says.
    LoadFailed {
        why: Option<String>,
    },
    PageCrashed,
    /// Reports of the page were lost on the way.
    ReportsLost,
    Page(PageEvent),
    /// The renderer answered the heartbeat, or did not.
    Beat {
        answered: bool,
    },
    /// WhatsApp's host could be reached, or not.
    Probed {
        reachable: bool,
    },
    PairingCodeGiven,
    /// The operator wants a code to scan instead.
    PairingCodeDropped,
    /// The page's connection loop has ended: only another document connects again.
    LoopEnded,
    /// Sends in a row were not acknowledged by WhatsApp's server although the line seemed up.
    SendsUnconfirmed,
    /// The profile is empty.
    LoginRemoved,
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
    /// Back from a pairing code to codes to scan.
    QrAgain,
    Reconnect,
    Beat,
    Probe,
    /// A device is linked in the profile, or no longer.
    RememberLink(bool),
    Record(Transition),
}

/// The code a phone scans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    pub text: Secret,
    /// The how many-th since a phone was asked for.
    pub attempt: u32,
    pub generated_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What of a first sync, or of a backlog, moved last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `offline` (messages of an absence), `history`, `chats`, `app_state` or `critical`.
    pub step: String,
    pub done: Option<u64>,
    pub total: Option<u64>,
    pub moved_at: Timestamp,
}

/// The account is banned for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// WhatsApp's number for the reason.
    pub code: Option<i64>,
    pub message: Option<String>,
    pub until: Option<Timestamp>,
}

/// What the world may know.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    pub state: State,
    pub reason: Option<Reason>,
    pub detail: String,
    pub since: Timestamp,
    pub attempts: u32,
    /// A connection has been asked for since the service started.
    pub initialized: bool,
    /// A browser runs, is starting, or is about to be started again.
    pub active: bool,
    /// Documents the page has had: what one said and was lost, the next has to be asked for.
    pub documents: u64,
    /// WhatsApp's server is on the line.
    pub connected: bool,
    /// READY, and the line is up at this moment: what is sent now leaves.
    pub line_up: bool,
    pub progress: Option<Progress>,
    pub limits: Limits,
    pub ban: Option<Ban>,
    pub account: Option<Account>,
    pub code: Option<Code>,
    pub web_version: Option<String>,
    /// The modules whose absence keeps messages from being sent.
    pub send_broken: Option<String>,
}
