//! People who asked for no further messages. Table `opt_outs`: a name of somebody (phone digits, or the id of a chat) → the time
//! of the wish by WhatsApp's clock (milliseconds since the epoch, big-endian), and the name by which all names of this person are
//! kept together. Table `opt_outs_taken_back`: a name → the time of the wish that was taken back; what was said until then opts
//! nobody out again.
//!
//! Retention removes nothing here: the wish holds until a person takes it back.

use std::collections::BTreeSet;

use super::engine::Engine;
use super::table::Table;
use super::{Store, StoreError};
use crate::domain::opt_out::OptOut;
use crate::domain::time::Timestamp;

/// The most rows that one read looks at.
const LOOKED_AT: usize = 10_000;

pub(super) struct OptOuts {
    table: Table,
    taken_back: Table,
}

/// A row of `opt_outs`.
struct Row {
    at: Timestamp,
    /// Rows of the first format have none.
    person: Option<String>,
}

impl Row {
    fn read(value: &[u8]) -> Self {
        let person = value.get(8..).filter(|rest| !rest.is_empty());
        Self { at: time(value), person: person.map(|rest| String::from_utf8_lossy(rest).into_owned()) }
    }

    fn write(&self) -> Vec<u8> {
        let mut value = self.at.as_millis().to_be_bytes().to_vec();
        value.extend_from_slice(self.person.as_deref().unwrap_or_default().as_bytes());
        value
    }
}

fn time(value: &[u8]) -> Timestamp {
    let millis = value.get(..8).and_then(|bytes| bytes.try_into().ok());
    Timestamp::from_millis(millis.map_or(0, u64::from_be_bytes))
}

fn is_phone(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Meta tells the second of what somebody says, and the page of an edit the millisecond.
fn second(at: Timestamp) -> u64 {
    at.as_millis() / 1000
}

impl OptOuts {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self { table: engine.table("opt_outs")?, taken_back: engine.table("opt_outs_taken_back")? })
    }

    /// False if the wish was taken back since.
    fn remember(&self, names: &[String], said_at: Timestamp) -> Result<bool, StoreError> {
        let (mut at, mut known) = (said_at, None);
        for name in names {
            if self.taken_back.get(name.as_bytes())?.is_some_and(|value| second(said_at) <= second(time(&value))) {
                return Ok(false);
            }
            // Messages may come out of order: the newest wish is the one that is taken back.
            if let Some(row) = self.row(name)? {
                at = at.max(row.at);
                known = known.or(row.person.filter(|person| is_phone(person)));
            }
        }
        // A number that was learned stays the person's, also where a message does not tell it.
        let said = names.iter().find(|name| is_phone(name)).cloned();
        let person = said.or(known).or_else(|| names.first().cloned());
        let value = Row { at, person }.write();
        names.iter().try_for_each(|name| self.table.put(name.as_bytes(), &value))?;
        Ok(true)
    }

    fn row(&self, name: &str) -> Result<Option<Row>, StoreError> {
        Ok(self.table.get(name.as_bytes())?.map(|value| Row::read(&value)))
    }

    fn also(&self, known: &str, name: &str) -> Result<(), StoreError> {
        let Some(Row { at, person }) = self.row(known)? else { return Ok(()) };
        let at = self.row(name)?.map_or(at, |row| at.max(row.at));
        if let Some(value) = self.taken_back.get(name.as_bytes())?.filter(|value| at <= time(value)) {
            // Under the number the same wish was taken back already.
            self.taken_back.put(known.as_bytes(), &value)?;
            return self.table.remove(known.as_bytes());
        }
        let person = if is_phone(name) { name.to_owned() } else { person.unwrap_or_else(|| known.to_owned()) };
        let value = Row { at, person: Some(person) }.write();
        self.table.put(name.as_bytes(), &value)?;
        self.table.put(known.as_bytes(), &value)
    }

    fn list(&self, after: Option<&str>, limit: usize) -> Result<Vec<OptOut>, StoreError> {
        let mut found = Vec::new();
        let mut after = after.map(|after| after.as_bytes().to_vec());
        while found.len() < limit
            && let Some((key, value)) = self.table.next(after.as_deref())?
        {
            let (name, Row { at, person }) = (String::from_utf8_lossy(&key).into_owned(), Row::read(&value));
            // The other names of a person are no entries of their own.
            if person.is_none_or(|person| person == name) {
                found.push(OptOut { id: name, at });
            }
            after = Some(key);
        }
        Ok(found)
    }

    /// Adds to a person's names those in a part of the table that belong to the same person. Returns where the part ends; None at
    /// the end of the table.
    fn join(&self, person: &mut BTreeSet<String>, after: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, StoreError> {
        let mut after = after;
        for _ in 0..LOOKED_AT {
            let Some((key, value)) = self.table.next(after.as_deref())? else { return Ok(None) };
            let (name, kept_under) = (String::from_utf8_lossy(&key).into_owned(), Row::read(&value).person);
            if person.contains(&name) || kept_under.as_ref().is_some_and(|one| person.contains(one)) {
                person.insert(name);
                person.extend(kept_under);
            }
            after = Some(key);
        }
        Ok(after)
    }

    /// Removes a person under all names; false if nobody was found. The time of the newest wish is kept, by WhatsApp's clock: a
    /// later wish counts whatever this machine's clock says.
    fn take_back(&self, person: &BTreeSet<String>) -> Result<bool, StoreError> {
        let rows = person.iter().map(|name| self.row(name)).collect::<Result<Vec<_>, _>>()?;
        let Some(newest) = rows.iter().flatten().map(|row| row.at).max() else { return Ok(false) };
        // Also under names without a row: the other way may tell of the wish under one of them.
        for name in person {
            let known = self.taken_back.get(name.as_bytes())?.map_or(newest, |value| newest.max(time(&value)));
            self.taken_back.put(name.as_bytes(), &known.as_millis().to_be_bytes())?;
        }
        // A crash before this leaves the wish as it was.
        person.iter().try_for_each(|name| self.table.remove(name.as_bytes()))?;
        Ok(true)
    }
}

