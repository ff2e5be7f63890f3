//! Messages that are not decrypted yet. They open by themselves, mostly within a second; what does not open in a
//! minute is kept as it is.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::log::CIPHERTEXT;
use crate::domain::message::PageMessage;

/// The contract's: later than this it is kept sealed.
const PATIENCE: Duration = Duration::from_secs(60);
/// A burst of sealed messages larger than this gives up on the oldest first.
const SEALED_MAX: usize = 4096;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// It was not waited for.
    NotSealed,
    Still,
    Now,
}

#[derive(Default)]
pub(super) struct Sealed {
    /// In order of arrival, so of their deadlines too.
    waiting: VecDeque<(Instant, PageMessage)>,
    surplus: Vec<PageMessage>,
}

impl Sealed {
    pub(super) fn put(&mut self, message: PageMessage, now: Instant) {
        if self.waiting.iter().any(|(_, known)| known.id == message.id) {
            return;
        }
        self.waiting.push_back((now + PATIENCE, message));
        if self.waiting.len() > SEALED_MAX {
            self.surplus.extend(self.waiting.pop_front().map(|(_, message)| message));
        }
    }

    pub(super) fn open(&mut self, message: &PageMessage) -> Opened {
        let Some(at) = self.waiting.iter().position(|(_, known)| known.id == message.id) else {
            return Opened::NotSealed;
        };
        if message.kind == CIPHERTEXT {
            return Opened::Still;
        }
        self.waiting.remove(at);
        Opened::Now
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.surplus.is_empty() { self.waiting.front().map(|(at, _)| *at) } else { Some(Instant::now()) }
    }

    /// Those whose time is over.
    pub(super) fn overdue(&mut self, now: Instant) -> Vec<PageMessage> {
        let mut overdue = std::mem::take(&mut self.surplus);
        while self.waiting.front().is_some_and(|(at, _)| *at <= now) {
            overdue.extend(self.waiting.pop_front().map(|(_, message)| message));
        }
        overdue
    }

    pub(super) fn give_up_all(&mut self) -> Vec<PageMessage> {
        let waiting = self.waiting.drain(..).map(|(_, message)| message);
        self.surplus.drain(..).chain(waiting).collect()
    }
}
