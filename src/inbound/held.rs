//! Events of a new document that wait, for a while, until the missed messages have been read.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::log::CIPHERTEXT;
use crate::domain::message::{MessageId, PageMessage};
use crate::store::LogChange;

/// Beyond this size nothing is held, because the page's table has the messages too. In bytes, because one message
/// takes from 100 to 260,000.
const HELD_MAX: usize = 8 << 20;

pub(super) struct Held {
    changes: Vec<LogChange>,
    /// The approximate size in memory, in bytes.
    size: usize,
    /// How long events are held while the reading brings nothing.
    patience: Duration,
    until: Option<Instant>,
}

impl Held {
    pub(super) fn new(patience: Duration) -> Self {
        Self { changes: Vec::new(), size: 0, patience, until: None }
    }

    pub(super) fn put(&mut self, changes: Vec<LogChange>) {
        self.size += changes.iter().map(LogChange::size).sum::<usize>();
        self.changes.extend(changes);
        if !self.changes.is_empty() {
            self.until.get_or_insert(Instant::now() + self.patience);
        }
    }

    pub(super) fn take(&mut self) -> Vec<LogChange> {
        (self.until, self.size) = (None, 0);
        std::mem::take(&mut self.changes)
    }

    /// The reading makes progress: it is waited for anew.
    pub(super) fn wait_on(&mut self) {
        if let Some(until) = &mut self.until {
            *until = Instant::now() + self.patience;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.size > HELD_MAX
    }

    /// When the changes have waited long enough for a reading that brings nothing.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// The ids of the messages that are held.
    pub(super) fn added(&self) -> HashSet<MessageId> {
        let added = self.changes.iter().filter_map(|change| match change {
            LogChange::Add(message) => Some(message.id.clone()),
            _ => None,
        });
        added.collect()
    }

    /// The opened form of a message, if it opened before its undecrypted form was read: events overtake the page's
    /// answers.
    pub(super) fn opened(&self, id: &MessageId) -> Option<PageMessage> {
        self.changes.iter().rev().find_map(|change| match change {
            LogChange::Amend(message, _) if message.id == *id && message.kind != CIPHERTEXT => {
                Some((**message).clone())
            }
            _ => None,
        })
    }
}
