#![allow(clippy::unwrap_used)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Bound;

use super::*;

type Trees = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

/// A store in memory whose power fails after a number of writes: writes that were not flushed are then lost.
#[derive(Default)]
struct Memory {
    now: RefCell<Trees>,
    flushed: RefCell<Trees>,
    /// How many changes are still possible; `None` means no limit.
    changes_left: Cell<Option<usize>>,
}

impl Memory {
    fn with(entries: &[(&str, &[u8], &[u8])]) -> Self {
        let memory = Self::default();
        for (tree, key, value) in entries {
            memory.insert(tree, key, value).unwrap();
        }
        memory.flush().unwrap();
        memory
    }

    fn stamped(version: u32) -> Self {
        Self::with(&[(META, FORMAT, &version.to_be_bytes())])
    }

    fn change(&self) -> Result<(), Cause> {
        match self.changes_left.get() {
            Some(0) => Err("power failure".into()),
            left => {
                self.changes_left.set(left.map(|n| n - 1));
                Ok(())
            }
        }
    }

    /// The entries after a power failure.
    fn recovered(&self) -> Self {
        let flushed = self.flushed.borrow().clone();
        Self { now: RefCell::new(flushed.clone()), flushed: RefCell::new(flushed), changes_left: Cell::new(None) }
    }

    fn entries(&self) -> Trees {
        let mut trees = self.now.borrow().clone();
        trees.retain(|_, entries| !entries.is_empty());
        trees
    }
}

impl Raw for Memory {
    fn trees(&self) -> Result<Vec<String>, Cause> {
        Ok(self.now.borrow().keys().cloned().collect())
    }

    fn get(&self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>, Cause> {
        Ok(self.now.borrow().get(tree).and_then(|entries| entries.get(key).cloned()))
    }

    fn insert(&self, tree: &str, key: &[u8], value: &[u8]) -> Result<(), Cause> {
        self.change()?;
        self.now.borrow_mut().entry(tree.to_owned()).or_default().insert(key.to_vec(), value.to_vec());
        Ok(())
    }

    fn remove(&self, tree: &str, key: &[u8]) -> Result<(), Cause> {
        self.change()?;
        self.now.borrow_mut().entry(tree.to_owned()).or_default().remove(key);
        Ok(())
    }

    fn next(&self, tree: &str, after: Option<&[u8]>) -> Result<Option<Entry>, Cause> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let trees = self.now.borrow();
        let first = trees.get(tree).and_then(|entries| entries.range::<[u8], _>((start, Bound::Unbounded)).next());
        Ok(first.map(|(key, value)| (key.clone(), value.clone())))
    }

    fn flush(&self) -> Result<(), Cause> {
        self.change()?;
        *self.flushed.borrow_mut() = self.now.borrow().clone();
        Ok(())
    }
}

