//! The next events for a target: a few are read ahead, and the events behind them are counted.

use std::collections::VecDeque;

use crate::delivery::ledger::Ledger;
use crate::domain::event::Event;
use crate::store::StoreError;

/// Events held in memory, the longest taking 256 KiB; the others stay in the store, so that memory does not grow with
/// the backlog.
const HELD: usize = 32;
/// The same bound for a target with parallel deliveries: enough for a chat whose delivery takes long, and for the others.
const HELD_IN_PARALLEL: usize = 64;
/// Entries of the log that are counted in one read.
const PAGE: usize = 64;

pub(super) struct Lookahead {
    /// How many events are held at most. More are read when no more than half of them are left.
    room: usize,
    /// Wanted events, oldest first.
    held: VecDeque<Event>,
    /// Events up to this place that are not held are delivered, set aside or not wanted.
    read_to: u64,
    /// Wanted events behind the held ones, and up to which place they are counted.
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

    /// The event so many places behind the head.
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

    /// Everything up to this place is delivered, set aside or not wanted.
    pub(super) fn position(&self) -> u64 {
        self.held.front().map_or(self.read_to, |head| head.cursor.saturating_sub(1))
    }

    /// How many events are left. Entries that were not counted yet count as wanted.
    pub(super) fn backlog(&self, newest: u64) -> u64 {
        let unseen = newest.saturating_sub(self.counted_to.max(self.read_to));
        self.held.len() as u64 + self.behind + unseen
    }

    /// Whether there are events to read, or to count. They are counted only while the target fails, when there is
    /// time.
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
        // Events that were counted and are no longer wanted (an expired code) do not count either.
        if self.read_to >= self.counted_to {
            self.behind = 0;
        }
        Ok(())
    }
}
