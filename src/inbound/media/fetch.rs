//! Fetches one file.

use rand::Rng;

use super::source::{Failure, Reader, Source};
use crate::blobs::{BlobError, Blobs, Pin};
use crate::domain::media::MediaStatus;
use crate::store::PendingFile;

/// What came of a file. The pin keeps the file until its message says that it is there.
#[derive(Debug)]
pub(super) enum Outcome {
    Here {
        pin: Pin,
        was_known: bool,
    },
    /// The file has at least so many bytes, which is more than is fetched.
    TooLarge(u64),
    /// The file will not come.
    Over(MediaStatus),
    /// The session is not READY: nothing was tried.
    NotReady,
    /// The disk has no room, or cannot be written to.
    NoRoom(BlobError),
    Later(String),
}

/// Fetches a file, unless it is on the disk already.
pub(super) async fn fetch<S: Source>(source: &S, blobs: &Blobs, file: &PendingFile, max: u64) -> Outcome {
    if let Some(pin) = file.media.sha256.and_then(|id| blobs.pin(id)) {
        return Outcome::Here { pin, was_known: true };
    }
    if let Err(error) = blobs.require(file.media.size.unwrap_or(0)).await {
        return Outcome::NoRoom(error);
    }
    let token = format!("{:016x}", rand::rng().random::<u64>());
    let outcome = into_blobs(source, blobs, file, &token, max).await;
    source.forget(&token).await;
    match outcome {
        Ok(outcome) => outcome,
        Err(Failure::NotReady) => Outcome::NotReady,
        Err(Failure::Gone) => Outcome::Over(MediaStatus::Gone),
        Err(Failure::Unavailable) => Outcome::Over(MediaStatus::Unavailable),
        Err(Failure::TooLarge) => Outcome::TooLarge(max.saturating_add(1)),
        Err(Failure::Broken) => Outcome::Over(MediaStatus::Broken),
        Err(Failure::Later(why)) => Outcome::Later(why),
    }
}

async fn into_blobs<S: Source>(
    source: &S,
    blobs: &Blobs,
    file: &PendingFile,
    token: &str,
    max: u64,
) -> Result<Outcome, Failure> {
    let fetched = match source.fetch(&file.message, token, file.media.size, max, None).await {
        Err(Failure::Gone) => {
            let path = source.upload_again(&file.message).await?;
            source.fetch(&file.message, token, file.media.size, max, Some(&path)).await?
        }
        fetched => fetched?,
    };
    if fetched.size > max {
        return Ok(Outcome::TooLarge(fetched.size));
    }
    let mut reader = source.open(token).await?;
    let mut writer = match blobs.writer(Some(fetched.size), max).await {
        Ok(writer) => writer,
        Err(error) => return Ok(Outcome::NoRoom(error)),
    };
    while let Some(slice) = reader.next().await? {
        if let Err(error) = writer.write(slice).await {
            return Ok(Outcome::NoRoom(error));
        }
    }
    if writer.size() != fetched.size {
        return Err(Failure::Later("the page gave fewer bytes than it had fetched".to_owned()));
    }
    let written = match writer.finish().await {
        Ok(written) => written,
        Err(error) => return Ok(Outcome::NoRoom(error)),
    };
    // The page compared the bytes with the message. This compares what is on the disk.
    let id = written.pin.id();
    if id != fetched.sha256 {
        drop(written.pin);
        if !written.was_known
            && let Err(error) = blobs.remove(id).await
        {
            tracing::debug!(%error, "a broken file stays until unused files are removed");
        }
        return Err(Failure::Broken);
    }
    Ok(Outcome::Here { pin: written.pin, was_known: written.was_known })
}
