//! Groups: made at most once, changed, joined and left. What may be sent may do this, at the same pace.
//!
//! ```text
//! admitted ──► its turn ──► who is meant ──► kept under the key ──► made ──► kept with its id
//!      nothing has left          │ refused: the key is forgotten │ no answer: the key says so from then on
//! ```

use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

use crate::domain::address::ChatId;
use crate::domain::content::{Content, Outgoing};
use crate::domain::group::{
    GroupChanges, GroupId, GroupInvite, GroupJoined, GroupSettings, Identity, InviteCode, PeopleAct, PersonAnswer,
};
use crate::domain::idempotency::{End, Fingerprint, SendKey, SendRecord, SendStage, Verdict, judge};
use crate::domain::log::Origin;
use crate::domain::message::{Ack, MessageId};
use crate::domain::secret::Secret;
use crate::domain::state::State;
use crate::domain::via::Via;
use crate::host::activity::Working;
use crate::host::config::SendMode;
use crate::transport::web::session::SessionError;

use super::queue::Turn;
use super::{Outbound, SendError, Sent, admission};

/// What a new group is.
#[derive(Clone, Debug)]
pub struct NewGroup {
    pub subject: Secret,
    pub participants: Vec<ChatId>,
    pub settings: GroupSettings,
    /// Who cannot be added is sent an invite.
    pub invite: bool,
    pub origin: Origin,
    pub key: Option<SendKey>,
}

/// What became of one person.
#[derive(Debug)]
pub struct Person {
    /// As the request named them.
    pub given: ChatId,
    pub answer: PersonAnswer,
    /// The invite that was sent, where that was asked for.
    pub invited: Option<Result<Sent, SendError>>,
}

/// A group that was made.
#[derive(Debug)]
pub struct MadeGroup {
    pub id: String,
    /// None for a repeated key: the answers about people are told once.
    pub people: Option<Vec<Person>>,
}

#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Session(SessionError),
    #[error("nobody of the participants is on WhatsApp; no group was made")]
    NobodyThere,
    /// A group may have been made.
    #[error(
        "WhatsApp did not answer in time, so nobody knows whether the group was made: look before you make another"
    )]
    Unknown,
    #[error("WhatsApp did not confirm it, so nobody knows whether it was done: look at the group, or ask again")]
    Unconfirmed,
    /// Some fields of a group were changed, and then one was not.
    #[error("{field}: {error}; {}", changed_before(.changed))]
    Partly { changed: Vec<String>, field: String, error: Box<GroupError> },
}

fn changed_before(changed: &[String]) -> String {
    match changed {
        [] => "nothing else was changed".to_owned(),
        changed => format!("changed before it: {}", changed.join(", ")),
    }
}

impl GroupError {
    /// Why a change was not made that may be repeated.
    fn of_change(error: impl Into<SessionError>) -> Self {
        match error.into() {
            SessionError::NoAnswer(_) => Self::Unconfirmed,
            error => error.into(),
        }
    }
}

impl From<SessionError> for GroupError {
    fn from(error: SessionError) -> Self {
        Self::Session(match error {
            SessionError::PageLacks(modules) => SessionError::NotAvailable(modules),
            error => error,
        })
    }
}

/// The right to change something at WhatsApp now.
struct Admitted {
    _turn: Turn,
    /// Keeps the browser from a planned restart.
    _working: Working,
}

impl Outbound {
    /// What would refuse a send refuses this too. None with `SEND_MODE=dry-run`.
    async fn admit_change(&self, origin: &Origin, arrived: Instant) -> Result<Option<Admitted>, GroupError> {
        admission::allow_cliente(&self.settings.allowed_cliente_ids, origin.cliente_id.as_deref())?;
        self.availability_via(Via::Web).await.admit()?;
        if self.settings.mode == SendMode::DryRun {
            return Ok(None);
        }
        let working = self.session.activity().begin();
        let mut turn = self.turn(arrived, Via::Web).await?;
        turn.asks();
        Ok(Some(Admitted { _turn: turn, _working: working }))
    }

    fn time_left(&self, arrived: Instant) -> Duration {
        (arrived + self.settings.timeout).saturating_duration_since(Instant::now())
    }

    /// Makes a group, at most once; under a key a repeated request gets the same group. None: a dry run.
    pub async fn make_group(&self, new: NewGroup, arrived: Instant) -> Result<Option<MadeGroup>, GroupError> {
        admission::allow_cliente(&self.settings.allowed_cliente_ids, new.origin.cliente_id.as_deref())?;
        let Some(key) = new.key else { return self.make_and_invite(new, arrived, None).await };
        let fingerprint = fingerprint(key, &new);
        let deadline = arrived + self.settings.timeout;
        let key_lock = tokio::time::timeout_at(deadline, self.key_locks.take(key)).await;
        let Ok(key_lock) = key_lock else { return Err(SendError::Busy.into()) };
        let record = self.store.find_send(key).await.map_err(|error| SendError::Unavailable(error.to_string()))?;
        match judge(record, fingerprint, self.steady.now()) {
            Verdict::Send => {}
            Verdict::Conflict => return Err(SendError::KeyConflict.into()),
            Verdict::Sent { chat_id, .. } => return Ok(Some(MadeGroup { id: chat_id, people: None })),
            Verdict::Failed(..) | Verdict::Unconfirmed(_) => return Err(GroupError::Unknown),
        }
        // A task of its own: what became of the group is stored even if the caller hangs up.
        let outbound = self.clone();
        let making = tokio::spawn(async move {
            let made = outbound.make_and_invite(new, arrived, Some((key, fingerprint))).await;
            drop(key_lock);
            made
        });
        making.await.map_err(|_| GroupError::Send(SendError::Stopping))?
    }

