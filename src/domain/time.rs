//! Points in time, and a clock that tests can replace.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time in milliseconds since the Unix epoch, written as ISO-8601 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From milliseconds since the Unix epoch. A time after the year 9999 is cut to its end, where ISO-8601 ends.
    pub fn from_millis(millis: u64) -> Self {
        const YEAR_9999_END: u64 = 253_402_300_799_999;
        Self(millis.min(YEAR_9999_END))
    }

    pub fn as_millis(self) -> u64 {
        self.0
    }

    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self::from_millis(self.0.saturating_add(millis))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = UNIX_EPOCH + Duration::from_millis(self.0);
        humantime::format_rfc3339_millis(time).fmt(f)
    }
}

/// Reads what `Display` writes, and every other time of RFC 3339.
impl FromStr for Timestamp {
    type Err = humantime::TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        humantime::parse_rfc3339(text).map(Self::from)
    }
}

/// Where the wall clock comes from.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_in_utc_with_milliseconds() {
        let text = Timestamp::from_millis(1_785_000_000_007).to_string();
        assert_eq!(text, "2026-07-25T17:20:00.007Z");
    }

    #[test]
    fn reads_back_the_same_up_to_the_end_of_the_calendar() -> Result<(), humantime::TimestampError> {
        for millis in [0, 1_785_000_000_007, u64::MAX] {
            let before = Timestamp::from_millis(millis);
            assert_eq!(before.to_string().parse::<Timestamp>()?, before);
        }
        Ok(())
    }
}
