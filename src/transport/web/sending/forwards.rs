//! Brings the file of a message that is passed on to where its receivers will find it.

use std::time::Duration;

use super::unfinished::{Unfinished, Work};
use crate::domain::message::MessageId;
use crate::transport::NothingLeft;
use crate::transport::web::browser::CallError;
use crate::transport::web::session::SessionError;
use crate::transport::web::whatsapp::{Page, PageError};

/// The share of a send's time that the file has: three quarters. The rest is for the message.
const SHARE: (u32, u32) = (3, 4);
/// A fetch is given up when WhatsApp's host sends nothing for this long.
const STALL: Duration = Duration::from_secs(20);
/// The longest wait for the phone to upload a file again.
const PHONE: Duration = Duration::from_secs(15);

/// Whether the message has a file. Refuses what cannot be passed on, and a file of more than `largest` bytes.
pub(super) async fn has_file(page: &Page, message: &MessageId, largest: u64) -> Result<bool, NothingLeft> {
    // The page knows no message by an id of another form.
    message.parts().ok_or(NothingLeft::MessageAbsent)?;
    page.forward_check(message, largest).await.map_err(not_brought)
}

/// Keeps the file in the page under `token`. If this is dropped, the page ends the work.
pub(super) async fn bring_file(
    page: &Page,
    message: &MessageId,
    token: &str,
    largest: u64,
    patience: Duration,
) -> Result<(), NothingLeft> {
    let most = patience * SHARE.0 / SHARE.1;
    let waits = (STALL.min(most / 2), PHONE.min(most / 2));
    let unfinished = Unfinished::new(page, token, Work::Forward);
    match page.forward_file(message, token, largest, waits, most).await {
        Ok(()) => {
            unfinished.finished();
            Ok(())
        }
        Err(PageError::Lost(CallError::TimedOut(_))) => {
            Err(NothingLeft::NotUploaded("its file was not fetched and uploaded in time".to_owned()))
        }
        Err(error) => Err(not_brought(error)),
    }
}

/// Has the page end what is under way for a forward, and forget its file.
pub(super) async fn forget(page: &Page, token: &str) {
    if let Err(error) = page.forward_drop(token).await {
        tracing::debug!(%error, "the page may keep the file of a forward");
    }
}

fn not_brought(error: PageError) -> NothingLeft {
    match error {
        PageError::MessageAbsent => NothingLeft::MessageAbsent,
        PageError::NotPossible(why) => NothingLeft::ForwardNotPossible(why),
        PageError::MediaTooLarge(why) | PageError::MediaUploadFailed(why) => NothingLeft::NotUploaded(why),
        // The page was reloaded or does not answer: what it had done for the file is lost.
        PageError::Lost(_) => NothingLeft::UploadLost("WhatsApp Web did not answer".to_owned()),
        error => super::nothing_left(SessionError::from(error)),
    }
}
