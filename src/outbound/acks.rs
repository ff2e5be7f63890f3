//! Who waits for which acknowledgement. One task owns the list, so that an ack and the wait for it cannot miss each
//! other.

use std::collections::HashMap;

use futures_util::FutureExt;
use tokio::sync::{mpsc, oneshot};

use crate::domain::message::{Ack, MessageEvent, MessageId};

/// Waits being registered; each takes the task a microsecond.
const REGISTRATIONS: usize = 64;

#[derive(Clone)]
pub(super) struct Acks(mpsc::Sender<(MessageId, oneshot::Sender<Ack>)>);

/// Resolves with the server's acknowledgement or with a failure; with None when nobody will tell any more. Never twice:
/// whoever asks again waits.
pub(super) type Awaited = std::pin::Pin<Box<dyn Future<Output = Option<Ack>> + Send>>;

impl Acks {
    pub(super) fn listen(events: mpsc::Receiver<MessageEvent>) -> Self {
        let (register, registrations) = mpsc::channel(REGISTRATIONS);
        tokio::spawn(run(events, registrations));
        Self(register)
    }

    /// From when this returns, an ack of the message is not missed.
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
    mut registrations: mpsc::Receiver<(MessageId, oneshot::Sender<Ack>)>,
) {
    let mut waiting: HashMap<MessageId, oneshot::Sender<Ack>> = HashMap::new();
    loop {
        tokio::select! {
            // First: what is registered now was not acknowledged before.
            biased;
            Some((message, tell)) = registrations.recv() => {
                // Those who gave up are taken off here, so the list stays as long as there are sends.
                waiting.retain(|_, tell| !tell.is_closed());
                waiting.insert(message, tell);
            }
            event = events.recv() => {
                let (message, ack) = match event {
                    Some(MessageEvent::Acked(message, ack, _)) => (message, ack),
                    // A page that was loaded again shows what it holds, with the acks that nobody heard.
                    Some(MessageEvent::Added(message) | MessageEvent::Changed(message)) => (message.id, message.ack),
                    Some(_) => continue,
                    None => return,
                };
                if (ack.is_sent() || ack.is_failure())
                    && let Some(tell) = waiting.remove(&message)
                {
                    let _ = tell.send(ack);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn acked(id: &str, level: i8) -> MessageEvent {
        MessageEvent::Acked(MessageId::new(id), Ack::new(level), None)
    }

    #[tokio::test]
    async fn a_wait_ends_with_the_servers_ack_and_not_with_the_clock() {
        let (events, received) = mpsc::channel(8);
        let acks = Acks::listen(received);
        let waiting = acks.expect(MessageId::new("a")).await;
        for event in [acked("a", 0), acked("b", 1), acked("a", 2), acked("a", 3)] {
            events.send(event).await.unwrap();
        }
        assert_eq!(waiting.await, Some(Ack::new(2)));
    }

    #[tokio::test]
    async fn a_failure_ends_it_too_and_so_does_the_end() {
        let (events, received) = mpsc::channel(8);
        let acks = Acks::listen(received);
        let (failed, left) = (acks.expect(MessageId::new("a")).await, acks.expect(MessageId::new("b")).await);
        events.send(acked("a", -1)).await.unwrap();
        assert_eq!(failed.await, Some(Ack::new(-1)));
        drop(events);
        assert_eq!(left.await, None);
    }
}
