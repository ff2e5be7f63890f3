//! Brings the file of a message that is passed on to where its receivers will find it.

use std::time::Duration;

use crate::domain::message::MessageId;
use crate::transport::NothingLeft;
use crate::transport::web::session::SessionError;
use crate::transport::web::whatsapp::{Page, PageError};

/// Of the time of a send, the file has three quarters: the rest is for the message.
const SHARE: (u32, u32) = (3, 4);
/// The host is waited for so long while it sends nothing, and the phone so long for its answer.
const STALL: Duration = Duration::from_secs(20);
const PHONE: Duration = Duration::from_secs(15);

/// Keeps the file in the page under `token`. Does nothing for a message without one.
pub(super) async fn bring_file(
    page: &Page,
    message: &MessageId,
    token: &str,
    patience: Duration,
) -> Result<(), NothingLeft> {
    let most = patience * SHARE.0 / SHARE.1;
    let waits = (STALL.min(most / 2), PHONE.min(most / 2));
    match page.forward_file(message, token, waits, most).await {
        Ok(()) => Ok(()),
        Err(error) => {
            if let PageError::Lost(_) = error {
                // The page would go on with what nobody waits for.
                forget(page, token).await;
            }
            Err(not_brought(error))
        }
    }
}

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
        PageError::Lost(_) => {
            NothingLeft::NotUploaded("its file was not fetched and uploaded in the time of a send".to_owned())
        }
        error => super::nothing_left(SessionError::from(error)),
    }
}
