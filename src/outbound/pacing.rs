//! When the next send may go. Pure: the caller passes the time, as a span since some start.
//!
//! A token bucket in which each token returns a minute after it was taken, so that no 60 s contain more sends than
//! there are tokens; a pause between two sends, drawn at random on arrival; and a queue that is served in order. The
//! pauses are known beforehand, so the turn of every waiter is known too, and a waiter whose turn would come too late
//! is refused at once.
//!
//! ```text
//! join ──► in the queue ──► serve, once the turn has come ──► gone ──► give_back: WhatsApp was asked nothing
//!   │ no room, or too late      │ retain: hung up
//!   ▼                           ▼
//! refused                     removed, and those behind move up
//! ```

use std::collections::VecDeque;
use std::iter;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// The limits; 0 means no limit, except for the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub per_minute: usize,
    pub per_day: u32,
    pub in_line: usize,
}

/// Why the queue has no place, and how long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// After this span a send would be in time.
    TooLate(Duration),
    /// After this span the first in the queue has gone.
    LineFull(Duration),
    /// Until the day (UTC) ends.
    DayFull,
}

/// The sends of a day, which is given as its number since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Today {
    pub day: u64,
    pub sent: u32,
}

pub(super) struct Pacing<T> {
    limits: Limits,
    bucket: Bucket,
    /// The waiters, and each one's pause after the send before it.
    line: VecDeque<(T, Duration)>,
    today: Today,
}

impl<T> Pacing<T> {
    pub(super) fn new(limits: Limits, today: Today) -> Self {
        let bucket = Bucket { size: limits.per_minute, taken: VecDeque::new(), last: None };
        Self { limits, bucket, line: VecDeque::new(), today }
    }

    /// Enters the queue, to go `pause` after the send before and no later than `latest`. A send that may go at once is
    /// never too late.
    ///
    /// # Errors
    /// The refusal, and the refused waiter.
    pub(super) fn join(
        &mut self,
        who: T,
        pause: Duration,
        now: Duration,
        latest: Duration,
        day: u64,
    ) -> Result<(), (T, Refusal)> {
        self.turn_of_day(day);
        let mut turns = self.turns(now, pause);
        let own = turns.pop_back().unwrap_or(now);
        let due = self.today.sent.saturating_add(u32::try_from(self.line.len()).unwrap_or(u32::MAX));
        let refusal = if self.limits.per_day > 0 && due >= self.limits.per_day {
            Refusal::DayFull
        } else if self.line.len() >= self.limits.in_line && own > now {
            Refusal::LineFull(turns.front().unwrap_or(&own).saturating_sub(now))
        } else if own > now && own > latest {
            Refusal::TooLate(own.saturating_sub(latest.max(now)))
        } else {
            self.line.push_back((who, pause));
            return Ok(());
        };
        Err((who, refusal))
    }

    /// Removes the waiters that no longer wait.
    pub(super) fn retain(&mut self, waits: impl Fn(&T) -> bool) {
        self.line.retain(|(who, _)| waits(who));
    }

    /// The first waiter.
    pub(super) fn first(&mut self) -> Option<&mut T> {
        self.line.front_mut().map(|(who, _)| who)
    }

    /// When the first waiter may go.
    pub(super) fn next_turn(&self) -> Option<Duration> {
        self.line.front().map(|(_, pause)| self.bucket.earliest(*pause))
    }

    /// Removes the first waiter if its turn has come, and counts it as sent.
    pub(super) fn serve(&mut self, now: Duration, day: u64) -> Option<T> {
        self.next_turn().filter(|turn| *turn <= now)?;
        let (who, _) = self.line.pop_front()?;
        self.turn_of_day(day);
        self.today.sent = self.today.sent.saturating_add(1);
        self.bucket.take(now);
        Some(who)
    }

    /// WhatsApp was asked nothing after all: the token that was taken at `gone` is returned.
    pub(super) fn give_back(&mut self, gone: Duration) {
        self.bucket.give_back(gone);
    }

    /// No message left, so it does not count for the day.
    pub(super) fn not_sent(&mut self, day: u64) {
        if self.today.day == day {
            self.today.sent = self.today.sent.saturating_sub(1);
        }
    }

    /// The turns of all waiters, and of a newcomer as the last.
    fn turns(&self, now: Duration, pause: Duration) -> VecDeque<Duration> {
        let mut bucket = self.bucket.clone();
        let pauses = self.line.iter().map(|(_, pause)| *pause).chain(iter::once(pause));
        pauses
            .map(|pause| {
                let turn = bucket.earliest(pause).max(now);
                bucket.take(turn);
                turn
            })
            .collect()
    }

    /// A clock that is set back a day does not start a new day.
    fn turn_of_day(&mut self, day: u64) {
        if day > self.today.day {
            self.today = Today { day, sent: 0 };
        }
    }
}

#[derive(Clone)]
struct Bucket {
    /// 0 means no limit.
    size: usize,
    /// When the tokens were taken, oldest first, at most `size`.
    taken: VecDeque<Duration>,
    /// The latest turn; the next pause starts there.
    last: Option<Duration>,
}

impl Bucket {
    fn earliest(&self, pause: Duration) -> Duration {
        let paused = self.last.map_or(Duration::ZERO, |last| last + pause);
        let full = self.size > 0 && self.taken.len() >= self.size;
        let token = self.taken.front().filter(|_| full).map_or(Duration::ZERO, |oldest| *oldest + MINUTE);
        paused.max(token)
    }

    fn take(&mut self, at: Duration) {
        self.last = Some(at);
        self.taken.push_back(at);
        while self.taken.len() > self.size {
            self.taken.pop_front();
        }
    }

    fn give_back(&mut self, at: Duration) {
        if let Some(place) = self.taken.iter().rposition(|taken| *taken == at) {
            self.taken.remove(place);
        }
    }
}

#[cfg(test)]
mod tests;
