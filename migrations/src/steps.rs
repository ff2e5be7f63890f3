//! The steps, oldest first. A released step is never edited: stores of its time still need it.

use crate::{Cause, Raw};

/// 1 → 2. Version 1 kept the history of states in `transitions` under little-endian sequence numbers, which sort
/// wrongly (256 comes before 1). Version 2 keeps it in `history` under big-endian numbers.
///
/// The new form has its own tree because eight bytes do not show their byte order: within one tree an interrupted step
/// could not know which keys it had converted.
pub(crate) fn big_endian_history(store: &dyn Raw) -> Result<(), Cause> {
    walk_v1(store, |_, turned, value| store.insert("history", turned, value))?;
    // The copies must be durable before the originals are removed.
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

/// 2 → 3. Version 2 kept the session's transitions in `history` as well as in the log, scanned all `origins` and
/// `addons` for expired records, and had an entry in `message_ids` for each message. Version 3 has the indexes
/// `origins_by_age` and `addons_by_age` (milliseconds and the key → nothing), and replaces the history by a mark that
/// this store has seen a phone being asked for. The tables that replace `message_ids` are built from the log when the
/// store is opened.
pub(crate) fn by_age(store: &dyn Raw) -> Result<(), Cause> {
    walk(store, "history", |_, value| {
        let has_code = value.windows(ASKED.len()).any(|part| part == ASKED);
        if has_code { store.insert("marks", b"asked_for_phone", &[1]) } else { Ok(()) }
    })?;
    // `at` is the offset of the milliseconds in the value.
    for (table, by_age, at) in [("origins", "origins_by_age", 0), ("addons", "addons_by_age", 8)] {
        walk(store, table, |key, value| match value.get(at..at + 8) {
            Some(since) => store.insert(by_age, &[since, key].concat(), &[]),
            None => Ok(()),
        })?;
    }
    // The new form must be durable before the old form is removed.
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
