//! What was being sent when the page or the process died: a message that the page holds and that WhatsApp's server has not
//! is sent by the page again, under the same id, which receivers take once.
//!
//! ```text
//! READY with another document ──► each send that is dispatching ──► the page holds it ──► sent again ──► ack: settled
//!                                                                └► the page does not, which proves nothing: unconfirmed
//! ```

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::domain::idempotency::{End, SendKey, SendRecord};
use crate::domain::message::MessageId;
use crate::domain::state::State;
use crate::store::Store;
use crate::transport::web::session::Snapshot;
use crate::transport::web::whatsapp::Resent;

use super::sender::{Ledger, Sender, Transport};

/// The messages that the page is sending again. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay(Arc<Mutex<HashSet<MessageId>>>);

impl UnderWay {
    pub(super) fn has(&self, message: &MessageId) -> bool {
        self.all().contains(message)
    }

    fn all(&self) -> MutexGuard<'_, HashSet<MessageId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the session, and has each document look once. Ends with the session.
pub(super) async fn run<P: Transport, L: Ledger>(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    store: Store,
    sender: Sender<P, L>,
    under_way: UnderWay,
) {
    let mut seen = None;
    loop {
        let (state, document) = {
            let session = snapshots.borrow_and_update();
            (session.state, session.documents)
        };
        if state == State::Ready && seen != Some(document) {
            seen = Some(document);
            under_way.all().clear();
            match store.unsettled_sends().await {
                Ok(unsettled) => {
                    for (key, record) in unsettled {
                        resend(&sender, key, record, &under_way).await;
                    }
                }
                Err(error) => tracing::warn!(%error, "sends that are not settled cannot be looked up"),
            }
        }
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}

pub(super) async fn resend<P: Transport, L: Ledger>(
    sender: &Sender<P, L>,
    key: SendKey,
    record: SendRecord,
    under_way: &UnderWay,
) {
    match sender.page.resend(record.message_id.clone()).await {
        Ok((Resent::Resent | Resent::Pending, _)) => {
            tracing::info!(message_id = %record.message_id, "the page sends a message again that had not left");
            under_way.all().insert(record.message_id);
        }
        Ok((Resent::Sent, ack)) => {
            let end = if ack.is_failure() { End::Failed(None) } else { End::Sent(ack) };
            sender.settle(key, record.settled(end, sender.clock.now())).await;
        }
        Ok((Resent::Absent, _)) => {
            tracing::warn!(message_id = %record.message_id, "the page does not hold a message that may have left");
        }
        // The next document is asked again.
        Err(error) => tracing::warn!(%error, "the page could not be asked to send a message again"),
    }
}
