//! Turns what a request says into the message that is sent: a file is brought to the disk and looked at.

use futures_util::stream;
use tokio::time::Instant;

use super::fields::{Asked, Request};
use super::media::{self, Source};
use crate::blobs::{BlobError, Pin};
use crate::domain::content::{Content, Outgoing};
use crate::domain::secret::Secret;
use crate::http::App;
use crate::http::error::ApiError;
use crate::http::upload::{Given, receive};
use crate::outbound::SendError;
use crate::outbound::attach::Attached;

/// Why there is nothing to send.
pub(super) enum NotMade {
    Refused(SendError),
    Wrong(ApiError),
}

impl<E: Into<ApiError>> From<E> for NotMade {
    fn from(error: E) -> Self {
        Self::Wrong(error.into())
    }
}

/// The message, and the pin of its file.
pub(super) async fn outgoing(
    app: &App,
    request: Request,
    arrived: Instant,
) -> Result<(Outgoing, Option<Pin>), NotMade> {
    let Request { to, content, reply_to, origin, key, via } = request;
    let (content, pin) = match content {
        Asked::Content(content) => (content, None),
        Asked::File(asked) => {
            app.outbound.admit(&to, &origin, via, key).await.map_err(NotMade::Refused)?;
            let media::Asked { source, mut wanted } = *asked;
            let Given { pin, mimetype, filename } = bring(app, source, arrived).await?;
            wanted.mimetype = wanted.mimetype.or(mimetype);
            wanted.filename = wanted.filename.or(filename.map(Secret::new));
            let Attached { attachment, pin } = app.attacher.attach(pin, wanted, app.outbound.latest(arrived)).await?;
            (Content::File(Box::new(attachment)), Some(pin))
        }
    };
    Ok((Outgoing { to, content, reply_to, origin, key, via }, pin))
}

/// The file on the disk, and what is declared about it.
async fn bring(app: &App, source: Source, arrived: Instant) -> Result<Given, NotMade> {
    let max = app.config.media.send_max;
    Ok(match source {
        Source::File(given) => given,
        Source::Id(id) => {
            let Some((upload, pin)) = id.and_then(|id| app.uploads.find(id)) else {
                return Err(NotMade::Refused(SendError::FileNotFound));
            };
            // The setting may have been changed since the upload.
            if upload.size > max {
                return Err(BlobError::TooLarge { max }.into());
            }
            let filename = upload.filename.map(Secret::into_revealed);
            Given { pin, mimetype: Some(upload.mimetype), filename }
        }
        Source::Url(url) => {
            let fetched = app.fetcher.fetch(&url, app.outbound.latest(arrived)).await?;
            Given { pin: fetched.pin, mimetype: fetched.mimetype, filename: fetched.filename }
        }
        Source::Data(encoded) => {
            let mimetype = encoded.mimetype.clone();
            let pieces = stream::iter(encoded.pieces().map(|piece| Ok(piece.into())));
            let pin = receive(&app.blobs, max, None, pieces).await?;
            Given { pin, mimetype, filename: None }
        }
    })
}
