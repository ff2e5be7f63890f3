//! What WhatsApp knows of others: chats, people, groups, and which number is on WhatsApp. The page's memory answers where it
//! can. The look-ups that are asked for here share one limit with those of the people whom a text mentions or a group gets,
//! because asking too often is what scrapers do. The look-up of a send's recipient keeps the pace of sends.

mod cache;
mod followed;
mod lists;
mod marks;
mod numbers;
mod person;
mod pictures;
mod receipts;
mod search;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::address::{ChatId, PhoneNumber, Server};
use crate::domain::presence::Presence;
use crate::domain::state::State;
use crate::domain::time::{Clock, Timestamp};
use crate::host::per_minute::PerMinute;
use crate::host::tasks::Tasks;
use crate::transport::web::session::{Following, Handle, SessionError};
use crate::transport::web::whatsapp::PageError;

use cache::Cache;
use followed::Followed;
pub use lists::{Chat, Contact, Found, Group, Lists, Member, Role, Settings, Who};
pub use marks::Mark;
pub use numbers::NUMBERS_MAX;
pub use pictures::Picture;
use pictures::Pictures;
pub use search::Wanted;

/// The look-ups of a minute. Nobody knows WhatsApp's own limit; a person checks a few numbers a minute.
pub const LOOKUPS_PER_MINUTE: usize = 30;

/// A number that is on WhatsApp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The form in which WhatsApp knows the number, where its country has two.
    pub number: PhoneNumber,
    pub chat_id: String,
    /// `user@lid`, where WhatsApp tells it.
    pub lid: Option<String>,
}

/// What is known now, or was known when the page was last read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known<T> {
    pub as_of: Timestamp,
    pub item: T,
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
    #[error("WhatsApp Web has no such chat: there is one after the first message")]
    ChatAbsent,
    #[error("there is no picture, or it is not shown to this account")]
    NoPicture,
    #[error("this is the account itself, which cannot be blocked")]
    Own,
    /// Something was answered before this.
    #[error("the request ended before WhatsApp said anything about this number: {0}")]
    Unanswered(String),
    #[error("no further chat can be pinned: {0}; unpin one first")]
    PinLimit(String),
    #[error(transparent)]
    Session(#[from] SessionError),
}

pub struct Parts {
    pub session: Handle,
    pub clock: Arc<dyn Clock>,
    /// The limit of all look-ups.
    pub lookups: PerMinute,
    /// The pause before a page that could not be told whom to follow is told again.
    pub follow_again: Duration,
    pub stop: CancellationToken,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Directory {
    session: Handle,
    clock: Arc<dyn Clock>,
    lookups: PerMinute,
    cache: Cache,
    pictures: Arc<Pictures>,
    followed: Arc<Followed>,
    receipts: Arc<Semaphore>,
}

impl Directory {
    pub fn start(parts: Parts, tasks: &Tasks) -> Self {
        let Parts { session, clock, lookups, follow_again, stop } = parts;
        let pictures = Arc::<Pictures>::default();
        let cache = Cache::start(session.clone(), clock.clone(), pictures.clone(), stop.clone(), tasks);
        let receipts = Arc::new(Semaphore::new(receipts::AT_A_TIME));
        let followed = Arc::<Followed>::default();
        tasks.spawn(followed::TASK, followed::run(session.clone(), followed.clone(), follow_again, stop));
        Self { session, clock, lookups, cache, pictures, followed, receipts }
    }

    /// The lists of chats, people and groups; with `refresh` as the page has them now, if it is there.
    pub async fn lists(&self, refresh: bool) -> Result<Arc<Lists>, DirectoryError> {
        Ok(self.cache.lists(refresh).await?)
    }

    /// A chat, as the page has it now; while the page is away, as it was in the last lists.
    pub async fn chat(&self, id: &ChatId) -> Result<Known<Chat>, DirectoryError> {
        let asked = async { self.session.page(State::Ready)?.chat_now(id).await.map_err(absent) };
        match asked.await {
            Ok(chat) => Ok(self.now(chat.into())),
            Err(error) => self.held(error, |lists| lists.chat(&id.to_string(), digits(id).as_deref()).cloned()),
        }
    }

