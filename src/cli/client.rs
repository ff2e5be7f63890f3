//! A client of the running service: plain HTTP to the HOST and PORT of the settings, with API_TOKEN.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::domain::secret::Secret;
use crate::host::config::{Config, Server};
use crate::host::http_client;

use super::options::ServiceOptions;
use super::{Failure, UNAVAILABLE, USAGE};

/// The longest answer takes 5 s: `/disconnect` answers once the browser is closed.
const DEADLINE: Duration = Duration::from_secs(15);

pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<Secret>,
}

impl Client {
    pub(super) fn new(options: &ServiceOptions, config: &Config) -> Result<Self, Failure> {
        let url = match &options.url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => address(&config.server)?,
        };
        let is_tls = url.starts_with("https:");
        let builder =
            if is_tls { http_client::with_system_certificates() } else { http_client::without_certificates() };
        let http = builder.and_then(|builder| builder.timeout(DEADLINE).build().map_err(io::Error::other));
        let http = http.map_err(|error| Failure::refused(format!("no HTTP client could be made: {error}")))?;
        Ok(Self { http, url, token: config.server.token.clone() })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// `GET /status`.
    pub(super) async fn status(&self) -> Result<Value, Failure> {
        let response = self.call(Method::GET, "/status").await?;
        let status: Value = response.json().await.map_err(|_| self.stranger())?;
        if status["state"].is_string() && status["status"].is_string() { Ok(status) } else { Err(self.stranger()) }
    }

    /// `GET /capabilities`.
    pub(super) async fn capabilities(&self) -> Result<Value, Failure> {
        let response = self.call(Method::GET, "/capabilities").await?;
        let table: Value = response.json().await.map_err(|_| self.stranger())?;
        if table["capabilities"].is_array() { Ok(table) } else { Err(self.stranger()) }
    }

    /// `GET /document`.
    pub(super) async fn document(&self) -> Result<Vec<u8>, Failure> {
        let response = self.call(Method::GET, "/document").await?;
        let is_one = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/octet-stream");
        if !is_one {
            return Err(self.stranger());
        }
        response.bytes().await.map(Vec::from).map_err(|error| self.silent(&error))
    }

    /// Has all dead letters of a target tried again; gives their number.
    pub(super) async fn replay(&self, target: &str) -> Result<u64, Failure> {
        let query: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let response = self.call(Method::POST, &format!("/deliveries/dead/replay?target={query}")).await?;
        let answer: Value = response.json().await.map_err(|_| self.stranger())?;
        answer["replaying"].as_u64().ok_or_else(|| self.stranger())
    }

    /// The code as half-block characters; None if there is no code now.
    pub(super) async fn code(&self) -> Result<Option<String>, Failure> {
        let response = self.call(Method::GET, "/qr.txt").await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        response.text().await.map(Some).map_err(|error| self.silent(&error))
    }

    pub(super) async fn connect(&self) -> Result<(), Failure> {
        self.call(Method::POST, "/connect").await.map(drop)
    }

    /// Returns once the browser is closed.
    pub(super) async fn disconnect(&self) -> Result<(), Failure> {
        self.call(Method::POST, "/disconnect").await.map(drop)
    }

    /// The answer; None for 404.
    async fn call(&self, method: Method, path: &str) -> Result<Response, Failure> {
        let is_post = method == Method::POST;
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        if is_post {
            request = request.header(CONTENT_TYPE, "application/json").body("{}");
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.reveal());
        }
        let response = request.send().await.map_err(|error| self.silent(&error))?;
        let status = response.status();
        if status.is_success() || status == StatusCode::NOT_FOUND {
            return Ok(response);
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(Failure::refused(format!("{} wants its token: set API_TOKEN to the service's own", self.url)));
        }
        let said: Value = response.json().await.unwrap_or_default();
        let said = said["message"].as_str().map_or_else(|| status.to_string(), str::to_owned);
        Err(Failure::refused(format!("the service refused: {said}")))
    }

    fn silent(&self, error: &reqwest::Error) -> Failure {
        if error.is_builder() {
            return Failure::new(USAGE, format!("{} is not the address of a service: http://HOST:PORT", self.url));
        }
        let why = if error.is_timeout() { "does not answer in time" } else { "does not answer" };
        let remedy = "start the service, or say where it is with PORT or --url";
        Failure::new(UNAVAILABLE, format!("{} {why}: {remedy}", self.url))
    }

    fn stranger(&self) -> Failure {
        let sentence = format!("{} answers, but is no session-manager: set PORT or --url", self.url);
        Failure::new(UNAVAILABLE, sentence)
    }
}

/// The address under which this machine reaches a service with these settings.
fn address(server: &Server) -> Result<String, Failure> {
    if server.port == 0 {
        let sentence = "PORT=0 lets the service take any port: say which with --url (its log names it)";
        return Err(Failure::new(USAGE, sentence));
    }
    let host = match server.hosts.first() {
        Some(IpAddr::V6(host)) if host.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        Some(host) if !host.is_unspecified() => *host,
        _ => Ipv4Addr::LOCALHOST.into(),
    };
    Ok(format!("http://{}", SocketAddr::new(host, server.port)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;

    fn address_of(pairs: &[(&str, &str)]) -> Result<String, Failure> {
        let env: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        address(&Config::read(&env).unwrap().server)
    }

    #[test]
    fn the_service_is_where_its_settings_say() {
        let token = ("API_TOKEN", "0123456789abcdef");
        assert_eq!(address_of(&[]).unwrap(), "http://127.0.0.1:3001");
        assert_eq!(address_of(&[("HOST", "0.0.0.0"), ("PORT", "80"), token]).unwrap(), "http://127.0.0.1:80");
        assert_eq!(address_of(&[("HOST", "::"), token]).unwrap(), "http://[::1]:3001");
        assert_eq!(address_of(&[("HOST", "10.0.0.5"), token]).unwrap(), "http://10.0.0.5:3001");
        assert!(address_of(&[("PORT", "0")]).unwrap_err().sentence.contains("--url"));
    }
}
