//! First messages to people this account has never talked to. WhatsApp watches these most, so they may have their own
//! daily cap (`SEND_NEW_CONTACTS_DAILY_MAX`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::SendError;
use super::queue::until_tomorrow;
use crate::domain::time::Timestamp;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct NewContacts {
    limit: u32,
    today: Arc<Mutex<Today>>,
}

#[derive(Debug)]
struct Today {
    day: u64,
    /// First messages that have left or are about to leave.
    count: u32,
}

/// The permission to write to somebody for the first time. Dropped before the message left, it does not count.
#[derive(Debug)]
pub(super) struct FirstMessage {
    day: u64,
    today: Arc<Mutex<Today>>,
    left: bool,
}

impl NewContacts {
    /// `count` people were written to on `day` already; a limit of 0 means no limit.
    pub(super) fn new(limit: u32, day: u64, count: u32) -> Self {
        Self { limit, today: Arc::new(Mutex::new(Today { day, count })) }
    }

    /// Whether there is a cap.
    pub(super) fn are_counted(&self) -> bool {
        self.limit > 0
    }

    /// # Errors
    /// [`SendError::RateLimited`]: the day's cap is reached.
    pub(super) fn first(&self, day: u64, now: Timestamp) -> Result<Option<FirstMessage>, SendError> {
        if self.limit == 0 {
            return Ok(None);
        }
        let mut today = lock(&self.today);
        if today.day < day {
            *today = Today { day, count: 0 };
        }
        if today.count >= self.limit {
            let why = "SEND_NEW_CONTACTS_DAILY_MAX people were written to for the first time today";
            return Err(SendError::RateLimited { why, retry_after: until_tomorrow(now) });
        }
        today.count += 1;
        Ok(Some(FirstMessage { day: today.day, today: Arc::clone(&self.today), left: false }))
    }
}

impl FirstMessage {
    /// The day for which it is still to be counted; None once it left.
    pub(super) fn day(&self) -> Option<u64> {
        (!self.left).then_some(self.day)
    }

    /// The message leaves, so it counts.
    pub(super) fn leaves(&mut self) {
        self.left = true;
    }

    /// Nothing left of it after all, so it does not count.
    pub(super) fn was_refused(mut self) {
        self.left = false;
    }
}

impl Drop for FirstMessage {
    fn drop(&mut self) {
        let mut today = lock(&self.today);
        if !self.left && today.day == self.day {
            today.count = today.count.saturating_sub(1);
        }
    }
}

fn lock(today: &Mutex<Today>) -> MutexGuard<'_, Today> {
    today.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_cap_counts_what_left_and_begins_anew_each_day() {
        let now = Timestamp::from_millis(7 * 24 * 60 * 60 * 1000);
        let new_contacts = NewContacts::new(2, 7, 1);
        let given_back = new_contacts.first(7, now).unwrap();
        assert!(matches!(new_contacts.first(7, now), Err(SendError::RateLimited { .. })));
        drop(given_back);
        let mut first = new_contacts.first(7, now).unwrap().unwrap();
        first.leaves();
        assert!(new_contacts.first(7, now).is_err());
        first.was_refused();
        new_contacts.first(7, now).unwrap().unwrap().leaves();
        assert!(new_contacts.first(7, now).is_err());
        assert!(new_contacts.first(8, now).is_ok());
        assert!(NewContacts::new(0, 7, 100).first(7, now).unwrap().is_none(), "no cap");
    }
}