    /// A group and its members. WhatsApp's server is asked only where the page knows the group just from a message, which
    /// counts as a look-up. The members are None while the page is away.
    pub async fn group(&self, id: &ChatId) -> Result<Known<(Group, Option<Vec<Member>>)>, DirectoryError> {
        match self.group_now(id).await {
            Ok(found) => Ok(self.now(found)),
            Err(error) => self.held(error, |lists| lists.group(&id.to_string()).cloned().map(|group| (group, None))),
        }
    }

    async fn group_now(&self, id: &ChatId) -> Result<(Group, Option<Vec<Member>>), DirectoryError> {
        let page = self.session.page(State::Ready)?;
        let mut group = page.group_now(id, false).await.map_err(absent)?;
        if !group.known {
            self.take_lookup()?;
            group = page.group_now(id, true).await.map_err(absent)?;
        }
        let members = group.people.take().filter(|_| group.known);
        Ok((group.into(), members.map(|members| members.into_iter().map(Member::from).collect())))
    }

    /// Asks WhatsApp's server for a number. The second form is asked for only after WhatsApp denied the first.
    pub async fn look_up(&self, number: &PhoneNumber) -> Result<Option<Reached>, DirectoryError> {
        for number in std::iter::once(number.clone()).chain(number.second_form()) {
            self.take_lookup()?;
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
    pub async fn contact(&self, id: &ChatId) -> Result<Known<Contact>, DirectoryError> {
        match self.contact_now(id).await {
            Ok(contact) => Ok(self.now(contact)),
            Err(error) => self.held(error, |lists| lists.contact(&id.to_string(), digits(id).as_deref()).cloned()),
        }
    }

    async fn contact_now(&self, id: &ChatId) -> Result<Contact, DirectoryError> {
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
        Ok(Contact { phone: Some(reached.number.digits().to_owned()), lid: known.lid.clone().or(reached.lid), ..known })
    }

    /// Follows a person's presence from now on, and tells what is known. A number whose LID the page does not know is looked up.
    pub async fn presence(&self, id: &ChatId) -> Result<Presence, DirectoryError> {
        if id.server() == Server::Group {
            return Err(DirectoryError::Group);
        }
        let page = self.session.page(State::Ready)?;
        if id.server() == Server::Phone && self.remembered(id).await?.lid.is_none() {
            self.take_lookup()?;
        }
        let told = page.presence(id).await.map_err(SessionError::from);
        let presence = told.map_err(|error| match error {
            SessionError::NotOnWhatsApp => DirectoryError::NotOnWhatsApp,
            error => error.into(),
        })?;
        self.followed.add(&presence.lid);
        Ok(presence)
    }

    /// The changes of the presence of those who are followed, from now on.
    pub fn presences(&self) -> Following {
        self.session.presences()
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
            business: person.business,
            blocked: person.blocked,
            me: person.me,
        })
    }

    fn take_lookup(&self) -> Result<(), DirectoryError> {
        self.lookups.take(Instant::now()).map_err(|retry_after| DirectoryError::RateLimited { retry_after })
    }

    fn now<T>(&self, item: T) -> Known<T> {
        Known { as_of: self.clock.now(), item }
    }

    /// What the last lists have, where the page could not be asked; the error otherwise.
    fn held<T>(
        &self,
        error: DirectoryError,
        find: impl FnOnce(&Lists) -> Option<T>,
    ) -> Result<Known<T>, DirectoryError> {
        let DirectoryError::Session(_) = error else { return Err(error) };
        let Some(lists) = self.cache.held() else { return Err(error) };
        find(&lists).map(|item| Known { as_of: lists.as_of, item }).ok_or(error)
    }
}

fn digits(id: &ChatId) -> Option<String> {
    id.phone_number().map(|number| number.digits().to_owned())
}

fn absent(error: PageError) -> DirectoryError {
    match error {
        PageError::ChatAbsent => DirectoryError::ChatAbsent,
        PageError::PinLimit(why) => DirectoryError::PinLimit(why),
        error => SessionError::from(error).into(),
    }
}
