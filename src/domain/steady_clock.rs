//! The clock by which stored data expires. The wall clock of a machine may jump: a boot without a battery-backed
//! clock, a restored snapshot, a mistake of an operator. Data that expires by a wrong clock is lost, and a key that
//! expires too early lets a message be sent twice.
//!
//! ```text
//! the wall clock advances like the monotonic clock ──► the wall clock's time is used
//! they differ by more than a day ──► doubtful: time continues from the last trusted time, until the wall clock is
//!                                    right again or WhatsApp's server confirms it
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::time::{Clock, Timestamp};

/// The limit in the contract. A wall clock that is corrected by an hour or a time zone is trusted.
const JUMP: Duration = Duration::from_secs(24 * 60 * 60);

pub struct SteadyClock {
    wall: Arc<dyn Clock>,
    anchor: Mutex<Anchor>,
}

/// The last trusted time, and when it was taken.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    at: Timestamp,
    since: Instant,
    is_doubtful: bool,
}

impl Anchor {
    fn see(&mut self, wall: Timestamp, now: Instant) -> Timestamp {
        let expected = self.at.plus(now.saturating_duration_since(self.since));
        self.is_doubtful = differ(wall, expected);
        let at = if self.is_doubtful { expected } else { wall };
        (self.at, self.since) = (at, now);
        at
    }

    fn confirm(&mut self, wall: Timestamp, server: Timestamp, now: Instant) {
        if !differ(wall, server) {
            *self = Self { at: wall, since: now, is_doubtful: false };
        }
    }
}

fn differ(a: Timestamp, b: Timestamp) -> bool {
    a > b.plus(JUMP) || b > a.plus(JUMP)
}

impl SteadyClock {
    /// `last` is the time that an earlier run of the service stored.
    pub fn new(wall: Arc<dyn Clock>, last: Option<Timestamp>) -> Self {
        let at = last.unwrap_or_else(|| wall.now());
        let clock = Self { wall, anchor: Mutex::new(Anchor { at, since: Instant::now(), is_doubtful: false }) };
        clock.now();
        clock
    }

    /// Whether the wall clock has jumped and WhatsApp's server has not confirmed it since.
    pub fn is_doubtful(&self) -> bool {
        self.now();
        self.anchor().is_doubtful
    }

    /// WhatsApp's server tells the time: if the wall clock agrees, it is trusted again.
    pub fn confirm(&self, server: Timestamp) {
        let wall = self.wall.now();
        self.anchor().confirm(wall, server, Instant::now());
    }

    fn anchor(&self) -> MutexGuard<'_, Anchor> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let wall = self.wall.now();
        self.anchor().see(wall, Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn noon() -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000)
    }

    #[test]
    fn a_clock_that_goes_on_or_is_set_right_is_not_doubted() {
        let start = Instant::now();
        let mut anchor = Anchor { at: noon(), since: start, is_doubtful: false };
        for (wall, elapsed) in [(1, 1), (2, 1), (20, 2), (19, 3), (40, 24)] {
            let wall = noon().plus(wall * HOUR);
            assert_eq!(anchor.see(wall, start + elapsed * HOUR), wall);
        }
        assert!(!anchor.is_doubtful);
    }

    #[test]
    fn a_jump_changes_nothing_until_the_server_confirms_it() {
        let start = Instant::now();
        let mut anchor = Anchor { at: noon(), since: start, is_doubtful: false };
        let wrong = noon().plus(1000 * HOUR);
        for hours in 1..50 {
            let seen = anchor.see(wrong.plus(hours * HOUR), start + hours * HOUR);
            assert_eq!((seen, anchor.is_doubtful), (noon().plus(hours * HOUR), true));
        }
        let now = start + 50 * HOUR;
        anchor.confirm(wrong, noon(), now);
        assert!(anchor.is_doubtful, "the server says otherwise");
        anchor.confirm(wrong, wrong.plus(HOUR), now);
        assert_eq!((anchor.see(wrong, now), anchor.is_doubtful), (wrong, false));
    }

    #[test]
    fn a_clock_that_is_set_back_after_a_jump_is_right_again_by_itself() {
        let start = Instant::now();
        let mut anchor = Anchor { at: noon(), since: start, is_doubtful: false };
        anchor.see(noon().plus(1000 * HOUR), start + HOUR);
        assert_eq!(anchor.see(noon().plus(2 * HOUR), start + 2 * HOUR), noon().plus(2 * HOUR));
        assert!(!anchor.is_doubtful);
    }
}
