//! Whether WhatsApp's page can be reached: through Chrome if Chrome starts, otherwise by a plain connection.

use std::time::{Duration, Instant};

use ::http::Uri;
use tokio::net::{TcpStream, lookup_host};

use crate::host::config::Browser;
use crate::transport::web::browser::{NetError, explained as net_explained};
use crate::transport::web::whatsapp::read_document;

use super::Finding;

const CHECK: &str = "page";
/// A host that does not answer in this time is most likely behind a firewall that drops packets.
const DEADLINE: Duration = Duration::from_secs(5);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) took: Duration,
    /// Whether Chrome loaded the page; otherwise only a connection was made.
    pub(super) by_browser: bool,
    /// By how many milliseconds the host's clock is ahead of this machine's.
    pub(super) clock: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Chrome's name of the error, such as `net::ERR_NAME_NOT_RESOLVED`.
    Browser(String),
    Name(String),
    Connection(String),
    Silence,
}

/// Connects to the page's host, or to the proxy in front of it.
pub(super) async fn connect(settings: &Browser) -> Result<Answer, Trouble> {
    let begun = Instant::now();
    let connected = tokio::time::timeout(DEADLINE, async {
        let (host, port) = target(settings).ok_or_else(|| Trouble::Name("it has no host".to_owned()))?;
        let addresses = lookup_host((host.as_str(), port)).await.map_err(|error| Trouble::Name(error.to_string()))?;
        let stream = TcpStream::connect(addresses.collect::<Vec<_>>().as_slice()).await;
        stream.map_err(|error| Trouble::Connection(error.to_string()))
    });
    connected.await.map_err(|_| Trouble::Silence)??;
    Ok(Answer { took: begun.elapsed(), by_browser: false, clock: None })
}

fn target(settings: &Browser) -> Option<(String, u16)> {
    let uri: Uri = settings.proxy.as_ref().map_or(&settings.url, |proxy| &proxy.server).parse().ok()?;
    let implied = match uri.scheme_str() {
        Some("http") => 80,
        Some("socks4" | "socks5") => 1080,
        _ => 443,
    };
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']');
    Some((host.to_owned(), uri.port_u16().unwrap_or(implied)))
}

pub(super) fn judge(settings: &Browser, answer: &Result<Answer, Trouble>) -> Finding {
    let via = settings.proxy.as_ref().map(|proxy| format!(" through {proxy}")).unwrap_or_default();
    // A user and a password in the address must not be printed.
    let page = settings.url.rsplit_once('@').map_or(settings.url.as_str(), |(_, rest)| rest);
    match answer {
        Ok(Answer { took, by_browser, .. }) => {
            let how = if *by_browser { "answers Chrome" } else { "can be connected to" };
            Finding::ok(CHECK, format!("{page} {how}{via}, in {} ms", took.as_millis()))
        }
        Err(trouble) => {
            let (why, remedy) = explained(trouble, settings.proxy.is_some());
            Finding::failure(CHECK, format!("{page} cannot be reached{via}: {why}"), remedy)
        }
    }
}

fn explained(trouble: &Trouble, has_proxy: bool) -> (String, &'static str) {
    const NAME: &str = "look the name up by hand and check /etc/resolv.conf, or WHATSAPP_WEB_URL where that is set";
    const PROXY: &str = "check PROXY_URL and that the proxy runs";
    const WAY: &str = "let this machine out to it (TCP port 443) in the firewall, or set PROXY_URL";
    let way = if has_proxy { PROXY } else { WAY };
    match trouble {
        Trouble::Name(why) => (format!("its name is not known ({why})"), NAME),
        Trouble::Connection(why) => (why.clone(), way),
        Trouble::Silence => (format!("no answer within {} s", DEADLINE.as_secs()), way),
        Trouble::Browser(word) => match net_explained(word) {
            Some(NetError { cause, remedy, on_the_way }) => {
                (format!("{cause} ({word})"), if on_the_way && has_proxy { PROXY } else { remedy })
            }
            None => (word.clone(), way),
        },
    }
}

/// The document that is used instead of the network's, if one is.
pub(super) fn document(settings: &Browser) -> Option<Finding> {
    const CHECK: &str = "document";
    let path = settings.html.as_ref()?;
    Some(match read_document(path) {
        Ok(_) => Finding::ok(CHECK, format!("the page's version is pinned by {}", path.display())),
        Err(error) => Finding::failure(CHECK, error.to_string(), "do what the sentence says"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::super::report::Status;
    use super::*;
    use crate::host::config::Config;

    fn settings(pairs: &[(&str, &str)]) -> Browser {
        let env: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Config::read(&env).unwrap().browser
    }

    #[test]
    fn the_proxy_is_what_is_connected_to() {
        assert_eq!(target(&settings(&[])).unwrap(), ("web.whatsapp.com".to_owned(), 443));
        assert_eq!(target(&settings(&[("PROXY_URL", "socks5://p")])).unwrap(), ("p".to_owned(), 1080));
        assert_eq!(target(&settings(&[("WHATSAPP_WEB_URL", "http://[::1]:9/")])).unwrap(), ("::1".to_owned(), 9));
    }

    #[test]
    fn each_trouble_has_its_remedy() {
        let word = |word: &str| explained(&Trouble::Browser(word.to_owned()), false).1;
        assert!(word("net::ERR_NAME_NOT_RESOLVED").contains("resolv.conf"));
        assert!(word("net::ERR_PROXY_CONNECTION_FAILED").contains("PROXY_URL"));
        assert!(word("net::ERR_CERT_DATE_INVALID").contains("clock"));
        assert!(word("net::ERR_CONNECTION_TIMED_OUT").contains("firewall"));
        let login = explained(&Trouble::Browser("net::ERR_INVALID_AUTH_CREDENTIALS".to_owned()), true);
        assert!(login.0.contains("407") && login.1.contains("USER:PASSWORD@HOST"), "{login:?}");
        assert!(explained(&Trouble::Silence, true).1.contains("proxy runs"));
    }

    #[test]
    fn a_pinned_document_is_looked_at() {
        assert_eq!(document(&settings(&[])), None);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("page.html");
        let pinned = settings(&[("WHATSAPP_WEB_HTML", file.to_str().unwrap())]);
        let gone = document(&pinned).unwrap();
        assert!(gone.status == Status::Failure && gone.detail.contains("WHATSAPP_WEB_HTML"), "{gone:?}");
        std::fs::write(&file, "<!DOCTYPE html>").unwrap();
        assert_eq!(document(&pinned).unwrap().status, Status::Ok);
    }

    #[tokio::test]
    async fn a_closed_port_is_a_failure_and_an_open_one_is_not() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = settings(&[("WHATSAPP_WEB_URL", &format!("http://{}/", listener.local_addr().unwrap()))]);
        assert_eq!(judge(&settings, &connect(&settings).await).status, Status::Ok);
        drop(listener);
        let closed = judge(&settings, &connect(&settings).await);
        assert!(closed.status == Status::Failure && closed.detail.contains("refused"), "{closed:?}");
    }
}
