//! What Meta's webhook tells: messages and reports, stored before Meta is answered. Meta repeats what was not answered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::opt_outs::OptOuts;
use crate::domain::log::LoggedMessage;
use crate::domain::media::FetchPolicy;
use crate::domain::message::{MessageEvent, MessageId, PageMessage};
use crate::domain::time::{Clock, Timestamp};
use crate::domain::via::Via;
use crate::host::metrics::Metrics;
use crate::store::{LogChange, Store, StoreError};
use crate::transport::cloud::Client;
use crate::transport::cloud::webhook::{Heard, Status, Told};

/// The kind of a message that is a text.
const TEXT: &str = "chat";
/// How often the log tells of requests that are not Meta's.
const TOLD_EVERY: Duration = Duration::from_secs(60);

pub struct CloudParts {
    pub store: Store,
    pub client: Client,
    /// Reports of sent messages go to those who wait for them, as long as somebody does.
    pub acks: mpsc::WeakSender<MessageEvent>,
    pub clock: Arc<dyn Clock>,
    pub files: FetchPolicy,
    pub opt_outs: OptOuts,
    pub metrics: Metrics,
}

/// Takes what Meta tells. Cheap to clone.
#[derive(Clone)]
pub struct CloudInbound(Arc<CloudParts>, Arc<Mutex<Option<Instant>>>);

#[derive(Debug, thiserror::Error)]
#[error("what Meta tells cannot be stored at the moment: {0}")]
pub struct NotTaken(#[from] StoreError);

impl CloudInbound {
    pub fn new(parts: CloudParts) -> Self {
        Self(Arc::new(parts), Arc::default())
    }

    /// Notes a request that is not Meta's. The address is known to the world, so each is counted and one a minute is logged.
    pub fn refused(&self) {
        let count = self.0.metrics.webhook_refused();
        let (mut told_at, now) = (self.1.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        if told_at.is_none_or(|told_at| now >= told_at + TOLD_EVERY) {
            *told_at = Some(now);
            tracing::warn!(
                count,
                "requests to the webhook of the Cloud API have no valid signature; if Meta's reports do not come, check CLOUD_API_APP_SECRET"
            );
        }
    }

    /// Stores everything; returns once that is durable. The same may be told again and in any order.
    ///
    /// # Errors
    /// The store cannot be written to: nothing must be answered, so that Meta tells it again.
    pub async fn take(&self, told: Vec<Told>) -> Result<(), NotTaken> {
        let now = self.0.clock.now();
        let (mut changes, mut statuses) = (Vec::new(), Vec::new());
        for one in told {
            match one {
                Told::Message(heard) => changes.extend(self.addition(*heard, now)),
                Told::Edited(heard) => {
                    // Only the text is edited. An edit may overtake its message, whose words would be lost: then it is added,
                    // other than a caption without its file, which would keep the message from being added with its file.
                    let edited = PageMessage { media: None, data: None, ..heard.message.clone() };
                    if heard.message.media.is_some() || heard.message.kind == TEXT {
                        changes.extend(self.addition(*heard, now));
                    }
                    changes.push(LogChange::Amend(Box::new(edited), now));
                }
                Told::Revoked(message) => changes.push(LogChange::Amend(message, now)),
                Told::Reacted(reaction) => changes.push(LogChange::Reacted(*reaction, now)),
                Told::Status(status) => {
                    let Status { id, ack, code, reference, phone, .. } = &status;
                    if let Some(reference) = reference.clone() {
                        let (id, phone) = (id.clone(), phone.clone());
                        changes.push(LogChange::Accepted { reference, id, phone, at: now });
                    }
                    changes.push(LogChange::Ack(id.clone(), *ack, *code, now));
                    statuses.push(status);
                }
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.0.opt_outs.note(&changes).await?;
        self.0.store.log(Arc::new(changes)).await?;
        for status in statuses {
            self.report(status).await;
        }
        Ok(())
    }

    fn addition(&self, heard: Heard, now: Timestamp) -> Option<LogChange> {
        let Heard { message, account } = heard;
        let mut logged = LoggedMessage::from_page(message, now, false)?;
        (logged.account, logged.source) = (account, Via::Cloud);
        if let Some(media) = &mut logged.media {
            media.status = self.0.files.first(media);
        }
        Some(LogChange::Add(Box::new(logged)))
    }

    /// Passes a report on to whoever waits for the end of a send, and counts what Meta bills.
    async fn report(&self, status: Status) {
        let Status { id, ack, code, reference, billed, phone, .. } = status;
        if let (Some(phone), Some(code)) = (&phone, code) {
            self.0.client.failed(phone, code);
        }
        let Some(reference) = reference else { return };
        let event = if ack.is_failure() {
            MessageEvent::Acked(reference.clone(), ack, code)
        } else {
            MessageEvent::Accepted(reference.clone(), id)
        };
        if let Some(acks) = self.0.acks.upgrade() {
            // This fails if nobody waits any more.
            let _ = acks.send(event).await;
        }
        if let Some(category) = billed {
            self.count(reference, &category).await;
        }
    }

    /// Meta names the price of a message in more than one report.
    async fn count(&self, reference: MessageId, category: &str) {
        match self.0.store.is_first_bill(reference.clone()).await {
            Ok(true) => {
                let entry = self.0.store.logged_message(reference).await.ok().flatten();
                let cliente_id = entry.as_ref().and_then(|entry| entry.message.cliente_id()).unwrap_or_default();
                self.0.metrics.billed(category, cliente_id);
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "what Meta bills for a message could not be counted"),
        }
    }
}
