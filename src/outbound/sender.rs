//! Brings a message to WhatsApp's server: at most once, and under a key exactly once.
//!
//! ```text
//! known, prepare ─► keep reserved ─► keep dispatching ─► dispatch ─► ack or failure ─► keep the outcome
//!    a crash up to here: nothing left        │ and from here: never dispatched again. The page sends what it holds
//!                                            │ under the same id (resends.rs); an ack settles the send, however late
//! ```

mod keyed;
mod recipient;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::SendError;
use super::acks::{Acks, Awaited};
use super::cloud_message;
use super::ledger::Ledger;
use super::new_contacts::{FirstMessage, NewContacts};
use super::people::People;
use super::queue::Turn;
use super::uploading::{Uploading, Wanted};
use crate::blobs::Pin;
use crate::domain::content::{Content, Outgoing};
use crate::domain::idempotency::{Departure, End, KEY_LIFE, SendKey, SendRecord};
use crate::domain::log::LoggedMessage;
use crate::domain::message::{Ack, MessageId};
use crate::domain::time::{Clock, Timestamp};
use crate::domain::via::Via;
use crate::host::activity::Activity;
use crate::store::StoreError;
use crate::transport::{Dispatched, Reservation, SendFailure, Transport};

/// After this many sends in a row without an ack from the server, the session reloads the page.
const UNCONFIRMED_MAX: u32 = 5;
/// How long a message without an ack keeps the browser from a planned restart. The page sends what it holds within seconds of
/// being connected again; a message that took longer than this does not keep the browser running for ever.
const BROWSER_HELD_MAX: Duration = Duration::from_secs(600);
/// Typing time per character (some 40 words a minute on a phone are 3 to 4 characters a second; this is faster), and
/// the longest typing time of a message.
const TYPED: Duration = Duration::from_millis(60);
const TYPING_MAX: Duration = Duration::from_secs(5);

/// A message and its turn.
pub(super) struct Sending {
    pub outgoing: Outgoing,
    /// Keeps the bytes of the file that the message has.
    pub file: Option<Pin>,
    /// Set once the message's id is stored: from then on the send may go on after its caller was answered.
    pub reserved: Arc<OnceLock<MessageId>>,
    pub deadline: Instant,
    pub turn: Turn,
    /// There is a daily cap: the message is counted on the disk before it leaves.
    pub counted: bool,
    /// The recipient sees "typing…" first.
    pub typing: bool,
}

impl Sending {
    /// Whether a file may have to be brought to WhatsApp's server first.
    pub(super) fn may_need_file(&self) -> bool {
        self.file.is_some() || matches!(self.outgoing.content, Content::Forward { .. })
    }
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

/// What is known of a message once WhatsApp has it.
struct Taken {
    ack: Ack,
    /// The id that the Cloud API gave the message, and the number under which it knows the recipient.
    accepted: Option<(MessageId, Option<String>)>,
}

impl Taken {
    fn acked(ack: Ack) -> Self {
        Self { ack, accepted: None }
    }
}

/// The task that keeps the browser from a planned restart for the sake of a message.
struct BrowserHeld(JoinHandle<()>);

impl BrowserHeld {
    /// Ends the task unless the page may still hold the message.
    fn release_after<T>(self, result: &Result<T, SendError>) {
        if !matches!(result, Err(SendError::Unconfirmed { .. })) {
            self.0.abort();
        }
    }
}

/// Forgets, when it is dropped, the upload that no dispatch has used.
struct Uploaded<'a, T: Transport> {
    transport: &'a T,
    to: Reservation,
}

impl<T: Transport> Drop for Uploaded<'_, T> {
    fn drop(&mut self) {
        self.transport.forget_upload(&self.to);
    }
}

#[derive(Clone)]
pub(super) struct Sender<T, L> {
    pub transport: T,
    pub ledger: L,
    pub acks: Acks,
    pub new_contacts: NewContacts,
    /// Sends in a row that were not acknowledged in time.
    pub unconfirmed: Arc<AtomicU32>,
    pub clock: Arc<dyn Clock>,
    /// The clock by which keys expire.
    pub steady: Arc<dyn Clock>,
    pub activity: Activity,
    pub uploading: Uploading,
    /// The time that a message under a key has from its dispatch on, however long its file took.
    pub dispatch: Duration,
    pub people: People,
}

