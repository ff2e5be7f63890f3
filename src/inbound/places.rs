//! Up to which row the page's table is in the log: never past the first row that still waits to be decrypted.

use std::collections::VecDeque;

use crate::store::Place;

#[derive(Default)]
pub(super) struct Places {
    /// Places that were read, in order, and are not stored yet.
    ahead: VecDeque<Place>,
    written: Option<Place>,
}

impl Places {
    pub(super) fn reached(&mut self, place: Place) {
        if self.ahead.back().or(self.written.as_ref()) != Some(&place) {
            self.ahead.push_back(place);
        }
    }

    /// A new stay reads again from the stored place.
    pub(super) fn forget(&mut self) {
        self.ahead.clear();
        self.written = None;
    }

    /// The latest place that can be stored now. `waiting` is the first row that waits to be decrypted.
    pub(super) fn next(&mut self, waiting: Option<u64>) -> Option<Place> {
        let is_before = |place: &Place| match (&place.row, waiting) {
            (Some((row, _)), Some(waiting)) => *row < waiting,
            _ => true,
        };
        let mut next = None;
        while self.ahead.front().is_some_and(is_before) {
            next = self.ahead.pop_front();
        }
        if next.is_some() {
            self.written.clone_from(&next);
        }
        next
    }
}
