//! Makes a file of a caller one that can be sent: what it is by its bytes, and a voice note in the format that WhatsApp plays.

mod voice;

use std::ffi::OsString;
use std::io;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use crate::blobs::{BlobError, Blobs, Pin};
use crate::domain::content::Attachment;
use crate::domain::media::MediaKind;
use crate::domain::secret::Secret;
use crate::files::{self, InspectError, Inspected, names};
pub use voice::find_converter;

/// How many files are looked at at a time: a large picture takes memory while its thumbnail is made.
const LOOKS: usize = 2;
/// What a document is called whose caller gave no name.
const UNNAMED: &str = "file";

/// What a caller says about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// None: what WhatsApp can show or play the file as, and otherwise a document.
    pub kind: Option<MediaKind>,
    pub mimetype: Option<String>,
    pub filename: Option<Secret>,
    pub caption: Option<Secret>,
    pub view_once: bool,
}

/// A file that can be sent. The pin keeps the bytes of the attachment, and nothing else does.
#[derive(Debug)]
pub struct Attached {
    pub attachment: Attachment,
    pub pin: Pin,
}

#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    #[error("The file is empty: send one with at least one byte.")]
    Empty,
    #[error("message is given, and WhatsApp shows no text with a file of kind {0}: send the text by itself.")]
    Caption(MediaKind),
    #[error("view_once is given, and WhatsApp shows only images, videos and voice notes once, not a file of kind {0}.")]
    ViewOnce(MediaKind),
    /// The sentence says what to send.
    #[error("{0}")]
    VoiceFormat(String),
    /// The sentence says what to send.
    #[error("{0}")]
    WrongType(String),
    #[error("The file could not be converted to a voice note in time: send Ogg with Opus and one channel.")]
    Late,
    #[error(transparent)]
    Blobs(#[from] BlobError),
    #[error("the file cannot be read at the moment: {0}")]
    Unreadable(io::Error),
}

impl From<InspectError> for AttachError {
    fn from(error: InspectError) -> Self {
        match error {
            InspectError::Empty => Self::Empty,
            InspectError::VoiceFormat(sentence) => Self::VoiceFormat(sentence),
            InspectError::WrongType(sentence) => Self::WrongType(sentence),
            InspectError::Unreadable(error) => Self::Unreadable(error),
        }
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Attacher {
    blobs: Blobs,
    looks: Arc<Semaphore>,
    /// One conversion at a time: each takes a processor.
    conversions: Arc<Semaphore>,
    search_path: Option<OsString>,
}

impl Attacher {
    /// `search_path` (PATH) is where ffmpeg is looked for, each time that it is needed.
    pub fn new(blobs: Blobs, search_path: Option<OsString>) -> Self {
        let (looks, conversions) = (Arc::new(Semaphore::new(LOOKS)), Arc::new(Semaphore::new(1)));
        Self { blobs, looks, conversions, search_path }
    }

    /// Looks at a file, and converts it where a voice note is wanted and the file is another sound. A conversion ends at
    /// `deadline`.
    ///
    /// # Errors
    /// [`AttachError`]: the file cannot be sent like that.
    pub async fn attach(&self, given: Pin, wanted: Wanted, deadline: Instant) -> Result<Attached, AttachError> {
        let id = given.id();
        let looked = self.look(&given, &wanted).await;
        let (pin, inspected) = match looked {
            Err(AttachError::VoiceFormat(sentence)) => {
                let pin = self.voice(&given, sentence, deadline).await?;
                let inspected = self.look(&pin, &Wanted { mimetype: None, filename: None, ..wanted.clone() }).await?;
                (pin, inspected)
            }
            looked => (given, looked?),
        };
        if let Some(note) = &inspected.note {
            tracing::info!(note, "a file is sent as another kind than its type suggests");
        }
        let Inspected { kind, mimetype, is_animated, width, height, duration_s, waveform, thumbnail, note: _ } =
            inspected;
        let Wanted { kind: _, mimetype: _, filename, caption, view_once } = wanted;
        if caption.is_some() && !kind.takes_a_caption() {
            return Err(AttachError::Caption(kind));
        }
        if view_once && !kind.may_be_view_once() {
            return Err(AttachError::ViewOnce(kind));
        }
        let named = || Secret::new(names::clean(filename.as_ref().map_or(UNNAMED, Secret::reveal)));
        let attachment = Attachment {
            id: pin.id(),
            size: pin.size(),
            kind,
            mimetype,
            filename: (kind == MediaKind::Document).then(named),
            caption,
            view_once,
            is_animated,
            width,
            height,
            duration_s,
            waveform: waveform.filter(|_| kind == MediaKind::Voice),
            thumbnail,
            given: id,
        };
        Ok(Attached { attachment, pin })
    }

    /// The type of a file, by its bytes and else as it is declared.
    ///
    /// # Errors
    /// [`AttachError::Empty`], [`AttachError::Unreadable`], [`AttachError::Blobs`].
    pub async fn mimetype(
        &self,
        file: &Pin,
        declared: Option<&str>,
        name: Option<&str>,
    ) -> Result<String, AttachError> {
        let (mimetype, filename) = (declared.map(str::to_owned), name.map(Secret::new));
        let wanted = Wanted { mimetype, filename, ..Wanted::default() };
        Ok(self.look(file, &wanted).await?.mimetype)
    }

    async fn look(&self, pin: &Pin, wanted: &Wanted) -> Result<Inspected, AttachError> {
        let file = pin.open().await?;
        let (mimetype, filename, kind) = (wanted.mimetype.clone(), wanted.filename.clone(), wanted.kind);
        // The semaphore is never closed. The thread holds the permit, because it goes on when its caller gives up.
        let looking = Arc::clone(&self.looks).acquire_owned().await;
        let looked = spawn_blocking(move || {
            let _looking = looking;
            files::inspect(file, mimetype.as_deref(), filename.as_ref().map(Secret::reveal), kind)
        });
        Ok(looked.await.map_err(|error| AttachError::Unreadable(io::Error::other(error)))??)
    }

    /// The voice note made of another sound. `sentence` says what is wrong with the sound.
    async fn voice(&self, given: &Pin, sentence: String, deadline: Instant) -> Result<Pin, AttachError> {
        let (file, refused) = (given.open().await?, || AttachError::VoiceFormat(sentence.clone()));
        let converts = spawn_blocking(move || files::needs_transcoding(file, MediaKind::Voice));
        if !converts.await.map_err(|error| AttachError::Unreadable(io::Error::other(error)))?? {
            return Err(refused());
        }
        let Some(program) = find_converter(self.search_path.as_deref()) else {
            return Err(AttachError::VoiceFormat(format!(
                "{sentence} With ffmpeg installed, the service converts it."
            )));
        };
        let converting = async {
            // The semaphore is never closed.
            let _converting = self.conversions.acquire().await;
            voice::convert(&program, given, &self.blobs).await
        };
        let pin = timeout_at(deadline, converting).await.map_err(|_| AttachError::Late)??;
        pin.ok_or_else(refused)
    }
}

#[cfg(test)]
mod tests;