impl<T: Transport, L: Ledger> Sender<T, L> {
    /// Sends at most once; nothing is stored about the end of the send.
    pub(super) async fn send(&self, mut sending: Sending) -> Result<Delivered, SendError> {
        let (reservation, mut first) = self.reserve(&mut sending).await?;
        let _uploaded = Uploaded { transport: &self.transport, to: reservation.clone() };
        self.type_a_while(&reservation, &sending).await;
        self.upload(&reservation, &sending, Some(sending.deadline)).await?;
        self.ledger.departs(self.departure(&reservation, &sending, first.as_ref(), None)).await.map_err(not_stored)?;
        sending.turn.leaves();
        if let Some(first) = &mut first {
            first.leaves();
        }
        // The wait begins before the message can be acknowledged.
        let mut acked = self.acks.expect(reservation.message_id.clone()).await;
        let held = self.hold_browser(&reservation.message_id).await;
        let result = self.deliver(&reservation, &sending, &mut acked).await;
        held.release_after(&result);
        self.give_back(&result, &mut sending, &mut first);
        Ok(self.delivered(reservation, result?))
    }

    /// Gives the places in the daily caps back that a message took of which the Cloud API took nothing. On the disk that is done
    /// with the note that nothing left. What the page refuses keeps its places.
    fn give_back<S>(&self, result: &Result<S, SendError>, sending: &mut Sending, first: &mut Option<FirstMessage>) {
        let may_have_left = |error: &SendError| {
            matches!(error, SendError::Unconfirmed { .. } | SendError::Failed { .. } | SendError::FailedAs { .. })
        };
        if self.transport.via() == Via::Cloud && result.as_ref().is_err_and(|error| !may_have_left(error)) {
            sending.turn.was_refused();
            if let Some(first) = first.take() {
                first.was_refused();
            }
        }
    }

    /// Brings the file of the message, or of the message that it passes on, to WhatsApp's server, if there is one. At `end` the upload is cancelled.
    async fn upload(&self, to: &Reservation, sending: &Sending, end: Option<Instant>) -> Result<(), SendError> {
        let wanted = if let Content::Forward { of } = &sending.outgoing.content {
            if !self.transport.forwards_file(of, self.uploading.largest).await? {
                return Ok(());
            }
            Wanted::Forwarded(of)
        } else {
            let Some(file) = sending.outgoing.content.file() else { return Ok(()) };
            Wanted::Kept(file, sending.file.as_ref().ok_or(SendError::FileNotFound)?)
        };
        self.uploading.upload(&self.transport, to, wanted, end).await
    }

    /// Keeps the browser from a planned restart until the end of the message is known, also if the caller is answered or hangs
    /// up before: the page alone holds a message that has not left yet.
    async fn hold_browser(&self, message: &MessageId) -> BrowserHeld {
        let working = self.activity.begin();
        let ended = self.acks.expect(message.clone()).await;
        BrowserHeld(tokio::spawn(async move {
            let _ = tokio::time::timeout(BROWSER_HELD_MAX, ended).await;
            drop(working);
        }))
    }

    /// The data stored before the message leaves. If a crash lost the count, more could leave than the daily cap
    /// allows; if it lost the origin, the message would count as written by a person.
    fn departure(
        &self,
        to: &Reservation,
        sending: &Sending,
        first: Option<&FirstMessage>,
        key: Option<(SendKey, SendRecord)>,
    ) -> Departure {
        let day = sending.counted.then(|| sending.turn.day());
        let (message_id, origin) = (to.message_id.clone(), sending.outgoing.origin.clone());
        let message = (self.transport.via() == Via::Cloud).then(|| Box::new(self.logged(to, &sending.outgoing)));
        let first_on = first.and_then(FirstMessage::day);
        Departure { message_id, origin, at: self.steady.now(), day, first_on, key, message }
    }

    /// A message to the Cloud API as the log keeps it.
    fn logged(&self, to: &Reservation, outgoing: &Outgoing) -> LoggedMessage {
        cloud_message::logged(to, outgoing, self.transport.account(), self.clock.now())
    }

    /// Shows typing for as long as a person would type, within the time that is left for the send.
    async fn type_a_while(&self, to: &Reservation, sending: &Sending) {
        if !sending.typing {
            return;
        }
        let characters = u32::try_from(sending.outgoing.content.typed()).unwrap_or(u32::MAX);
        let span = TYPING_MAX.min(TYPED.saturating_mul(characters)).min(left(sending.deadline) / 4);
        // If the page cannot show it, the message goes without.
        if let Ok(Err(error)) = tokio::time::timeout(span, self.transport.typing(to)).await {
            tracing::debug!(%error, "typing could not be shown");
        }
        tokio::time::sleep(span).await;
    }

