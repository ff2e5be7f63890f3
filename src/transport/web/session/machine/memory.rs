//! The planned restart of a browser whose memory has grown over BROWSER_MEMORY_MAX_MB.
//!
//! ```text
//! READY for a while ──► memory measured ──over the limit, quiet──► closed cleanly ──► started again (BROWSER_RECYCLED)
//!         ▲                   │ below the limit, or the last such restart is too recent: looked at again later
//!         └───────────────────┘ over the limit, and something is under way: looked at again soon
//! ```
//!
//! Nothing is lost: no send is under way, no sent message waits in the page alone, and after the start the page's table is read
//! from the last stored row on.

use std::time::Duration;

use crate::domain::state::{Reason, State};

use super::{Machine, Now, Then};

/// While the machine waits for a quiet moment, it measures this many times as often.
const OFTENER: u32 = 6;
const MB: u64 = 1 << 20;

impl Machine {
    /// When the browser's memory is to be measured next. In a session that has just become READY the log reads what
    /// it missed.
    pub(super) fn memory_look(&self) -> Option<Duration> {
        self.policy.memory_max?;
        let ready_since = self.well_since.filter(|_| self.state == State::Ready)?;
        Some(self.live()?.memory_look?.max(ready_since + self.timings.memory_look))
    }

    /// `quiet`: no send is under way or waits, and the log reads nothing from the page.
    pub(super) fn memory_measured(&mut self, bytes: u64, quiet: bool, now: Now) {
        let (pause, interval) = (self.timings.recycle_pause, self.timings.memory_look);
        let is_over = self.policy.memory_max.is_some_and(|max| bytes > max);
        let is_recent = self.recycled_at.is_some_and(|at| now.mono < at + pause);
        let next = now.mono + if is_over && !quiet { interval / OFTENER } else { interval };
        self.with_live(|live| live.memory_look = Some(next));
        let is_calm = self.state == State::Ready && self.live().is_some_and(|live| live.lost.is_none());
        if !is_over || is_recent || !quiet || !is_calm {
            return;
        }
        self.recycled_at = Some(now.mono);
        let max = self.policy.memory_max.unwrap_or_default();
        let detail = format!(
            "The browser used {} MB, more than BROWSER_MEMORY_MAX_MB allows ({} MB), and is started afresh.",
            bytes / MB,
            max / MB
        );
        self.step_back(Reason::BrowserRecycled, detail, now);
        self.close(Then::Relaunch { after: Duration::ZERO });
    }
}
