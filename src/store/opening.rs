//! Opens the store of a folder.
//!
//! ```text
//!   store/ absent ──► store.new/ created, stamped, closed ──► renamed to store/ ──► opened
//!   store/ sound ───► migrated ──► opened
//!   store/ damaged ─► store.reset written ──► renamed to store.damaged-<time>/ ──► as if absent
//!   store/ newer, or the disk fails ──► an error, nothing is touched
//!   no room on the disk ──► an error before sled is called
//! ```
//!
//! A new store is renamed to `store/` only after it has its format stamp, so a `store/` without entries has lost them.
//! The marker is written before the damaged store is moved: otherwise a crash between the two would lead to a new
//! store that sends.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use migrations::Outcome;
use nix::sys::statvfs::statvfs;

use super::StoreError;
use super::daily::{Daily, FIRST, SENT};
use super::engine::{Engine, guarded};
use super::health::Health;
use super::idempotency::IdempotencyKeys;
use super::messages::Messages;
use super::opt_outs::OptOuts;
use super::reset::{announce, forget_restored, forget_suspicion, is_restored, is_suspect, sync_folder};
use super::targets::Targets;
use super::uploads::Uploads;
use crate::domain::time::Timestamp;

/// The space that a new store needs within its first minutes: two of sled's log segments.
const FIRST_BYTES: usize = 1024 * 1024;

/// The open store: the engine and one field for each thing kept in it.
pub(super) struct Tables {
    pub(super) engine: Engine,
    pub(super) messages: Messages,
    pub(super) daily: Daily,
    /// First messages to somebody.
    pub(super) first: Daily,
    pub(super) idempotency: IdempotencyKeys,
    pub(super) targets: Targets,
    pub(super) uploads: Uploads,
    pub(super) opt_outs: OptOuts,
    health: Arc<Health>,
}

impl Tables {
    /// The newest entry of the log that no crash can take back: readers are told of no later entry.
    pub(super) fn durable(&self) -> u64 {
        self.health.durable()
    }

    /// Makes everything written so far durable, and then announces it to those who follow the log.
    pub(super) fn commit(&self) -> Result<(), StoreError> {
        let newest = self.messages.settle()?;
        self.engine.flush()?;
        self.health.committed(newest);
        Ok(())
    }
}

/// Opens the store of `DATA_DIR`, and returns where a damaged store was put.
pub(super) fn open(dir: &Path, health: &Arc<Health>) -> Result<(Tables, Option<PathBuf>), StoreError> {
    private_folder(dir)?;
    // On a full disk sled may panic, which would look like damage.
    if !has_room(dir) {
        require_space(dir)?;
    }
    let path = store_path(dir);
    if !path.try_exists().map_err(|source| StoreError::io(&path, source))? {
        return Ok((create(dir, health)?, None));
    }
    match existing(dir, health) {
        Err(StoreError::Damaged(why)) => {
            let aside = set_aside(dir, &why)?;
            forget_suspicion(dir).map_err(|source| StoreError::io(dir, source))?;
            Ok((create(dir, health)?, Some(aside)))
        }
        Ok(tables) => {
            forget_suspicion(dir).map_err(|source| StoreError::io(dir, source))?;
            if is_restored(dir) {
                tables.messages.becomes_another()?;
                tables.commit()?;
                forget_restored(dir).map_err(|source| StoreError::io(dir, source))?;
            }
            Ok((tables, None))
        }
        Err(error) => Err(error),
    }
}

/// Opens an existing store; damage is an error.
pub(super) fn existing(dir: &Path, health: &Arc<Health>) -> Result<Tables, StoreError> {
    let path = store_path(dir);
    guarded(|| {
        let engine = Engine::open(&path)?;
        engine.verify(is_suspect(dir))?;
        match migrations::migrate(&engine).map_err(|error| StoreError::migration(&path, error))? {
            Outcome::Created => return Err(StoreError::Damaged("all entries are gone".to_owned())),
            Outcome::UpToDate => {}
            Outcome::Migrated { from } => {
                tracing::info!(from, to = migrations::CURRENT, "migrated the store to the current format");
            }
        }
        let messages = Messages::open(&engine)?;
        let (daily, idempotency, targets) =
            (Daily::open(&engine, SENT)?, IdempotencyKeys::open(&engine)?, Targets::open(&engine)?);
        let (first, uploads, health) = (Daily::open(&engine, FIRST)?, Uploads::open(&engine)?, Arc::clone(health));
        let opt_outs = OptOuts::open(&engine)?;
        let tables = Tables { engine, messages, daily, first, idempotency, targets, uploads, opt_outs, health };
        // Makes durable and announces what an earlier run left in the file.
        tables.commit()?;
        Ok(tables)
    })
}

/// Opens the engine of an existing store, and closes it again.
pub(super) fn reopen(dir: &Path) -> Result<(), StoreError> {
    guarded(|| Engine::open(&store_path(dir)).map(drop))
}

fn create(dir: &Path, health: &Arc<Health>) -> Result<Tables, StoreError> {
    let draft = dir.join("store.new");
    let failed = |source| StoreError::io(&draft, source);
    match fs::remove_dir_all(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => private_folder(&draft)?,
    }
    guarded(|| {
        let engine = Engine::open(&draft)?;
        migrations::migrate(&engine).map(drop).map_err(|error| StoreError::migration(&draft, error))
    })?;
    sync_folder(&draft).map_err(failed)?;
    fs::rename(&draft, store_path(dir)).map_err(failed)?;
    sync_folder(dir).map_err(failed)?;
    existing(dir, health)
}

fn set_aside(dir: &Path, why: &str) -> Result<PathBuf, StoreError> {
    // sled may panic on a full disk: a sound store must not be taken for a damaged one.
    require_space(dir)?;
    let path = store_path(dir);
    let now = Timestamp::from(SystemTime::now()).to_string().replace([':', '-'], "");
    let aside = dir.join(format!("store.damaged-{now}"));
    announce(dir, &format!("{why}; set aside as {}", aside.display()))?;
    let moved = fs::rename(&path, &aside).and_then(|()| sync_folder(dir));
    moved.map_err(|source| StoreError::io(&path, source))?;
    let path = aside.display();
    tracing::error!(why, %path, "the store was damaged and is set aside; sending stays off until `session-manager store accept`");
    Ok(aside)
}

/// Whether the disk says that it has room for a new store. It may be wrong: a quota or a reserve for root is not in it.
fn has_room(dir: &Path) -> bool {
    statvfs(dir).is_ok_and(|disk| disk.blocks_available().saturating_mul(disk.fragment_size()) >= FIRST_BYTES as u64)
}

/// Writes as much as a new store needs, and removes it again.
pub(super) fn require_space(dir: &Path) -> Result<(), StoreError> {
    let probe = dir.join("store.probe");
    let written = File::create(&probe).and_then(|mut file| {
        file.write_all(&vec![0; FIRST_BYTES])?;
        file.sync_all()
    });
    written.and(fs::remove_file(&probe)).map_err(|source| StoreError::io(dir, source))
}

fn store_path(dir: &Path) -> PathBuf {
    dir.join("store")
}

/// Messages are private: only the service's own user may read the folder.
fn private_folder(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| StoreError::io(path, source))
}
