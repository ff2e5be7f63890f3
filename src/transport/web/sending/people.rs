//! The people whom a message names besides its recipient, by the page of WhatsApp Web.

use std::time::Duration;

use super::nothing_left;
use crate::domain::address::ChatId;
use crate::domain::state::State;
use crate::transport::NothingLeft;
use crate::transport::web::session::Handle;

impl Handle {
    /// Those of these people about whom WhatsApp's server has to be asked, because the page does not know their LIDs.
    pub async fn unknown(&self, people: &[ChatId]) -> Result<Vec<ChatId>, NothingLeft> {
        let unknown = async { Ok(self.page(State::Ready)?.unknown(people).await?) };
        unknown.await.map_err(nothing_left)
    }

    /// Asks WhatsApp's server about people, in small batches with pauses: whether each is on WhatsApp. From then on the page
    /// knows those who are.
    pub async fn look_up(&self, people: &[ChatId], patience: Duration) -> Result<Vec<bool>, NothingLeft> {
        let found = async { Ok(self.page(State::Ready)?.identities(people, patience).await?) };
        found.await.map(|found| found.iter().map(Option::is_some).collect()).map_err(nothing_left)
    }
}
