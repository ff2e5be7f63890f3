//! Brings the file of a message that is passed on to where its receivers will find it.

use std::time::Duration;

use crate::domain::message::MessageId;
use crate::transport::NothingLeft;
use crate::transport::web::browser::CallError;
use crate::transport::web::session::SessionError;
use crate::transport::web::whatsapp::{Page, PageError};

/// Of the time of a send, the file has three quarters: the rest is for the message.
const SHARE: (u32, u32) = (3, 4);
/// The host is waited for so long while it sends nothing, and the phone so long for its answer.
const STALL: Duration = Duration::from_secs(20);
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
    let unfinished = Unfinished { page: page.clone(), token: Some(token.to_owned()) };
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

/// The work on a file that the page ends if this is dropped.
struct Unfinished {
    page: Page,
    token: Option<String>,
}

impl Unfinished {
    fn finished(mut self) {
        self.token = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let (Some(token), Ok(runtime)) = (self.token.take(), tokio::runtime::Handle::try_current()) {
            let page = self.page.clone();
            runtime.spawn(async move { forget(&page, &token).await });
        }
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
