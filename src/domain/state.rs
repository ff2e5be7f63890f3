//! The states of the session, the reasons for them, and the table of legal transitions.
//!
//! ```text
//!            ┌────────► QR_REQUIRED ───────┐ phone links
//!   INIT ────┤              ▲  login refused▼
//!    ▲       └────────► AUTHENTICATED ──► READY
//!    │ connect              ▲  │           │  socket, page or browser lost
//!    │                      │  ▼           ▼
//! DISCONNECTED ◄─ any      RECONNECTING ◄──┘        any ──► ERROR ──► INIT (retry)
//! ```

use std::fmt;

use super::time::Timestamp;

/// The name of the one session.
pub const SESSION: &str = "admin";

/// The state of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    Init,
    QrRequired,
    Authenticated,
    Ready,
    Reconnecting,
    Disconnected,
    Error,
}

impl State {
    pub const ALL: [Self; 7] = [
        Self::Init,
        Self::QrRequired,
        Self::Authenticated,
        Self::Ready,
        Self::Reconnecting,
        Self::Disconnected,
        Self::Error,
    ];

    /// The states that may follow this state.
    pub fn exits(self) -> &'static [Self] {
        use State::{Authenticated, Disconnected, Error, Init, QrRequired, Ready, Reconnecting};
        match self {
            Init => &[QrRequired, Authenticated, Error, Disconnected],
            QrRequired => &[Authenticated, Init, Error, Disconnected],
            Authenticated => &[Ready, QrRequired, Reconnecting, Error, Disconnected],
            Ready => &[Reconnecting, Disconnected, Error],
            Reconnecting => &[Ready, Authenticated, QrRequired, Error, Disconnected],
            Disconnected => &[Init],
            Error => &[Init, Disconnected],
        }
    }

    pub fn may_become(self, next: Self) -> bool {
        self.exits().contains(&next)
    }

    /// The name in the API, which the hub relies on.
    pub fn name(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::QrRequired => "QR_REQUIRED",
            Self::Authenticated => "AUTHENTICATED",
            Self::Ready => "READY",
            Self::Reconnecting => "RECONNECTING",
            Self::Disconnected => "DISCONNECTED",
            Self::Error => "ERROR",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why the session is in its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    Operator,
    LoggedOut,
    Conflict,
    NetworkLost,
    SyncStalled,
    BrowserNotFound,
    BrowserLaunchFailed,
    BrowserCrashed,
    BrowserRecycled,
    PageCrashed,
    PageUnresponsive,
    PageLoadFailed,
    BrowserRefused,
    VersionDeprecated,
    SurfaceChanged,
    AccountBlocked,
    ProxyBlocked,
    QrNotScanned,
    LoginRefused,
    ServiceUnavailable,
    SendsUnconfirmed,
    ProfileInUse,
    NoDisplay,
    ShuttingDown,
}

/// Prints the name that the API uses.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Reason {
    pub const ALL: [Self; 24] = [
        Self::Operator,
        Self::LoggedOut,
        Self::Conflict,
        Self::NetworkLost,
        Self::SyncStalled,
        Self::BrowserNotFound,
        Self::BrowserLaunchFailed,
        Self::BrowserCrashed,
        Self::BrowserRecycled,
        Self::PageCrashed,
        Self::PageUnresponsive,
        Self::PageLoadFailed,
        Self::BrowserRefused,
        Self::VersionDeprecated,
        Self::SurfaceChanged,
        Self::AccountBlocked,
        Self::ProxyBlocked,
        Self::QrNotScanned,
        Self::LoginRefused,
        Self::ServiceUnavailable,
        Self::SendsUnconfirmed,
        Self::ProfileInUse,
        Self::NoDisplay,
        Self::ShuttingDown,
    ];

    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operator => "OPERATOR",
            Self::LoggedOut => "LOGGED_OUT",
            Self::Conflict => "CONFLICT",
            Self::NetworkLost => "NETWORK_LOST",
            Self::SyncStalled => "SYNC_STALLED",
            Self::BrowserNotFound => "BROWSER_NOT_FOUND",
            Self::BrowserLaunchFailed => "BROWSER_LAUNCH_FAILED",
            Self::BrowserCrashed => "BROWSER_CRASHED",
            Self::BrowserRecycled => "BROWSER_RECYCLED",
            Self::PageCrashed => "PAGE_CRASHED",
            Self::PageUnresponsive => "PAGE_UNRESPONSIVE",
            Self::PageLoadFailed => "PAGE_LOAD_FAILED",
            Self::BrowserRefused => "BROWSER_REFUSED",
            Self::VersionDeprecated => "VERSION_DEPRECATED",
            Self::SurfaceChanged => "SURFACE_CHANGED",
            Self::AccountBlocked => "ACCOUNT_BLOCKED",
            Self::ProxyBlocked => "PROXY_BLOCKED",
            Self::QrNotScanned => "QR_NOT_SCANNED",
            Self::LoginRefused => "LOGIN_REFUSED",
            Self::ServiceUnavailable => "SERVICE_UNAVAILABLE",
            Self::SendsUnconfirmed => "SENDS_UNCONFIRMED",
            Self::ProfileInUse => "PROFILE_IN_USE",
            Self::NoDisplay => "NO_DISPLAY",
            Self::ShuttingDown => "SHUTTING_DOWN",
        }
    }

    /// A reason that needs a person: the service retries only now and then, or at once on `POST /connect`.
    pub fn is_permanent(self) -> bool {
        matches!(
            self,
            Self::BrowserNotFound
                | Self::BrowserRefused
                | Self::SurfaceChanged
                | Self::AccountBlocked
                | Self::ProxyBlocked
                | Self::ProfileInUse
                | Self::NoDisplay
        )
    }
}

/// An action needs a READY session; this is the state of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReady(pub State);

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            // An interruption lasts some seconds before the state leaves READY.
            State::Ready => f.write_str("the line to WhatsApp is interrupted at the moment"),
            state => write!(f, "the session is {state}, not READY"),
        }
    }
}

/// A transition of the session, as it is logged, stored and published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    pub at: Timestamp,
    pub from: State,
    pub to: State,
    pub reason: Option<Reason>,
    /// One human sentence that says what to do; empty if there is nothing to do.
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_state_can_be_reached_from_the_start() {
        let mut seen = BTreeSet::from([State::Disconnected]);
        let mut todo = vec![State::Disconnected];
        while let Some(state) = todo.pop() {
            todo.extend(state.exits().iter().filter(|next| seen.insert(**next)));
        }
        assert_eq!(seen, State::ALL.into_iter().collect());
    }

    #[test]
    fn no_state_leads_to_itself_and_all_can_be_stopped() {
        for state in State::ALL {
            assert!(!state.may_become(state), "{state}");
            assert!(state == State::Disconnected || state.may_become(State::Disconnected), "{state}");
        }
    }

    #[test]
    fn ready_is_entered_only_by_a_device_that_has_an_identity() {
        let before_ready: Vec<_> = State::ALL.into_iter().filter(|s| s.may_become(State::Ready)).collect();
        assert_eq!(before_ready, [State::Authenticated, State::Reconnecting]);
    }

    #[test]
    fn a_reason_is_printed_as_the_api_says_it() {
        assert_eq!(Reason::ShuttingDown.to_string(), "SHUTTING_DOWN");
    }
}
