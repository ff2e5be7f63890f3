//! A limit of what is done within a minute.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_secs(60);
/// Chats that are marked or shown typing. Typing is shown for 25 s, so 40 conversations at a time fit.
pub(super) const ACTS_PER_MINUTE: usize = 120;

/// When something was done in the last minute. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct PerMinute {
    taken: Arc<Mutex<VecDeque<Instant>>>,
    most: usize,
}

impl PerMinute {
    pub(super) fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// Takes one of the minute's. The error says how long it takes until the next one is free.
    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.front().is_some_and(|at| now.saturating_duration_since(*at) >= MINUTE) {
            taken.pop_front();
        }
        match taken.front() {
            Some(first) if taken.len() >= self.most => {
                Err(MINUTE.saturating_sub(now.saturating_duration_since(*first)))
            }
            _ => {
                taken.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_so_many_and_no_more() {
        let (limit, start) = (PerMinute::new(2), Instant::now());
        assert_eq!(limit.take(start), Ok(()));
        assert_eq!(limit.take(start + MINUTE / 2), Ok(()));
        assert_eq!(limit.take(start + MINUTE / 2), Err(MINUTE / 2));
        assert_eq!(limit.take(start + MINUTE), Ok(()));
        assert!(limit.take(start + MINUTE).is_err());
    }
}
