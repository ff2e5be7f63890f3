#![allow(clippy::unwrap_used)]

mod golden;

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};

use migrations::Raw;
use tempfile::TempDir;

use super::engine::Engine;
use super::table::VALUE_LIMIT;
use super::*;
use crate::domain::event::{Event, Happening, What};
use crate::domain::state::{Reason, State, Transition};
use crate::domain::time::Timestamp;

fn transition(n: u64) -> Transition {
    let detail = format!("number {n}");
    Transition {
        at: Timestamp::from_millis(n),
        from: State::Init,
        to: State::QrRequired,
        reason: Some(Reason::LoggedOut),
        detail,
    }
}

fn transitions(numbers: std::ops::Range<u64>) -> Vec<Transition> {
    numbers.map(transition).collect()
}

async fn open(dir: &TempDir) -> Store {
    let opened = Store::open(dir.path()).await.unwrap();
    assert_eq!(opened.set_aside, None);
    opened.store
}

async fn append(store: &Store, step: &Transition) -> Result<(), StoreError> {
    store.log(Arc::new(vec![LogChange::Happened(Happening::State(step.clone()))])).await
}

async fn kept(store: &Store) -> Vec<Transition> {
    let events = store.events(0, usize::MAX).await.unwrap().items.into_iter();
    let step = |event: Event| match event.what {
        What::State(step) => Some(step),
        _ => None,
    };
    events.filter_map(step).collect()
}

/// A closed store with the transitions 0 to `count`.
async fn filled(count: u64) -> TempDir {
    let dir = TempDir::new().unwrap();
    let store = open(&dir).await;
    for n in 0..count {
        append(&store, &transition(n)).await.unwrap();
    }
    store.close().await.unwrap();
    dir
}

fn database(dir: &TempDir) -> fs::File {
    OpenOptions::new().read(true).write(true).open(dir.path().join("store/db")).unwrap()
}

/// How many bytes of the database are in use: sled fills the rest of a segment with zeros.
async fn used_bytes(count: u64) -> u64 {
    let dir = filled(count).await;
    let bytes = fs::read(dir.path().join("store/db")).unwrap();
    bytes.iter().rposition(|byte| *byte != 0).unwrap() as u64
}

/// Opens a store that must be damaged: a new store must replace it, must work, and must hold sending.
async fn assert_set_aside(dir: &TempDir, how: &str) {
    let mut opened = Store::open(dir.path()).await.unwrap();
    if opened.set_aside.is_none() {
        // Tables that grow with the log are read only when needed; the next start then reads everything.
        let error = opened.store.events(0, usize::MAX).await.unwrap_err();
        assert!(matches!(error, StoreError::Damaged(_)) && opened.store.is_damaged(), "{how}: {error}");
        opened.store.close().await.unwrap();
        opened = Store::open(dir.path()).await.unwrap();
    }
    let OpenedStore { store, set_aside } = opened;
    let aside = set_aside.unwrap_or_else(|| unreachable!("unnoticed: {how}"));
    assert!(aside.join("db").exists() || how == "removed", "{how}");
    assert!(store.sending_is_held().await, "{how}");
    assert_eq!(kept(&store).await, [], "{how}");
    append(&store, &transition(7)).await.unwrap();
    store.close().await.unwrap();

    let store = open(dir).await;
    assert!(store.sending_is_held().await, "a restart is no consent: {how}");
    assert_eq!(kept(&store).await, [transition(7)], "{how}");
    assert!(accept_reset(dir.path()).unwrap());
    assert!(!store.sending_is_held().await, "{how}");
    assert!(!accept_reset(dir.path()).unwrap());
    store.close().await.unwrap();
}