impl Store {
    /// Remembers that somebody, known under these names, wants no further messages; returns once that is durable. A wish that
    /// was taken back opts nobody out again: then it is false.
    pub async fn opt_out(&self, names: Vec<String>, said_at: Timestamp) -> Result<bool, StoreError> {
        self.write(move |tables| tables.opt_outs.remember(&names, said_at)).await
    }

    /// Remembers under another name too who wants no further messages under a known one: a number that became known later.
    pub async fn opt_out_also(&self, known: String, name: String) -> Result<(), StoreError> {
        self.write(move |tables| tables.opt_outs.also(&known, &name)).await
    }

    /// Whether somebody under one of these names wants no further messages.
    pub async fn has_opted_out(&self, names: Vec<String>) -> Result<bool, StoreError> {
        self.read(move |tables| {
            for name in &names {
                if tables.opt_outs.table.get(name.as_bytes())?.is_some() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }

    /// Those who want no further messages, by their ids, at most `limit` after an id.
    pub async fn opt_outs(&self, after: Option<String>, limit: usize) -> Result<Vec<OptOut>, StoreError> {
        self.read(move |tables| tables.opt_outs.list(after.as_deref(), limit)).await
    }

    /// Forgets, under all names, that somebody under one of these wants no further messages; false if nobody does. Returns once
    /// that is durable.
    pub async fn take_back_opt_out(&self, names: Vec<String>) -> Result<bool, StoreError> {
        let mut person: BTreeSet<String> = names.into_iter().collect();
        // A name that became known later may lead to further ones.
        loop {
            let (before, mut after) = (person.len(), None);
            // In several reads, so that no other call waits long.
            loop {
                let part = std::mem::take(&mut person);
                let (joined, rest) = self
                    .read(move |tables| {
                        let mut person = part;
                        let rest = tables.opt_outs.join(&mut person, after)?;
                        Ok((person, rest))
                    })
                    .await?;
                (person, after) = (joined, rest);
                if after.is_none() {
                    break;
                }
            }
            if person.len() == before {
                break;
            }
        }
        self.write(move |tables| tables.opt_outs.take_back(&person)).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[tokio::test]
    async fn a_number_that_becomes_known_later_has_opted_out_too() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap().store;
        store.opt_out(names(&["1@lid"]), at(1)).await.unwrap();
        for (chat, phone, expected) in [("1@lid", "5491122334455", true), ("2@lid", "5491155554444", false)] {
            store.opt_out_also(chat.to_owned(), phone.to_owned()).await.unwrap();
            assert_eq!(store.has_opted_out(names(&[phone])).await.unwrap(), expected, "{chat}");
        }
        assert_eq!(store.opt_outs(None, 10).await.unwrap(), [OptOut { id: "5491122334455".to_owned(), at: at(1) }]);
    }

    #[tokio::test]
    async fn a_wish_is_taken_back_under_every_name_of_the_person_and_of_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap().store;
        // Both wrote in the same moment.
        store.opt_out(names(&["1@lid", "5491122334455"]), at(1)).await.unwrap();
        store.opt_out(names(&["3@lid"]), at(1)).await.unwrap();
        store.opt_out_also("3@lid".to_owned(), "5491155554444".to_owned()).await.unwrap();
        let ids: Vec<_> = store.opt_outs(None, 10).await.unwrap().into_iter().map(|one| one.id).collect();
        assert_eq!(ids, ["5491122334455", "5491155554444"]);
        let rest = store.opt_outs(Some(ids[0].clone()), 1).await.unwrap();
        assert_eq!(rest, [OptOut { id: ids[1].clone(), at: at(1) }]);
        assert!(store.take_back_opt_out(names(&["5491122334455"])).await.unwrap());
        assert!(!store.take_back_opt_out(names(&["5491122334455"])).await.unwrap());
        assert!(!store.has_opted_out(names(&["1@lid", "5491122334455"])).await.unwrap());
        assert!(store.has_opted_out(names(&["3@lid"])).await.unwrap());
        // The message of before is told again; another one counts.
        store.opt_out(names(&["1@lid", "5491122334455"]), at(1)).await.unwrap();
        assert!(!store.has_opted_out(names(&["1@lid"])).await.unwrap());
        store.opt_out(names(&["1@lid", "5491122334455"]), at(1000)).await.unwrap();
        assert!(store.has_opted_out(names(&["1@lid"])).await.unwrap());
    }

    #[tokio::test]
    async fn a_wish_that_was_taken_back_is_so_under_names_without_a_row_too() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap().store;
        store.opt_out(names(&["5491122334455@c.us", "5491122334455"]), at(1)).await.unwrap();
        assert!(store.take_back_opt_out(names(&["5491122334455", "5491122334455@c.us", "1@lid"])).await.unwrap());
        assert!(!store.opt_out(names(&["1@lid"]), at(1)).await.unwrap(), "the page tells of the same message");
        assert!(!store.has_opted_out(names(&["1@lid"])).await.unwrap());
        // A LID of which nothing was known then, and its number afterwards.
        store.opt_out(names(&["2@lid"]), at(1)).await.unwrap();
        store.opt_out_also("2@lid".to_owned(), "5491122334455".to_owned()).await.unwrap();
        assert!(!store.has_opted_out(names(&["2@lid", "5491122334455"])).await.unwrap());
        // An older wish does not make the time of the taking back earlier.
        store.opt_out(names(&["3@lid"]), at(1)).await.unwrap();
        store.opt_out(names(&["4@lid"]), at(9)).await.unwrap();
        assert!(store.take_back_opt_out(names(&["4@lid"])).await.unwrap());
        assert!(store.take_back_opt_out(names(&["3@lid", "4@lid"])).await.unwrap());
        assert!(!store.opt_out(names(&["4@lid"]), at(9)).await.unwrap());
    }

    #[tokio::test]
    async fn a_number_that_was_learned_stays_the_persons() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap().store;
        store.opt_out(names(&["1@lid"]), at(1)).await.unwrap();
        store.opt_out_also("1@lid".to_owned(), "5491122334455".to_owned()).await.unwrap();
        // A message of the LID comes again, without the number.
        store.opt_out(names(&["1@lid"]), at(2)).await.unwrap();
        let ids: Vec<_> = store.opt_outs(None, 10).await.unwrap().into_iter().map(|one| one.id).collect();
        assert_eq!(ids, ["5491122334455"]);
        assert!(store.take_back_opt_out(names(&["5491122334455"])).await.unwrap());
        assert!(!store.has_opted_out(names(&["1@lid"])).await.unwrap());
    }

    #[tokio::test]
    async fn rows_of_the_first_format_are_listed_and_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap().store;
        let first =
            |tables: &crate::store::opening::Tables| tables.opt_outs.table.put(b"5491122334455", &7_u64.to_be_bytes());
        store.write(first).await.unwrap();
        assert_eq!(store.opt_outs(None, 10).await.unwrap(), [OptOut { id: "5491122334455".to_owned(), at: at(7) }]);
        assert!(store.take_back_opt_out(names(&["5491122334455"])).await.unwrap());
        assert!(store.opt_outs(None, 10).await.unwrap().is_empty());
    }
}