/// A store as version 1 left it, with sequence numbers that sort wrongly in that form.
fn version_1() -> Memory {
    let memory = Memory::stamped(1);
    for sequence in [0_u64, 1, 2, 255, 256, 65_536] {
        let value = format!(r#"{{"from":"INIT","to":"QR_REQUIRED","detail":"{sequence}"}}"#);
        memory.insert("transitions", &sequence.to_le_bytes(), value.as_bytes()).unwrap();
    }
    memory.flush().unwrap();
    memory
}

fn details(memory: &Memory) -> Vec<String> {
    memory.now.borrow()["history"].values().map(|value| String::from_utf8(value.clone()).unwrap()).collect()
}

#[test]
fn an_empty_store_is_stamped_once() {
    let memory = Memory::default();
    assert_eq!(migrate(&memory).unwrap(), Outcome::Created);
    assert_eq!(memory.recovered().get(META, FORMAT).unwrap(), Some(vec![0, 0, 0, 3]));
    assert_eq!(migrate(&memory.recovered()).unwrap(), Outcome::UpToDate);
}

#[test]
fn the_bytes_of_version_1_become_a_history_in_order() {
    // The first two entries as version 1 wrote them, byte by byte: 256 sorts before 1.
    let memory = Memory::with(&[
        ("transitions", &[0x00, 0x01, 0, 0, 0, 0, 0, 0], br#"{"to":"READY"}"#),
        ("transitions", &[0x01, 0x00, 0, 0, 0, 0, 0, 0], br#"{"to":"INIT"}"#),
    ]);
    steps::big_endian_history(&memory).unwrap();
    let expected: [(&str, &[u8], &[u8]); 2] = [
        ("history", &[0, 0, 0, 0, 0, 0, 0x00, 0x01], br#"{"to":"INIT"}"#),
        ("history", &[0, 0, 0, 0, 0, 0, 0x01, 0x00], br#"{"to":"READY"}"#),
    ];
    assert_eq!(memory.entries(), Memory::with(&expected).entries());
}

#[test]
fn what_version_2_kept_is_found_by_its_age_and_the_history_is_a_mark() {
    let (early, late) = ([0, 0, 0, 0, 0, 0, 0, 5], [0, 0, 0, 0, 0, 0, 1, 0]);
    let (origin, addon) = ([&early[..], b"{}"].concat(), [&late[..], &early, b"hash"].concat());
    let memory = Memory::with(&[
        (META, FORMAT, &[0, 0, 0, 2]),
        ("history", &[0, 0, 0, 0, 0, 0, 0, 0], br#"{"from":"INIT","to":"QR_REQUIRED"}"#),
        ("history", &[0, 0, 0, 0, 0, 0, 0, 1], br#"{"from":"QR_REQUIRED","to":"AUTHENTICATED"}"#),
        ("message_ids", b"id", &[0, 0, 0, 0, 0, 0, 0, 1]),
        ("origins", b"id", &origin),
        ("addons", b"rid", &addon),
        ("addons", b"short", b"odd"),
    ]);
    assert_eq!(migrate(&memory).unwrap(), Outcome::Migrated { from: 2 });
    let expected: [(&str, &[u8], &[u8]); 7] = [
        (META, FORMAT, &[0, 0, 0, 3]),
        ("marks", b"asked_for_phone", &[1]),
        ("origins", b"id", &origin),
        ("addons", b"rid", &addon),
        ("addons", b"short", b"odd"),
        ("origins_by_age", &[&early[..], b"id"].concat(), b""),
        ("addons_by_age", &[&early[..], b"rid"].concat(), b""),
    ];
    assert_eq!(memory.entries(), Memory::with(&expected).entries());
    let never_asked = Memory::with(&[(META, FORMAT, &[0, 0, 0, 2]), ("history", &[0; 8], br#"{"to":"READY"}"#)]);
    migrate(&never_asked).unwrap();
    assert_eq!(never_asked.get("marks", b"asked_for_phone").unwrap(), None);
}

#[test]
fn a_power_failure_anywhere_loses_nothing_and_the_next_start_finishes() {
    let whole = version_1();
    migrate(&whole).unwrap();
    assert_eq!(whole.get("marks", b"asked_for_phone").unwrap(), Some(vec![1]));
    let mut interrupted = 0;
    for changes in 0.. {
        let memory = version_1();
        memory.changes_left.set(Some(changes));
        if migrate(&memory).is_ok() {
            break;
        }
        interrupted += 1;
        memory.changes_left.set(None);
        // A power failure leaves only the flushed changes, a kill leaves all changes.
        for restarted in [memory.recovered(), memory] {
            migrate(&restarted).unwrap();
            assert_eq!(restarted.entries(), whole.entries(), "cut off after {changes} changes");
        }
    }
    // 6 copies, a flush, 6 removals, a flush, the stamp, a flush; 6 marks, a flush, 6 removals, a flush, the stamp, a flush.
    assert_eq!(interrupted, 32);
}

#[test]
fn a_step_run_twice_changes_nothing_more() {
    let memory = version_1();
    steps::big_endian_history(&memory).unwrap();
    let once = memory.entries();
    steps::big_endian_history(&memory).unwrap();
    assert_eq!(memory.entries(), once);
}

#[test]
fn a_key_that_version_1_never_wrote_stays_where_it_is() {
    let memory = version_1();
    memory.insert("transitions", b"odd", b"value").unwrap();
    steps::big_endian_history(&memory).unwrap();
    assert_eq!(memory.get("transitions", b"odd").unwrap(), Some(b"value".to_vec()));
    assert_eq!(details(&memory).len(), 6);
}

#[test]
fn a_newer_store_is_refused_untouched_with_what_to_do() {
    let memory = Memory::stamped(CURRENT + 1);
    let before = memory.entries();
    let error = migrate(&memory).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store has format 4 and this version knows only up to 3: \
         install the newer version again, or restore a backup made by this one"
    );
    assert_eq!(memory.entries(), before);
}

#[test]
fn entries_without_a_stamp_are_damage() {
    let memory = Memory::with(&[("history", b"key", b"value")]);
    assert!(matches!(migrate(&memory), Err(MigrationError::Unstamped)));
}

#[test]
fn a_stamp_that_is_no_version_is_damage() {
    for stamp in [&b""[..], b"2", &[0, 0, 0, 0], &[0, 0, 0, 2, 0]] {
        let memory = Memory::with(&[(META, FORMAT, stamp)]);
        assert!(matches!(migrate(&memory), Err(MigrationError::UnreadableStamp(_))), "{stamp:?}");
    }
}

#[test]
fn what_the_engine_reports_is_kept_as_the_source() {
    let memory = version_1();
    memory.changes_left.set(Some(0));
    let error = migrate(&memory).unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "power failure");
}