#[tokio::test]
async fn history_survives_a_restart() {
    let dir = filled(20).await;
    let store = open(&dir).await;
    assert_eq!(kept(&store).await, transitions(0..20));
    assert!(!store.sending_is_held().await);
    store.close().await.unwrap();
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_costs_only_itself() {
    let dir = filled(3).await;
    let store = open(&dir).await;
    let spoil = |tables: &Tables| tables.engine.table("messages")?.put(&[0, 0, 0, 0, 0, 0, 0, 2, 0, 0], b"{");
    store.write(spoil).await.unwrap();
    assert_eq!(kept(&store).await, [transition(0), transition(2)]);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_value_that_sled_would_not_sync_is_refused_and_the_store_goes_on() {
    let dir = filled(1).await;
    let store = open(&dir).await;
    let huge = |tables: &Tables| tables.engine.table("marks")?.put(b"huge", &[0; VALUE_LIMIT + 1]);
    let error = store.write(huge).await.unwrap_err();
    assert!(matches!(error, StoreError::ValueTooLarge { limit: VALUE_LIMIT, .. }), "{error}");
    append(&store, &transition(1)).await.unwrap();
    assert_eq!(kept(&store).await, transitions(0..2));
    store.close().await.unwrap();
}

#[tokio::test]
async fn pages_of_the_largest_values_stay_in_the_file_that_is_synced() {
    let dir = filled(0).await;
    edit(&dir, |engine| {
        let table = engine.table("marks").unwrap();
        for n in 0..2_000_u64 {
            // Inserts, changes and removals in an order that splits, rewrites and merges pages.
            let key = (n * 7_919 % 600).to_be_bytes();
            if n % 5 == 0 { table.remove(&key).unwrap() } else { table.put(&key, &[7; VALUE_LIMIT]).unwrap() }
        }
    });
    assert_eq!(fs::read_dir(dir.path().join("store/blobs")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_start_that_was_cut_off_in_its_snapshot_is_no_damage() {
    let dir = filled(20).await;
    fs::write(dir.path().join("store/snap.FFFFFFFFFFFFFFFF.generating"), b"half").unwrap();
    let store = open(&dir).await;
    assert_eq!(kept(&store).await, transitions(0..20));
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_closed_store_says_so_to_every_clone() {
    let dir = filled(1).await;
    let store = open(&dir).await;
    let clone = store.clone();
    store.close().await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(clone.flush().await, Err(StoreError::Closed)));
    assert!(matches!(clone.events(0, 1).await, Err(StoreError::Closed)));
}

#[tokio::test]
async fn a_cut_database_is_set_aside() {
    let length = used_bytes(200).await;
    for kept in [0, 10, 1_000, length / 4, length / 2, length * 3 / 4] {
        let dir = filled(200).await;
        database(&dir).set_len(kept).unwrap();
        assert_set_aside(&dir, &format!("cut to {kept} of {length} bytes")).await;
    }
}

#[tokio::test]
async fn an_overwritten_database_is_set_aside() {
    let length = used_bytes(200).await;
    for offset in [0, 100, length / 4, length / 2, length * 3 / 4] {
        let dir = filled(200).await;
        database(&dir).write_all_at(&[0x5a; 64], offset).unwrap();
        assert_set_aside(&dir, &format!("64 bytes overwritten at {offset} of {length}")).await;
    }
}

#[tokio::test]
async fn a_missing_database_and_a_spoiled_setting_file_are_set_aside() {
    let dir = filled(20).await;
    fs::remove_file(dir.path().join("store/db")).unwrap();
    assert_set_aside(&dir, "removed").await;
    for conf in [&b"neither a setting nor a checksum"[..], &[0xff; 40]] {
        let dir = filled(20).await;
        fs::write(dir.path().join("store/conf"), conf).unwrap();
        assert_set_aside(&dir, &format!("settings {conf:?}")).await;
    }
}

#[tokio::test]
async fn entries_without_a_stamp_are_set_aside() {
    let dir = filled(20).await;
    edit(&dir, |engine| engine.remove(migrations::META, migrations::FORMAT).unwrap());
    assert_set_aside(&dir, "no stamp").await;
}

#[tokio::test]
async fn a_crash_between_setting_aside_and_starting_anew_still_holds_sending() {
    let dir = filled(20).await;
    reset::announce(dir.path(), "test").unwrap();
    fs::rename(dir.path().join("store"), dir.path().join("store.damaged-then")).unwrap();
    // A new store that has not got its name yet.
    fs::create_dir(dir.path().join("store.new")).unwrap();
    fs::write(dir.path().join("store.new/db"), b"half").unwrap();
    let store = open(&dir).await;
    assert!(store.sending_is_held().await);
    assert!(!dir.path().join("store.new").exists());
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_newer_store_is_refused_and_left_alone() {
    let dir = filled(20).await;
    edit(&dir, |engine| engine.insert(migrations::META, migrations::FORMAT, &[0, 0, 0, 99]).unwrap());
    let error = Store::open(dir.path()).await.err().unwrap();
    assert!(matches!(error, StoreError::Newer(_)));
    assert!(error.to_string().contains("format 99"), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing beside the store");
}

#[tokio::test]
async fn a_store_of_version_1_is_migrated() {
    let dir = filled(0).await;
    edit(&dir, |engine| {
        for n in 0..300_u64 {
            let value =
                r#"{"at":"1970-01-01T00:00:00.007Z","from":"INIT","to":"QR_REQUIRED","reason":null,"detail":""}"#;
            engine.insert("transitions", &n.to_le_bytes(), value.as_bytes()).unwrap();
        }
        engine.insert(migrations::META, migrations::FORMAT, &[0, 0, 0, 1]).unwrap();
    });
    let store = open(&dir).await;
    assert_eq!(store.begin_reading(7).await.unwrap().floor, 0, "it has seen a phone being asked for");
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_held_store_is_an_error_and_not_damage() {
    let dir = filled(1).await;
    let held = database(&dir);
    held.lock().unwrap();
    let error = Store::open(dir.path()).await.err().unwrap();
    assert!(matches!(error, StoreError::InUse(_)), "{error}");
    drop(held);
    open(&dir).await.close().await.unwrap();
}

#[tokio::test]
async fn a_folder_that_cannot_be_one_is_an_error_of_its_own() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("file"), b"").unwrap();
    let error = Store::open(&dir.path().join("file")).await.err().unwrap();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert!(!error.is_disk_full());
}

#[tokio::test]
async fn only_the_owner_may_look_into_the_store() {
    let dir = filled(1).await;
    let mode = fs::metadata(dir.path().join("store")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn a_broken_engine_is_opened_again_and_what_was_answered_is_there() {
    let dir = filled(4).await;
    let store = open(&dir).await;
    let failure = || StoreError::io(dir.path(), std::io::ErrorKind::StorageFull.into());
    let (read, written) = (failure(), failure());
    assert!(store.read::<()>(move |_| Err(read)).await.unwrap_err().is_disk_full());
    append(&store, &transition(4)).await.unwrap();
    assert!(store.write::<()>(move |_| Err(written)).await.unwrap_err().is_disk_full());
    store.flush().await.unwrap();
    assert_eq!(kept(&store).await, transitions(0..5));
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_panic_of_the_engine_is_an_error() {
    let dir = filled(1).await;
    let store = open(&dir).await;
    let panicked = store.write::<()>(|_| unreachable!("sled's own words")).await.unwrap_err();
    assert!(panicked.to_string().contains("sled's own words"), "{panicked}");
    store.flush().await.unwrap();
    assert_eq!(kept(&store).await, transitions(0..1));
    store.close().await.unwrap();
}

/// Changes a closed store without the service.
fn edit(dir: &TempDir, change: impl FnOnce(&Engine)) {
    let engine = Engine::open(&dir.path().join("store")).unwrap();
    change(&engine);
    engine.flush().unwrap();
}

/// As sled does where it cannot write although nothing stored is damaged.
#[tokio::test]
async fn a_panic_without_the_folder_is_told_as_the_folder_and_not_as_damage() {
    let root = TempDir::new().unwrap();
    let (data, away) = (root.path().join("data"), root.path().join("away"));
    let store = Store::open(&data).await.unwrap().store;
    fs::rename(&data, &away).unwrap();
    fs::write(&data, "").unwrap();
    let broken = store.write(|_| Err::<(), _>(StoreError::Damaged("it panicked: x".to_owned()))).await;
    let told = broken.unwrap_err().to_string();
    assert!(told.ends_with("data is not a folder, and has to be one: move it away"), "{told}");
    assert!(store.trouble().unwrap().contains("is not a folder"));
    fs::remove_file(&data).unwrap();
    fs::rename(&away, &data).unwrap();
    store.flush().await.unwrap();
    assert!(!store.is_damaged() && store.trouble().is_none());
    store.close().await.unwrap();
    assert_eq!(open_again(&data).await, None, "nothing is set aside");
}

/// Where a damaged store was put.
async fn open_again(data: &Path) -> Option<PathBuf> {
    let opened = Store::open(data).await.unwrap();
    opened.store.close().await.unwrap();
    opened.set_aside
}
