//! Fetches the file of a message that came by the Cloud API: by its id, over a link that lasts minutes.

use crate::blobs::{BlobError, Blobs};
use crate::domain::media::MediaStatus;
use crate::domain::message::Details;
use crate::store::{PendingFile, Store};
use crate::transport::cloud::{Client, MediaFailure};

use super::fetch::Outcome;

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct CloudFiles {
    pub client: Client,
    pub store: Store,
}

impl CloudFiles {
    pub(super) async fn fetch(&self, blobs: &Blobs, file: &PendingFile, max: u64) -> Outcome {
        if let Some(pin) = file.media.sha256.and_then(|id| blobs.pin(id)) {
            return Outcome::Here { pin, was_known: true };
        }
        let Some(id) = self.media_id(file).await else { return Outcome::Over(MediaStatus::Gone) };
        match self.download(&id, blobs, file, max).await {
            Ok(outcome) => outcome,
            // Once more with another link: Meta still knows the file.
            Err(MediaFailure::NotAtLink) if file.attempts == 0 => Outcome::Later("nothing is at its link".to_owned()),
            Err(MediaFailure::Gone | MediaFailure::NotAtLink) => Outcome::Over(MediaStatus::Gone),
            Err(MediaFailure::Later(why)) => Outcome::Later(why),
        }
    }

    /// Meta's id of the file, which came with the message.
    async fn media_id(&self, file: &PendingFile) -> Option<String> {
        let entry = self.store.logged_message(file.message.clone()).await.ok().flatten()?;
        let Details(data) = entry.message.data?;
        let id = data["cloud_media_id"].as_str()?;
        (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())).then(|| id.to_owned())
    }

    async fn download(&self, id: &str, blobs: &Blobs, file: &PendingFile, max: u64) -> Result<Outcome, MediaFailure> {
        let mut coming = self.client.media(id).await?;
        // Of a download that has begun, this is what is left.
        let announced = coming.size();
        if announced.is_some_and(|size| size > max) {
            return Ok(Outcome::Over(MediaStatus::TooLarge));
        }
        let refused = |error: BlobError| match error {
            BlobError::TooLarge { .. } => Outcome::Over(MediaStatus::TooLarge),
            error => Outcome::NoRoom(error),
        };
        let mut writer = match blobs.writer(announced, max).await {
            Ok(writer) => writer,
            Err(error) => return Ok(refused(error)),
        };
        while let Some(bytes) = coming.next().await? {
            if let Err(error) = writer.write(bytes.to_vec()).await {
                return Ok(refused(error));
            }
        }
        if announced.is_some_and(|size| size != writer.size()) {
            return Err(MediaFailure::Later("fewer bytes came than were announced".to_owned()));
        }
        let written = match writer.finish().await {
            Ok(written) => written,
            Err(error) => return Ok(refused(error)),
        };
        if file.media.sha256.is_some_and(|sha256| sha256 != written.pin.id()) {
            return Ok(Outcome::Over(MediaStatus::Broken));
        }
        Ok(Outcome::Here { pin: written.pin, was_known: written.was_known })
    }
}
