//! The limit that all look-ups at WhatsApp's server share.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Nobody knows WhatsApp's own limit; a person checks a few numbers a minute.
pub const LOOKUPS_PER_MINUTE: usize = 30;
const MINUTE: Duration = Duration::from_secs(60);

/// When the look-ups of the last minute were made.
#[derive(Debug, Default)]
pub(super) struct Lookups(Mutex<VecDeque<Instant>>);

impl Lookups {
    /// Takes up to so many of the minute's look-ups; returns how many.
    pub(super) fn take_some(&self, most: usize, now: Instant) -> usize {
        (0..most).take_while(|_| self.take(now).is_ok()).count()
    }

    /// How long it takes until a look-up is free.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.front() {
            Some(first) if taken.len() >= LOOKUPS_PER_MINUTE => {
                MINUTE.saturating_sub(now.saturating_duration_since(*first))
            }
            _ => Duration::ZERO,
        }
    }

    /// Takes one of the minute's look-ups. The error says how long it takes until the next one is free.
    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.front().is_some_and(|at| now.saturating_duration_since(*at) >= MINUTE) {
            taken.pop_front();
        }
        match taken.front() {
            Some(first) if taken.len() >= LOOKUPS_PER_MINUTE => {
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
    fn a_minute_has_so_many_lookups_and_no_more() {
        let (lookups, start) = (Lookups::default(), Instant::now());
        for n in 0..LOOKUPS_PER_MINUTE {
            assert!(lookups.take(start + Duration::from_secs(n as u64)).is_ok());
        }
        assert_eq!(lookups.take(start + Duration::from_secs(40)), Err(Duration::from_secs(20)));
        assert!(lookups.take(start + MINUTE).is_ok());
        assert!(lookups.take(start + MINUTE).is_err());
    }
}
