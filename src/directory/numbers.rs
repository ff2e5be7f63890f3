//! Looking up many numbers: in small batches with pauses, through the limit that all look-ups share.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use rand::Rng;
use tokio::time::{Instant, sleep};

use super::{Directory, DirectoryError, Reached};
use crate::domain::address::PhoneNumber;
use crate::domain::state::State;
use crate::transport::web::session::SessionError;

/// The most numbers of one request.
pub const NUMBERS_MAX: usize = 50;
/// The numbers of one question to WhatsApp's server.
const BATCH: usize = 10;
/// The pause between two questions, in milliseconds.
const PAUSE_MS: RangeInclusive<u64> = 500..=1500;

/// What WhatsApp says of a number in one of its forms.
enum Answer {
    There(Reached),
    Denied,
    /// Nothing: it may be there.
    Silence,
}

type Answers = HashMap<PhoneNumber, Answer>;

impl Directory {
    /// Looks numbers up, in their order. Where the minute's look-ups are used up, the numbers that are left are
    /// [`DirectoryError::RateLimited`]; a number about which WhatsApp says nothing has no answer. What fails after the first
    /// answer costs only the answers that are missing then; the error of the whole is one of the page or the session, before
    /// any answer.
    pub async fn look_up_all(
        &self,
        numbers: &[PhoneNumber],
    ) -> Result<Vec<Result<Option<Reached>, DirectoryError>>, DirectoryError> {
        let mut answers = Answers::new();
        let failure = match self.ask_all(numbers, &mut answers).await {
            Err(error) if answers.is_empty() => return Err(error),
            asked => asked.err().map(|error| error.to_string()),
        };
        Ok(numbers.iter().map(|number| self.answered(number, &answers, failure.as_deref())).collect())
    }

    async fn ask_all(&self, numbers: &[PhoneNumber], answers: &mut Answers) -> Result<(), DirectoryError> {
        self.ask_each(numbers.to_vec(), answers).await?;
        // The second form is asked for only after WhatsApp denied the first.
        let is_denied = |number: &&PhoneNumber| matches!(answers.get(*number), Some(Answer::Denied));
        let second = numbers.iter().filter(is_denied).filter_map(PhoneNumber::second_form).collect();
        self.ask_each(second, answers).await
    }

    /// `failure` is why the numbers without an answer have none; without it the minute's look-ups were used up.
    fn answered(
        &self,
        number: &PhoneNumber,
        answers: &Answers,
        failure: Option<&str>,
    ) -> Result<Option<Reached>, DirectoryError> {
        for form in std::iter::once(number.clone()).chain(number.second_form()) {
            match answers.get(&form) {
                Some(Answer::There(reached)) => return Ok(Some(reached.clone())),
                Some(Answer::Denied) => {}
                Some(Answer::Silence) => {
                    let nothing = "WhatsApp's server said nothing about this number".to_owned();
                    return Err(SessionError::NoAnswer(nothing).into());
                }
                None => {
                    return Err(match failure {
                        Some(why) => DirectoryError::Unanswered(why.to_owned()),
                        None => DirectoryError::RateLimited { retry_after: self.lookups.wait(Instant::now()) },
                    });
                }
            }
        }
        Ok(None)
    }

    /// Asks for the numbers that have no answer yet, as far as the limit allows.
    async fn ask_each(&self, mut numbers: Vec<PhoneNumber>, answers: &mut Answers) -> Result<(), DirectoryError> {
        let mut seen = HashSet::new();
        numbers.retain(|number| !answers.contains_key(number) && seen.insert(number.clone()));
        for batch in numbers.chunks(BATCH) {
            let batch = &batch[..self.lookups.take_some(batch.len(), Instant::now())];
            if batch.is_empty() {
                return Ok(());
            }
            if !answers.is_empty() {
                let pause = rand::rng().random_range(PAUSE_MS);
                sleep(Duration::from_millis(pause)).await;
            }
            let page = self.session.page(State::Ready)?;
            let found = page.exists_many(batch).await.map_err(SessionError::from)?;
            for (number, found) in batch.iter().zip(found) {
                let answer = match found.chat_id {
                    Some(chat_id) => Answer::There(Reached { number: number.clone(), chat_id, lid: found.lid }),
                    None if found.no_answer => Answer::Silence,
                    None => Answer::Denied,
                };
                answers.insert(number.clone(), answer);
            }
        }
        Ok(())
    }
}
