//! The logs of Chrome's databases (LevelDB), mended before Chrome opens them.
//!
//! A browser that is killed may leave the last entry of a log half written. LevelDB passes over such an end, and then, as
//! Chrome has it reuse its logs, writes on behind it (google/leveldb issue 1287). Opened once more, the log is damaged in
//! its middle: Chrome deletes the database, IndexedDB as a whole, and with it the login. A page that writes all the time
//! lost it in 1 of 80 kills. So a log is cut back to its last whole entry, which is what LevelDB takes it for, and one that
//! has been written on already is written anew from the entries that are whole.
//!
//! The format: blocks of 32 KiB, in them records (checksum, length, kind, data), none across the end of a block. An entry
//! is one full record, or a first, any number of middle ones and a last.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const BLOCK: usize = 32 * 1024;
/// Checksum (4 bytes), length (2), kind (1).
const HEADER: usize = 7;
const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

/// Mends the logs of every database under `folder`, which nobody may have open; gives those that needed it. Blocking.
pub(super) fn mend(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut mended = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)?.collect::<io::Result<Vec<_>>>()?;
        let is_database = entries.iter().any(|entry| entry.file_name() == "CURRENT");
        for entry in entries {
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && is_database && is_log(&entry.path()) && mend_log(&entry.path())? {
                mended.push(entry.path());
            }
        }
    }
    Ok(mended)
}

/// A log of writes, or the one that says which files make up the database: both are written on, and in one format.
fn is_log(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let number = name.strip_suffix(".log").or_else(|| name.strip_prefix("MANIFEST-"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn mend_log(path: &Path) -> io::Result<bool> {
    let log = fs::read(path)?;
    let found = read(&log);
    let Some(sound) = found.sound else { return Ok(false) };
    if found.entries.len() == sound.entries {
        let file = File::options().write(true).open(path)?;
        file.set_len(sound.bytes as u64)?;
        file.sync_all()?;
    } else {
        let draft = path.with_extension("mended");
        fs::write(&draft, written(&found.entries))?;
        File::open(&draft)?.sync_all()?;
        fs::rename(draft, path)?;
    }
    Ok(true)
}

/// What is whole in a log.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    entries: Vec<Vec<u8>>,
    /// What comes before the first damage, if there is any.
    sound: Option<Sound>,
}

#[derive(Debug, PartialEq, Eq)]
struct Sound {
    entries: usize,
    bytes: usize,
}

fn read(log: &[u8]) -> Found {
    let mut found = Found::default();
    let (mut at, mut end) = (0, 0);
    let mut begun: Option<Vec<u8>> = None;
    while at < log.len() {
        let left = BLOCK - at % BLOCK;
        if left < HEADER {
            at += left;
            continue;
        }
        let record = record_at(log, at);
        let fits = match record {
            Some(Record { kind: FULL | FIRST, .. }) => begun.is_none(),
            Some(_) => begun.is_some(),
            None => false,
        };
        if !fits {
            found.sound.get_or_insert(Sound { entries: found.entries.len(), bytes: end });
            begun = None;
        }
        let Some(Record { kind, data }) = record else {
            // What was written on behind the damage begins anywhere.
            at += 1;
            continue;
        };
        at += HEADER + data.len();
        let entry = match (kind, begun.take()) {
            (FULL | FIRST, _) => data.to_vec(),
            (_, Some(begun)) => [&begun, data].concat(),
            // The rest of an entry whose beginning is lost.
            (_, None) => continue,
        };
        if kind == FULL || kind == LAST {
            found.entries.push(entry);
            end = at;
        } else {
            begun = Some(entry);
        }
    }
    if begun.is_some() {
        found.sound.get_or_insert(Sound { entries: found.entries.len(), bytes: end });
    }
    found
}

#[derive(Clone, Copy)]
struct Record<'a> {
    kind: u8,
    data: &'a [u8],
}

/// The record that begins at a place, if a whole one does.
fn record_at(log: &[u8], at: usize) -> Option<Record<'_>> {
    let block = &log[at..log.len().min(at + BLOCK - at % BLOCK)];
    let (header, rest) = block.split_at_checked(HEADER)?;
    let [a, b, c, d, low, high, kind] = *header else { return None };
    let data = rest.get(..usize::from(u16::from_le_bytes([low, high])))?;
    let is_whole = (FULL..=LAST).contains(&kind) && checksum(kind, data) == [a, b, c, d];
    is_whole.then_some(Record { kind, data })
}

