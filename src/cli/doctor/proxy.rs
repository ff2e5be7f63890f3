//! The proxy of PROXY_URL: whether it answers, and whether it lets this machine through to the page.

use std::time::Duration;

use ::http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};

use crate::host::config::{Browser, Proxy};

use super::Finding;

const CHECK: &str = "proxy";
/// A proxy that does not answer in this time does not answer Chrome in time either.
const DEADLINE: Duration = Duration::from_secs(10);
/// The most bytes that are read of an answer; its first line is shorter.
const HEAD_MAX: usize = 4096;

/// The result of asking the proxy for a connection to the page.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Came {
    /// The status of its answer.
    Status(u16),
    /// The proxy takes connections; the check does not know its protocol (SOCKS).
    Connected,
    NoName(String),
    Refused(String),
    Silence,
    Rubbish,
}

pub(super) async fn check(settings: &Browser) -> Option<Finding> {
    let proxy = settings.proxy.as_ref()?;
    let came = tokio::time::timeout(DEADLINE, ask(proxy, &settings.url)).await.unwrap_or(Came::Silence);
    let is_tunnel = !settings.url.starts_with("http:");
    Some(judge(proxy, &came, is_tunnel))
}

async fn ask(proxy: &Proxy, page: &str) -> Came {
    let (Ok(server), Ok(page)) = (proxy.server.parse::<Uri>(), page.parse::<Uri>()) else { return Came::Rubbish };
    let scheme = server.scheme_str().unwrap_or_default();
    let implied = match scheme {
        "http" => 80,
        "https" => 443,
        _ => 1080,
    };
    let host = server.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let addresses = match lookup_host((host, server.port_u16().unwrap_or(implied))).await {
        Ok(addresses) => addresses.collect::<Vec<_>>(),
        Err(error) => return Came::NoName(error.to_string()),
    };
    let mut stream = match TcpStream::connect(addresses.as_slice()).await {
        Ok(stream) => stream,
        Err(error) => return Came::Refused(error.to_string()),
    };
    if scheme != "http" {
        return Came::Connected;
    }
    if stream.write_all(request(proxy, &page).as_bytes()).await.is_err() {
        return Came::Rubbish;
    }
    let mut head = Vec::new();
    while !head.contains(&b'\n') && head.len() < HEAD_MAX {
        match stream.read_buf(&mut head).await {
            Ok(0) | Err(_) => return Came::Rubbish,
            Ok(_) => {}
        }
    }
    let head = String::from_utf8_lossy(&head);
    let status = head.strip_prefix("HTTP/").and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    status.map_or(Came::Rubbish, Came::Status)
}

/// The request that Chrome would make: CONNECT for an https page, or the page itself for http.
fn request(proxy: &Proxy, page: &Uri) -> String {
    let host = page.host().unwrap_or_default();
    let (target, line) = match page.scheme_str() {
        Some("http") => {
            let target = format!("{host}:{}", page.port_u16().unwrap_or(80));
            let line = format!("HEAD http://{target}/ HTTP/1.1");
            (target, line)
        }
        _ => {
            let target = format!("{host}:{}", page.port_u16().unwrap_or(443));
            let line = format!("CONNECT {target} HTTP/1.1");
            (target, line)
        }
    };
    let login = proxy.login.as_ref().map(|login| format!("Proxy-Authorization: {}\r\n", login.basic().reveal()));
    format!("{line}\r\nHost: {target}\r\n{}Connection: close\r\n\r\n", login.unwrap_or_default())
}

