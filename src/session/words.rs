//! One human sentence for each state and reason: what it means and what to do.

use crate::domain::state::{Reason, State};

/// Where there is nothing wrong.
pub(super) fn of_state(state: State) -> &'static str {
    match state {
        State::Init => "Starting the browser and loading WhatsApp Web.",
        State::QrRequired => "Scan the code with the phone: WhatsApp, Linked devices, Link a device.",
        State::Authenticated => "The phone is linked; connecting and catching up.",
        State::Ready => "",
        State::Reconnecting => "The connection was lost and is being recovered.",
        State::Disconnected => "Not connected: POST /connect starts it.",
        State::Error => "Recovery gave up.",
    }
}

/// Where something is.
pub(super) fn of_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Operator => "Stopped by the operator; POST /connect starts it again.",
        Reason::LoggedOut => "The device was unlinked: link the phone again.",
        Reason::Conflict => "WhatsApp Web was opened elsewhere with this login; POST /connect takes the session back.",
        Reason::NetworkLost => "The connection to WhatsApp was lost and is being recovered.",
        Reason::SyncStalled => "WhatsApp stopped making progress; the browser is started again.",
        Reason::BrowserNotFound => "No Chrome or Chromium was found: install one or set CHROME_PATH.",
        Reason::BrowserLaunchFailed => "The browser could not be started.",
        Reason::BrowserCrashed => "The browser ended by itself and is started again.",
        Reason::BrowserRecycled => "The browser is started afresh.",
        Reason::PageCrashed => "The page crashed and is loaded again.",
        Reason::PageUnresponsive => "The page does not answer; the browser is started again.",
        Reason::PageLoadFailed => "WhatsApp Web could not be loaded: check the network. It is tried again by itself.",
        Reason::BrowserRefused => {
            "WhatsApp refuses this browser and asks for a newer one: update it, or unset USER_AGENT."
        }
        Reason::VersionDeprecated => "WhatsApp calls the loaded page too old even after loading it again.",
        Reason::SurfaceChanged => {
            "WhatsApp Web changed: update session-manager, or set ADAPTER_PATH to a newer adapter."
        }
        Reason::AccountBlocked => "WhatsApp blocked this account: open WhatsApp on the phone and see why.",
        Reason::ProxyBlocked => "WhatsApp blocks this network address: use another network or PROXY_URL.",
        Reason::QrNotScanned => "No code was scanned in time; POST /connect shows new ones.",
        Reason::LoginRefused => "WhatsApp refused the login: scan a new code.",
        Reason::ProfileInUse => "Another browser is using the profile: close it, then POST /connect.",
        Reason::NoDisplay => "LOGIN_MODE=local needs a display: set DISPLAY or use LOGIN_MODE=server.",
        Reason::ShuttingDown => "The service is stopping.",
    }
}
