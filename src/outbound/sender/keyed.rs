//! A send under a key: exactly once, as far as the ledger is durable.
//!
//! ```text
//! kept reserved ──► file uploaded ──► kept dispatching ──► dispatched ──► the outcome is kept
//!       ▲                │ the page dies │                      │ the page has lost the upload: nothing left
//!       └────────────────┴── is READY again ◄───────────────────┘
//! ```

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::SendError;
use super::super::acks::Awaited;
use super::super::ledger::Ledger;
use super::super::new_contacts::FirstMessage;
use super::{Delivered, Sender, Sending, Taken, Uploaded, not_stored};
use crate::domain::idempotency::{Cause, End, Fingerprint, KEY_LIFE, SendKey, SendRecord, SendStage};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
use crate::domain::via::Via;
use crate::store::StoreError;
use crate::transport::{Reservation, Transport};

/// The pause before an outcome that could not be stored is written again: a person has to free a full disk.
pub(super) const STORE_AGAIN: Duration = Duration::from_secs(30);

impl<T: Transport, L: Ledger> Sender<T, L> {
    /// Sends exactly once, as far as the ledger is durable: each step is stored before the next is taken.
    pub(in crate::outbound) async fn send_with_key(
        &self,
        key: SendKey,
        fingerprint: Fingerprint,
        mut sending: Sending,
    ) -> Result<Delivered, SendError> {
        let (reservation, mut first) = self.reserve(&mut sending).await?;
        let _uploaded = Uploaded { transport: &self.transport, to: reservation.clone() };
        self.type_a_while(&reservation, &sending).await;
        let message_id = reservation.message_id.clone();
        let reserved = SendRecord {
            fingerprint,
            created_at: self.steady.now(),
            message_id: message_id.clone(),
            chat_id: reservation.chat_id.clone(),
            phone: reservation.phone.clone(),
            via: self.transport.via(),
            stage: SendStage::Reserved,
        };
        let dispatching = SendRecord { stage: SendStage::Dispatching, ..reserved.clone() };
        self.ledger.keep(key, reserved.clone(), self.steady.now()).await.map_err(not_stored)?;
        if self.transport.via() == Via::Cloud && sending.file.is_some() {
            // Whoever is answered before the file is uploaded can ask for the message.
            let waiting = self.logged(&reservation, &sending.outgoing);
            if let Err(error) = self.ledger.waits(waiting, self.steady.now()).await {
                tracing::debug!(%error, "that a message waits for its file could not be stored");
            }
        }
        let _ = sending.reserved.set(message_id.clone());
        let mut acked = self.acks.expect(message_id.clone()).await;
        let (mut attempts, answered) = (self.uploading.attempts(), sending.deadline);
        let result = loop {
            let stored = (key, dispatching.clone());
            let result = self.attempt(&reservation, &mut sending, &mut first, stored, &mut acked).await;
            // Once the caller was answered, only the service can try again.
            let is_tried_again = |error: &&SendError| {
                let is_passing =
                    is_passing(error) || (matches!(error, SendError::NotUploaded(_)) && Instant::now() >= answered);
                is_passing && sending.may_need_file()
            };
            let Some(error) = result.as_ref().err().filter(is_tried_again) else { break result };
            tracing::warn!(message_id = message_id.masked(), %error, "a file is uploaded again once the session is READY");
            // A crash finds that nothing left.
            if let Err(error) = self.ledger.keep(key, reserved.clone(), self.steady.now()).await {
                self.forget(key, message_id);
                return Err(not_stored(error));
            }
            if !attempts.again(&self.transport).await {
                break result;
            }
        };
        let result = result.map(|taken| self.delivered(reservation, taken));
        match &result {
            Ok(sent) => {
                let end = if sent.ack.is_sent() { End::Sent(sent.ack) } else { End::Accepted(sent.message_id.clone()) };
                self.settle(key, dispatching.settled(end, sent.at)).await;
            }
            Err(SendError::Failed { cause, .. }) => {
                self.settle(key, dispatching.settled(End::Failed(cause.clone()), self.clock.now())).await;
            }
            Err(SendError::FailedAs { code, .. }) => {
                let end = End::Failed(Some(Cause::Number(*code)));
                self.settle(key, dispatching.settled(end, self.clock.now())).await;
            }
            Err(SendError::Unconfirmed { .. }) => self.settle_later(key, dispatching, acked),
            // Nothing left.
            Err(_) => {
                self.note_nothing_left(&message_id).await;
                self.nothing_left(key, message_id).await;
            }
        }
        result
    }

    /// Brings the message's file to WhatsApp's server, if it has one, and hands the message over.
    async fn attempt(
        &self,
        reservation: &Reservation,
        sending: &mut Sending,
        first: &mut Option<FirstMessage>,
        (key, dispatching): (SendKey, SendRecord),
        acked: &mut Awaited,
    ) -> Result<Taken, SendError> {
        self.upload(reservation, sending, None).await?;
        sending.deadline = sending.deadline.max(Instant::now() + self.dispatch);
        let message_id = reservation.message_id.clone();
        let departure = self.departure(reservation, sending, first.as_ref(), Some((key, dispatching)));
        if let Err(error) = self.ledger.departs(departure).await {
            // A write that was not answered in time may still happen, although nothing was sent.
            self.forget(key, message_id);
            return Err(not_stored(error));
        }
        // A later attempt is not counted again.
        sending.counted = false;
        sending.turn.leaves();
        if let Some(first) = first.as_mut() {
            first.leaves();
        }
        let held = self.hold_browser(&message_id).await;
        let result = self.deliver(reservation, sending, acked).await;
        held.release_after(&result);
        self.give_back(&result, sending, first);
        result
    }

    /// Removes the record of a message of which nothing left.
    pub(in crate::outbound) async fn nothing_left(&self, key: SendKey, message: MessageId) {
        if let Err(error) = self.ledger.forget(key, message.clone()).await {
            warn(&error);
            self.forget(key, message);
        }
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
    pub(in crate::outbound) async fn resume(&self, key: SendKey, record: SendRecord) {
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
    pub(in crate::outbound) async fn settle(&self, key: SendKey, record: SendRecord) {
        let Err(error) = self.ledger.keep(key, record.clone(), self.steady.now()).await else { return };
        warn(&error);
        let sender = self.clone();
        self.insist(record.created_at.plus(KEY_LIFE), move || {
            let (sender, record) = (sender.clone(), record.clone());
            async move { sender.ledger.keep(key, record, sender.steady.now()).await }
        });
    }

    /// Repeats a write until it works, the store is closed, or the key has expired.
    pub(super) fn insist<W>(&self, until: Timestamp, write: impl Fn() -> W + Send + 'static)
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
}

/// Whether nothing left for a reason that passes by itself.
fn is_passing(error: &SendError) -> bool {
    matches!(error, SendError::UploadLost(_) | SendError::NotReady(_) | SendError::Busy)
}

fn warn(error: &StoreError) {
    tracing::error!(%error, "the outcome of a send could not be stored: until it can be, its key answers SEND_UNCONFIRMED");
}
