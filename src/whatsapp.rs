//! WhatsApp Web as the service sees it: what can be asked of the page, and what the page reports. The names of
//! WhatsApp's modules stand in `adapter.js` and `history.js` and nowhere else.

mod answers;
mod page;
mod report;

use std::path::Path;
use std::time::Duration;

use rand::Rng;
use rand::distr::Alphanumeric;

use crate::browser::PageScript;
pub use answers::{
    Addons, ById, Entry, Found, Head, History, Known, Prepared, Resent, Restricted, Row, RowKey, Rows, RowsBack, Table,
};
pub use page::{Page, PageError};
pub use report::{Level, Missing, PageEvent, PairingEvent, PostLogout, Reader, SocketState, StreamState, Surface};

const BUILT_IN: &str = include_str!("whatsapp/adapter.js");
/// Its part that reads what the page remembers: given to the adapter, also to one from elsewhere.
const HISTORY: &str = include_str!("whatsapp/history.js");

/// The adapter with the names it goes by in one run of the browser.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// The property of `window` that answers calls.
    api: String,
    pub script: PageScript,
}

#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    #[error("ADAPTER_PATH {path} cannot be read ({source}): correct it or unset it")]
    Unreadable { path: String, source: std::io::Error },
    #[error("WHATSAPP_WEB_URL {0} has no host")]
    NoOrigin(String),
}

impl Adapter {
    /// The built-in adapter, or the one at `path`, made ready for the page at `url`. Blocking.
    pub fn load(path: Option<&Path>, url: &str, surface_settle: Duration) -> Result<Self, AdapterError> {
        let source = match path {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|source| AdapterError::Unreadable { path: path.display().to_string(), source })?,
            None => BUILT_IN.to_owned(),
        };
        let origin = origin(url).ok_or_else(|| AdapterError::NoOrigin(url.to_owned()))?;
        let (api, binding) = (unguessable(), unguessable());
        let options = serde_json::json!({
            "api": api,
            "binding": binding,
            "origin": origin,
            "settle_ms": surface_settle.as_millis(),
        });
        // Each file is one function expression; it ends before its last line break.
        let script = format!("{}\n({options},\n{});", source.trim_end(), HISTORY.trim_end());
        Ok(Self { api, script: PageScript { script, binding, origin } })
    }
}

/// The origin as a browser writes it: lower case, without the port that goes without saying.
fn origin(url: &str) -> Option<String> {
    let uri: ::http::Uri = url.parse().ok()?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?.to_ascii_lowercase());
    let implied = if scheme == "https" { 443 } else { 80 };
    Some(match uri.port_u16().filter(|port| *port != implied) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// A name that no script of the page comes upon: 62^20 possibilities.
fn unguessable() -> String {
    let tail = rand::rng().sample_iter(Alphanumeric).take(20).map(char::from);
    std::iter::once('a').chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_what_a_browser_calls_it() {
        assert_eq!(origin("https://web.whatsapp.com/"), Some("https://web.whatsapp.com".to_owned()));
        assert_eq!(origin("HTTP://Web.Example:80/x?y"), Some("http://web.example".to_owned()));
        assert_eq!(origin("http://127.0.0.1:8080/"), Some("http://127.0.0.1:8080".to_owned()));
    }

    #[test]
    fn no_two_runs_share_a_name() -> Result<(), AdapterError> {
        let load = || Adapter::load(None, "https://web.whatsapp.com/", Duration::from_secs(20));
        let (one, other) = (load()?, load()?);
        assert_ne!((&one.api, &one.script.binding), (&other.api, &other.script.binding));
        assert!(one.script.script.contains(&one.api));
        Ok(())
    }
}
