//! The allowed text of each setting.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use tracing_subscriber::filter::Targets;

pub(super) const BOOL: &str = "`true` or `false`";
pub(super) const SPAN: &str = "a span such as 50s or 5m, at most 24h";

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}

pub(super) fn span(text: &str) -> Option<Duration> {
    let day = Duration::from_secs(24 * 60 * 60);
    humantime::parse_duration(text).ok().filter(|span| !span.is_zero() && *span <= day)
}

pub(super) const LONG_SPAN: &str = "a span such as 90m or 72h, at most 720h";

pub(super) fn long_span(text: &str) -> Option<Duration> {
    let month = Duration::from_secs(720 * 60 * 60);
    humantime::parse_duration(text).ok().filter(|span| !span.is_zero() && *span <= month)
}

pub(super) fn days(text: &str) -> Option<u64> {
    text.parse().ok().filter(|days| (1..=3650).contains(days))
}

pub(super) const COUNT: &str = "a whole number, at most 10000";

/// No account makes more sends than this, per minute or at a time.
pub(super) fn count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|count| *count <= 10_000)
}

pub(super) const MEMORY: &str = "a number of MB, at least 256 and at most 1000000, or 0";

/// In bytes; None for 0. A browser with WhatsApp Web takes some 380 MB from its start on (measured on the real page).
pub(super) fn memory(text: &str) -> Option<Option<u64>> {
    match text.parse::<u64>().ok()? {
        0 => Some(None),
        megabytes @ 256..=1_000_000 => Some(Some(megabytes << 20)),
        _ => None,
    }
}

pub(super) const PAUSE: &str = "milliseconds such as 2000, or a range such as 1000-3000, at most 60000";

pub(super) fn pause(text: &str) -> Option<RangeInclusive<Duration>> {
    let (least, most) = text.split_once('-').unwrap_or((text, text));
    let millis = |text: &str| text.trim().parse().ok().filter(|millis| *millis <= 60_000).map(Duration::from_millis);
    let (least, most) = (millis(least)?, millis(most)?);
    (least <= most).then_some(least..=most)
}

pub(super) fn path(text: &str) -> Option<PathBuf> {
    (!text.contains('\0')).then(|| PathBuf::from(text))
}

pub(super) fn printable(text: &str) -> Option<String> {
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// A bare word that is not a level would count as a target, and all other targets would be silent.
pub(super) fn log_level(text: &str) -> Option<String> {
    let known = |part: &str| part.contains('=') || part.parse::<tracing::level_filters::LevelFilter>().is_ok();
    let legal = list(text).iter().all(|part| known(part)) && text.parse::<Targets>().is_ok();
    legal.then(|| text.to_owned())
}

pub(super) fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

pub(super) fn hosts(text: &str) -> Option<Vec<IpAddr>> {
    match text {
        "loopback" | "localhost" => Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]),
        _ => text.parse().ok().map(|ip| vec![ip]),
    }
}

pub(super) fn networks(text: &str) -> Option<Vec<IpNet>> {
    list(text).iter().map(|net| net.parse().ok().or_else(|| net.parse::<IpAddr>().ok().map(IpNet::from))).collect()
}

/// Origins as browsers send them: lower case, no path.
pub(super) fn origins(text: &str) -> Option<Vec<String>> {
    list(text).iter().map(|origin| self::origin(origin)).collect()
}

fn origin(text: &str) -> Option<String> {
    let uri: ::http::Uri = text.parse().ok()?;
    let scheme = uri.scheme_str().filter(|s| matches!(*s, "http" | "https"))?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    // A browser leaves out the default port.
    let implied = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.as_str().strip_suffix(implied).unwrap_or(authority.as_str());
    let bare = uri.query().is_none() && matches!(uri.path(), "" | "/");
    bare.then(|| format!("{scheme}://{authority}").to_ascii_lowercase())
}

pub(super) fn page_url(text: &str) -> Option<String> {
    let uri: ::http::Uri = text.parse().ok()?;
    let web = matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    web.then(|| text.to_owned())
}

/// An address that receives POST requests. A user and password in it would not be sent.
pub(super) fn endpoint(text: &str) -> Option<String> {
    let uri: ::http::Uri = text.parse().ok()?;
    let bare = !uri.authority()?.as_str().contains('@');
    page_url(text).filter(|_| bare)
}