/// CRC-32C, masked as LevelDB does.
fn checksum(kind: u8, data: &[u8]) -> [u8; 4] {
    let sum = crc32c::crc32c_append(crc32c::crc32c(&[kind]), data);
    sum.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

fn written(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut log = Vec::new();
    entries.iter().for_each(|entry| append(&mut log, entry));
    log
}

fn append(log: &mut Vec<u8>, entry: &[u8]) {
    let (mut rest, mut is_first) = (entry, true);
    while is_first || !rest.is_empty() {
        let left = BLOCK - log.len() % BLOCK;
        if left < HEADER {
            log.resize(log.len() + left, 0);
            continue;
        }
        let (data, later) = rest.split_at(rest.len().min(left - HEADER));
        let kind = match (is_first, later.is_empty()) {
            (true, true) => FULL,
            (true, false) => FIRST,
            (false, false) => MIDDLE,
            (false, true) => LAST,
        };
        log.extend(checksum(kind, data));
        // At most a block, so it fits.
        log.extend(u16::try_from(data.len()).unwrap_or_default().to_le_bytes());
        log.push(kind);
        log.extend(data);
        (rest, is_first) = (later, false);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = Vec<Vec<u8>>> {
        // Short ones, long ones, and such as end around the end of a block.
        let length = prop_oneof![0..200_usize, (BLOCK - 40)..(BLOCK + 40), 0..3 * BLOCK];
        vec((length, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]), 0..6)
    }

    /// As LevelDB reuses a log: it writes on behind whatever there is.
    fn written_on(mut log: Vec<u8>, entries: &[Vec<u8>]) -> Vec<u8> {
        entries.iter().for_each(|entry| append(&mut log, entry));
        log
    }

    fn mended(log: &[u8]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("000003.log");
        fs::write(&file, log).unwrap();
        fs::write(folder.path().join("CURRENT"), b"").unwrap();
        let mended = mend(folder.path()).unwrap();
        assert_eq!(mended.is_empty(), read(log).sound.is_none());
        assert!(mend(folder.path()).unwrap().is_empty());
        fs::read(file).unwrap()
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_and_left_alone(entries in entries()) {
            let log = written(&entries);
            prop_assert_eq!(&read(&log), &Found { entries, sound: None });
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
            prop_assert_eq!(read(&left), Found { entries: entries[..whole].to_vec(), sound: None });
            prop_assert!(log.starts_with(&left));
        }

        #[test]
        fn written_on_behind_a_torn_end_it_loses_nothing_whole(
            before in entries(),
            torn in 1..2 * BLOCK,
            kept in 0.0..1.0,
            after in entries(),
        ) {
            let log = written(&before);
            let whole = written_on(log.clone(), &[vec![7; torn]]);
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let kept = log.len() + ((whole.len() - log.len()) as f64 * kept) as usize;
            let log = mended(&written_on(whole[..kept].to_vec(), &after));
            prop_assert_eq!(read(&log), Found { entries: [before, after].concat(), sound: None });
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
            prop_assert_eq!(read(&mended(&log)).sound, None);
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
        let mut mended = mend(folder.path()).unwrap();
        mended.sort_unstable();
        assert_eq!(mended, [database.join("000003.log"), database.join("MANIFEST-000001")]);
        assert_eq!(fs::read(database.join("LOG")).unwrap(), b"torn");
        assert_eq!(fs::read(other.join("000003.log")).unwrap(), b"torn");
    }
}
