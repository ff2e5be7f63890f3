//! The bytes of a Blob of the page, slice by slice. The browser process reads them: the page's scripts have no part in it.
//!
//! Of 100 MB, slices of 256 KiB, 1 MiB and 4 MiB took 1.1-1.8 s each. With the first the browser process used half the CPU
//! (0.4 s), its memory and the service's grew by 1-3 MB instead of 5-30 MB, and the page's main thread was busy for 12 ms at
//! most. A download to a file took 0.4 s, but writes a second copy of the file to the disk, in the clear, and needs a click
//! in the page.

use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chromiumoxide_cdp::cdp::browser_protocol::io::{CloseParams, ReadParams, ResolveBlobParams, StreamHandle};
use chromiumoxide_cdp::cdp::js_protocol::runtime::{
    EvaluateParams, ExceptionDetails, ReleaseObjectGroupParams, RemoteObjectId,
};
use chromiumoxide_types::{Command, Method, MethodId};
use serde::de::Error;
use serde::{Deserialize, Serialize};

use super::tab::{Tab, thrown};
use super::{CallError, WeakConnection};

/// The bytes of one slice.
const SLICE: u32 = 256 << 10;
/// The deadline of the calls that let go of a Blob; nobody waits for them.
const CLOSING: Duration = Duration::from_secs(10);

/// A Blob of the page that is being read. The page may forget the Blob meanwhile: the reader keeps it until it is dropped.
pub struct BlobReader {
    tab: Tab,
    handle: StreamHandle,
    read: u64,
    ended: bool,
    _kept: Kept,
}

impl Tab {
    /// Opens the Blob that an expression, or its promise, gives; None if it gives nothing.
    pub async fn open_blob(&self, expression: String, deadline: Duration) -> Result<Option<BlobReader>, CallError> {
        let group = format!("blob-{}", self.connection.next_id.fetch_add(1, Ordering::Relaxed));
        let mut kept = Kept::new(self, group.clone());
        let mut params = EvaluateParams::new(expression);
        params.await_promise = Some(true);
        params.object_group = Some(group);
        let answer = self.call(EvaluateBlob(params), deadline).await?;
        if let Some(details) = answer.exception_details {
            return Err(thrown(details));
        }
        let Some(object) = answer.result.object_id else {
            return Ok(None);
        };
        let uuid = self.call(ResolveBlobParams::new(object), deadline).await?.uuid;
        let handle = StreamHandle::new(format!("blob:{uuid}"));
        kept.stream = Some(handle.clone());
        Ok(Some(BlobReader { tab: self.clone(), handle, read: 0, ended: false, _kept: kept }))
    }
}

/// An evaluation that gives a Blob. The protocol's types know nothing of the subtype that Chrome gives to a Blob.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct EvaluateBlob(EvaluateParams);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Evaluated {
    result: Object,
    exception_details: Option<ExceptionDetails>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    object_id: Option<RemoteObjectId>,
}

impl Method for EvaluateBlob {
    fn identifier(&self) -> MethodId {
        self.0.identifier()
    }
}

impl Command for EvaluateBlob {
    type Response = Evaluated;
}

impl BlobReader {
    /// The next slice; None after the last. A slice whose call failed is read by the next call.
    pub async fn next(&mut self, deadline: Duration) -> Result<Option<Vec<u8>>, CallError> {
        if self.ended {
            return Ok(None);
        }
        let mut params = ReadParams::new(self.handle.clone());
        params.offset = Some(i64::try_from(self.read).map_err(serde_json::Error::custom)?);
        params.size = Some(SLICE.into());
        let answer = self.tab.call(params, deadline).await?;
        // Chrome changes bytes of a Blob of a text type that are not valid UTF-8, and sends them without Base64.
        if !answer.data.is_empty() && answer.base64_encoded != Some(true) {
            return Err(serde_json::Error::custom("a Blob of a text type").into());
        }
        let bytes = STANDARD.decode(answer.data).map_err(serde_json::Error::custom)?;
        if bytes.is_empty() && !answer.eof {
            return Err(serde_json::Error::custom("an empty slice before the end").into());
        }
        self.read += bytes.len() as u64;
        self.ended = answer.eof;
        Ok((!bytes.is_empty()).then_some(bytes))
    }
}

/// What the browser keeps for a reader: the page's object, and the stream. Both are let go when this is dropped.
struct Kept {
    connection: WeakConnection,
    session: String,
    group: String,
    stream: Option<StreamHandle>,
}

impl Kept {
    fn new(tab: &Tab, group: String) -> Self {
        Self { connection: tab.connection.downgrade(), session: tab.session.clone(), group, stream: None }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let (Some(connection), Ok(runtime)) = (self.connection.upgrade(), tokio::runtime::Handle::try_current()) else {
            return;
        };
        let (session, stream) = (std::mem::take(&mut self.session), self.stream.take());
        let group = ReleaseObjectGroupParams::new(std::mem::take(&mut self.group));
        runtime.spawn(async move {
            if let Some(stream) = stream
                && let Err(error) = connection.call(Some(&session), CloseParams::new(stream), CLOSING).await
            {
                // The browser has no stream of a Blob of which nothing was read.
                tracing::debug!(%error, "a Blob could not be closed");
            }
            if let Err(error) = connection.call(Some(&session), group, CLOSING).await {
                tracing::debug!(%error, "a Blob could not be let go");
            }
        });
    }
}

#[cfg(test)]
mod tests;
