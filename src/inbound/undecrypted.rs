//! Messages that are not decrypted yet. Most open by themselves within a second. The phone is asked to resend the
//! others, and a message that does not open in a minute is stored undecrypted.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::log::CIPHERTEXT;
use crate::domain::message::{MessageId, PageMessage};

/// The limit in the contract: after this time the message is stored undecrypted.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// The page itself asks the sender, who answers sooner than this; after this time the phone is asked.
const ASK_AFTER: Duration = Duration::from_secs(10);
/// If more messages wait than this, the oldest is given up.
const UNDECRYPTED_MAX: usize = 4096;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decryption {
    /// The message was not waiting.
    NotSealed,
    Still,
    Now,
}

struct Waiting {
    since: Instant,
    message: PageMessage,
}

#[derive(Default)]
pub(super) struct Undecrypted {
    /// In order of arrival, which is also the order of their deadlines.
    waiting: VecDeque<Waiting>,
    /// For how many messages at the end of `waiting` the phone was not asked yet.
    unasked: usize,
    surplus: Vec<PageMessage>,
}

impl Undecrypted {
    pub(super) fn put(&mut self, message: PageMessage, now: Instant) {
        if let Some(known) = self.waiting.iter_mut().find(|known| known.message.id == message.id) {
            known.message.row = message.row.or(known.message.row);
            return;
        }
        self.waiting.push_back(Waiting { since: now, message });
        self.unasked += 1;
        if self.waiting.len() > UNDECRYPTED_MAX {
            self.surplus.extend(self.waiting.pop_front().map(|waiting| waiting.message));
            self.unasked = self.unasked.min(self.waiting.len());
        }
    }

    pub(super) fn open(&mut self, message: &PageMessage) -> Decryption {
        let Some(at) = self.waiting.iter().position(|known| known.message.id == message.id) else {
            return Decryption::NotSealed;
        };
        if message.kind == CIPHERTEXT {
            return Decryption::Still;
        }
        self.take(at);
        Decryption::Now
    }

    /// The page removed the message, so it was no message. Returns whether it was waiting.
    pub(super) fn withdraw(&mut self, id: &MessageId) -> bool {
        let at = self.waiting.iter().position(|known| known.message.id == *id);
        at.map(|at| self.take(at)).is_some()
    }

    fn take(&mut self, at: usize) {
        if at >= self.waiting.len() - self.unasked {
            self.unasked -= 1;
        }
        self.waiting.remove(at);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.surplus.is_empty()
    }

    /// The lowest row among the waiting messages that were read from the page's table.
    pub(super) fn first_row(&self) -> Option<u64> {
        let waiting = self.waiting.iter().map(|waiting| &waiting.message);
        waiting.chain(&self.surplus).filter_map(|message| message.row).min()
    }

    /// The next time that something must be done.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if !self.surplus.is_empty() {
            return Some(Instant::now());
        }
        let given_up = self.waiting.front().map(|waiting| waiting.since + PATIENCE);
        let unasked = self.waiting.len() - self.unasked;
        let asked = self.waiting.get(unasked).map(|waiting| waiting.since + ASK_AFTER);
        given_up.into_iter().chain(asked).min()
    }

    /// The messages for which the phone must be asked now; each is returned once.
    pub(super) fn due_to_ask(&mut self, now: Instant) -> Vec<MessageId> {
        let unasked = self.waiting.range(self.waiting.len() - self.unasked..);
        let due: Vec<_> = unasked
            .take_while(|waiting| waiting.since + ASK_AFTER <= now)
            .map(|waiting| waiting.message.id.clone())
            .collect();
        self.unasked -= due.len();
        due
    }

    /// The messages whose wait is over.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<PageMessage> {
        let mut overdue = std::mem::take(&mut self.surplus);
        while self.waiting.front().is_some_and(|waiting| waiting.since + PATIENCE <= now) {
            overdue.extend(self.waiting.pop_front().map(|waiting| waiting.message));
        }
        self.unasked = self.unasked.min(self.waiting.len());
        overdue
    }

    pub(super) fn give_up_all(&mut self) -> Vec<PageMessage> {
        self.unasked = 0;
        let waiting = self.waiting.drain(..).map(|waiting| waiting.message);
        self.surplus.drain(..).chain(waiting).collect()
    }
}
