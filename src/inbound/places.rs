//! Up to where the page's table is in the log: no further than before the first row that still waits to be opened.

use std::collections::VecDeque;

use crate::store::Place;

#[derive(Default)]
pub(super) struct Places {
    /// Read up to there, in order; not written yet.
    ahead: VecDeque<Place>,
    written: Option<Place>,
}

impl Places {
    pub(super) fn reached(&mut self, place: Place) {
        if self.ahead.back().or(self.written.as_ref()) != Some(&place) {
            self.ahead.push_back(place);
        }
    }

    /// Another stay reads again from what is written.
    pub(super) fn forget(&mut self) {
        self.ahead.clear();
        self.written = None;
    }

    /// What can be written now.
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