    async fn make_and_invite(
        &self,
        new: NewGroup,
        arrived: Instant,
        key: Option<(SendKey, Fingerprint)>,
    ) -> Result<Option<MadeGroup>, GroupError> {
        let Some(admitted) = self.admit_change(&new.origin, arrived).await? else { return Ok(None) };
        let people = self.who(&new.participants, arrived).await?;
        let present: Vec<_> = people.iter().flatten().cloned().collect();
        if present.is_empty() {
            return Err(GroupError::NobodyThere);
        }
        let record = match key {
            Some((key, fingerprint)) => Some((key, self.keep_making(key, fingerprint).await?)),
            None => None,
        };
        let made = match self.session.page(State::Ready) {
            Ok(page) => {
                let patience = self.time_left(arrived);
                page.group_create(&new.subject, &present, new.settings, patience).await.map_err(SessionError::from)
            }
            Err(error) => Err(error),
        };
        let (group_id, answers) = match made {
            Ok(made) => made,
            Err(error) => return Err(self.not_made(error, record).await),
        };
        if let Some((key, record)) = record {
            let settled =
                SendRecord { chat_id: group_id.clone(), ..record }.settled(End::Sent(Ack::SERVER), self.clock.now());
            self.ways.web.settle(key, settled).await;
        }
        drop(admitted);
        let mut answers = answers.into_iter();
        let absent = || PersonAnswer { code: Some(404), ..PersonAnswer::default() };
        let answers = people.iter().map(|person| match person {
            Some(_) => answers.next().unwrap_or_default(),
            None => absent(),
        });
        let people = new.participants.iter().cloned().zip(answers);
        let mut people: Vec<_> = people.map(|(given, answer)| Person { given, answer, invited: None }).collect();
        if let Some(group) = GroupId::parse(&group_id).filter(|_| new.invite) {
            self.invite(&group, &new.subject, &mut people, &new.origin, arrived).await;
        }
        Ok(Some(MadeGroup { id: group_id, people: Some(people) }))
    }

    /// Who is meant. A number that WhatsApp denies is asked for in its country's second form.
    async fn who(&self, given: &[ChatId], arrived: Instant) -> Result<Vec<Option<Identity>>, GroupError> {
        let page = self.session.page(State::Ready)?;
        self.take_lookups(page.unknown(given).await.map_err(SessionError::from)?.len())?;
        let found = page.group_people(given, self.time_left(arrived)).await;
        let mut people = found.map_err(SessionError::from)?;
        let denied = people.iter_mut().zip(given).filter(|(person, _)| person.is_none());
        let (denied, second): (Vec<_>, Vec<_>) =
            denied.filter_map(|(person, given)| Some((person, given.second_form()?))).unzip();
        if !second.is_empty() {
            let unknown = page.unknown(&second).await.map_err(SessionError::from)?;
            self.lookups.charge(unknown.len(), Instant::now());
            let found = page.group_people(&second, self.time_left(arrived)).await;
            for (person, found) in denied.into_iter().zip(found.map_err(SessionError::from)?) {
                *person = found;
            }
        }
        Ok(people)
    }

    /// Stores that a group is about to be made: from now on the key never makes another one.
    async fn keep_making(&self, key: SendKey, fingerprint: Fingerprint) -> Result<SendRecord, GroupError> {
        let record = SendRecord {
            fingerprint,
            created_at: self.steady.now(),
            message_id: MessageId::new(format!("{}{:016x}", SendRecord::GROUP, rand::rng().random::<u64>())),
            chat_id: String::new(),
            phone: None,
            via: Via::Web,
            stage: SendStage::Dispatching,
        };
        let kept = self.store.keep_send(key, record.clone(), self.steady.now()).await;
        kept.map_err(|error| {
            SendError::Unavailable(format!("No group was made, because the key could not be stored: {error}."))
        })?;
        Ok(record)
    }

    async fn not_made(&self, error: SessionError, record: Option<(SendKey, SendRecord)>) -> GroupError {
        let certain = matches!(
            error,
            SessionError::Group(_)
                | SessionError::NotAvailable(_)
                | SessionError::PageLacks(_)
                | SessionError::NotReady(_)
                | SessionError::Stopped
        );
        if !certain {
            tracing::warn!(%error, "it is not known whether a group was made");
            return GroupError::Unknown;
        }
        if let Some((key, record)) = record
            && let Err(error) = self.store.forget_send(key, record.message_id).await
        {
            tracing::error!(%error, "a key could not be forgotten although no group was made");
        }
        error.into()
    }

