//! Fetches the file that a caller names by its address, without lending the caller the place of this machine in its network:
//! no private addresses, also behind a name or a redirect, no credentials, no proxy, a size and a time.

mod address;
mod public;

use std::error::Error;
use std::io;
use std::time::Duration;

use http::{HeaderMap, HeaderName, StatusCode, header};
use reqwest::{Response, redirect};
use tokio::time::{Instant, timeout, timeout_at};

use crate::blobs::{BlobError, Blobs, Pin};
use crate::host::http_client;
pub use address::{MediaUrl, UrlError};
use public::{NotPublic, PublicOnly};

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// A server that sends nothing for this long is given up.
const SILENCE: Duration = Duration::from_secs(20);
const REDIRECTS_MAX: usize = 5;
/// Larger pieces take fewer calls of the disk.
const PIECE: usize = 256 << 10;

/// Fetches files. Cheap to clone.
#[derive(Clone)]
pub struct Fetcher {
    http: reqwest::Client,
    blobs: Blobs,
    allow_private: bool,
    /// The largest file, in bytes.
    max: u64,
}

/// A file that was fetched, and what its server says about it.
#[derive(Debug)]
pub struct Fetched {
    pub pin: Pin,
    pub mimetype: Option<String>,
    pub filename: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error(transparent)]
    Refused(#[from] UrlError),
    /// The words name no address.
    #[error("the file could not be fetched: {0}")]
    Failed(String),
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

impl Fetcher {
    /// Reads the system's certificates. Blocking. `allow_private` is `MEDIA_URL_PRIVATE`.
    ///
    /// # Errors
    /// The client cannot be made.
    pub fn new(blobs: Blobs, max: u64, allow_private: bool) -> io::Result<Self> {
        // Without certificates the addresses of http:// are still reached.
        let client = http_client::with_system_certificates().or_else(|error| {
            tracing::warn!(%error, "no certificates of this system can be read: files of https:// addresses are not fetched");
            http_client::without_certificates()
        })?;
        let client = client
            .connect_timeout(CONNECT_DEADLINE)
            .pool_max_idle_per_host(0)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .user_agent(concat!("session-manager/", env!("CARGO_PKG_VERSION")));
        let client = if allow_private { client } else { client.dns_resolver(PublicOnly) };
        let http = client.build().map_err(io::Error::other)?;
        Ok(Self { http, blobs, allow_private, max })
    }

    /// Fetches a file until `deadline`.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn fetch(&self, url: &MediaUrl, deadline: Instant) -> Result<Fetched, FetchError> {
        let late = |_| FetchError::Failed("it did not arrive in time".to_owned());
        timeout_at(deadline, self.fetch_all(url)).await.map_err(late)?
    }

    async fn fetch_all(&self, url: &MediaUrl) -> Result<Fetched, FetchError> {
        let (mut url, mut redirects) = (url.clone(), 0);
        let response = loop {
            let response = self.get(&url).await?;
            let Some(location) = location(&response) else { break response };
            redirects += 1;
            if redirects > REDIRECTS_MAX {
                return Err(UrlError::Redirects.into());
            }
            url = url.redirected(&location?)?;
        };
        if response.status() != StatusCode::OK {
            return Err(FetchError::Failed(format!("its server answered {}", response.status().as_u16())));
        }
        let headers = response.headers();
        if text(headers, &header::CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
            return Err(FetchError::Failed("its server compressed it although it was not asked to".to_owned()));
        }
        let mimetype = text(headers, &header::CONTENT_TYPE);
        let disposition = text(headers, &header::CONTENT_DISPOSITION);
        let filename = disposition.as_deref().and_then(address::named).or_else(|| url.filename());
        let pin = self.keep(response).await?;
        Ok(Fetched { pin, mimetype, filename })
    }

    async fn get(&self, url: &MediaUrl) -> Result<Response, FetchError> {
        if !self.allow_private && !url.is_public() {
            return Err(UrlError::Private.into());
        }
        self.http.get(url.url()).header(header::ACCEPT, "*/*").send().await.map_err(failed)
    }

    async fn keep(&self, mut response: Response) -> Result<Pin, FetchError> {
        let announced = response.content_length();
        let mut writer = self.blobs.writer(announced, self.max).await?;
        let mut piece = Vec::with_capacity(PIECE);
        loop {
            let silent = |_| FetchError::Failed("its server fell silent".to_owned());
            let chunk = timeout(SILENCE, response.chunk()).await.map_err(silent)?.map_err(failed)?;
            piece.extend_from_slice(chunk.as_deref().unwrap_or_default());
            if piece.len() >= PIECE || chunk.is_none() {
                writer.write(std::mem::replace(&mut piece, Vec::with_capacity(PIECE))).await?;
            }
            if chunk.is_none() {
                break;
            }
        }
        Ok(writer.finish().await?.pin)
    }
}

/// Where an answer redirects to, if it does.
fn location(response: &Response) -> Option<Result<String, UrlError>> {
    matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308)
        .then(|| text(response.headers(), &header::LOCATION).ok_or(UrlError::Redirect))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?;
    Some(std::str::from_utf8(value.as_bytes()).ok()?.trim().to_owned()).filter(|value| !value.is_empty())
}

/// The causes of an error may quote the address or the name in it, so the words are ours.
fn failed(error: reqwest::Error) -> FetchError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
    while let Some(found) = cause {
        if found.is::<NotPublic>() {
            return UrlError::Private.into();
        }
        cause = found.source();
    }
    FetchError::Failed(
        match () {
            () if error.is_timeout() => "its server did not answer in time",
            () if error.is_connect() => "its server cannot be reached",
            () if error.is_body() || error.is_decode() => "it broke off",
            () => "its server did not answer as a server of the web",
        }
        .to_owned(),
    )
}

#[cfg(test)]
mod tests;
