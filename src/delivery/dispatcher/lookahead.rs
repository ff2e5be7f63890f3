//! What comes next for a target: a few events read ahead, and a count of those behind them.

use std::collections::VecDeque;

use crate::delivery::ledger::Ledger;
use crate::domain::event::Event;
use crate::store::StoreError;

/// Events held in memory, at 256 KiB for the longest; the others stay in the store, so that memory does not grow with the
/// backlog.
const HELD: usize = 32;
/// The same where chats are delivered to beside each other: enough for a chat whose turn takes long, and for the others.
const HELD_IN_PARALLEL: usize = 64;
/// Entries of the log looked at in one go to be counted.
const PAGE: usize = 64;

pub(super) struct Lookahead {
    /// How many events are held at most. More are read when no more than half of them are left.
    room: usize,
    /// Those that are wanted, oldest first.
    held: VecDeque<Event>,
    /// What is not held and not wanted up to here is done with.
    read_to: u64,
    /// Wanted ones behind those held, and how far they are counted.
    behind: u64,
    counted_to: u64,
}

impl Lookahead {
    pub(super) fn new(position: u64, parallel: usize) -> Self {
        let room = if parallel > 1 { HELD_IN_PARALLEL } else { HELD };
        Self { room, held: VecDeque::new(), read_to: position, behind: 0, counted_to: position }
    }

    pub(super) fn head(&self) -> Option<&Event> {
        self.held.front()
    }

    /// The one so many places behind the head.
    pub(super) fn behind_head(&self, places: usize) -> Option<&Event> {
        self.held.get(places)
    }

    /// All that are held, oldest first.
    pub(super) fn held(&self) -> impl Iterator<Item = &Event> {
        self.held.iter()
    }

    pub(super) fn take(&mut self) {
        self.held.pop_front();
    }

    pub(super) fn take_behind_head(&mut self, places: usize) {
        self.held.remove(places);
    }

    /// Everything up to here is done with.
    pub(super) fn position(&self) -> u64 {
        self.held.front().map_or(self.read_to, |head| head.cursor.saturating_sub(1))
    }

    /// How many are left. What has not been looked at counts as wanted.
    pub(super) fn backlog(&self, newest: u64) -> u64 {
        let unseen = newest.saturating_sub(self.counted_to.max(self.read_to));
        self.held.len() as u64 + self.behind + unseen
    }

    /// Whether there is something to read, or to count: this only of a target that takes nothing, for there is time.
    pub(super) fn needs(&self, newest: u64, is_failing: bool) -> bool {
        let read = self.held.len() <= self.room / 2 && self.read_to < newest;
        read || (is_failing && self.counted_to.max(self.read_to) < newest)
    }

    pub(super) async fn read<L: Ledger>(
        &mut self,
        ledger: &L,
        wants: impl Fn(&Event) -> bool,
    ) -> Result<(), StoreError> {
        if self.held.len() > self.room / 2 {
            let page = ledger.events(self.counted_to.max(self.read_to), PAGE).await?;
            self.behind += page.items.iter().filter(|event| wants(event)).count() as u64;
            self.counted_to = page.next;
            return Ok(());
        }
        let page = ledger.events(self.read_to, self.room - self.held.len()).await?;
        self.read_to = page.next;
        for event in page.items.into_iter().filter(|event| wants(event)) {
            if event.cursor <= self.counted_to {
                self.behind = self.behind.saturating_sub(1);
            }
            self.held.push_back(event);
        }
        // What was counted and is not wanted any more (a code that expired) is not behind either.
        if self.read_to >= self.counted_to {
            self.behind = 0;
        }
        Ok(())
    }
}
