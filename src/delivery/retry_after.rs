//! The pause that a target asks for.

use std::time::{Duration, SystemTime};

/// The longest pause that a target can ask for.
const MAX: Duration = Duration::from_secs(3600);

/// The pause before the next attempt: at least as long as the target asked for.
pub(super) fn at_least(asked: Option<Duration>, pause: Duration) -> Duration {
    pause.max(asked.unwrap_or_default().min(MAX))
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

    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after(" 120 ", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now), Some(Duration::from_secs(10)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:40:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn a_pause_that_was_asked_for_is_kept_but_not_for_ever() {
        let second = Duration::from_secs(1);
        assert_eq!(at_least(None, second), second);
        assert_eq!(at_least(Some(Duration::ZERO), second), second);
        assert_eq!(at_least(Some(60 * second), second), 60 * second);
        assert_eq!(at_least(Some(1_000_000 * second), second), MAX);
    }
}
