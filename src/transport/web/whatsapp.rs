//! WhatsApp Web as the service sees it: the calls to the page, and the page's reports. Only the files in `adapter/`
//! know the names of WhatsApp's modules.

mod answers;
mod document;
mod page;
mod payload;
mod report;
mod shapes;

use std::path::Path;
use std::time::Duration;

use rand::Rng;
use rand::distr::Alphanumeric;

use crate::transport::web::browser::PageScript;
pub use answers::directory;
pub use answers::{
    Addons, ById, Entry, Fetched, Found, Head, History, Known, Prepared, Resent, Restricted, Reupload, Row, RowKey,
    Rows, RowsBack, Table,
};
pub use document::{DocumentError, read as read_document};
pub use page::{Page, PageError, Typing, UploadProgress, UploadRequest, Uploaded};
pub use payload::Payload;
pub use report::{Level, Missing, PageEvent, PairingEvent, PostLogout, Reader, SocketState, StreamState, Surface};

/// The adapter's files. The first one is called with the options and all other files, in this order.
const FILES: [(&str, &str); 26] = [
    ("core.js", include_str!("whatsapp/adapter/core.js")),
    ("link.js", include_str!("whatsapp/adapter/link.js")),
    ("code.js", include_str!("whatsapp/adapter/code.js")),
    ("describe.js", include_str!("whatsapp/adapter/describe.js")),
    ("messages.js", include_str!("whatsapp/adapter/messages.js")),
    ("media.js", include_str!("whatsapp/adapter/media.js")),
    ("addons.js", include_str!("whatsapp/adapter/addons.js")),
    ("receipts.js", include_str!("whatsapp/adapter/receipts.js")),
    ("history.js", include_str!("whatsapp/adapter/history.js")),
    ("chats.js", include_str!("whatsapp/adapter/chats.js")),
    ("limits.js", include_str!("whatsapp/adapter/limits.js")),
    ("upload.js", include_str!("whatsapp/adapter/upload.js")),
    ("content.js", include_str!("whatsapp/adapter/content.js")),
    ("forwards.js", include_str!("whatsapp/adapter/forwards.js")),
    ("send.js", include_str!("whatsapp/adapter/send.js")),
    ("directory.js", include_str!("whatsapp/adapter/directory.js")),
    ("edits.js", include_str!("whatsapp/adapter/edits.js")),
    ("actions.js", include_str!("whatsapp/adapter/actions.js")),
    ("notices.js", include_str!("whatsapp/adapter/notices.js")),
    ("lazy.js", include_str!("whatsapp/adapter/lazy.js")),
    ("groups.js", include_str!("whatsapp/adapter/groups.js")),
    ("presence.js", include_str!("whatsapp/adapter/presence.js")),
    ("numbers.js", include_str!("whatsapp/adapter/numbers.js")),
    ("marks.js", include_str!("whatsapp/adapter/marks.js")),
    ("person.js", include_str!("whatsapp/adapter/person.js")),
    ("phone_calls.js", include_str!("whatsapp/adapter/phone_calls.js")),
];

/// The adapter, with the random names that it uses in one run of the browser.
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
    /// The built-in adapter, or the adapter at `path`, prepared for the page at `url`. A file at `path` replaces the
    /// whole adapter; a folder replaces the built-in files of the same names. Blocking.
    pub fn load(
        path: Option<&Path>,
        url: &str,
        surface_settle: Duration,
        shown_online: bool,
    ) -> Result<Self, AdapterError> {
        let files = match path {
            None => FILES.map(|(_, file)| file.to_owned()).to_vec(),
            Some(path) if path.is_dir() => {
                let read = |(name, built_in): (&str, &str)| {
                    let file = path.join(name);
                    if file.exists() { read(&file) } else { Ok(built_in.to_owned()) }
                };
                FILES.into_iter().map(read).collect::<Result<_, _>>()?
            }
            Some(path) => vec![read(path)?],
        };
        let origin = origin(url).ok_or_else(|| AdapterError::NoOrigin(url.to_owned()))?;
        let (api, binding) = (unguessable(), unguessable());
        let options = serde_json::json!({
            "api": api,
            "binding": binding,
            "origin": origin,
            "settle_ms": surface_settle.as_millis(),
            "available": shown_online,
        });
        // Each file is one function expression; it ends before its last line break.
        let (core, parts) = files.split_first().map_or(("", &[][..]), |(core, parts)| (core.as_str(), parts));
        let parts: Vec<_> = parts.iter().map(|part| part.trim_end()).collect();
        let script = format!("{}\n({options},\n[{}]);", core.trim_end(), parts.join(",\n"));
        Ok(Self { api, script: PageScript { script, binding, origin, document: None } })
    }
}

fn read(path: &Path) -> Result<String, AdapterError> {
    std::fs::read_to_string(path)
        .map_err(|source| AdapterError::Unreadable { path: path.display().to_string(), source })
}

/// The origin as a browser writes it: lower case, without the default port.
fn origin(url: &str) -> Option<String> {
    let uri: ::http::Uri = url.parse().ok()?;
    let (scheme, host) = (uri.scheme_str()?, uri.host()?.to_ascii_lowercase());
    let implied = if scheme == "https" { 443 } else { 80 };
    Some(match uri.port_u16().filter(|port| *port != implied) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// A name that no script of the page can guess: 62^20 possibilities.
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
        let load = || Adapter::load(None, "https://web.whatsapp.com/", Duration::from_secs(20), false);
        let (one, other) = (load()?, load()?);
        assert_ne!((&one.api, &one.script.binding), (&other.api, &other.script.binding));
        assert!(one.script.script.contains(&one.api));
        Ok(())
    }
}
