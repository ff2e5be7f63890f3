//! Messages that were being sent when the page or the process died. If the page holds such a message and WhatsApp's
//! server does not have it, the page sends it again under the same id, which receivers accept once.
//!
//! ```text
//! READY with a new document ──► each send in Dispatching ──► the page holds it ──► sent again ──► ack: settled
//!                                                        └► the page does not, which proves nothing: unconfirmed
//! ```

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::idempotency::{End, SendKey, SendRecord};
use crate::domain::message::MessageId;
use crate::domain::state::State;
use crate::domain::via::Via;
use crate::store::Store;
use crate::transport::web::session::Snapshot;
use crate::transport::{Resent, Transport};

use super::ledger::Ledger;
use super::sender::Sender;

/// The messages that the page was asked to send again. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderWay(Arc<watch::Sender<Asked>>);

#[derive(Debug, Default)]
struct Asked {
    /// The document that was asked about every unsettled send; None while a document is being asked.
    document: Option<u64>,
    /// The messages that this document is sending again.
    messages: HashSet<MessageId>,
}

impl UnderWay {
    pub(super) fn has(&self, message: &MessageId) -> bool {
        self.0.borrow().messages.contains(message)
    }

    /// Waits until this document was asked about every unsettled send.
    pub(super) async fn asked(&self, document: u64) {
        let mut asked = self.0.subscribe();
        // `self` keeps the sender alive, so this cannot fail.
        let _ = asked.wait_for(|asked| asked.document >= Some(document)).await;
    }

    fn begins(&self) {
        self.0.send_replace(Asked::default());
    }

    pub(super) fn sends(&self, message: MessageId) {
        self.0.send_modify(|asked| {
            asked.messages.insert(message);
        });
    }

    fn ends(&self, document: u64) {
        self.0.send_modify(|asked| asked.document = Some(document));
    }
}

/// Follows the session, and asks each new document once. Ends with the session.
pub(super) async fn run<T: Transport, L: Ledger>(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    store: Store,
    sender: Sender<T, L>,
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
            under_way.begins();
            match store.unsettled_sends().await {
                Ok(unsettled) => {
                    let by_page =
                        unsettled.into_iter().filter(|(_, record)| record.via == Via::Web && !record.is_of_a_group());
                    for (key, record) in by_page {
                        resend(&sender, key, record, &under_way).await;
                    }
                }
                Err(error) => tracing::warn!(%error, "sends that are not settled cannot be looked up"),
            }
            under_way.ends(document);
        }
        if snapshots.changed().await.is_err() {
            return;
        }
    }
}

pub(super) async fn resend<T: Transport, L: Ledger>(
    sender: &Sender<T, L>,
    key: SendKey,
    record: SendRecord,
    under_way: &UnderWay,
) {
    match sender.transport.resend(&record.message_id).await {
        Ok(Resent::UnderWay) => {
            tracing::info!(message_id = record.message_id.masked(), "the page sends a message again that had not left");
            under_way.sends(record.message_id);
        }
        Ok(Resent::Ended(ack)) => {
            let end = if ack.is_failure() { End::Failed(None) } else { End::Sent(ack) };
            sender.settle(key, record.settled(end, sender.clock.now())).await;
        }
        Ok(Resent::Absent) => {
            tracing::warn!(
                message_id = record.message_id.masked(),
                "the page does not hold a message that may have left"
            );
        }
        // The next document is asked again.
        Err(error) => tracing::warn!(%error, "the page could not be asked to send a message again"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_document_is_waited_for_until_it_was_asked_about_every_send() {
        let under_way = UnderWay::default();
        let patience = Duration::from_secs(1);
        assert!(timeout(patience, under_way.asked(2)).await.is_err());
        under_way.begins();
        under_way.sends(MessageId::new("a"));
        assert!(timeout(patience, under_way.asked(2)).await.is_err(), "others may follow");
        under_way.ends(2);
        assert!(timeout(patience, under_way.asked(2)).await.is_ok() && under_way.has(&MessageId::new("a")));
        assert!(timeout(patience, under_way.asked(3)).await.is_err(), "the next document is another");
        under_way.begins();
        assert!(
            !under_way.has(&MessageId::new("a")),
            "what the last document was sending is not under way in the next"
        );
    }
}
