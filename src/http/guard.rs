//! Who may call: the token, the networks that need none, the origins and host names a browser may come from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};
use subtle::ConstantTimeEq;

use crate::host::config::Server;

use super::error::ApiError;
use super::{Front, docs, page};

/// Paths that need no token because they hold no data: monitoring has no token, and the operator types the token into the page.
fn is_free(path: &str) -> bool {
    let watched = path == "/health" || path.starts_with("/health/");
    watched || is_metas(path) || page::is_static(path) || docs::is_static(path)
}

/// Meta's webhook has a token and a signature of its own, and is called by the name that a proxy has in the internet.
fn is_metas(path: &str) -> bool {
    path == "/cloud/webhook"
}

pub async fn check<F: Front>(State(front): State<F>, request: Request, next: Next) -> Result<Response, ApiError> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let settings = &front.config().server;
    if !is_metas(request.uri().path()) {
        check_host(settings, request.headers())?;
    }
    if !is_free(request.uri().path()) {
        check_caller(settings, peer, request.headers())?;
    }
    check_origin(settings, request.method(), request.headers())?;
    Ok(next.run(request).await)
}

/// Without a token, a service on loopback answers only requests whose `Host` is a loopback name. A page of another site can
/// make its own name resolve to this machine (DNS rebinding); the browser then sends that name as `Host`.
fn check_host(settings: &Server, headers: &HeaderMap) -> Result<(), ApiError> {
    if settings.token.is_some() || !settings.is_loopback() {
        return Ok(());
    }
    // Every browser sends `Host`; HTTP/1.0 probes may send none.
    let mut hosts = headers.get_all(header::HOST).iter();
    if hosts.all(|host| host.to_str().is_ok_and(is_loopback_name)) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "HOST_NOT_ALLOWED",
        "Without API_TOKEN the service answers to localhost only.",
    ))
}

fn is_loopback_name(authority: &str) -> bool {
    let name = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, _)) => name,
        None => authority.rsplit_once(':').map_or(authority, |(name, _)| name),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn check_caller(settings: &Server, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<(), ApiError> {
    // On an IPv6 socket an IPv4 peer has a mapped address (::ffff:a.b.c.d).
    let peer = peer.map(|peer| peer.to_canonical());
    let trusted = peer.is_some_and(|peer| settings.trusted_peers.iter().any(|network| network.contains(&peer)));
    let open = settings.token.is_none() && (settings.trusted_peers.is_empty() || settings.is_loopback());
    if trusted || open || has_token(settings, headers) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNAUTHORIZED,
        "UNAUTHORIZED",
        "Send the token as `Authorization: Bearer …` or `X-API-Key`.",
    ))
}

fn has_token(settings: &Server, headers: &HeaderMap) -> bool {
    let Some(token) = &settings.token else { return false };
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = bearer.and_then(|value| value.split_once(' '));
    let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let key = headers.get("x-api-key").and_then(|value| value.to_str().ok());
    bearer.into_iter().chain(key).any(|given| given.as_bytes().ct_eq(token.reveal().as_bytes()).into())
}

/// A browser sends `Origin` with every request that may change something; other callers send none.
fn check_origin(settings: &Server, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let own = !host.is_empty() && (origin == format!("http://{host}") || origin == format!("https://{host}"));
    if own || settings.cors_origins.contains(&origin) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "ORIGIN_NOT_ALLOWED",
        "This page may not change anything here; CORS_ORIGINS names those that may.",
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use crate::host::config::Config;

    use super::*;

    fn settings(env: &[(&str, &str)]) -> Server {
        let env: BTreeMap<String, String> = env.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        Config::read(&env).unwrap().server
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn without_a_token_only_loopback_names_are_answered() {
        let open = settings(&[]);
        assert!(check_host(&open, &HeaderMap::new()).is_ok());
        for host in [
            "localhost:3001",
            "localhost.:3001",
            "127.0.0.1:3001",
            "[::1]:3001",
            "LOCALHOST",
            "127.1.2.3",
            "a.localhost:80",
        ] {
            assert!(check_host(&open, &headers(&[("host", host)])).is_ok(), "{host}");
        }
        for host in ["evil.example:3001", "", "localhost.evil.example", "192.168.1.7:3001", "[::2]:1"] {
            assert!(check_host(&open, &headers(&[("host", host)])).is_err(), "{host}");
        }
        let mut twice = headers(&[("host", "localhost")]);
        twice.append("host", "evil.example".parse().unwrap());
        assert!(check_host(&open, &twice).is_err());
        let guarded = settings(&[("API_TOKEN", "0123456789abcdef")]);
        assert!(check_host(&guarded, &headers(&[("host", "hub.example")])).is_ok());
    }

    #[test]
    fn the_token_is_taken_from_either_header() {
        let guarded = settings(&[("API_TOKEN", "0123456789abcdef")]);
        let peer = Some("127.0.0.1".parse().unwrap());
        for good in [
            ("authorization", "Bearer 0123456789abcdef"),
            ("authorization", "bearer  0123456789abcdef"),
            ("x-api-key", "0123456789abcdef"),
        ] {
            assert!(check_caller(&guarded, peer, &headers(&[good])).is_ok(), "{good:?}");
        }
        for bad in [
            ("authorization", "Bearer 0123456789abcdeF"),
            ("authorization", "0123456789abcdef"),
            ("x-api-key", ""),
            ("cookie", "x"),
        ] {
            assert!(check_caller(&guarded, peer, &headers(&[bad])).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn trusted_networks_need_no_token_and_others_do() {
        let server = settings(&[("HOST", "0.0.0.0"), ("TRUSTED_PEERS", "10.0.0.0/8")]);
        let caller = |ip: &str| check_caller(&server, Some(ip.parse().unwrap()), &HeaderMap::new()).is_ok();
        assert!(caller("10.1.2.3") && caller("::ffff:10.1.2.3"));
        // A reverse proxy on this machine connects from loopback for callers of any address, so loopback is trusted only if the
        // setting names it.
        assert!(
            !caller("127.0.0.1") && !caller("192.168.1.1") && check_caller(&server, None, &HeaderMap::new()).is_err()
        );
    }

    #[test]
    fn only_known_origins_change_anything() {
        let server = settings(&[("CORS_ORIGINS", "https://hub.example")]);
        let post = |origin: &str| {
            check_origin(&server, &Method::POST, &headers(&[("origin", origin), ("host", "localhost:3001")])).is_ok()
        };
        assert!(post("http://localhost:3001") && post("https://hub.example"));
        assert!(!post("https://evil.example") && !post("null") && !post("http://localhost:3002"));
        assert!(check_origin(&server, &Method::POST, &headers(&[("host", "localhost")])).is_ok(), "curl sends none");
        assert!(check_origin(&server, &Method::GET, &headers(&[("origin", "https://evil.example")])).is_ok());
    }
}
