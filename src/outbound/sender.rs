//! Brings a message to WhatsApp's server: at most once, and under a key exactly once.
//!
//! ```text
//! known, prepare ─► keep reserved ─► keep dispatching ─► dispatch ─► ack or failure ─► keep the outcome
//!    a crash up to here: nothing left        │ and from here: never dispatched again. The page sends what it holds
//!                                            │ under the same id (resends.rs); an ack settles the send, however late
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::acks::{Acks, Awaited};
use super::ledger::Ledger;
use super::new_contacts::{FirstMessage, NewContacts};
use super::queue::Turn;
use super::transport::Transport;
use super::{SendError, left};
use crate::domain::address::{ChatId, Server};
use crate::domain::idempotency::{Departure, End, Fingerprint, KEY_LIFE, SendKey, SendRecord, SendStage};
use crate::domain::log::Origin;
use crate::domain::message::{Ack, MessageId};
use crate::domain::secret::Secret;
use crate::domain::time::{Clock, Timestamp};
use crate::store::StoreError;
use crate::transport::web::session::SessionError;
use crate::transport::web::whatsapp::{Prepared, Restricted};

/// The pause before an outcome that could not be stored is written again: a person has to free a full disk.
const STORE_AGAIN: Duration = Duration::from_secs(30);
/// The wait that the caller is told if WhatsApp does not say when a limit on new chats ends.
const RESTRICTED_AGAIN: Duration = Duration::from_secs(3600);
/// After this many sends in a row without an ack from the server, the session reloads the page.
const UNCONFIRMED_MAX: u32 = 5;
/// Typing time per character (some 40 words a minute on a phone are 3 to 4 characters a second; this is faster), and
/// the longest typing time of a message.
const TYPED: Duration = Duration::from_millis(60);
const TYPING_MAX: Duration = Duration::from_secs(5);

/// A message and its turn.
pub(super) struct Outgoing {
    pub to: ChatId,
    pub text: Secret,
    pub deadline: Instant,
    pub turn: Turn,
    /// There is a daily cap: the message is counted on the disk before it leaves.
    pub counted: bool,
    /// The origin that the log stores with the message.
    pub origin: Origin,
    /// The recipient sees "typing…" first.
    pub typing: bool,
}

/// A message that WhatsApp's server acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Delivered {
    pub message_id: MessageId,
    pub chat_id: String,
    /// The recipient's phone digits, where the page knew them.
    pub phone: Option<String>,
    pub ack: Ack,
    pub at: Timestamp,
}

#[derive(Clone)]
pub(super) struct Sender<P, L> {
    pub page: P,
    pub ledger: L,
    pub acks: Acks,
    pub new_contacts: NewContacts,
    /// Sends in a row that were not acknowledged in time.
    pub unconfirmed: Arc<AtomicU32>,
    pub clock: Arc<dyn Clock>,
    /// The clock by which keys expire.
    pub steady: Arc<dyn Clock>,
}

impl<P: Transport, L: Ledger> Sender<P, L> {
    /// Sends at most once; nothing is stored about the end of the send.
    pub(super) async fn send(&self, mut outgoing: Outgoing) -> Result<Delivered, SendError> {
        let (prepared, first) = self.prepare(&mut outgoing).await?;
        self.type_a_while(&prepared, &outgoing).await;
        self.ledger.departs(self.departure(&prepared, &outgoing, first.as_ref(), None)).await.map_err(not_stored)?;
        outgoing.turn.leaves();
        if let Some(first) = first {
            first.leaves();
        }
        // The wait begins before the message can be acknowledged.
        let mut acked = self.acks.expect(prepared.message_id.clone()).await;
        let ack = self.deliver(&prepared, outgoing.text, &mut acked, outgoing.deadline).await?;
        Ok(self.delivered(prepared, ack))
    }

