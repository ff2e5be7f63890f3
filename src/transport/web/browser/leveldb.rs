//! Repairs the logs of Chrome's databases (LevelDB) before Chrome opens them.
//!
//! A browser that is killed may leave the last entry of a log half written. LevelDB ignores such an end, and then
//! appends new entries behind it, because Chrome makes it reuse its logs (google/leveldb issue 1287). At the next
//! opening the log is damaged in its middle: Chrome deletes the database, that is all of IndexedDB, and the login with
//! it. A page that writes all the time lost it in 1 of 80 kills. So a log is cut back to its last complete entry,
//! which is how LevelDB reads it; a log that was already appended to is rewritten from its complete entries.
//!
//! The format: blocks of 32 KiB with records (checksum, length, kind, data); no record crosses the end of a block. An
//! entry is one full record, or a first record, any number of middle records and a last record.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

/// How long to wait for databases that are still open: a killed Chrome is gone in milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);

const BLOCK: usize = 32 * 1024;
/// Checksum (4 bytes), length (2), kind (1).
const HEADER: usize = 7;
const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

/// Repairs the logs of every database under `folder`. Blocking, up to a few seconds if a database is still open.
pub(super) fn mend(folder: &Path) {
    let until = Instant::now() + PATIENCE;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        match files(&folder) {
            Ok(Files { within, logs }) => {
                folders.extend(within);
                if !logs.is_empty() {
                    mend_database(&folder, &logs, until);
                }
            }
            Err(error) => tracing::warn!(folder = %folder.display(), %error, "databases could not be looked for"),
        }
    }
}

struct Files {
    within: Vec<PathBuf>,
    /// Empty if the folder is not a database.
    logs: Vec<PathBuf>,
}

fn files(folder: &Path) -> io::Result<Files> {
    let mut files = Files { within: Vec::new(), logs: Vec::new() };
    let mut is_database = false;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            files.within.push(path);
        } else if kind.is_file() && is_log(&path) {
            files.logs.push(path);
        } else {
            is_database |= entry.file_name() == "CURRENT";
        }
    }
    if !is_database {
        files.logs.clear();
    }
    Ok(files)
}

fn mend_database(folder: &Path, logs: &[PathBuf], until: Instant) {
    let Some(_lock) = lock(&folder.join("LOCK"), until) else {
        tracing::warn!(folder = %folder.display(), "a database could not be locked, as one that is still open, and was not looked through");
        return;
    };
    for log in logs {
        match mend_log(log) {
            Ok(false) => {}
            Ok(true) => tracing::info!(log = %log.display(), "mended what a killed browser left"),
            Err(error) => tracing::warn!(log = %log.display(), %error, "a log could not be mended"),
        }
    }
}

