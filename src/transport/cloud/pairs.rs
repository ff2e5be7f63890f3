//! Meta's limit on messages from one number to another (the pair rate): whoever got too much is left alone for a while, each
//! time in a row for twice as long.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::errors;
use crate::domain::address::ChatId;
use crate::transport::NothingLeft;

/// Recipients that are remembered.
const PAIRS_MAX: usize = 4096;

/// Recipients to whom Meta takes nothing before a time, and how often in a row it said so.
#[derive(Default)]
pub(super) struct Pairs(Mutex<HashMap<String, (Instant, u32)>>);

impl Pairs {
    /// How long Meta takes nothing for this recipient. Meta's reports may name another form of the number than the call did.
    pub(super) fn wait(&self, to: &ChatId) -> Option<Duration> {
        let pairs = self.list();
        let until = to.forms().filter_map(|form| pairs.get(form.user())).map(|(until, _)| *until).max()?;
        until.checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero())
    }

    /// Notes that Meta takes no more for this recipient.
    pub(super) fn slower(&self, to: &str, refusal: NothingLeft) -> NothingLeft {
        let NothingLeft::RateLimited { why, retry_after } = refusal else { return refusal };
        let mut pairs = self.list();
        if pairs.len() >= PAIRS_MAX {
            let now = Instant::now();
            pairs.retain(|_, (until, _)| *until > now);
        }
        let times = pairs.get(to).map_or(0, |(_, times)| *times);
        let retry_after = retry_after.max(errors::PAIR) * 2_u32.pow(times.min(5));
        pairs.insert(to.to_owned(), (Instant::now() + retry_after, times + 1));
        NothingLeft::RateLimited { why, retry_after }
    }

    /// Notes that Meta took a message and then had to say that the recipient gets too many. Meta may tell it more than once.
    pub(super) fn reported(&self, to: &str) {
        if ChatId::parse_recipient(to).is_ok_and(|to| self.wait(&to).is_some()) {
            return;
        }
        self.slower(to, NothingLeft::RateLimited { why: "", retry_after: errors::PAIR });
    }

    /// Meta took a message for the recipient.
    pub(super) fn forget(&self, to: &str) {
        let mut pairs = self.list();
        pairs.remove(to);
        for form in ChatId::parse_recipient(to).iter().flat_map(ChatId::forms) {
            pairs.remove(form.user());
        }
    }

    fn list(&self) -> MutexGuard<'_, HashMap<String, (Instant, u32)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_report_that_is_repeated_pauses_nobody_for_longer_and_a_success_ends_the_row()
    -> Result<(), Box<dyn std::error::Error>> {
        let (pairs, to) = (Pairs::default(), ChatId::parse_recipient("5491122334455")?);
        for _ in 0..3 {
            pairs.reported("541122334455");
        }
        assert_eq!(pairs.wait(&to), Some(errors::PAIR));
        pairs.forget("5491122334455");
        assert_eq!(pairs.wait(&to), None);
        pairs.reported("541122334455");
        assert_eq!(pairs.wait(&to), Some(errors::PAIR));
        Ok(())
    }
}