    /// Sends exactly once, as far as the ledger is durable: each step is stored before the next is taken.
    pub(super) async fn send_with_key(
        &self,
        key: SendKey,
        fingerprint: Fingerprint,
        mut outgoing: Outgoing,
    ) -> Result<Delivered, SendError> {
        let (prepared, first) = self.prepare(&mut outgoing).await?;
        self.type_a_while(&prepared, &outgoing).await;
        let reserved = SendRecord {
            fingerprint,
            created_at: self.clock.now(),
            message_id: prepared.message_id.clone(),
            chat_id: prepared.chat_id.clone(),
            phone: prepared.phone.clone(),
            stage: SendStage::Reserved,
        };
        let dispatching = SendRecord { stage: SendStage::Dispatching, ..reserved.clone() };
        self.ledger.keep(key, reserved, self.steady.now()).await.map_err(not_stored)?;
        let mut acked = self.acks.expect(prepared.message_id.clone()).await;
        let departure = self.departure(&prepared, &outgoing, first.as_ref(), Some((key, dispatching.clone())));
        if let Err(error) = self.ledger.departs(departure).await {
            // A write that was not answered in time may still happen, although nothing was sent.
            self.forget(key, prepared.message_id);
            return Err(not_stored(error));
        }
        outgoing.turn.leaves();
        if let Some(first) = first {
            first.leaves();
        }
        let message_id = prepared.message_id.clone();
        let result = self.deliver(&prepared, outgoing.text, &mut acked, outgoing.deadline).await;
        let result = result.map(|ack| self.delivered(prepared, ack));
        match &result {
            Ok(sent) => self.settle(key, dispatching.settled(End::Sent(sent.ack), sent.at)).await,
            Err(SendError::Failed { cause, .. }) => {
                self.settle(key, dispatching.settled(End::Failed(cause.clone()), self.clock.now())).await;
            }
            Err(SendError::Unconfirmed { .. }) => self.settle_later(key, dispatching, acked),
            // Nothing left.
            Err(_) => match self.ledger.forget(key, message_id.clone()).await {
                Ok(()) => {}
                Err(error) => {
                    warn(&error);
                    self.forget(key, message_id);
                }
            },
        }
        result
    }

    /// Removes the record of a message of which nothing left, as soon as the disk allows. Until then the key counts as
    /// sent, so that nothing is sent twice.
    fn forget(&self, key: SendKey, message: MessageId) {
        let sender = self.clone();
        self.insist(sender.steady.now().plus(KEY_LIFE), move || {
            let (sender, message) = (sender.clone(), message.clone());
            async move { sender.ledger.forget(key, message).await }
        });
    }

    /// Waits for the end of a message that may have left in an earlier run of the process.
    pub(super) async fn resume(&self, key: SendKey, record: SendRecord) {
        let acked = self.acks.expect(record.message_id.clone()).await;
        self.settle_later(key, record, acked);
    }

    fn settle_later(&self, key: SendKey, record: SendRecord, acked: Awaited) {
        let sender = self.clone();
        tokio::spawn(async move {
            // After that time the key has expired and nobody can ask.
            let life = record.life_left(sender.steady.now());
            if let Ok(Some(end)) = tokio::time::timeout(life, acked).await {
                let settled = record.settled(end, sender.clock.now());
                sender.settle(key, settled).await;
            }
        });
    }

    /// Stores the outcome; a write that fails is repeated, and until it works the key answers as unconfirmed.
    pub(super) async fn settle(&self, key: SendKey, record: SendRecord) {
        let Err(error) = self.ledger.keep(key, record.clone(), self.steady.now()).await else { return };
        warn(&error);
        let sender = self.clone();
        self.insist(record.created_at.plus(KEY_LIFE), move || {
            let (sender, record) = (sender.clone(), record.clone());
            async move { sender.ledger.keep(key, record, sender.steady.now()).await }
        });
    }