/// Takes LevelDB's own lock: a helper process of a browser may outlive the browser for a moment and still write.
fn lock(path: &Path, until: Instant) -> Option<File> {
    let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(path).ok()?;
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    while fcntl(&file, FcntlArg::F_SETLK(&whole)).is_err() {
        if Instant::now() >= until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Some(file)
}

/// A log of writes, or the log that lists the files of the database: both are appended to, in the same format.
fn is_log(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let number = name.strip_suffix(".log").or_else(|| name.strip_prefix("MANIFEST-"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn mend_log(path: &Path) -> io::Result<bool> {
    let log = fs::read(path)?;
    let Some(damage) = read(&log, |_| {}) else { return Ok(false) };
    let mut whole = Vec::with_capacity(log.len());
    let mut numbers = Numbers::default();
    read(&log, |entry| {
        let entry = entry.concat();
        numbers.follow(&entry);
        append(&mut whole, &entry);
    });
    let is_manifest = path.extension().is_none();
    if damage.is_end || !(is_manifest || numbers.are_whole) {
        let file = File::options().write(true).open(path)?;
        file.set_len(damage.sound as u64)?;
        file.sync_all()?;
        return Ok(true);
    }
    let draft = path.with_extension("mended");
    fs::write(&draft, whole)?;
    fs::set_permissions(&draft, fs::metadata(path)?.permissions())?;
    File::open(&draft)?.sync_all()?;
    fs::rename(draft, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
    Ok(true)
}

/// The sequence numbers of the writes in a log. After a half-written entry they continue without a gap. If there is a
/// gap, more entries are missing, and the entries after it are useless.
struct Numbers {
    next: Option<u64>,
    are_whole: bool,
}

impl Default for Numbers {
    fn default() -> Self {
        Self { next: None, are_whole: true }
    }
}

impl Numbers {
    /// An entry begins with the number of its first write (8 bytes) and the count of its writes (4).
    fn follow(&mut self, entry: &[u8]) {
        let first = entry.first_chunk().map(|number| u64::from_le_bytes(*number));
        let count = entry.get(8..).and_then(<[u8]>::first_chunk).map(|count| u64::from(u32::from_le_bytes(*count)));
        self.are_whole &= self.next.is_none_or(|next| first == Some(next));
        self.next = first.zip(count).map(|(first, count)| first.wrapping_add(count));
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Damage {
    /// Where the last complete entry before the damage ends.
    sound: usize,
    /// No complete entry follows the damage.
    is_end: bool,
}

/// Passes every complete entry, as a list of its parts, to `tell`, and returns the first damage.
fn read<'a>(log: &'a [u8], mut tell: impl FnMut(&[&'a [u8]])) -> Option<Damage> {
    let mut damage: Option<Damage> = None;
    let (mut at, mut end) = (0, 0);
    let mut begun: Vec<&[u8]> = Vec::new();
    while at < log.len() {
        let left = BLOCK - at % BLOCK;
        if left < HEADER {
            at += left;
            continue;
        }
        let record = record_at(log, at);
        let fits = record.is_some_and(|record| record.begins() == begun.is_empty());
        if !fits {
            damage.get_or_insert(Damage { sound: end, is_end: true });
            begun.clear();
        }
        let Some(record) = record else {
            // An entry that was appended behind the damage may begin at any byte.
            at += 1;
            continue;
        };
        at += HEADER + record.data.len();
        if begun.is_empty() && !record.begins() {
            // The rest of an entry whose first record is lost.
            continue;
        }
        begun.push(record.data);
        if record.ends() {
            tell(&begun);
            begun.clear();
            end = at;
            damage.iter_mut().for_each(|damage| damage.is_end = false);
        }
    }
    if !begun.is_empty() {
        damage.get_or_insert(Damage { sound: end, is_end: true });
    }
    damage
}

#[derive(Clone, Copy)]
struct Record<'a> {
    kind: u8,
    data: &'a [u8],
}

impl Record<'_> {
    fn begins(self) -> bool {
        matches!(self.kind, FULL | FIRST)
    }

    fn ends(self) -> bool {
        matches!(self.kind, FULL | LAST)
    }
}

/// The record that begins at a place, if it is complete.
fn record_at(log: &[u8], at: usize) -> Option<Record<'_>> {
    let block = &log[at..log.len().min(at + BLOCK - at % BLOCK)];
    let (header, rest) = block.split_at_checked(HEADER)?;
    let [a, b, c, d, low, high, kind] = *header else { return None };
    let data = rest.get(..usize::from(u16::from_le_bytes([low, high])))?;
    let is_whole = (FULL..=LAST).contains(&kind) && checksum(kind, data) == [a, b, c, d];
    is_whole.then_some(Record { kind, data })
}

/// CRC-32C, masked as in LevelDB.
fn checksum(kind: u8, data: &[u8]) -> [u8; 4] {
    let sum = crc32c::crc32c_append(crc32c::crc32c(&[kind]), data);
    sum.rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
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
        // The data is at most a block, so its length fits.
        log.extend(u16::try_from(data.len()).unwrap_or_default().to_le_bytes());
        log.push(kind);
        log.extend(data);
        (rest, is_first) = (later, false);
    }
}

#[cfg(test)]
mod tests;
