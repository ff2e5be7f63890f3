//! Keeps the list of waits for acks. A single task owns the list, so that an ack and the wait for it cannot miss each
//! other.

use std::collections::HashMap;

use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};

use crate::domain::idempotency::{Cause, End};
use crate::domain::message::{Ack, MessageEvent, MessageId};
use crate::host::tasks::Tasks;

/// Room for waits that are being registered; each takes the task a microsecond.
const REGISTRATIONS: usize = 64;

#[derive(Clone)]
pub(super) struct Acks(mpsc::Sender<(MessageId, oneshot::Sender<End>)>);

/// Resolves with the end of a send, as WhatsApp reports it; with None if no report can come any more. It resolves only
/// once: a second poll waits for ever.
pub(super) type Awaited = std::pin::Pin<Box<dyn Future<Output = Option<End>> + Send>>;

impl Acks {
    pub(super) fn listen(events: mpsc::Receiver<MessageEvent>, tasks: &Tasks) -> Self {
        let (register, registrations) = mpsc::channel(REGISTRATIONS);
        tasks.spawn("acknowledgements", run(events, registrations));
        Self(register)
    }

    /// Once this has returned, the end of the message's send cannot be missed.
    pub(super) async fn expect(&self, message: MessageId) -> Awaited {
        let (tell, told) = oneshot::channel();
        let registered = self.0.send((message, tell)).await;
        Box::pin(
            async move {
                registered.ok()?;
                told.await.ok()
            }
            .fuse(),
        )
    }
}

async fn run(
    mut events: mpsc::Receiver<MessageEvent>,
    mut registrations: mpsc::Receiver<(MessageId, oneshot::Sender<End>)>,
) {
    let mut waiting: HashMap<MessageId, Vec<oneshot::Sender<End>>> = HashMap::new();
    loop {
        tokio::select! {
            // Registrations come first: what is registered now is a wait for an ack that comes later.
            biased;
            Some((message, tell)) = registrations.recv() => {
                // Waits that were dropped are removed here, so the list is no longer than there are sends.
                waiting.retain(|_, tells| {
                    tells.retain(|tell| !tell.is_closed());
                    !tells.is_empty()
                });
                waiting.entry(message).or_default().push(tell);
            }
            event = events.recv() => {
                let Some(event) = event else { return };
                if let Some((message, end)) = end_of(event) {
                    for tell in waiting.remove(&message).unwrap_or_default() {
                        let _ = tell.send(end.clone());
                    }
                }
            }
        }
    }
}

/// The end of a send, if the event reports one.
fn end_of(event: MessageEvent) -> Option<(MessageId, End)> {
    let acked = |ack: Ack, code: Option<i64>| match ack {
        ack if ack.is_failure() => Some(End::Failed(code.map(Cause::Number))),
        ack if ack.is_sent() => Some(End::Sent(ack)),
        _ => None,
    };
    match event {
        MessageEvent::Acked(id, ack, code) => acked(ack, code).map(|end| (id, end)),
        // A page that was loaded again reports the messages it holds, with acks that nobody has received.
        MessageEvent::Added(message) | MessageEvent::Changed(message) => {
            acked(message.ack, None).map(|end| (message.id, end))
        }
        MessageEvent::Outcome(outcome) if outcome.certain => {
            let cause = outcome.code.map_or(Cause::Word(outcome.result), Cause::Number);
            Some((outcome.id, End::Failed(Some(cause))))
        }
        MessageEvent::Accepted(reference, id) => Some((reference, End::Accepted(id))),
        // The end is unknown: an ack may still come.
        MessageEvent::Outcome(_)
        | MessageEvent::Removed(_)
        | MessageEvent::Reacted(_)
        | MessageEvent::Voted(_)
        | MessageEvent::Noticed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::domain::message::Outcome;

    use super::*;

    fn acked(id: &str, level: i8) -> MessageEvent {
        MessageEvent::Acked(MessageId::new(id), Ack::new(level), None)
    }

    #[tokio::test]
    async fn a_wait_ends_with_the_servers_ack_and_not_with_the_clock() {
        let (events, received) = mpsc::channel(8);
        let acks = Acks::listen(received, &crate::host::tasks::set().0);
        let waiting = acks.expect(MessageId::new("a")).await;
        for event in [acked("a", 0), acked("b", 1), acked("a", 2), acked("a", 3)] {
            events.send(event).await.unwrap();
        }
        assert_eq!(waiting.await, Some(End::Sent(Ack::new(2))));
    }

    #[tokio::test]
    async fn a_failure_ends_it_too_and_so_does_the_end() {
        let (events, received) = mpsc::channel(8);
        let acks = Acks::listen(received, &crate::host::tasks::set().0);
        let (failed, left) = (acks.expect(MessageId::new("a")).await, acks.expect(MessageId::new("b")).await);
        let refused = MessageEvent::Acked(MessageId::new("a"), Ack::new(-1), Some(475));
        events.send(refused).await.unwrap();
        assert_eq!(failed.await, Some(End::Failed(Some(Cause::Number(475)))));
        drop(events);
        assert_eq!(left.await, None);
    }

    #[tokio::test]
    async fn only_a_certain_outcome_ends_it_and_all_who_wait_hear_of_it() {
        let (events, received) = mpsc::channel(8);
        let acks = Acks::listen(received, &crate::host::tasks::set().0);
        let (one, other) = (acks.expect(MessageId::new("a")).await, acks.expect(MessageId::new("a")).await);
        for (result, certain) in [("ERROR_NETWORK", false), ("OK", false), ("ERROR_UNKNOWN", true)] {
            let (id, result, message) = (MessageId::new("a"), result.to_owned(), String::new());
            events.send(MessageEvent::Outcome(Outcome { id, result, code: None, certain, message })).await.unwrap();
        }
        let failed = Some(End::Failed(Some(Cause::Word("ERROR_UNKNOWN".to_owned()))));
        assert_eq!((one.await, other.await), (failed.clone(), failed));
    }
}
