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
