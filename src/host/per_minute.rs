//! A limit of what is done within a minute.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);

/// When something was done in the last minute. Cheap to clone.
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

    /// How long it takes until the next one is free.
    pub fn wait(&self, now: Instant) -> Duration {
        wait(&self.taken.lock().unwrap_or_else(PoisonError::into_inner), self.most, now)
    }
}

fn wait(taken: &VecDeque<Instant>, most: usize, now: Instant) -> Duration {
    let first = taken.front().filter(|_| taken.len() >= most);
    first.map_or(Duration::ZERO, |first| MINUTE.saturating_sub(now.saturating_duration_since(*first)))
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
    fn as_many_are_taken_as_there_are() {
        let (limit, start) = (PerMinute::new(3), Instant::now());
        assert_eq!((limit.take_some(2, start), limit.take_some(2, start), limit.take_some(2, start)), (2, 1, 0));
    }
}
