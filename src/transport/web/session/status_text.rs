//! One human sentence for each state and reason: what it means and what to do.

use crate::domain::state::{Reason, State};
use crate::transport::web::browser::{NetError, explained};
use crate::transport::web::whatsapp::PostLogout;

use super::machine::Ban;

/// The sentence if nothing is wrong.
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

/// The sentence if something is wrong.
pub(super) fn of_reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Operator => "Stopped by the operator; POST /connect starts it again.",
        Reason::LoggedOut => "The device was unlinked: link the phone again.",
        Reason::Conflict => {
            "This login is used elsewhere, mostly by a copy of the tokens folder: stop that first, then POST /connect takes the session back."
        }
        Reason::NetworkLost => "The connection to WhatsApp was lost and is being recovered.",
        Reason::SyncStalled => "WhatsApp stopped making progress; the browser is started again.",
        Reason::BrowserNotFound => "No Chrome or Chromium was found: install one or set CHROME_PATH.",
        Reason::BrowserLaunchFailed => "The browser could not be started: `session-manager doctor` says why.",
        Reason::BrowserCrashed => "The browser ended by itself and is started again.",
        Reason::BrowserRecycled => "The browser is started afresh.",
        Reason::PageCrashed => "The page crashed, mostly for want of memory, and is loaded again.",
        Reason::PageUnresponsive => "The page does not answer; the browser is started again.",
        Reason::PageLoadFailed => "WhatsApp Web could not be loaded: check the network. It is tried again by itself.",
        Reason::BrowserRefused => {
            "WhatsApp refuses this browser and asks for a newer one: update it, or unset USER_AGENT."
        }
        Reason::VersionDeprecated => {
            "WhatsApp calls the loaded page too old (405): update Chromium and session-manager, and unset USER_AGENT."
        }
        Reason::SurfaceChanged => {
            "WhatsApp Web changed: update session-manager, or set ADAPTER_PATH to a newer adapter."
        }
        Reason::AccountBlocked => "WhatsApp blocked this account: open WhatsApp on the phone and see why.",
        Reason::ProxyBlocked => "WhatsApp blocks this network address: use another network or PROXY_URL.",
        Reason::QrNotScanned => "No code was scanned in time; POST /connect shows new ones.",
        Reason::ServiceUnavailable => {
            "WhatsApp says that its service is not available (503); the page tries again by itself."
        }
        Reason::SendsUnconfirmed => "WhatsApp's server acknowledged none of the last sends; the page is loaded again.",
        Reason::LoginRefused => "WhatsApp refused the login: scan a new code.",
        Reason::ProfileInUse => "Another browser is using the profile: close it, then POST /connect.",
        Reason::NoDisplay => "LOGIN_MODE=local needs a display: set DISPLAY or use LOGIN_MODE=server.",
        Reason::ShuttingDown => "The service is stopping.",
    }
}

/// The sentence for a page that WhatsApp's server calls too old.
pub(super) fn of_outdated(pinned: bool) -> &'static str {
    if pinned {
        "WhatsApp calls the document of WHATSAPP_WEB_HTML too old (405): unset it and start the service again; once it is READY, \
         `session-manager page --save FILE` keeps a newer one."
    } else {
        of_reason(Reason::VersionDeprecated)
    }
}

/// The sentence for a page that could not be loaded, with the browser's word for it.
pub(super) fn of_load_failure(word: Option<&str>) -> String {
    let word = word.unwrap_or("the address could not be reached");
    match explained(word) {
        Some(NetError { cause, remedy, .. }) => {
            format!(
                "WhatsApp Web could not be loaded, because {cause} ({word}): {remedy}. It is tried again by itself."
            )
        }
        None => format!("WhatsApp Web could not be loaded ({word}): check the network. It is tried again by itself."),
    }
}

/// The sentence for a logout, with WhatsApp's own reason if it gave one.
pub(super) fn of_logout(why: Option<&str>) -> String {
    let cause = match why.unwrap_or_default() {
        "" | "user_initiated" => return of_reason(Reason::LoggedOut).to_owned(),
        "history_sync_timeout" | "syncd_timeout" | "critical_sync_timeout" => {
            "the phone did not send its first data in time: keep WhatsApp open on the phone and link it again"
        }
        "syncd_failure" | "syncd_error_during_bootstrap" | "account_sync_error" => {
            "the account's data could not be read: link the phone again"
        }
        "unknown_companion" => "WhatsApp no longer knows this device: link the phone again",
        "lid_migration_unmigrated_primary" => "the phone's WhatsApp is too old: update it, then link it again",
        other => return format!("WhatsApp Web logged out ({other}): link the phone again."),
    };
    format!("The device was unlinked: {cause}.")
}

/// The reason in the address of the document after a logout.
pub(super) fn of_post_logout(said: &PostLogout) -> Option<(Reason, String)> {
    let (reason, cause) = match said.reason? {
        0 => (
            Reason::LoginRefused,
            "WhatsApp Web could not use its storage: check the disk of TOKENS_DIR, then link the phone again",
        ),
        1 => (Reason::LoginRefused, "the account's data could not be synchronised: link the phone again"),
        2 => (
            Reason::LoginRefused,
            "the phone did not send its history in time: keep WhatsApp open on it and link again",
        ),
        3 => (Reason::AccountBlocked, "WhatsApp locked the account: open WhatsApp on the phone and see why"),
        _ => return None,
    };
    let own: Vec<_> = [&said.header, &said.subtext].into_iter().flatten().map(String::as_str).collect();
    let own = if own.is_empty() { String::new() } else { format!(" WhatsApp says: {}.", own.join(" ")) };
    Some((reason, format!("The device was unlinked: {cause}.{own}")))
}

pub(super) fn of_ban(ban: &Ban) -> String {
    let code = ban.code.map_or(String::new(), |code| format!(" (code {code})"));
    let until = match ban.until {
        Some(until) => format!("until {until}; it is not tried before that, and by itself after it"),
        None => "and names no end: open WhatsApp on the phone and see why".to_owned(),
    };
    let own = ban.message.as_ref().map_or(String::new(), |message| format!(" WhatsApp says: {message}."));
    format!("WhatsApp banned this account for a time{code} {until}.{own}")
}
