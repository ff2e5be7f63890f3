//! When a failed delivery is tried again.

use std::time::{Duration, SystemTime};

use rand::Rng;

/// The longest pause that a target can ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// The first pause and the longest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    pub first: Duration,
    pub max: Duration,
}

impl Backoff {
    /// The pause after so many failures in a row: it doubles each time and is drawn from its upper half, so that
    /// targets which failed together do not come back together. It is at least as long as the target asked for.
    pub(super) fn pause(&self, failures: u32, asked: Option<Duration>, rng: &mut impl Rng) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        let pause = doubled.min(self.max).mul_f64(rng.random_range(0.5..=1.0)).max(self.first.min(self.max));
        pause.max(asked.unwrap_or_default().min(RETRY_AFTER_MAX))
    }
}

/// `Retry-After`: seconds, or a date.
pub(super) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    const USUAL: Backoff = Backoff { first: Duration::from_secs(1), max: Duration::from_secs(300) };

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:40:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    proptest! {
        #[test]
        fn stays_between_the_first_and_the_longest_pause(failures: u32, seed: u64) {
            let pause = USUAL.pause(failures, None, &mut SmallRng::seed_from_u64(seed));
            prop_assert!(pause >= USUAL.first && pause <= USUAL.max);
            if failures > 10 {
                prop_assert!(pause >= USUAL.max / 2);
            }
        }

        #[test]
        fn what_was_asked_for_is_waited_but_not_for_ever(failures: u32, asked: u64, seed: u64) {
            let asked = Duration::from_secs(asked);
            let pause = USUAL.pause(failures, Some(asked), &mut SmallRng::seed_from_u64(seed));
            prop_assert!(pause >= asked.min(RETRY_AFTER_MAX) && pause <= RETRY_AFTER_MAX);
        }
    }
}