    /// Hands the message over and waits for the server's report, on whichever path it comes.
    async fn deliver(&self, to: &Reservation, sending: &Sending, acked: &mut Awaited) -> Result<Taken, SendError> {
        let Sending { outgoing, deadline, .. } = sending;
        let dispatch = self.transport.dispatch(to, outgoing, left(*deadline));
        let early = tokio::select! {
            biased;
            // None: no report can come any more.
            end = &mut *acked => Some(end),
            taken = dispatch => match taken {
                Ok(Dispatched::Acked(ack)) if ack.is_sent() => Some(Some(End::Sent(ack))),
                Ok(Dispatched::Acked(ack)) if ack.is_failure() => Some(Some(End::Failed(None))),
                Ok(Dispatched::Accepted { id, phone }) => {
                    self.count(true);
                    self.log_accepted(to, &id, phone.as_ref()).await;
                    return Ok(Taken { ack: Ack::PENDING, accepted: Some((id, phone)) });
                }
                // Only an ack tells.
                Ok(Dispatched::Acked(_)) | Err(SendFailure::Unknown) => None,
                Err(SendFailure::NothingLeft(why)) => {
                    self.note_nothing_left(&to.message_id).await;
                    return Err(why.into());
                }
            },
        };
        let end = match early {
            Some(end) => end,
            None => tokio::time::timeout_at(*deadline, acked).await.ok().flatten(),
        };
        self.count(end.is_some());
        match end {
            Some(End::Sent(ack)) => Ok(Taken::acked(ack)),
            // Meta told of the message before its answer came.
            Some(End::Accepted(id)) => Ok(Taken { ack: Ack::PENDING, accepted: Some((id, None)) }),
            Some(End::Failed(cause)) => Err(SendError::failed(to.message_id.clone(), cause)),
            None => Err(SendError::Unconfirmed { message_id: to.message_id.clone() }),
        }
    }

    /// Notes that nothing left of a message to the Cloud API. Without the note it is shown as unconfirmed for longer.
    async fn note_nothing_left(&self, message: &MessageId) {
        if self.transport.via() == Via::Cloud
            && let Err(error) = self.ledger.nothing_left(message.clone()).await
        {
            tracing::debug!(%error, "that nothing left could not be noted");
        }
    }

    /// A connection that accepts messages while the server acknowledges none counts as broken, whatever the page says.
    fn count(&self, ended: bool) {
        if ended {
            self.unconfirmed.store(0, Ordering::Relaxed);
        } else if self.unconfirmed.fetch_add(1, Ordering::Relaxed) + 1 >= UNCONFIRMED_MAX {
            self.unconfirmed.store(0, Ordering::Relaxed);
            self.transport.sends_unconfirmed();
        }
    }

    /// Puts a message into the log that the Cloud API took. A write that fails is repeated: Meta's reports repeat it too.
    async fn log_accepted(&self, to: &Reservation, id: &MessageId, phone: Option<&String>) {
        let (sender, at) = (self.clone(), self.steady.now());
        let (reference, id, phone) = (to.message_id.clone(), id.clone(), phone.cloned());
        let write = move || {
            let (sender, reference, id, phone) = (sender.clone(), reference.clone(), id.clone(), phone.clone());
            async move { sender.ledger.accepted(reference, id, phone, at).await }
        };
        if let Err(error) = write().await {
            tracing::error!(%error, "a message that the Cloud API took could not be stored; trying again");
            self.insist(at.plus(KEY_LIFE), write);
        }
    }

    fn delivered(&self, reservation: Reservation, taken: Taken) -> Delivered {
        let Reservation { mut message_id, mut chat_id, mut phone, .. } = reservation;
        let Taken { ack, accepted } = taken;
        if let Some((id, reached)) = accepted {
            message_id = id;
            if let Some(reached) = reached {
                chat_id = format!("{reached}@c.us");
                phone = Some(reached);
            }
        }
        Delivered { message_id, chat_id, phone, ack, at: self.clock.now() }
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

pub(super) fn not_stored(error: StoreError) -> SendError {
    SendError::Unavailable(format!("Nothing was sent, because it could not be stored: {error}."))
}

#[cfg(test)]
mod tests;
