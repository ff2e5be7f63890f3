//! What is done with one person: blocking, and what they say of themselves.

use std::time::Duration;

use super::{Contact, Directory, DirectoryError, Known};
use crate::domain::address::{ChatId, Server};
use crate::domain::business::BusinessProfile;
use crate::domain::state::State;
use crate::transport::web::session::SessionError;
use crate::transport::web::whatsapp::PageError;

/// The page asks WhatsApp's server, and waits for its own list of blocked people.
const DEADLINE: Duration = Duration::from_secs(20);

impl Directory {
    /// Blocks somebody, or ends it; returns the person once the page's state shows it. A number whose LID the page does not
    /// know is looked up first.
    pub async fn block(&self, id: &ChatId, on: bool) -> Result<Known<Contact>, DirectoryError> {
        let id = self.lid_of(id).await?;
        // The page takes a LID of nobody for a person, and then its list never shows them.
        self.contact_now(&id).await?;
        self.session.page(State::Ready)?.block(&id, on, DEADLINE).await.map_err(failed)?;
        let contact = self.contact_now(&id).await?;
        Ok(self.now(contact))
    }

    /// What somebody says of themselves; None: nothing, or not to this account. It counts as a look-up.
    pub async fn about(&self, id: &ChatId) -> Result<Option<String>, DirectoryError> {
        let id = self.lid_of(id).await?;
        self.take_lookup()?;
        self.session.page(State::Ready)?.about(&id).await.map_err(failed)
    }

    /// What a business says of itself; None: the person is no business, or says nothing. It counts as a look-up.
    pub async fn business(&self, id: &ChatId) -> Result<Option<BusinessProfile>, DirectoryError> {
        let id = self.lid_of(id).await?;
        self.take_lookup()?;
        self.session.page(State::Ready)?.business(&id).await.map_err(failed)
    }

    pub(super) async fn lid_of(&self, id: &ChatId) -> Result<ChatId, DirectoryError> {
        match id.server() {
            Server::Group => Err(DirectoryError::Group),
            Server::Lid => Ok(id.clone()),
            Server::Phone => {
                let lid = self.contact_now(id).await?.lid.and_then(|lid| ChatId::parse(&lid).ok());
                lid.ok_or(DirectoryError::NotOnWhatsApp)
            }
        }
    }
}

pub(super) fn failed(error: PageError) -> DirectoryError {
    match error {
        PageError::NotOnWhatsApp => DirectoryError::UnknownLid,
        PageError::NotPossible(_) => DirectoryError::Own,
        error => SessionError::from(error).into(),
    }
}
