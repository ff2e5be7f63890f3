//! Acts on messages. An act under a key is remembered with its outcome; until then it may be repeated, because it
//! leads to the same state however often.
//!
//! ```text
//! admitted ──► its turn ──► kept reserved ──► done by the page ──► the outcome is kept
//!                                │ a crash, or no answer: a retry under the key repeats it
//!                                └ the page refused: the key is forgotten
//! ```

use std::time::Duration;

use tokio::time::Instant;

use super::admission;
use super::sender::not_stored;
use super::sent::Guarantee;
use super::{Outbound, SendError, Sent};
use crate::domain::act::Act;
use crate::domain::address::ChatId;
use crate::domain::idempotency::{End, Fingerprint, SendKey, SendRecord, SendStage, Verdict, judge};
use crate::domain::log::Origin;
use crate::domain::message::{Ack, MessageId};
use crate::domain::via::Via;
use crate::domain::wamid::Wamid;
use crate::host::activity::Working;
use crate::host::config::SendMode;
use crate::store::StoreError;
use crate::transport::{ActFailure, NothingLeft};

const BY_THE_PAGE_ONLY: &str = "the Cloud API cannot do this: edits and deletions are for messages of WhatsApp Web";
const NO_CLOUD: &str = "the message is one of the Cloud API, which is not configured";

/// An act on a message that somebody asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Acting {
    pub message: MessageId,
    pub act: Act,
    pub origin: Origin,
    pub key: Option<SendKey>,
}

/// The key of an act.
struct Keyed {
    key: SendKey,
    fingerprint: Fingerprint,
    /// The key is stored already: how an earlier attempt ended is not known.
    again: bool,
}

/// The message that is acted on.
struct Target {
    /// As WhatsApp Web has it, or else the Cloud API.
    message_id: MessageId,
    chat_id: String,
    /// The phone digits of the other side, where the log knows them.
    phone: Option<String>,
    /// What the log has of it.
    logged: Logged,
}

/// What the log has of a message that is acted on. The page forgets a message that is deleted, at the latest when it is
/// loaded again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Logged {
    Nothing,
    Message,
    /// Somebody has deleted it for everyone.
    Revoked,
}

impl Target {
    /// Whether the act was done before: then WhatsApp is asked for nothing.
    fn is_so(&self, act: &Act) -> bool {
        *act == Act::Revoke && self.logged == Logged::Revoked
    }

    /// Whether this failure means that the act was done before: the page does not have the message, and there was one.
    fn is_gone(&self, act: &Act, failure: &ActFailure) -> bool {
        let is_absent = matches!(failure, ActFailure::NothingLeft(NothingLeft::MessageAbsent));
        *act == Act::DeleteForMe && is_absent && self.logged != Logged::Nothing
    }

    fn via(&self) -> Via {
        if self.message_id.is_wamid() { Via::Cloud } else { Via::Web }
    }
}

impl Outbound {
    /// Acts on a message, and answers within `SEND_TIMEOUT` of the request's arrival. An act with a key that has begun is
    /// finished and its outcome stored, also if the caller hangs up.
    pub async fn act(&self, acting: Acting, arrived: Instant) -> Result<Sent, SendError> {
        admission::allow_cliente(&self.settings.allowed_cliente_ids, acting.origin.cliente_id.as_deref())?;
        let Some(key) = acting.key else { return self.act_anew(&acting, arrived, None).await };
        let mut parts = acting.act.identity(&acting.message);
        parts.push(acting.origin.cliente_id.clone().unwrap_or_default());
        let fingerprint = key.fingerprint(&parts);
        let deadline = arrived + self.settings.timeout;
        let key_lock = tokio::time::timeout_at(deadline, self.key_locks.take(key)).await;
        let record = self.store.find_send(key).await.map_err(unavailable)?;
        let now = self.steady.now();
        let again = record.as_ref().is_some_and(|record| record.is_live(now));
        match judge(record, fingerprint, now) {
            Verdict::Send => {}
            Verdict::Conflict => return Err(SendError::KeyConflict),
            Verdict::Sent { message_id, chat_id, phone, at, .. } => {
                let target = Target { message_id, chat_id, phone, logged: Logged::Message };
                return Ok(Sent { at, ..self.acted(target, false) });
            }
            // An act is never stored like this.
            Verdict::Failed(message_id, cause) => return Err(SendError::failed(message_id, cause)),
            Verdict::Unconfirmed(message_id) => return Err(SendError::Unconfirmed { message_id }),
        }
        let Ok(key_lock) = key_lock else { return Err(SendError::Busy) };
        let outbound = self.clone();
        let acted = tokio::spawn(async move {
            let acted = outbound.act_anew(&acting, arrived, Some(Keyed { key, fingerprint, again })).await;
            drop(key_lock);
            acted
        });
        acted.await.map_err(|_| SendError::Stopping)?
    }

