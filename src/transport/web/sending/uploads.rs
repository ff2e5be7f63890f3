//! Brings a file to WhatsApp's server by the page.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::time::{Instant, MissedTickBehavior};

use super::unfinished::{Unfinished, Work};
use crate::domain::content::Attachment;
use crate::transport::web::session::SessionError;
use crate::transport::web::whatsapp::{Page, PageError, UploadRequest};
use crate::transport::{NothingLeft, Progress};

/// How often the page is asked how far an upload is. Most uploads take less.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// An upload is given up when WhatsApp's server took nothing for this long.
const STALL: Duration = Duration::from_secs(60);
/// No upload takes longer: 2,000 MiB at 100 KiB a second.
const LONGEST: Duration = Duration::from_secs(6 * 3600);

/// Uploads a file and keeps it in the page under `token`.
pub(super) async fn upload(
    page: &Page,
    chat_id: &str,
    token: &str,
    file: &Attachment,
    path: &Path,
    progress: &Progress,
) -> Result<(), NothingLeft> {
    let limit = page.upload_limit(file.kind.name()).await.map_err(not_uploaded)?;
    if file.size > limit {
        return Err(NothingLeft::FileTooLarge { limit });
    }
    progress.note(0, file.size);
    let dropped = Unfinished::new(page, token, Work::Upload);
    page.give_file(token, path).await.map_err(not_uploaded)?;
    let request = UploadRequest {
        token,
        chat_id,
        kind: file.kind.name(),
        mimetype: &file.mimetype,
        filename: file.filename.as_ref().map(|name| name.reveal()),
        // The dispatch says it.
        caption: None,
        view_once: file.view_once,
        width: file.width,
        height: file.height,
        duration_s: file.duration_s,
        waveform: file.waveform.as_ref().map(<[u8; 64]>::as_slice),
        thumbnail: file.thumbnail.as_deref(),
    };
    let uploaded = tokio::select! {
        uploaded = page.upload(&request, LONGEST) => uploaded.map_err(not_uploaded)?,
        () = stalls(page, token, progress) => {
            let why = format!("WhatsApp's server took nothing of it for {} seconds", STALL.as_secs());
            return Err(NothingLeft::NotUploaded(why));
        }
    };
    if uploaded.filehash != STANDARD.encode(file.id.as_bytes()) {
        return Err(NothingLeft::NotUploaded("the browser read other bytes than those that were kept".to_owned()));
    }
    progress.note(file.size, file.size);
    dropped.finished();
    Ok(())
}

/// Ends when an upload has made no progress for too long.
async fn stalls(page: &Page, token: &str, progress: &Progress) {
    let mut look = tokio::time::interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut best, mut since) = (0, Instant::now());
    while since.elapsed() < STALL {
        look.tick().await;
        let Ok(now) = page.upload_progress(token).await else { continue };
        if now.loaded > best {
            (best, since) = (now.loaded, Instant::now());
            progress.note(now.loaded, now.total);
        }
    }
}

/// Has the page forget an upload.
pub(super) async fn forget(page: &Page, token: &str) {
    if let Err(error) = page.upload_drop(token).await {
        tracing::debug!(%error, "the page could not be told to forget an upload");
    }
}

fn not_uploaded(error: PageError) -> NothingLeft {
    match error {
        PageError::MediaType(why) => NothingLeft::FileRefused(why),
        PageError::MediaTooLarge(why) | PageError::MediaUploadFailed(why) => NothingLeft::NotUploaded(why),
        PageError::Lost(_) => NothingLeft::UploadLost("WhatsApp Web did not answer".to_owned()),
        error => super::nothing_left(SessionError::from(error)),
    }
}
