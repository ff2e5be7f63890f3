//! How far each delivery target has got. Table `targets`: its name → the place in the log (big-endian) up to which
//! everything is delivered or set aside. Table `letters` holds the events set aside: name, a zero byte and the event's
//! place → JSON.

use std::sync::{Mutex, PoisonError};

use super::engine::Engine;
use super::records::StoredLetter;
use super::table::Table;
use super::{Store, StoreError};
use crate::domain::dead_letter::{DeadLetter, DeadLetterId};

const POSITIONS: &str = "targets";
const LETTERS: &str = "letters";

pub(super) struct Targets {
    positions: Table,
    letters: Table,
    /// Prevents a position from going back.
    moving: Mutex<()>,
}

impl Targets {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self { positions: engine.table(POSITIONS)?, letters: engine.table(LETTERS)?, moving: Mutex::new(()) })
    }

    pub(super) fn position(&self, target: &str) -> Result<Option<u64>, StoreError> {
        let bytes = self.positions.get(target.as_bytes())?;
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes))
    }

    fn advance(&self, target: &str, position: u64) -> Result<(), StoreError> {
        let _moving = self.moving.lock().unwrap_or_else(PoisonError::into_inner);
        if self.position(target)?.is_some_and(|known| known >= position) {
            return Ok(());
        }
        self.positions.put(target.as_bytes(), &position.to_be_bytes())
    }

    fn keep(&self, target: &str, letter: &DeadLetter) -> Result<(), StoreError> {
        let stored = StoredLetter::from(letter.clone());
        let bytes = serde_json::to_vec(&stored).map_err(|source| StoreError::Encoding { table: LETTERS, source })?;
        self.letters.put(&key(target, letter.event), &bytes)
    }

    fn after(&self, place: Option<&DeadLetterId>, limit: usize) -> Result<Vec<(String, DeadLetter)>, StoreError> {
        let mut found = Vec::new();
        let mut after = place.map(|place| key(&place.target, place.event));
        while found.len() < limit {
            let Some((key, value)) = self.letters.next(after.as_deref())? else { break };
            found.extend(decode(&key, &value));
            after = Some(key);
        }
        Ok(found)
    }

    /// Removes the letters of events that are no longer in the log.
    pub(super) fn sweep(&self, oldest: u64) -> Result<(), StoreError> {
        let mut after: Option<Vec<u8>> = None;
        while let Some((key, value)) = self.letters.next(after.as_deref())? {
            if decode(&key, &value).is_none_or(|(_, letter)| letter.event < oldest) {
                self.letters.remove(&key)?;
            }
            after = Some(key);
        }
        Ok(())
    }
}

impl Store {
    /// The place up to which a target has got; None for a new target.
    pub async fn position(&self, target: String) -> Result<Option<u64>, StoreError> {
        self.read(move |tables| tables.targets.position(&target)).await
    }

    /// Stores how far a target has got, and an event that is set aside at the same time; returns once that is durable.
    /// A position never goes back.
    pub async fn advance(&self, target: String, position: u64, aside: Option<DeadLetter>) -> Result<(), StoreError> {
        self.write(move |tables| {
            aside.map_or(Ok(()), |letter| tables.targets.keep(&target, &letter))?;
            tables.targets.advance(&target, position)
        })
        .await
    }

    /// Stores what became of letters.
    pub async fn keep_letters(&self, target: String, letters: Vec<DeadLetter>) -> Result<(), StoreError> {
        self.write(move |tables| letters.iter().try_for_each(|letter| tables.targets.keep(&target, letter))).await
    }

    /// Removes a letter that was delivered.
    pub async fn drop_letter(&self, id: DeadLetterId) -> Result<(), StoreError> {
        self.write(move |tables| tables.targets.letters.remove(&key(&id.target, id.event))).await
    }

    pub async fn letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        self.read(move |tables| {
            let key = key(&id.target, id.event);
            let found = tables.targets.letters.get(&key)?;
            Ok(found.and_then(|value| decode(&key, &value)).map(|(_, letter)| letter))
        })
        .await
    }

    /// The letters of all targets, by target and place, after the given one.
    pub async fn letters(
        &self,
        after: Option<DeadLetterId>,
        limit: usize,
    ) -> Result<Vec<(String, DeadLetter)>, StoreError> {
        self.read(move |tables| tables.targets.after(after.as_ref(), limit)).await
    }
}

fn key(target: &str, event: u64) -> Vec<u8> {
    [target.as_bytes(), &[0], &event.to_be_bytes()].concat()
}

fn decode(key: &[u8], value: &[u8]) -> Option<(String, DeadLetter)> {
    let target = key.len().checked_sub(9).and_then(|end| std::str::from_utf8(&key[..end]).ok())?;
    let stored = serde_json::from_slice::<StoredLetter>(value).inspect_err(
        |error| tracing::warn!(target, kind = ?error.classify(), "skipped a dead letter that cannot be read"),
    );
    Some((target.to_owned(), stored.ok()?.into()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::dead_letter::Stage;
    use crate::domain::time::Timestamp;

    #[tokio::test]
    async fn a_position_survives_and_never_goes_back() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let at = Timestamp::from_millis(7);
        let letter = DeadLetter { event: 4, stage: Stage::Dead, reason: "why".to_owned(), attempts: 1, at };
        assert_eq!(store.position("a".to_owned()).await.unwrap(), None);
        store.advance("a".to_owned(), 5, Some(letter.clone())).await.unwrap();
        store.advance("a".to_owned(), 3, None).await.unwrap();
        store.advance("b".to_owned(), 0, Some(letter.clone())).await.unwrap();
        store.close().await.unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        assert_eq!(store.position("a".to_owned()).await.unwrap(), Some(5));
        assert_eq!(store.position("b".to_owned()).await.unwrap(), Some(0));
        let all = store.letters(None, 10).await.unwrap();
        assert_eq!(all, [("a".to_owned(), letter.clone()), ("b".to_owned(), letter.clone())]);
        let first = DeadLetterId { target: "a".to_owned(), event: 4 };
        assert_eq!(store.letters(Some(first.clone()), 10).await.unwrap(), all[1..]);
        store.drop_letter(first.clone()).await.unwrap();
        assert_eq!(store.letter(first).await.unwrap(), None);
        assert_eq!(store.letters(None, 10).await.unwrap().len(), 1);
        store.close().await.unwrap();
    }
}