    /// Sends an invite to everybody who cannot be added, each as a message of its own.
    async fn invite(
        &self,
        group: &GroupId,
        subject: &Secret,
        people: &mut [Person],
        origin: &Origin,
        arrived: Instant,
    ) {
        for person in people {
            let Some(invite) = &person.answer.invite else { continue };
            let invite = GroupInvite {
                group: group.clone(),
                subject: subject.clone(),
                code: invite.code.clone(),
                expires_s: invite.expires_s,
            };
            let outgoing = Outgoing {
                to: person.given.clone(),
                content: Content::GroupInvite(Box::new(invite)),
                reply_to: None,
                origin: origin.clone(),
                key: None,
                via: Some(Via::Web),
            };
            person.invited = Some(self.send(outgoing, arrived).await);
        }
    }

    /// Changes a group. False: a dry run.
    pub async fn change_group(
        &self,
        group: &GroupId,
        changes: &GroupChanges,
        origin: &Origin,
        arrived: Instant,
    ) -> Result<bool, GroupError> {
        let Some(admitted) = self.admit_change(origin, arrived).await? else { return Ok(false) };
        let page = self.session.page(State::Ready)?;
        let changed = page.group_change(group, changes, self.time_left(arrived)).await;
        let changed = changed.map_err(GroupError::of_change)?;
        drop(admitted);
        let Some((field, error)) = changed.failed else { return Ok(true) };
        Err(GroupError::Partly { changed: changed.fields, field, error: Box::new(GroupError::of_change(error)) })
    }

    /// Adds, removes, promotes or demotes people. None: a dry run. With `invite`, who cannot be added is sent an
    /// invite.
    pub async fn change_members(
        &self,
        group: &GroupId,
        (act, participants): (PeopleAct, &[ChatId]),
        invite: bool,
        origin: &Origin,
        arrived: Instant,
    ) -> Result<Option<Vec<Person>>, GroupError> {
        let Some(admitted) = self.admit_change(origin, arrived).await? else { return Ok(None) };
        let page = self.session.page(State::Ready)?;
        self.take_lookups(page.unknown(participants).await.map_err(SessionError::from)?.len())?;
        let changed = page.group_members(group, act, participants, self.time_left(arrived)).await;
        let (subject, answers) = changed.map_err(GroupError::of_change)?;
        drop(admitted);
        let people = participants.iter().cloned().zip(answers);
        let mut people: Vec<_> = people.map(|(given, answer)| Person { given, answer, invited: None }).collect();
        if invite {
            self.invite(group, &subject, &mut people, origin, arrived).await;
        }
        Ok(Some(people))
    }

    /// The invite of a group. Asking for it changes nothing, so a dry run answers it too. It counts as a look-up.
    pub async fn group_invite(&self, group: &GroupId, arrived: Instant) -> Result<InviteCode, GroupError> {
        let page = self.session.page(State::Ready)?;
        self.take_lookups(1)?;
        Ok(page.group_invite(group, false, self.time_left(arrived)).await.map_err(SessionError::from)?)
    }

    /// A new invite: the old one leads nowhere from then on. None: a dry run.
    pub async fn reset_group_invite(
        &self,
        group: &GroupId,
        origin: &Origin,
        arrived: Instant,
    ) -> Result<Option<InviteCode>, GroupError> {
        let Some(admitted) = self.admit_change(origin, arrived).await? else { return Ok(None) };
        let page = self.session.page(State::Ready)?;
        let code = page.group_invite(group, true, self.time_left(arrived)).await.map_err(GroupError::of_change)?;
        drop(admitted);
        Ok(Some(code))
    }

    /// Joins a group, or asks its admins. None: a dry run.
    pub async fn join_group(
        &self,
        code: &InviteCode,
        origin: &Origin,
        arrived: Instant,
    ) -> Result<Option<GroupJoined>, GroupError> {
        let Some(admitted) = self.admit_change(origin, arrived).await? else { return Ok(None) };
        let page = self.session.page(State::Ready)?;
        let joined = page.group_join(code, self.time_left(arrived)).await.map_err(GroupError::of_change)?;
        drop(admitted);
        Ok(Some(joined))
    }

    /// Leaves a group. False: a dry run.
    pub async fn leave_group(&self, group: &GroupId, origin: &Origin, arrived: Instant) -> Result<bool, GroupError> {
        let Some(admitted) = self.admit_change(origin, arrived).await? else { return Ok(false) };
        let page = self.session.page(State::Ready)?;
        page.group_leave(group, self.time_left(arrived)).await.map_err(GroupError::of_change)?;
        drop(admitted);
        Ok(true)
    }
}

/// What tells a new group from another under the same key.
fn fingerprint(key: SendKey, new: &NewGroup) -> Fingerprint {
    let NewGroup { subject, participants, settings, invite, origin, key: _ } = new;
    let mut parts = vec!["\u{0}group".to_owned(), subject.reveal().to_owned(), format!("{settings:?} {invite}")];
    parts.extend(participants.iter().map(ToString::to_string));
    parts.push(origin.cliente_id.clone().unwrap_or_default());
    key.fingerprint(&parts)
}
