//! When the next send may go. Pure: the time is handed in, as a span since some beginning.
//!
//! A bucket of tokens of which each comes back a minute after it was taken, so that no 60 s ever see more sends than
//! there are tokens; a pause between two sends, drawn on arrival; and a line that is served in order. With the pauses
//! known beforehand the turn of everyone in the line is known too, so whoever would wait too long is told at once.
//!
//! ```text
//! join ──► in line ──► serve, once its turn has come ──► gone ──► give_back: nothing was asked of WhatsApp
//!   │ no room, or too late      │ retain: hung up
//!   ▼                           ▼
//! refused                     left, and those behind move up
//! ```

use std::collections::VecDeque;
use std::iter;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// What is allowed; 0 is no limit, save for the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub per_minute: usize,
    pub per_day: u32,
    pub in_line: usize,
}

/// Why there is no place, and what to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// After this span a send would be in time.
    TooLate(Duration),
    /// After this span the first in line has gone.
    LineFull(Duration),
    /// Until the day (UTC) is over.
    DayFull,
}

/// The sends of a day, by its number since the epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Today {
    pub day: u64,
    pub sent: u32,
}

pub(super) struct Pacing<T> {
    limits: Limits,
    bucket: Bucket,
    /// Who waits, and how long after the one before.
    line: VecDeque<(T, Duration)>,
    today: Today,
}

impl<T> Pacing<T> {
    pub(super) fn new(limits: Limits, today: Today) -> Self {
        let bucket = Bucket { size: limits.per_minute, taken: VecDeque::new(), last: None };
        Self { limits, bucket, line: VecDeque::new(), today }
    }

    /// Stands in line, to go `pause` after the one before and not later than `latest`. Whoever may go at once is never
    /// too late.
    ///
    /// # Errors
    /// The refusal, and who was refused.
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

    /// Takes those out of the line who no longer wait.
    pub(super) fn retain(&mut self, waits: impl Fn(&T) -> bool) {
        self.line.retain(|(who, _)| waits(who));
    }

    /// The first in line.
    pub(super) fn first(&mut self) -> Option<&mut T> {
        self.line.front_mut().map(|(who, _)| who)
    }

    /// When the first in line may go.
    pub(super) fn next_turn(&self) -> Option<Duration> {
        self.line.front().map(|(_, pause)| self.bucket.earliest(*pause))
    }

    /// Whoever is first, if the turn has come: it counts as gone from now on.
    pub(super) fn serve(&mut self, now: Duration, day: u64) -> Option<T> {
        self.next_turn().filter(|turn| *turn <= now)?;
        let (who, _) = self.line.pop_front()?;
        self.turn_of_day(day);
        self.today.sent = self.today.sent.saturating_add(1);
        self.bucket.take(now);
        Some(who)
    }

    /// Nothing was asked of WhatsApp after all: the token that was taken then is back.
    pub(super) fn give_back(&mut self, gone: Duration) {
        self.bucket.give_back(gone);
    }

    /// No message left: it does not count for the day.
    pub(super) fn not_sent(&mut self, day: u64) {
        if self.today.day == day {
            self.today.sent = self.today.sent.saturating_sub(1);
        }
    }

    /// When each in the line goes, and a newcomer last.
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

    /// A clock that is set back a day starts no new one.
    fn turn_of_day(&mut self, day: u64) {
        if day > self.today.day {
            self.today = Today { day, sent: 0 };
        }
    }
}

#[derive(Clone)]
struct Bucket {
    /// 0 is no limit.
    size: usize,
    /// When the tokens were taken, oldest first, at most `size`.
    taken: VecDeque<Duration>,
    /// The latest turn, for the pause after it.
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