/// `is_tunnel`: the proxy was asked for CONNECT, and not for the page itself.
fn judge(proxy: &Proxy, came: &Came, is_tunnel: bool) -> Finding {
    let failure = |why: String, remedy: &str| Finding::failure(CHECK, format!("{proxy} {why}"), remedy);
    match came {
        Came::Status(407) if proxy.login.is_some() => failure(
            "does not take the user and password of PROXY_URL (407)".to_owned(),
            "correct them in PROXY_URL; signs such as @ and : are written %40 and %3A there",
        ),
        Came::Status(407) => failure(
            "wants a user and a password (407)".to_owned(),
            "set PROXY_URL=http://USER:PASSWORD@HOST:PORT, or let this machine through without them",
        ),
        Came::Status(status @ (401 | 403 | 405)) => failure(
            format!("refuses the way to the page ({status})"),
            "let it pass CONNECT to port 443 of the page's host, or set PROXY_URL to another one",
        ),
        Came::Status(status @ 500..) => failure(
            format!("lets this machine through, and cannot reach the page itself ({status})"),
            "see that the proxy reaches the internet and knows the page's name",
        ),
        // A tunnel is open with 200 alone; an ordinary web server answers CONNECT with 400, 404 or a redirect.
        Came::Status(status) if is_tunnel && !(200..300).contains(status) => failure(
            format!("answers {status} when it is asked for a tunnel to the page"),
            "see that PROXY_URL names a proxy that takes CONNECT, and not a web server",
        ),
        Came::Status(_) => Finding::ok(CHECK, format!("{proxy} lets this machine through to the page")),
        Came::Connected => Finding::ok(CHECK, format!("{proxy} takes connections")),
        Came::NoName(why) => failure(
            format!("cannot be reached: its name is not known ({why})"),
            "correct the host in PROXY_URL, or check /etc/resolv.conf",
        ),
        Came::Refused(why) => {
            failure(format!("cannot be connected to ({why})"), "check PROXY_URL and that the proxy runs")
        }
        Came::Silence => failure(
            format!("does not answer within {} s", DEADLINE.as_secs()),
            "let this machine out to the proxy's port in the firewall, or correct PROXY_URL",
        ),
        Came::Rubbish => failure(
            "answers something that is not HTTP".to_owned(),
            "set the scheme in PROXY_URL that the proxy speaks: http, https, socks4 or socks5",
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::{BTreeMap, BTreeSet};

    use tokio::net::TcpListener;

    use super::super::report::Status;
    use super::*;
    use crate::host::config::Config;

    fn settings(proxy: &str) -> Browser {
        Config::read(&BTreeMap::from([("PROXY_URL".to_owned(), proxy.to_owned())])).unwrap().browser
    }

    #[test]
    fn each_trouble_has_its_own_sentence_and_none_has_the_password() {
        let [open, closed] = ["http://p:1", "http://ana:s3cret@p:1"].map(|url| settings(url).proxy.unwrap());
        let cases = [
            (&open, Came::Status(407)),
            (&closed, Came::Status(407)),
            (&closed, Came::Status(403)),
            (&closed, Came::Status(502)),
            (&closed, Came::NoName("x".to_owned())),
            (&closed, Came::Refused("x".to_owned())),
            (&closed, Came::Silence),
            (&closed, Came::Rubbish),
        ];
        let findings = cases.map(|(proxy, came)| judge(proxy, &came, true));
        assert!(findings.iter().all(|finding| finding.status == Status::Failure && finding.remedy.is_some()));
        assert_eq!(findings.iter().map(|finding| &finding.detail).collect::<BTreeSet<_>>().len(), findings.len());
        assert!(!format!("{findings:?}").contains("s3cret") && !format!("{findings:?}").contains("ana"));
        assert_eq!(judge(&closed, &Came::Status(200), true).status, Status::Ok);
        for status in [302, 400, 404, 429] {
            assert_eq!(judge(&open, &Came::Status(status), true).status, Status::Failure, "no tunnel: {status}");
            assert_eq!(
                judge(&open, &Came::Status(status), false).status,
                Status::Ok,
                "the page's own answer: {status}"
            );
        }
    }

    #[tokio::test]
    async fn the_proxy_is_asked_for_a_tunnel_with_the_login() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://ana:s3cret@{}", listener.local_addr().unwrap());
        let asked = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 4096];
            let read = stream.read(&mut head).await.unwrap();
            stream.write_all(b"HTTP/1.1 407 No\r\n\r\n").await.unwrap();
            String::from_utf8(head[..read].to_vec()).unwrap()
        });
        let found = check(&settings(&url)).await.unwrap();
        assert!(found.detail.contains("does not take the user"), "{found:?}");
        let asked = asked.await.unwrap();
        assert!(asked.starts_with("CONNECT web.whatsapp.com:443 HTTP/1.1\r\n"), "{asked}");
        assert!(asked.contains("Proxy-Authorization: Basic YW5hOnMzY3JldA=="), "{asked}");
        let gone = check(&settings(&url)).await.unwrap();
        assert!(gone.detail.contains("cannot be connected to"), "{gone:?}");
        assert!(check(&settings("")).await.is_none());
    }
}
