//! Addresses of files, as a caller writes them or a server redirects to them.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::public::is_public;

/// The longest address that is read.
const LENGTH_MAX: usize = 8 * 1024;

/// Why an address is refused. The sentence goes on after the name of the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    #[error("is no address of the web (http:// or https://) of at most {LENGTH_MAX} characters")]
    Scheme,
    #[error("has a user or a password in it: the service sends none")]
    Credentials,
    #[error("leads to an address that is private, of this machine or reserved (MEDIA_URL_PRIVATE=true allows those)")]
    Private,
    #[error("is redirected to an address that is not allowed")]
    Redirect,
    #[error("is redirected more than 5 times")]
    Redirects,
}

/// The address of a file. It may hold a token, so nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaUrl(Url);

impl fmt::Debug for MediaUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaUrl(…)")
    }
}

impl MediaUrl {
    /// # Errors
    /// [`UrlError`]: the service does not fetch from this address.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let url = Some(text.trim()).filter(|text| text.len() <= LENGTH_MAX).and_then(|text| Url::parse(text).ok());
        Self::checked(url.ok_or(UrlError::Scheme)?)
    }

    fn checked(mut url: Url) -> Result<Self, UrlError> {
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(UrlError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Credentials);
        }
        url.set_fragment(None);
        Ok(Self(url))
    }

    /// Where an answer from this address redirects to. No redirect leads from https to http.
    pub(super) fn redirected(&self, location: &str) -> Result<Self, UrlError> {
        let next = Some(location).filter(|location| location.len() <= LENGTH_MAX);
        let next = next.and_then(|location| self.0.join(location).ok()).ok_or(UrlError::Redirect)?;
        let next = Self::checked(next).map_err(|_| UrlError::Redirect)?;
        if self.0.scheme() == "https" && next.0.scheme() == "http" { Err(UrlError::Redirect) } else { Ok(next) }
    }

    /// A name is looked at when it is resolved, an address that is written as numbers here.
    pub(super) fn is_public(&self) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
            Some(Host::Domain(_)) => true,
            None => false,
        }
    }

    pub(super) fn url(&self) -> Url {
        self.0.clone()
    }

    /// The last part of the path.
    pub(super) fn filename(&self) -> Option<String> {
        let last = self.0.path_segments()?.next_back()?;
        let name = percent_decode_str(last).decode_utf8().ok()?.into_owned();
        Some(name).filter(|name| !name.trim().is_empty())
    }
}

/// The name of the file in a `Content-Disposition`: `filename*` in UTF-8, else `filename`.
pub(super) fn named(disposition: &str) -> Option<String> {
    let (mut plain, mut extended) = (None, None);
    for part in parameters(disposition) {
        let Some((name, value)) = part.split_once('=') else { continue };
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            "filename*" => extended = extended.or_else(|| utf8(value)),
            "filename" => plain = plain.or_else(|| Some(unquoted(value))),
            _ => {}
        }
    }
    extended.or(plain).filter(|name| !name.trim().is_empty())
}

fn utf8(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, name) = rest.split_once('\'')?;
    let name = percent_decode_str(name).decode_utf8().ok()?;
    charset.eq_ignore_ascii_case("utf-8").then(|| name.into_owned())
}

/// Splits at semicolons outside of quotes.
fn parameters(header: &str) -> Vec<&str> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, letter) in header.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                parts.push(&header[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&header[start..]);
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut letters = inner.chars();
    let mut name = String::new();
    while let Some(letter) = letters.next() {
        name.extend(if letter == '\\' { letters.next() } else { Some(letter) });
    }
    name
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_addresses_of_the_web_without_a_password_are_read() {
        for text in [
            "",
            "ftp://a/b",
            "file:///etc/passwd",
            "data:,x",
            "javascript:1",
            "http://",
            "//a/b",
            "a.com/b",
            "gopher://a",
        ] {
            assert_eq!(MediaUrl::parse(text), Err(UrlError::Scheme), "{text}");
        }
        assert_eq!(MediaUrl::parse(&format!("http://a/{}", "x".repeat(LENGTH_MAX))), Err(UrlError::Scheme));
        assert_eq!(MediaUrl::parse("http://user@a/b"), Err(UrlError::Credentials));
        assert_eq!(MediaUrl::parse("http://:pass@a/b"), Err(UrlError::Credentials));
        let url = MediaUrl::parse(" HTTPS://Example.com/a%20b.pdf?token=secret#part ").unwrap();
        assert_eq!(url.url().as_str(), "https://example.com/a%20b.pdf?token=secret");
        assert_eq!(url.filename().as_deref(), Some("a b.pdf"));
        assert!(!format!("{url:?}").contains("example"));
    }

    #[test]
    fn numbers_in_every_writing_are_seen_as_addresses() {
        for text in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://017700000001/",
            "http://127.0.0.1./",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://0/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            assert!(!MediaUrl::parse(text).unwrap().is_public(), "{text}");
        }
        assert!(MediaUrl::parse("http://8.8.8.8/").unwrap().is_public());
    }

    #[test]
    fn a_redirect_stays_in_the_web_and_does_not_lose_its_encryption() {
        let from = MediaUrl::parse("https://a.example/x/y?z").unwrap();
        let to = |location: &str| from.redirected(location).map(|url| url.url().to_string());
        assert_eq!(to("/b"), Ok("https://a.example/b".to_owned()));
        assert_eq!(to("c"), Ok("https://a.example/x/c".to_owned()));
        assert_eq!(to("//b.example/"), Ok("https://b.example/".to_owned()));
        for wrong in ["http://a.example/", "file:///etc/passwd", "https://u:p@b.example/", "https://", "http://[bad"] {
            assert_eq!(to(wrong), Err(UrlError::Redirect), "{wrong}");
        }
        assert!(MediaUrl::parse("http://a/").unwrap().redirected("https://b/").is_ok());
    }

    #[test]
    fn the_name_of_a_file_is_read_from_its_disposition() {
        for (header, name) in [
            ("attachment; filename=a.pdf", Some("a.pdf")),
            ("attachment; filename=\"a; b\\\"c.pdf\"", Some("a; b\"c.pdf")),
            ("attachment; filename=\"x.pdf\"; filename*=UTF-8''a%C3%B1o.pdf", Some("año.pdf")),
            ("inline; FILENAME*=utf-8'es'a.pdf", Some("a.pdf")),
            ("attachment; filename*=iso-8859-1''a%F1o.pdf; filename=b.pdf", Some("b.pdf")),
            ("inline", None),
            ("attachment; filename=\"\"", None),
            ("", None),
        ] {
            assert_eq!(named(header).as_deref(), name, "{header}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(https?://)?\\PC{0,40}", location in "\\PC{0,40}", header in "[a-z;=\"\\\\ '*%é-]{0,40}") {
            if let Ok(url) = MediaUrl::parse(&text) {
                let _ = (url.is_public(), url.filename(), url.redirected(&location));
            }
            let _ = named(&header);
        }
    }
}
