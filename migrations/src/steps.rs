//! The steps, oldest first. A step is never edited once a release carried it: stores of its time still need it.

use crate::{Cause, Raw};

/// 1 → 2. Version 1 kept the history of states in `transitions` under little-endian sequence numbers, which sort
/// wrongly (256 comes before 1). Version 2 keeps it in `history` under big-endian ones.
///
/// The new form has a tree of its own because eight bytes do not tell which way round they are: within one tree a
/// step that was cut off could not know what it had already turned.
pub(crate) fn big_endian_history(store: &dyn Raw) -> Result<(), Cause> {
    walk_v1(store, |_, turned, value| store.insert("history", turned, value))?;
    // The copies must be durable before the originals go.
    store.flush()?;
    walk_v1(store, |key, _, _| store.remove("transitions", key))
}

/// Calls `visit` with every old key, its new form, and the value. A key of another length was never written by
/// version 1 and stays where it is.
fn walk_v1(store: &dyn Raw, mut visit: impl FnMut(&[u8], &[u8], &[u8]) -> Result<(), Cause>) -> Result<(), Cause> {
    let mut after: Option<Vec<u8>> = None;
    while let Some((key, value)) = store.next("transitions", after.as_deref())? {
        if let Ok(sequence) = <[u8; 8]>::try_from(key.as_slice()) {
            let turned = u64::from_le_bytes(sequence).to_be_bytes();
            visit(&key, &turned, &value)?;
        }
        after = Some(key);
    }
    Ok(())
}

/// 2 → 3. Version 2 kept the session's steps in `history` as well as in the log, looked through all `origins` and `addons`
/// for those past their time, and had an entry in `message_ids` for each message. Version 3 has `origins_by_age` and
/// `addons_by_age` (milliseconds and the key → nothing), and a mark where the history was asked for one thing: whether
/// this store has seen a phone being asked for. What it keeps instead of `message_ids` is made of the log when it is opened.
pub(crate) fn by_age(store: &dyn Raw) -> Result<(), Cause> {
    walk(store, "history", |_, value| {
        let has_code = value.windows(ASKED.len()).any(|part| part == ASKED);
        if has_code { store.insert("marks", b"asked_for_phone", &[1]) } else { Ok(()) }
    })?;
    // Where in the value the milliseconds stand.
    for (table, by_age, at) in [("origins", "origins_by_age", 0), ("addons", "addons_by_age", 8)] {
        walk(store, table, |key, value| match value.get(at..at + 8) {
            Some(since) => store.insert(by_age, &[since, key].concat(), &[]),
            None => Ok(()),
        })?;
    }
    // The new form must be durable before the old one goes.
    store.flush()?;
    for table in ["history", "message_ids"] {
        walk(store, table, |key, _| store.remove(table, key))?;
    }
    Ok(())
}

const ASKED: &[u8] = br#""to":"QR_REQUIRED""#;

fn walk(store: &dyn Raw, table: &str, mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), Cause>) -> Result<(), Cause> {
    let mut after: Option<Vec<u8>> = None;
    while let Some((key, value)) = store.next(table, after.as_deref())? {
        visit(&key, &value)?;
        after = Some(key);
    }
    Ok(())
}
