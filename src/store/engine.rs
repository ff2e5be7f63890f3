//! sled itself: how it is opened, and what a flush guarantees.
//!
//! Three things that sled 0.34 does not do are done here.
//!
//! *Durability*: its flush is `sync_file_range`, which forces neither the file's size nor the disk's own cache. Every
//! [`Engine::flush`] is therefore followed by an `fdatasync` of the database file.
//!
//! *Noticing a loss*: sled's recovery reads the log up to the first record that it cannot read and silently drops the
//! rest, even if bytes in the middle were overwritten or the file was cut or emptied. Each flush therefore has a
//! number, which is kept in the store (`meta` / `flushes`) and then in a small file beside it. A store whose number is
//! below the number in that file has lost data that was promised to be durable.
//!
//! *Starting after an interrupted start*: sled writes its snapshot as `snap.<n>.generating` and then renames it. If a
//! kill or a full disk leaves it half written, sled takes it for the newest snapshot and the store for corrupt.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::StoreError;
use super::table::Table;

/// sled's default is 1 GiB. The whole history and a day of messages fit into 16 MiB, and the service is to stay small
/// beside Chromium.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// After this many flushes, closing the store opens it once more so that sled writes its snapshot. sled writes the
/// snapshot only when it opens, and then reads everything that was written since the last one: half a second for a
/// million messages.
const NOTED_AFTER: u64 = 500;

/// The tables that grow with the log. A million messages take minutes to read, so a start does not verify these
/// tables: their damage shows when they are read, and the next start then verifies all tables.
const GROWING: [&str; 11] = [
    "messages",
    "packed",
    "ids",
    "postings",
    "origins",
    "origins_by_age",
    "addons",
    "addons_by_age",
    "file_fetches",
    "file_due",
    "file_users",
];

/// How long to wait for an engine of this process that is being dropped: its last threads still hold the file.
const LOCK_WAIT: Duration = Duration::from_secs(2);

/// The key in `meta` of the flush counter, eight big-endian bytes. Every format keeps it there.
const FLUSHES: &[u8] = b"flushes";

pub(super) struct Engine {
    path: PathBuf,
    db: sled::Db,
    /// A file handle of this module on sled's file: syncing is per file, not per handle.
    file: File,
    flushes: Mutex<Flushes>,
    /// The number of flushes when the engine was opened.
    opened_at: u64,
}

struct Flushes {
    count: u64,
    /// Holds in eight big-endian bytes how many flushes have reached the disk. The file itself is not synced: after a
    /// power failure it may hold an older number, which detects less.
    witness: File,
}

impl Engine {
    /// Opens or creates the engine in the folder `path`.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::io(path, source);
        let file = free_database_file(path)?;
        remove_unfinished_snapshots(path).map_err(failed)?;
        let db = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            .open()
            .map_err(|error| StoreError::sled(path, error))?;
        let witness = open_file(&path.join("flushed")).map_err(failed)?;
        let count = flushes_in(&db).map_err(|error| StoreError::sled(path, error))?;
        let promised = flushes_of(&witness).map_err(failed)?;
        if count < promised {
            return Err(StoreError::Damaged(format!("only {count} of {promised} flushes are left in it")));
        }
        let flushes = Mutex::new(Flushes { count, witness });
        Ok(Self { path: path.to_owned(), db, file, flushes, opened_at: count })
    }

    /// Reads every entry, so that damage shows here and not during a send: of all tables, or only of those that do not
    /// grow with the log.
    pub(super) fn verify(&self, all: bool) -> Result<(), StoreError> {
        let mut names = self.table_names();
        names.retain(|name| all || !GROWING.contains(&name.as_str()));
        names.iter().try_for_each(|name| self.table(name)?.verify())
    }

    pub(super) fn table(&self, name: &str) -> Result<Table, StoreError> {
        let tree = self.db.open_tree(name).map_err(|error| StoreError::sled(&self.path, error))?;
        Ok(Table::new(name, tree, &self.path))
    }

    /// All tables, including sled's own default tree.
    pub(super) fn table_names(&self) -> Vec<String> {
        self.db.tree_names().iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }

    /// Whether so much was written that the next opening would take long.
    pub(super) fn is_to_be_noted(&self) -> bool {
        let count = self.flushes.lock().unwrap_or_else(PoisonError::into_inner).count;
        count - self.opened_at >= NOTED_AFTER
    }

    /// Returns when everything written so far is on the disk: first sled flushes its buffers, then the disk its cache.
    pub(super) fn flush(&self) -> Result<(), StoreError> {
        let failed = |source| StoreError::io(&self.path, source);
        let mut flushes = self.flushes.lock().unwrap_or_else(PoisonError::into_inner);
        let count = (flushes.count + 1).to_be_bytes();
        self.table(migrations::META)?.put(FLUSHES, &count)?;
        self.db.flush().map_err(|error| StoreError::sled(&self.path, error))?;
        self.file.sync_data().map_err(failed)?;
        // Written last: the file must never promise a flush that the disk does not hold.
        flushes.witness.write_all_at(&count, 0).map_err(failed)?;
        flushes.count += 1;
        Ok(())
    }
}

/// Runs code that calls sled: on unexpected bytes sled panics instead of returning an error.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(StoreError::Damaged(format!("it panicked: {text}")))
    })
}

/// Opens sled's file once no process holds its lock.
fn free_database_file(path: &Path) -> Result<File, StoreError> {
    let file = open_file(&path.join("db")).map_err(|source| StoreError::io(path, source))?;
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match file.try_lock() {
            // The lock is released again: sled takes it itself, on its own handle.
            Ok(()) => break file.unlock().map_err(|source| StoreError::io(path, source))?,
            Err(TryLockError::Error(source)) => return Err(StoreError::io(path, source)),
            Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                return Err(StoreError::InUse(path.to_owned()));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
        }
    }
    Ok(file)
}

fn remove_unfinished_snapshots(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(file)?;
        }
    }
    Ok(())
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

fn flushes_in(db: &sled::Db) -> sled::Result<u64> {
    let count = db.open_tree(migrations::META)?.get(FLUSHES)?;
    Ok(count.and_then(|bytes| bytes.as_ref().try_into().ok()).map_or(0, u64::from_be_bytes))
}

fn flushes_of(witness: &File) -> io::Result<u64> {
    let mut bytes = [0; 8];
    match witness.read_exact_at(&mut bytes, 0) {
        Ok(()) => Ok(u64::from_be_bytes(bytes)),
        // An empty file belongs to a store that was never flushed.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        Err(error) => Err(error),
    }
}
