//! `PROXY_URL`: the proxy's address, and the user and password for it.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;

use crate::domain::secret::Secret;

pub(super) const ALLOWED: &str = "a proxy such as http://host:3128, http://USER:PASSWORD@host:3128 or socks5://host:1080 \
                                  (signs in user and password as in addresses: %40 for @; Chrome cannot log in to SOCKS)";

/// The proxy between Chrome and WhatsApp. `Display` prints the address without the login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// `scheme://host:port`, without user and password.
    pub server: String,
    pub login: Option<ProxyLogin>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyLogin {
    pub user: Secret,
    pub password: Secret,
}

impl ProxyLogin {
    /// The value of the header `Proxy-Authorization`.
    pub fn basic(&self) -> Secret {
        let words = format!("{}:{}", self.user.reveal(), self.password.reveal());
        Secret::new(format!("Basic {}", BASE64_STANDARD.encode(words)))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.server)
    }
}

pub(super) fn parse(text: &str) -> Option<Proxy> {
    let (scheme, rest) = text.split_once("://")?;
    let rest = rest.trim_end_matches('/');
    let (login, place) = match rest.rsplit_once('@') {
        Some((login, place)) => (Some(parse_login(login)?), place),
        None => (None, rest),
    };
    let server = format!("{}://{place}", scheme.to_ascii_lowercase());
    let uri: ::http::Uri = server.parse().ok()?;
    let can_log_in = match uri.scheme_str()? {
        "http" | "https" => true,
        "socks4" | "socks5" => false,
        _ => return None,
    };
    // `http` takes `:s3cret` and `:99999` as a port: the first is a password in the wrong place, which would be printed.
    let port = uri.authority()?.as_str().rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    let has_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let is_bare = has_port
        && !server.contains('#')
        && uri.host().is_some_and(|host| !host.is_empty())
        && matches!(uri.path(), "" | "/")
        && uri.query().is_none();
    (is_bare && (can_log_in || login.is_none())).then_some(Proxy { server, login })
}

/// The text without its user and password, also where it cannot be parsed.
pub(super) fn shown(text: &str) -> String {
    match text.rsplit_once('@') {
        Some((login, place)) => {
            let scheme = login.split_once("://").map(|(scheme, _)| format!("{scheme}://")).unwrap_or_default();
            format!("{scheme}***@{place}")
        }
        None if parse(text).is_some() => text.to_owned(),
        // `host:port:user:password`, as sellers of proxies write it, or `http://user:password`: only the host is shown.
        None => {
            let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
            let host = rest.split([':', '/', '#', '?']).next().unwrap_or_default();
            let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
            if host.len() == rest.len() { text.to_owned() } else { format!("{scheme}{host}:***") }
        }
    }
}

fn parse_login(text: &str) -> Option<ProxyLogin> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let (user, password) = (decoded(user)?, decoded(password)?);
    // HTTP separates user and password by the first colon, so the user must not contain a colon.
    let legal = !user.is_empty()
        && !user.contains(':')
        && ![&user, &password].iter().any(|word| word.contains(char::is_control));
    legal.then(|| ProxyLogin { user: Secret::new(user), password: Secret::new(password) })
}

/// Reads `%40` as `@`. None for a `%` without two hexadecimal digits: most likely a password that was not escaped.
fn decoded(text: &str) -> Option<String> {
    let is_escape =
        |after: &str| after.get(..2).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let is_escaped = text.split('%').skip(1).all(is_escape);
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    is_escaped.then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_login_is_taken_out_of_the_address() {
        let proxy = parse("http://ana%20m:p%40s%3As@Proxy.example:3128/").unwrap();
        assert_eq!(proxy.server, "http://Proxy.example:3128");
        let login = proxy.login.clone().unwrap();
        assert_eq!((login.user.reveal(), login.password.reveal()), ("ana m", "p@s:s"));
        assert_eq!(login.basic().reveal(), "Basic YW5hIG06cEBzOnM=");
        assert!(!format!("{proxy} {proxy:?}").contains("ana") && !format!("{proxy:?}").contains("p@s"));
        let bare = parse("https://user@[::1]:8443").unwrap();
        assert_eq!((bare.server.as_str(), bare.login.unwrap().password.reveal()), ("https://[::1]:8443", ""));
        assert_eq!(parse("socks5://h:1080").unwrap(), Proxy { server: "socks5://h:1080".to_owned(), login: None });
    }

    #[test]
    fn what_chrome_could_not_use_is_refused() {
        for text in [
            "proxy:3128",
            "ftp://h:1",
            "http://",
            "http://user:p@",
            "http://:p@h:1",
            "socks5://u:p@h:1080",
            "http://u:%4@h:1",
            "http://u:%zz@h:1",
            "http://a%3Ab:c@h:1",
            "http://u:a%0Ab@h:1",
            "http://h:1/path",
            "http://h:1?x",
            "http://h:1#x",
            "http://h:",
            "http://h:99999",
            "http://ana:s3cret",
            "http://h:1:ana:s3cret",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn however_it_is_mistyped_the_login_is_not_shown() {
        for text in ["http://ana:s3/cret@h:1", "ana:s3cret@h:1", "http://ana:s3@cret@h:1", "http://a?na:s3#cret@h:1"] {
            let shown = shown(text);
            assert!(!shown.contains("cret") && shown.ends_with("***@h:1"), "{shown}");
        }
        assert_eq!(shown("http://h:1"), "http://h:1");
        assert_eq!(shown("http://[::1]:1"), "http://[::1]:1");
        for text in ["http://h:1:ana:s3cret", "h:1:ana:s3cret", "http://ana:s3cret", "http://h:1#s3cret"] {
            assert!(!shown(text).contains("cret"), "{}", shown(text));
        }
        assert_eq!(shown("http://h:1:ana:s3cret"), "http://h:***");
    }
}