    async fn act_anew(&self, acting: &Acting, arrived: Instant, keyed: Option<Keyed>) -> Result<Sent, SendError> {
        let Acting { message, act, .. } = acting;
        let target = match self.target(message, act).await {
            // No state of the session makes it possible.
            Err(error @ SendError::NotPossible { .. }) if self.settings.mode != SendMode::Off => return Err(error),
            target => target,
        };
        let via = target.as_ref().map_or(Via::Web, Target::via);
        self.availability_via(via).await.admit()?;
        let target = target?;
        if self.settings.mode == SendMode::DryRun {
            return Ok(self.acted(target, true));
        }
        if matches!(act, Act::React(emoji) if !emoji.as_str().is_empty()) {
            let names = self.names_of_target(&target).await;
            if self.store.has_opted_out(names).await.map_err(not_stored)? {
                return Err(SendError::OptedOut);
            }
        }
        // The browser is needed while the act waits for its turn too.
        let _working = self.ways.sender(via)?.activity.begin();
        let is_so = target.is_so(act);
        let turn = if is_so {
            None
        } else if act.is_seen() {
            let mut turn = self.turn(arrived, via).await?;
            // WhatsApp is asked for something; a message of the day it is not.
            turn.asks();
            Some(turn)
        } else {
            self.limit_acts()?;
            None
        };
        let record = keyed.as_ref().map(|keyed| (keyed, self.reserved(&target, keyed.fingerprint)));
        if let Some((keyed, record)) = &record {
            self.store.keep_send(keyed.key, record.clone(), self.steady.now()).await.map_err(not_stored)?;
        }
        let acted = if is_so { Ok(()) } else { self.does(&target, act, self.left(arrived)).await };
        drop(turn);
        let acted = acted.or_else(|failure| if target.is_gone(act, &failure) { Ok(()) } else { Err(failure) });
        let error = match acted {
            Ok(()) => {
                let sent = self.acted(target, false);
                if let Some((Keyed { key, .. }, record)) = record {
                    self.ways.web.settle(*key, record.settled(End::Sent(sent.ack), sent.at)).await;
                }
                return Ok(sent);
            }
            // A retry repeats it.
            Err(ActFailure::Unknown) => {
                return Err(SendError::ActUnconfirmed { message_id: Some(target.message_id) });
            }
            Err(failure) => of_message(failure, act),
        };
        // An earlier attempt may have done it: its key stays.
        if let Some((Keyed { key, again: false, .. }, record)) = record {
            self.ways.web.nothing_left(*key, record.message_id).await;
        }
        Err(error)
    }

    /// The names of the other side. A group has none.
    async fn names_of_target(&self, target: &Target) -> Vec<String> {
        let mut names = vec![target.chat_id.clone()];
        for who in [Some(&target.chat_id), target.phone.as_ref()].into_iter().flatten() {
            if let Ok(who) = ChatId::parse_recipient(who) {
                names.extend(self.ways.web.people.names(&who).await);
            }
        }
        names
    }

    async fn does(&self, target: &Target, act: &Act, patience: Duration) -> Result<(), ActFailure> {
        match (&self.ways.cloud, act, &target.phone) {
            (Some((client, _)), Act::React(emoji), Some(phone)) if target.via() == Via::Cloud => {
                client.react(phone, &target.message_id, emoji, patience).await
            }
            _ => self.session.act(&target.message_id, act, patience).await,
        }
    }

