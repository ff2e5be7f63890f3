//! A queue that is bounded in bytes: a count bounds no memory if the sizes of items differ by thousands.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// No more fits, or the receiver is gone.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queue is full or closed")]
pub struct Full;

pub struct Sender<T> {
    items: mpsc::UnboundedSender<(T, OwnedSemaphorePermit)>,
    room: Arc<Semaphore>,
    bytes: u32,
}

pub struct Receiver<T>(mpsc::UnboundedReceiver<(T, OwnedSemaphorePermit)>);

/// A queue of at most `bytes` bytes. Each item counts as at least [`LEAST`] bytes, which also bounds their number.
pub fn channel<T>(bytes: u32) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Sender { items: sender, room: Arc::new(Semaphore::new(bytes as usize)), bytes }, Receiver(receiver))
}

/// The size of the smallest item, with its place in the queue.
const LEAST: u32 = 256;

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), room: Arc::clone(&self.room), bytes: self.bytes }
    }
}

impl<T> Sender<T> {
    /// Puts an item of this size into the queue. An item larger than the queue fits into an empty queue.
    ///
    /// # Errors
    /// [`Full`], also if the receiver is gone.
    pub fn try_send(&self, item: T, size: usize) -> Result<(), Full> {
        let size = u32::try_from(size).unwrap_or(u32::MAX).saturating_add(LEAST).min(self.bytes);
        let room = Arc::clone(&self.room).try_acquire_many_owned(size).map_err(|_| Full)?;
        self.items.send((item, room)).map_err(|_| Full)
    }
}

impl<T> Receiver<T> {
    /// The next item; None once all senders are gone. Cancel safe.
    pub async fn recv(&mut self) -> Option<T> {
        self.0.recv().await.map(|(item, _)| item)
    }

    /// Waits for an item, and takes all items there are, at most `limit`. Returns how many; 0 once all senders are
    /// gone. Cancel safe.
    pub async fn recv_many(&mut self, items: &mut Vec<T>, limit: usize) -> usize {
        let Some((first, _)) = self.0.recv().await else { return 0 };
        items.push(first);
        let mut count = 1;
        while count < limit
            && let Ok((item, _)) = self.0.try_recv()
        {
            items.push(item);
            count += 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn what_was_received_makes_room_and_order_is_kept() {
        let (sender, mut receiver) = channel(10 * 1024);
        for n in 0..9 {
            sender.try_send(n, 768).unwrap();
        }
        assert_eq!(sender.try_send(99, 1024), Err(Full));
        let mut items = Vec::new();
        assert_eq!(receiver.recv_many(&mut items, 4).await, 4);
        sender.try_send(9, 4 * 1024).unwrap();
        sender.clone().try_send(10, 0).unwrap();
        drop(sender);
        while receiver.recv_many(&mut items, 100).await > 0 {}
        assert_eq!(items, (0..11).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn one_that_is_larger_than_the_queue_goes_into_an_empty_one() {
        let (sender, mut receiver) = channel(1024);
        sender.try_send('a', 1 << 40).unwrap();
        assert_eq!(sender.try_send('b', 0), Err(Full));
        assert_eq!(receiver.recv().await, Some('a'));
        sender.try_send('b', 0).unwrap();
        drop(receiver);
        assert_eq!(sender.try_send('c', 0), Err(Full));
    }
}
