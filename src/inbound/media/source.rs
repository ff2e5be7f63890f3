//! The page, as the task that fetches files asks it.

use std::time::Duration;

use crate::domain::media::BlobId;
use crate::domain::message::MessageId;
use crate::domain::state::State;
use crate::transport::web::browser::BlobReader;
use crate::transport::web::session::Handle;
use crate::transport::web::whatsapp::{Page, PageError, Reupload};

/// A download takes at most this long, and as much longer as the file takes at the slowest speed that is waited for.
const DOWNLOAD: Duration = Duration::from_secs(120);
const SLOWEST_PER_S: u64 = 32 << 10;
/// The deadline of a slice; the browser takes milliseconds.
const SLICE: Duration = Duration::from_secs(20);

/// Why a file was not fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The session is not READY: nothing was tried.
    NotReady,
    /// WhatsApp's host no longer has the file.
    Gone,
    /// WhatsApp gives the file to no linked device.
    Unavailable,
    /// The bytes are not those of the message.
    Broken,
    /// More bytes came than are fetched, whatever the message announces.
    TooLarge,
    /// It may work later; the reason, for the log.
    Later(String),
}

/// A file that the page has fetched, and keeps until it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fetched {
    pub size: u64,
    pub sha256: BlobId,
}

pub(super) trait Source: Clone + Send + Sync + 'static {
    type Reader: Reader;
    /// Has the page fetch a file of at most `max` bytes and keep it under `token`. `path` is where the phone has uploaded it again.
    fn fetch(
        &self,
        message: &MessageId,
        token: &str,
        size: Option<u64>,
        max: u64,
        path: Option<&str>,
    ) -> impl Future<Output = Result<Fetched, Failure>> + Send;
    /// Asks the phone to upload the file again; the new path.
    fn upload_again(&self, message: &MessageId) -> impl Future<Output = Result<String, Failure>> + Send;
    fn open(&self, token: &str) -> impl Future<Output = Result<Self::Reader, Failure>> + Send;
    /// Has the page forget a file.
    fn forget(&self, token: &str) -> impl Future<Output = ()> + Send;
}

pub(super) trait Reader: Send {
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, Failure>> + Send;
}

/// The page of the present session.
#[derive(Clone)]
pub(super) struct Session {
    pub handle: Handle,
    /// The page ends a download of which nothing came for this long.
    pub stall: Duration,
    /// How long the phone may take to upload a file again.
    pub phone: Duration,
}

impl Source for Session {
    type Reader = BlobReader;

    async fn fetch(
        &self,
        message: &MessageId,
        token: &str,
        size: Option<u64>,
        max: u64,
        path: Option<&str>,
    ) -> Result<Fetched, Failure> {
        let patience = DOWNLOAD + Duration::from_secs(size.unwrap_or(0) / SLOWEST_PER_S);
        let page = self.ready()?;
        let fetched = page.media_fetch(message, token, self.stall, max, path, patience).await.map_err(failure)?;
        Ok(Fetched { size: fetched.size, sha256: fetched.sha256 })
    }

    async fn upload_again(&self, message: &MessageId) -> Result<String, Failure> {
        match self.ready()?.media_reupload(message, self.phone).await.map_err(failure)? {
            Reupload::Uploaded { direct_path } => Ok(direct_path),
            Reupload::NotOnPhone => Err(Failure::Gone),
            Reupload::Failed => Err(Failure::Later("the phone could not upload the file again".to_owned())),
            Reupload::NoAnswer => Err(Failure::Later("the phone did not answer".to_owned())),
        }
    }

    async fn open(&self, token: &str) -> Result<BlobReader, Failure> {
        self.ready()?.media_open(token, SLICE).await.map_err(failure)
    }

    async fn forget(&self, token: &str) {
        // A page that is gone has forgotten the file.
        if let Ok(page) = self.handle.any_page()
            && let Err(error) = page.media_drop(token).await
        {
            tracing::debug!(%error, "the page could not be told to forget a file");
        }
    }
}

impl Reader for BlobReader {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        Self::next(self, SLICE).await.map_err(|error| Failure::Later(error.to_string()))
    }
}

impl Session {
    fn ready(&self) -> Result<Page, Failure> {
        self.handle.page(State::Ready).map_err(|_| Failure::NotReady)
    }
}

fn failure(error: PageError) -> Failure {
    match error {
        PageError::MediaGone(_) => Failure::Gone,
        PageError::MediaNotHere(_) => Failure::Unavailable,
        PageError::MediaBroken(_) => Failure::Broken,
        PageError::MediaTooLarge(_) => Failure::TooLarge,
        error => Failure::Later(error.to_string()),
    }
}
