//! Pauses between attempts that grow with each failure.

use std::ops::RangeInclusive;
use std::time::Duration;

use rand::Rng;

/// The pause doubles from the first to the longest, and is multiplied by a random factor, so that those who failed together
/// do not come back together.
#[derive(Clone, Debug, PartialEq)]
pub struct Backoff {
    pub first: Duration,
    pub max: Duration,
    /// The range of the random factor.
    pub jitter: RangeInclusive<f64>,
}

impl Backoff {
    /// No random factor: for pauses that nobody else keeps at the same time.
    pub fn even(first: Duration, max: Duration) -> Self {
        Self { first, max, jitter: 1.0..=1.0 }
    }

    /// The pause after so many failures in a row, 1 at least.
    pub fn pause(&self, failures: u32, rng: &mut impl Rng) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1)));
        doubled.min(self.max).mul_f64(rng.random_range(self.jitter.clone()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    use super::*;

    const FIRST: Duration = Duration::from_secs(1);
    const MAX: Duration = Duration::from_secs(300);

    #[test]
    fn an_even_pause_doubles_up_to_the_longest() {
        let mut rng = SmallRng::seed_from_u64(1);
        let pauses = [1, 2, 3, 9, 10, u32::MAX].map(|failures| Backoff::even(FIRST, MAX).pause(failures, &mut rng));
        assert_eq!(pauses.map(|pause| pause.as_secs()), [1, 2, 4, 256, 300, 300]);
    }

    proptest! {
        #[test]
        fn the_random_factor_stays_in_its_range(failures: u32, seed: u64) {
            let even = Backoff::even(FIRST, MAX).pause(failures, &mut SmallRng::seed_from_u64(seed));
            let pause = Backoff { first: FIRST, max: MAX, jitter: 0.5..=1.0 };
            let pause = pause.pause(failures, &mut SmallRng::seed_from_u64(seed));
            prop_assert!(pause >= even.mul_f64(0.49) && pause <= even);
        }
    }
}
