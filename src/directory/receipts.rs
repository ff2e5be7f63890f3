//! Who has received, read and played a message of this account.

use crate::domain::log::LoggedMessage;
use crate::domain::receipt::Receipt;
use crate::domain::state::State;
use crate::transport::web::session::SessionError;

use super::{Directory, DirectoryError};

/// The questions at a time: each makes the page search a table.
pub(super) const AT_A_TIME: usize = 4;

impl Directory {
    /// None: the page does not know it, or is away; or the message is none that this account sent by WhatsApp Web.
    pub async fn receipts(&self, message: &LoggedMessage) -> Result<Option<Vec<Receipt>>, DirectoryError> {
        // Ids of the Cloud API have no parts.
        if !message.id.parts().is_some_and(|parts| parts.from_me) {
            return Ok(None);
        }
        let _place = self.receipts.acquire().await;
        let page = match self.session.page(State::Ready) {
            Err(SessionError::NotReady(_)) => return Ok(None),
            page => page?,
        };
        Ok(page.receipts(&message.id).await.map_err(SessionError::from)?)
    }
}
