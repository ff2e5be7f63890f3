//! The session as all other modules see it: numbered, complete, never half updated.

use std::sync::Arc;

use crate::domain::account::Account;
use crate::domain::limits::Limits;
use crate::domain::state::{Reason, State};
use crate::domain::time::Timestamp;

use super::code::LinkCode;
use super::machine::{Ban, Progress, View};

#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Counts up with every change.
    pub n: u64,
    pub state: State,
    pub reason: Option<Reason>,
    /// One sentence that says what to do; empty if there is nothing to do.
    pub detail: String,
    pub since: Timestamp,
    pub attempts: u32,
    /// How many documents the page has had: events that one document lost must be asked for from the next.
    pub documents: u64,
    /// A connection was requested since the service started.
    pub initialized: bool,
    /// A browser runs, is starting, or is about to be started again.
    pub active: bool,
    pub account: Option<Account>,
    pub code: Option<Arc<LinkCode>>,
    pub web_version: Option<String>,
    /// The page's document comes from a file.
    pub pinned: bool,
    pub browser_version: Option<String>,
    /// READY, and the connection is up at this moment: a message sent now leaves.
    pub line_up: bool,
    /// The progress of a first sync or a backlog, in AUTHENTICATED.
    pub progress: Option<Progress>,
    /// WhatsApp's own limits, as the page last reported them; None before it has.
    pub limits: Option<Limits>,
    pub ban: Option<Ban>,
    /// The modules that sending needs and the page lacks, although the session may be READY.
    pub send_broken: Option<String>,
}

impl Snapshot {
    pub(super) fn new(n: u64, view: View, code: Option<Arc<LinkCode>>, browser_version: Option<String>) -> Self {
        Self {
            n,
            state: view.state,
            reason: view.reason,
            detail: view.detail,
            since: view.since,
            attempts: view.attempts,
            documents: view.documents,
            initialized: view.initialized,
            active: view.active,
            account: view.account,
            code,
            web_version: view.web_version,
            pinned: view.pinned,
            browser_version,
            line_up: view.line_up,
            progress: view.progress,
            limits: view.limits,
            ban: view.ban,
            send_broken: view.send_broken,
        }
    }
}
