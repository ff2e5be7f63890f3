//! Logs that are cut anywhere, appended to, or damaged: complete entries remain.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, Read, Write};
use std::process::{Command, Stdio};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn entries() -> impl Strategy<Value = Vec<Vec<u8>>> {
    // Short entries, long ones, and entries that end near the end of a block.
    let length = prop_oneof![0..200_usize, (BLOCK - 40)..(BLOCK + 40), 0..3 * BLOCK];
    vec((length, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]), 0..6)
}

/// Appends as LevelDB does when it reuses a log: behind whatever is there.
fn written_on(mut log: Vec<u8>, entries: &[Vec<u8>]) -> Vec<u8> {
    entries.iter().for_each(|entry| append(&mut log, entry));
    log
}

fn written(entries: &[Vec<u8>]) -> Vec<u8> {
    written_on(Vec::new(), entries)
}

/// The entries of a log, and whether it is damaged.
fn found(log: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut entries = Vec::new();
    let damage = read(log, |entry| entries.push(entry.concat()));
    (entries, damage.is_some())
}

/// Entries as a database writes them, with the numbers of their writes, starting at a number.
fn numbered(mut next: u64, entries: &[Vec<u8>]) -> (Vec<Vec<u8>>, u64) {
    let entries = entries.iter().map(|data| {
        let (first, count) = (next, 1 + u32::from(data.len() % 3 == 0));
        next += u64::from(count);
        [first.to_le_bytes().as_slice(), &count.to_le_bytes(), data].concat()
    });
    (entries.collect(), next)
}

fn mended(log: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("000003.log");
    fs::write(&file, log).unwrap();
    fs::write(folder.path().join("CURRENT"), b"").unwrap();
    mend(folder.path());
    let mended = fs::read(file).unwrap();
    assert!(found(log).1 || mended == log);
    mended
}

proptest! {
    #[test]
    fn what_was_written_is_read_and_left_alone(entries in entries()) {
        let log = written(&entries);
        prop_assert_eq!(found(&log), (entries, false));
        prop_assert_eq!(mended(&log), log);
    }

    #[test]
    fn cut_anywhere_it_ends_with_its_last_whole_entry(entries in entries(), cut in 0.0..1.0) {
        let log = written(&entries);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let cut = (log.len() as f64 * cut) as usize;
        let ends = (0..=entries.len()).map(|n| written(&entries[..n]).len());
        let whole = ends.take_while(|end| *end <= cut).count() - 1;
        let left = mended(&log[..cut]);
        prop_assert_eq!(found(&left), (entries[..whole].to_vec(), false));
        prop_assert!(log.starts_with(&left));
    }

    #[test]
    fn written_on_behind_a_torn_end_it_loses_nothing_whole_unless_numbers_are_missing(
        before in entries(),
        torn in 1..2 * BLOCK,
        kept in 0.0..1.0,
        after in entries(),
        missing in 0..2_u64,
    ) {
        let (before, next) = numbered(1, &before);
        let (after, _) = numbered(next + missing, &after);
        let log = written(&before);
        let whole = written_on(log.clone(), &[vec![7; torn]]);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let kept = log.len() + ((whole.len() - log.len()) as f64 * kept) as usize;
        let broken = written_on(whole[..kept].to_vec(), &after);
        let is_torn = found(&broken).1;
        let wanted = if missing > 0 && is_torn && !before.is_empty() { before } else { [before, after].concat() };
        prop_assert_eq!(found(&mended(&broken)), (wanted, false));
    }

    #[test]
    fn whatever_there_is_becomes_a_sound_log(
        entries in entries(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        behind in vec(any::<u8>(), 0..100),
    ) {
        let mut log = written(&entries);
        log.extend(behind);
        for (at, byte) in damage.into_iter().filter(|_| !log.is_empty()).collect::<Vec<_>>() {
            let at = at.index(log.len());
            log[at] = byte;
        }
        prop_assert!(!found(&mended(&log)).1);
    }
}

#[test]
fn only_the_logs_of_databases_are_touched() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("Default/IndexedDB/some.indexeddb.leveldb");
    let other = folder.path().join("other");
    for folder in [&database, &other] {
        fs::create_dir_all(folder).unwrap();
        for name in ["000003.log", "MANIFEST-000001", "LOG", "000005.ldb", "notes.log"] {
            fs::write(folder.join(name), b"torn").unwrap();
        }
    }
    fs::write(database.join("CURRENT"), b"MANIFEST-000001\n").unwrap();
    std::os::unix::fs::symlink(&database, folder.path().join("link")).unwrap();
    mend(folder.path());
    for log in ["000003.log", "MANIFEST-000001"] {
        assert!(fs::read(database.join(log)).unwrap().is_empty());
    }
    assert_eq!(fs::read(database.join("LOG")).unwrap(), b"torn");
    assert_eq!(fs::read(other.join("000003.log")).unwrap(), b"torn");
}

#[test]
fn what_says_which_files_there_are_has_no_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("MANIFEST-000001");
    fs::write(folder.path().join("CURRENT"), b"").unwrap();
    let (one, other) = (vec![1; 50], vec![2; 70]);
    let mut log = written(std::slice::from_ref(&one));
    log.extend([3, 1, 4, 1, 5, 100, 0, FULL]);
    fs::write(&file, written_on(log, &[other.clone(), other.clone(), other.clone()])).unwrap();
    mend(folder.path());
    let (entries, damaged) = found(&fs::read(&file).unwrap());
    assert_eq!((entries, damaged), (vec![one, other.clone(), other.clone(), other], false));
    assert!(!file.with_extension("mended").exists());
}

const HELD: &str = "LEVELDB_LOCK_TO_HOLD";

/// The other process of the next test; it ends when its input ends.
#[test]
#[ignore = "is no test of its own"]
fn holds_a_lock() {
    let _lock = lock(Path::new(&std::env::var_os(HELD).unwrap()), Instant::now()).unwrap();
    io::stdout().write_all(b"locked\n").unwrap();
    io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_database_that_is_open_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("000003.log");
    for (name, text) in [("CURRENT", ""), ("LOCK", ""), ("000003.log", "torn")] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    // A lock of this process would not block this process.
    let mut holder = Command::new(std::env::current_exe().unwrap());
    holder.args(["--exact", "transport::web::browser::leveldb::tests::holds_a_lock", "--ignored", "--nocapture"]);
    holder.env(HELD, folder.path().join("LOCK")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = holder.spawn().unwrap();
    let mut lines = io::BufReader::new(holder.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("locked")));
    mend(folder.path());
    assert_eq!(fs::read(&file).unwrap(), b"torn");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    mend(folder.path());
    assert!(fs::read(&file).unwrap().is_empty());
}
