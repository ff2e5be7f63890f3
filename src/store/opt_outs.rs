//! People who asked for no further messages. Table `opt_outs`: the phone digits → milliseconds since the epoch (big-endian).
//! Nothing removes them but a person who takes the wish back.

use super::engine::Engine;
use super::table::Table;
use super::{Store, StoreError};
use crate::domain::time::Timestamp;

pub(super) struct OptOuts(Table);

impl OptOuts {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self(engine.table("opt_outs")?))
    }
}

impl Store {
    /// Remembers that somebody wants no further messages; returns once that is durable.
    pub async fn opt_out(&self, phone: String, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |tables| tables.opt_outs.0.put(phone.as_bytes(), &at.as_millis().to_be_bytes())).await
    }

    /// Remembers under another name too who wants no further messages under a known one: a number that became known later.
    pub async fn opt_out_also(&self, known: String, name: String) -> Result<(), StoreError> {
        self.write(move |tables| {
            let Some(at) = tables.opt_outs.0.get(known.as_bytes())? else { return Ok(()) };
            tables.opt_outs.0.put(name.as_bytes(), &at)
        })
        .await
    }

    /// Whether somebody under one of these numbers wants no further messages.
    pub async fn has_opted_out(&self, phones: Vec<String>) -> Result<bool, StoreError> {
        self.read(move |tables| {
            for phone in &phones {
                if tables.opt_outs.0.get(phone.as_bytes())?.is_some() {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn a_number_that_becomes_known_later_has_opted_out_too() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap().store;
        store.opt_out("1@lid".to_owned(), Timestamp::from_millis(1)).await.unwrap();
        for (chat, phone, expected) in [("1@lid", "5491122334455", true), ("2@lid", "5491155554444", false)] {
            store.opt_out_also(chat.to_owned(), phone.to_owned()).await.unwrap();
            assert_eq!(store.has_opted_out(vec![phone.to_owned()]).await.unwrap(), expected, "{chat}");
        }
    }
}
