//! Those who want no further messages, for whoever runs the service: who they are, and that somebody wants messages again.

use super::Outbound;
use crate::domain::address::ChatId;
use crate::domain::opt_out::OptOut;
use crate::domain::secret::masked;
use crate::store::StoreError;

#[derive(Debug, thiserror::Error)]
#[error("who wants no further messages cannot be read or changed at the moment: {0}")]
pub struct OptOutsError(#[from] StoreError);

impl Outbound {
    /// By their ids, at most `limit` after an id.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn opt_outs(&self, after: Option<&str>, limit: usize) -> Result<Vec<OptOut>, OptOutsError> {
        Ok(self.store.opt_outs(after.map(str::to_owned), limit).await?)
    }

    /// Somebody wants messages again; false if nobody under this number or id of a chat wanted none.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub async fn take_back_opt_out(&self, who: &str) -> Result<bool, OptOutsError> {
        let mut names = vec![who.to_owned()];
        if let Ok(chat) = ChatId::parse_recipient(who) {
            names.extend(self.ways.web.people.names(&chat).await);
        }
        let is_found = self.store.take_back_opt_out(names).await?;
        if is_found {
            tracing::info!(who = masked(who), "an opt-out was taken back");
        }
        Ok(is_found)
    }
}