    /// The message of this id. The log may know a message of WhatsApp Web by the id that the Cloud API gave it.
    async fn target(&self, message: &MessageId, act: &Act) -> Result<Target, SendError> {
        let logged = self.store.logged_message(message.clone()).await.map_err(unavailable)?;
        let logged = logged.map(|entry| entry.message);
        let message_id = match &logged {
            Some(logged) if message.is_wamid() => logged.id.clone(),
            _ => message.clone(),
        };
        let (phone, logged) = match logged {
            None => (None, Logged::Nothing),
            Some(logged) if logged.revoked_at.is_some() => (logged.phone, Logged::Revoked),
            Some(logged) => (logged.phone, Logged::Message),
        };
        if let Some(parts) = message_id.parts() {
            return Ok(Target { chat_id: parts.chat.to_owned(), phone, message_id, logged });
        }
        if !message_id.is_wamid() {
            return Err(SendError::MessageAbsent);
        }
        let not_possible = |why: &str| SendError::NotPossible { via: Via::Cloud, why: why.to_owned() };
        if !matches!(act, Act::React(_)) {
            return Err(not_possible(BY_THE_PAGE_ONLY));
        }
        if self.ways.cloud.is_none() {
            return Err(not_possible(NO_CLOUD));
        }
        let phone = phone.or_else(|| Wamid::decode(message_id.as_str()).map(|wamid| wamid.number));
        let phone = phone.ok_or(SendError::MessageAbsent)?;
        Ok(Target { chat_id: format!("{phone}@c.us"), phone: Some(phone), message_id, logged })
    }

    fn reserved(&self, target: &Target, fingerprint: Fingerprint) -> SendRecord {
        SendRecord {
            fingerprint,
            created_at: self.steady.now(),
            message_id: target.message_id.clone(),
            chat_id: target.chat_id.clone(),
            phone: target.phone.clone(),
            via: target.via(),
            stage: SendStage::Reserved,
        }
    }

    fn acted(&self, target: Target, dry_run: bool) -> Sent {
        let via = target.via();
        let Target { message_id, chat_id, phone, logged: _ } = target;
        let named = chat_id.strip_suffix("@c.us").map(str::to_owned);
        let to = phone.or(named).unwrap_or_else(|| chat_id.clone());
        let guarantee = Guarantee::Repeatable;
        // The Cloud API says only that it took the reaction.
        let ack = if via == Via::Cloud && !dry_run { Ack::PENDING } else { Ack::SERVER };
        Sent { message_id, chat_id, to, ack, at: self.clock.now(), dry_run, via, guarantee }
    }

    /// Admits a change of a chat's marks, or of who is blocked, which the page makes and which is no message: what refuses to
    /// mark a chat as unread refuses this too, and it counts among the acts of a minute. None with `SEND_MODE=dry-run`. The
    /// browser is needed for as long as the answer is kept.
    pub async fn admit_mark(&self) -> Result<Option<Working>, SendError> {
        self.availability_via(Via::Web).await.admit()?;
        if self.settings.mode == SendMode::DryRun {
            return Ok(None);
        }
        self.limit_acts()?;
        Ok(Some(self.ways.web.activity.begin()))
    }

    pub(super) fn limit_acts(&self) -> Result<(), SendError> {
        let why = "more is marked, blocked, deleted and shown typing in a minute than a person would do";
        self.acts.take(Instant::now()).map_err(|retry_after| SendError::RateLimited { why, retry_after })
    }

    pub(super) fn left(&self, arrived: Instant) -> Duration {
        (arrived + self.settings.timeout).saturating_duration_since(Instant::now())
    }
}

pub(super) fn unavailable(error: StoreError) -> SendError {
    SendError::Unavailable(error.to_string())
}

fn of_message(failure: ActFailure, act: &Act) -> SendError {
    match (failure, act) {
        (ActFailure::NotPossible(why), Act::Edit(_)) => SendError::EditNotPossible(why),
        (ActFailure::NotPossible(why), Act::Revoke) => SendError::RevokeNotPossible(why),
        (ActFailure::NotPossible(why), Act::React(_) | Act::DeleteForMe) => SendError::NotDone(why),
        (ActFailure::NothingLeft(NothingLeft::Refused(why)), _) => SendError::NotDone(why),
        (ActFailure::NothingLeft(why), _) => why.into(),
        (ActFailure::Unknown, _) => SendError::ActUnconfirmed { message_id: None },
    }
}
