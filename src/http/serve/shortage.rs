//! A lack of room for connections: logged when it begins, once a minute while it goes on, and when it is over.

use std::time::Duration;

use tokio::time::Instant;

/// As long as the lack is not noticed again within this time, it counts as over; and it is logged once in this time.
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub struct Shortage(Option<Lasting>);

#[derive(Clone, Copy, Debug)]
struct Lasting {
    began: Instant,
    newest: Instant,
    logged: Instant,
    times: u64,
}

impl Shortage {
    pub fn begins_or_goes_on(&mut self, now: Instant, why: &str) {
        let lasting = self.0.get_or_insert_with(|| {
            tracing::warn!("{why}: those that are waited for the longest are closed");
            Lasting { began: now, newest: now, logged: now, times: 0 }
        });
        lasting.newest = now;
        lasting.times += 1;
        if now.saturating_duration_since(lasting.logged) >= MINUTE {
            lasting.logged = now;
            tracing::warn!(
                times = lasting.times,
                "{why}: those that are waited for the longest are still being closed"
            );
        }
    }

    /// Call it when there is room.
    pub fn may_be_over(&mut self, now: Instant) {
        if let Some(Lasting { began, newest, times, .. }) = self.0
            && now.saturating_duration_since(newest) >= MINUTE
        {
            let lasted_s = newest.saturating_duration_since(began).as_secs();
            tracing::info!(times, lasted_s, "there is room for connections again");
            self.0 = None;
        }
    }

    /// How often room was lacking since the lack began.
    #[cfg(test)]
    pub fn times(&self) -> u64 {
        self.0.as_ref().map_or(0, |lasting| lasting.times)
    }
}
