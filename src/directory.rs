//! What WhatsApp knows of other people: which number is on WhatsApp, and who is behind a number or a LID. The page's memory
//! answers where it can; the look-ups at WhatsApp's server share one limit, because asking too often is what scrapers do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::address::{ChatId, PhoneNumber, Server};
use crate::domain::presence::Presence;
use crate::domain::state::State;
use crate::transport::web::session::{Handle, SessionError};

/// Nobody knows WhatsApp's own limit; a person checks a few numbers a minute.
pub const LOOKUPS_PER_MINUTE: usize = 30;
const MINUTE: Duration = Duration::from_secs(60);

/// A number that is on WhatsApp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The form in which WhatsApp knows the number, where its country has two.
    pub number: PhoneNumber,
    pub chat_id: String,
    /// `user@lid`, where WhatsApp tells it.
    pub lid: Option<String>,
}

/// A person: WhatsApp knows everybody by a LID, and many by a phone number too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The phone's digits.
    pub phone: Option<String>,
    /// `user@lid`.
    pub lid: Option<String>,
    /// The name in the account's address book.
    pub name: Option<String>,
    /// The name that the person chose.
    pub pushname: Option<String>,
    /// The name of a business that WhatsApp has verified.
    pub verified_name: Option<String>,
}

impl Contact {
    fn is_empty(&self) -> bool {
        let Self { phone, lid: _, name, pushname, verified_name } = self;
        [phone, name, pushname, verified_name].iter().all(|known| known.is_none())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    #[error("at most {LOOKUPS_PER_MINUTE} numbers a minute can be looked up at WhatsApp; try again later")]
    RateLimited { retry_after: Duration },
    #[error("the number is not on WhatsApp, in none of the forms that its country has")]
    NotOnWhatsApp,
    #[error(
        "WhatsApp Web knows nothing of this LID: it learns who is behind a LID from a message or from a group in common; \
         ask by the phone number if you have it"
    )]
    UnknownLid,
    #[error("a group is not a contact: ask by a phone number, …@c.us or …@lid")]
    Group,
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    session: Handle,
    lookups: Arc<Lookups>,
}

impl Directory {
    pub fn new(session: Handle) -> Self {
        Self { session, lookups: Arc::default() }
    }

    /// Asks WhatsApp's server for a number. The second form is asked for only after WhatsApp denied the first.
    pub async fn look_up(&self, number: &PhoneNumber) -> Result<Option<Reached>, DirectoryError> {
        for number in std::iter::once(number.clone()).chain(number.second_form()) {
            self.lookups.take(Instant::now()).map_err(|retry_after| DirectoryError::RateLimited { retry_after })?;
            let page = self.session.page(State::Ready)?;
            let found = page.exists(&number).await.map_err(SessionError::from)?;
            if let Some(chat_id) = found.chat_id {
                return Ok(Some(Reached { number, chat_id, lid: found.lid }));
            }
        }
        Ok(None)
    }

    /// The person behind a number or a LID. WhatsApp's server is asked only for a number whose LID the page does not
    /// know.
    pub async fn contact(&self, id: &ChatId) -> Result<Contact, DirectoryError> {
        if id.server() == Server::Group {
            return Err(DirectoryError::Group);
        }
        let known = self.remembered(id).await?;
        if id.server() == Server::Lid {
            return if known.is_empty() { Err(DirectoryError::UnknownLid) } else { Ok(known) };
        }
        if known.lid.is_some() {
            return Ok(known);
        }
        let number = id.phone_number().ok_or(DirectoryError::NotOnWhatsApp)?;
        let reached = self.look_up(&number).await?.ok_or(DirectoryError::NotOnWhatsApp)?;
        // Now the page may know the names too.
        let known = self.remembered(&ChatId::of_phone(&reached.number)).await?;
        Ok(Contact { phone: Some(reached.number.digits().to_owned()), lid: known.lid.or(reached.lid), ..known })
    }

    /// Follows a person's presence from now on, and tells what is known.
    pub async fn presence(&self, id: &ChatId) -> Result<Presence, DirectoryError> {
        if id.server() == Server::Group {
            return Err(DirectoryError::Group);
        }
        let page = self.session.page(State::Ready)?;
        let told = page.presence(id).await.map_err(SessionError::from);
        told.map_err(|error| match error {
            SessionError::NotOnWhatsApp => DirectoryError::NotOnWhatsApp,
            error => error.into(),
        })
    }

    async fn remembered(&self, id: &ChatId) -> Result<Contact, DirectoryError> {
        let page = self.session.page(State::Ready)?;
        let person = page.contact(id).await.map_err(SessionError::from)?;
        Ok(Contact {
            phone: person.phone,
            lid: person.lid,
            name: person.name,
            pushname: person.pushname,
            verified_name: person.verified_name,
        })
    }
}

/// When the look-ups of the last minute were made.
#[derive(Debug, Default)]
struct Lookups(Mutex<VecDeque<Instant>>);

impl Lookups {
    /// Takes one of the minute's look-ups. The error says how long it takes until the next one is free.
    fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.front().is_some_and(|at| now.saturating_duration_since(*at) >= MINUTE) {
            taken.pop_front();
        }
        match taken.front() {
            Some(first) if taken.len() >= LOOKUPS_PER_MINUTE => {
                Err(MINUTE.saturating_sub(now.saturating_duration_since(*first)))
            }
            _ => {
                taken.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_lookups_and_no_more() {
        let (lookups, start) = (Lookups::default(), Instant::now());
        for n in 0..LOOKUPS_PER_MINUTE {
            assert!(lookups.take(start + Duration::from_secs(n as u64)).is_ok());
        }
        assert_eq!(lookups.take(start + Duration::from_secs(40)), Err(Duration::from_secs(20)));
        assert!(lookups.take(start + MINUTE).is_ok());
        assert!(lookups.take(start + MINUTE).is_err());
    }
}
