//! A limit of what is done within a minute.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);

/// When something was done in the last minute; and when something will count as done, where more was done at once than a minute
/// has. Cheap to clone.
#[derive(Clone, Debug)]
pub struct PerMinute {
    taken: Arc<Mutex<VecDeque<Instant>>>,
    most: usize,
}

impl PerMinute {
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// Takes one of the minute's. The error says how long it takes until the next one is free.
    pub fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.front().is_some_and(|at| now.saturating_duration_since(*at) >= MINUTE) {
            taken.pop_front();
        }
        let wait = wait(&taken, self.most, now);
        if wait.is_zero() {
            taken.push_back(now);
            Ok(())
        } else {
            Err(wait)
        }
    }

    /// Takes up to so many of the minute's; returns how many.
    pub fn take_some(&self, most: usize, now: Instant) -> usize {
        (0..most).take_while(|_| self.take(now).is_ok()).count()
    }

    /// Takes several that cannot be taken one by one. They go through while one is free, also where they are more than a minute
    /// has: what is too many is charged to the minutes that follow. The error says how long it takes until one is free.
    pub fn take_all(&self, count: usize, now: Instant) -> Result<(), Duration> {
        let Some(others) = count.checked_sub(1) else { return Ok(()) };
        self.take(now)?;
        self.charge(others, now);
        Ok(())
    }

    /// Charges several, whether they are free or not.
    pub fn charge(&self, count: usize, now: Instant) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..count {
            let at = now + wait(&taken, self.most, now);
            taken.push_back(at);
        }
    }

    /// How long it takes until the next one is free.
    pub fn wait(&self, now: Instant) -> Duration {
        wait(&self.taken.lock().unwrap_or_else(PoisonError::into_inner), self.most, now)
    }
}

/// One is free a minute after the one that was taken `most` before it.
fn wait(taken: &VecDeque<Instant>, most: usize, now: Instant) -> Duration {
    let before = taken.len().checked_sub(most).and_then(|place| taken.get(place));
    before.map_or(Duration::ZERO, |before| (*before + MINUTE).saturating_duration_since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_and_no_more() {
        let (limit, start) = (PerMinute::new(2), Instant::now());
        assert_eq!(limit.take(start), Ok(()));
        assert_eq!(limit.wait(start), Duration::ZERO);
        assert_eq!(limit.take(start + MINUTE / 2), Ok(()));
        assert_eq!(limit.take(start + MINUTE / 2), Err(MINUTE / 2));
        assert_eq!(limit.wait(start + MINUTE / 4), MINUTE / 4 * 3);
        assert_eq!(limit.take(start + MINUTE), Ok(()));
        assert!(limit.take(start + MINUTE).is_err());
    }

    #[test]
    fn what_cannot_be_done_in_part_is_charged_to_the_minutes_that_follow() {
        let (limit, start) = (PerMinute::new(3), Instant::now());
        assert_eq!(limit.take(start), Ok(()));
        assert_eq!(limit.take_all(0, start), Ok(()));
        // Two of these are free; five belong to the second and third minute.
        assert_eq!(limit.take_all(7, start), Ok(()));
        assert_eq!(limit.take_all(2, start), Err(MINUTE * 2));
        assert_eq!(limit.take_all(0, start), Ok(()));
        assert!(limit.take(start + MINUTE).is_err());
        // The third minute has one left.
        assert_eq!(limit.take_some(9, start + MINUTE * 2), 1);
        limit.charge(1, start + MINUTE * 2);
        assert_eq!(limit.take(start + MINUTE * 2), Err(MINUTE));
        assert_eq!(limit.take_some(9, start + MINUTE * 3), 2);
        assert_eq!(limit.take_some(9, start + MINUTE * 4), 3);
    }

    #[test]
    fn as_many_are_taken_as_there_are() {
        let (limit, start) = (PerMinute::new(3), Instant::now());
        assert_eq!((limit.take_some(2, start), limit.take_some(2, start), limit.take_some(2, start)), (2, 1, 0));
    }
}