    /// Repeats a write until it works, the store is closed, or the key has expired.
    fn insist<W>(&self, until: Timestamp, write: impl Fn() -> W + Send + 'static)
    where
        W: Future<Output = Result<(), StoreError>> + Send,
    {
        let clock = Arc::clone(&self.steady);
        tokio::spawn(async move {
            let mut done = false;
            while !done && clock.now() < until {
                tokio::time::sleep(STORE_AGAIN).await;
                done = matches!(write().await, Ok(()) | Err(StoreError::Closed));
            }
        });
    }

    /// The data stored before the message leaves. If a crash lost the count, more could leave than the daily cap
    /// allows; if it lost the origin, the message would count as written by a person.
    fn departure(
        &self,
        to: &Prepared,
        outgoing: &Outgoing,
        first: Option<&FirstMessage>,
        key: Option<(SendKey, SendRecord)>,
    ) -> Departure {
        let day = outgoing.counted.then(|| outgoing.turn.day());
        let (message_id, origin) = (to.message_id.clone(), outgoing.origin.clone());
        Departure { message_id, origin, at: self.steady.now(), day, first_on: first.map(FirstMessage::day), key }
    }

    /// Permission for a first message to somebody, if this is one: WhatsApp's own limits come first, then the daily
    /// cap.
    fn first(
        &self,
        outgoing: &Outgoing,
        talked: bool,
        restricted: Option<&Restricted>,
    ) -> Result<Option<FirstMessage>, SendError> {
        if talked || outgoing.to.server() == Server::Group {
            return Ok(None);
        }
        if let Some(Restricted { until_s, .. }) = restricted {
            let now = self.clock.now().as_millis() / 1000;
            let wait = until_s.map_or(RESTRICTED_AGAIN, |until| Duration::from_secs(until.saturating_sub(now)));
            return Err(SendError::NewChatsRestricted { retry_after: wait });
        }
        self.new_contacts.first(outgoing.turn.day(), self.clock.now())
    }

    /// Shows typing for as long as a person would type, within the time that is left for the send.
    async fn type_a_while(&self, to: &Prepared, outgoing: &Outgoing) {
        if !outgoing.typing {
            return;
        }
        let characters = u32::try_from(outgoing.text.reveal().chars().count()).unwrap_or(u32::MAX);
        let span = TYPING_MAX.min(TYPED.saturating_mul(characters)).min(left(outgoing.deadline) / 4);
        // If the page cannot show it, the message goes without.
        if let Ok(Err(error)) = tokio::time::timeout(span, self.page.typing(to.clone())).await {
            tracing::debug!(%error, "typing could not be shown");
        }
        tokio::time::sleep(span).await;
    }

    /// Resolves the recipient and reserves an id. WhatsApp's server is asked about a number that the page does not
    /// know, but only if a first message is permitted.
    async fn prepare(&self, outgoing: &mut Outgoing) -> Result<(Prepared, Option<FirstMessage>), SendError> {
        outgoing.turn.asks();
        let known = self.page.known(outgoing.to.clone()).await.map_err(nothing_left)?;
        let first = self.first(outgoing, known.talked, known.restricted.as_ref())?;
        let prepared = self.page.prepare(outgoing.to.clone(), left(outgoing.deadline)).await.map_err(nothing_left)?;
        let was_unknown = known.chat_id.is_none();
        match prepared.restricted.as_ref().filter(|_| was_unknown) {
            Some(restricted) => drop(self.first(outgoing, prepared.talked, Some(restricted))?),
            None if prepared.talked => return Ok((prepared, None)),
            None => {}
        }
        Ok((prepared, first))
    }

    /// Hands the message over and waits for the server's report, on whichever path it comes.
    async fn deliver(
        &self,
        to: &Prepared,
        text: Secret,
        acked: &mut Awaited,
        deadline: Instant,
    ) -> Result<Ack, SendError> {
        let dispatch = self.page.dispatch(to.clone(), text, left(deadline));
        let early = tokio::select! {
            biased;
            // None: no report can come any more.
            end = &mut *acked => Some(end),
            taken = dispatch => match taken {
                Ok(ack) if ack.is_sent() => Some(Some(End::Sent(ack))),
                Ok(ack) if ack.is_failure() => Some(Some(End::Failed(None))),
                // The page took the message, or may have: only an ack tells.
                Ok(_) | Err(SessionError::NoAnswer(_) | SessionError::Stopped) => None,
                Err(error) => return Err(nothing_left(error)),
            },
        };
        let end = match early {
            Some(end) => end,
            None => tokio::time::timeout_at(deadline, acked).await.ok().flatten(),
        };
        self.count(end.is_some());
        match end {
            Some(End::Sent(ack)) => Ok(ack),
            Some(End::Failed(cause)) => Err(SendError::Failed { message_id: to.message_id.clone(), cause }),
            None => Err(SendError::Unconfirmed { message_id: to.message_id.clone() }),
        }
    }

    /// A connection that accepts messages while the server acknowledges none counts as broken, whatever the page says.
    fn count(&self, ended: bool) {
        if ended {
            self.unconfirmed.store(0, Ordering::Relaxed);
        } else if self.unconfirmed.fetch_add(1, Ordering::Relaxed) + 1 >= UNCONFIRMED_MAX {
            self.unconfirmed.store(0, Ordering::Relaxed);
            self.page.sends_unconfirmed();
        }
    }

    fn delivered(&self, prepared: Prepared, ack: Ack) -> Delivered {
        let Prepared { message_id, chat_id, phone, .. } = prepared;
        Delivered { message_id, chat_id, phone, ack, at: self.clock.now() }
    }
}

fn not_stored(error: StoreError) -> SendError {
    SendError::Unavailable(format!("Nothing was sent, because it could not be stored: {error}."))
}

fn warn(error: &StoreError) {
    tracing::error!(%error, "the outcome of a send could not be stored: until it can be, its key answers SEND_UNCONFIRMED");
}

/// The meaning of an error before anything has left, or when the page said that nothing did.
fn nothing_left(error: SessionError) -> SendError {
    match error {
        SessionError::Busy => SendError::Busy,
        SessionError::Stopped => SendError::Stopping,
        SessionError::NotReady(state) => SendError::NotReady(state),
        SessionError::NotOnWhatsApp => SendError::NotOnWhatsApp,
        SessionError::ChatReadOnly(why) => SendError::ChatReadOnly(why),
        SessionError::ContactBlocked => SendError::ContactBlocked,
        error @ SessionError::PageLacks(_) => SendError::Unavailable(error.to_string()),
        SessionError::NoAnswer(_) => SendError::NoAnswer,
        SessionError::Refused(why) => SendError::Refused(why),
        error => SendError::Refused(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
