//! A trouble in the log: told when it begins, once a minute while it lasts, and when it is over.

use std::time::Duration;

use tokio::time::Instant;

const REPEAT_EVERY: Duration = Duration::from_secs(60);

/// One kind of trouble.
#[derive(Debug, Default)]
pub struct Trouble(Option<Told>);

#[derive(Debug)]
struct Told {
    sentence: String,
    since: Instant,
    told_at: Instant,
}

impl Trouble {
    /// Notes how it is now: the sentence, or None where all is well. True if the log was told.
    pub fn note(&mut self, sentence: Option<&str>) -> bool {
        let now = Instant::now();
        let Some(sentence) = sentence else {
            let Some(over) = self.0.take() else { return false };
            tracing::info!(lasted_s = (now - over.since).as_secs(), "it is over: {}", over.sentence);
            return true;
        };
        let since = self.0.as_ref().map_or(now, |told| told.since);
        if self.0.as_ref().is_some_and(|told| told.sentence == sentence && now < told.told_at + REPEAT_EVERY) {
            return false;
        }
        tracing::error!("{sentence}");
        self.0 = Some(Told { sentence: sentence.to_owned(), since, told_at: now });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_trouble_is_told_once_then_every_minute_and_its_end_is() {
        let mut trouble = Trouble::default();
        assert!(!trouble.note(None));
        assert!(trouble.note(Some("it is full")));
        let mut told = 0;
        for _ in 0..150 {
            tokio::time::advance(Duration::from_secs(1)).await;
            told += u32::from(trouble.note(Some("it is full")));
        }
        assert_eq!(told, 2);
        assert!(trouble.note(Some("it is a file")), "another one is news");
        assert!(trouble.note(None) && !trouble.note(None));
    }
}
