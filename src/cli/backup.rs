//! `session-manager backup`: the login, and with the service stopped the store, in one file.
//!
//! ```text
//! stopped  both instance locks taken, so that no service starts meanwhile ──► profile and store
//! --live   POST /disconnect ──► profile ──► nothing ran meanwhile? ──► POST /connect, however it went
//! ```
//!
//! FILE is a tar under zstd: `profile/…`, `store/…`, and last `manifest.json` with the checksum of every file, so that
//! a file that was cut off has none. It gets its name only when it is whole and on the disk.
//!
//! The files of messages (`media`) are left out: they may take far more than the rest, are fetched again when somebody asks
//! for one, and can be copied by themselves at any time, because none ever changes.

mod archive;
mod contents;
mod manifest;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use indicatif::HumanBytes;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::host::config::{Config, Paths};
use crate::host::instance::{InstanceError, InstanceLock};
use crate::transport::web::browser::Profile;

use super::client::Client;
use super::interrupt::Interrupt;
use super::options::BackupOptions;
use super::progress;
use super::{Failure, HELD, Outcome};

pub(super) use archive::Hashed;
pub(super) use contents::{PROFILE, STORE};
pub(super) use manifest::{MANIFEST, Manifest};

pub(super) async fn run(options: BackupOptions, config: &Config) -> Outcome {
    let interrupt = Interrupt::listen()?;
    let begun = Instant::now();
    if !options.force && options.file.symlink_metadata().is_ok() {
        return Err(exists(&options.file));
    }
    let profile = Profile::existing(&config.paths.tokens).ok_or_else(|| {
        let tokens = config.paths.tokens.display();
        Failure::refused(format!("there is no login under {tokens}: nothing to back up (is TOKENS_DIR right?)"))
    })?;
    let copy = Copy { file: options.file.clone(), force: options.force, profile, data: None };
    let manifest = match lock(&config.paths) {
        Ok(locks) => {
            let copy = Copy { data: Some(config.paths.data.clone()), ..copy };
            copy.require_no_browser("close it first")?;
            let manifest = interrupt.beside(move |interrupt| copy.write(interrupt)).await;
            drop(locks);
            manifest?
        }
        Err(InstanceError::Held { .. }) if options.live => {
            live(&Client::new(&options.service, config)?, copy, &interrupt).await?
        }
        Err(error @ InstanceError::Held { .. }) => {
            let way = "or use --live, which closes its browser for the time of the copy and leaves the store out";
            return Err(Failure::new(HELD, format!("{error}; {way}")));
        }
        Err(error) => return Err(error.into()),
    };
    report(&options.file, &manifest, begun)?;
    Ok(ExitCode::SUCCESS)
}

/// Takes the locks of both folders, as the service does. A store that does not exist is not created.
fn lock(paths: &Paths) -> Result<Vec<InstanceLock>, InstanceError> {
    let folders = [&paths.data, &paths.tokens].into_iter().filter(|folder| folder.is_dir());
    folders.map(|folder| InstanceLock::acquire(folder)).collect()
}

pub(super) fn exists(file: &Path) -> Failure {
    Failure::refused(format!("{} exists: choose another name, or overwrite it with --force", file.display()))
}

/// Returns the service to the state it was in, also if the copy fails or Ctrl-C comes.
async fn live(client: &Client, copy: Copy, interrupt: &Interrupt) -> Result<Manifest, Failure> {
    let before = client.status().await?;
    // This is checked before the service is disturbed: in these states a browser runs, and it must run on this profile.
    let is_up = ["READY", "AUTHENTICATED", "QR_REQUIRED"].iter().any(|state| before["state"] == *state);
    if is_up && copy.profile.occupants().is_empty() {
        return Err(Failure::refused(not_its_own(client)));
    }
    let spinner = progress::spinner("Closing the service's browser");
    let disconnected = client.disconnect().await;
    spinner.finish_and_clear();
    let copied = match disconnected {
        Ok(()) => copy_while_away(client, copy, interrupt).await,
        Err(error) => Err(error),
    };
    // A service that waited for an operator's /connect goes on waiting.
    if before["state"] != "DISCONNECTED"
        && let Err(error) = client.connect().await
    {
        let how = if copied.is_ok() { "the backup is written" } else { "there is no backup" };
        let sentence = format!("{how}, but the service was left disconnected ({error}): POST /connect");
        return Err(Failure::new(error.code, sentence));
    }
    copied
}

async fn copy_while_away(client: &Client, copy: Copy, interrupt: &Interrupt) -> Result<Manifest, Failure> {
    let wrong = not_its_own(client);
    copy.require_no_browser(&wrong)?;
    let away = client.status().await?;
    let (draft, manifest, copy) = interrupt
        .beside(move |interrupt| {
            let (draft, manifest) = copy.draft(interrupt)?;
            Ok((draft, manifest, copy))
        })
        .await?;
    let now = client.status().await?;
    let same = |field: &str| -> bool { field_of(&away, field) == field_of(&now, field) };
    if !same("state") || !same("since") {
        return Err(Failure::refused("the session was connected during the copy, which is discarded: try again"));
    }
    copy.require_no_browser(&wrong)?;
    copy.keep(draft)?;
    Ok(manifest)
}

fn not_its_own(client: &Client) -> String {
    format!("the service at {} is not the one that uses this profile: say which with --url", client.url())
}

fn field_of<'a>(status: &'a Value, field: &str) -> &'a Value {
    &status[field]
}

/// What is copied, and where to.
struct Copy {
    file: PathBuf,
    force: bool,
    profile: Profile,
    /// `DATA_DIR`, if the store is copied too.
    data: Option<PathBuf>,
}

impl Copy {
    fn require_no_browser(&self, remedy: &str) -> Result<(), Failure> {
        match self.profile.occupants().first() {
            Some(browser) => {
                let path = self.profile.path().display();
                let sentence = format!("a browser (pid {}) is at work on {path}: {remedy}", browser.pid);
                Err(Failure::new(HELD, sentence))
            }
            None => Ok(()),
        }
    }

    fn write(&self, interrupt: &Interrupt) -> Result<Manifest, Failure> {
        let (draft, manifest) = self.draft(interrupt)?;
        self.keep(draft)?;
        Ok(manifest)
    }

    /// Writes everything into an unnamed file in the folder of the wanted one.
    fn draft(&self, interrupt: &Interrupt) -> Result<(NamedTempFile, Manifest), Failure> {
        let found = || {
            contents::find(self.profile.path(), self.data.as_deref()).map_err(Failure::io("the files cannot be read"))
        };
        let items = found()?;
        let chrome = contents::chrome_version(self.profile.path());
        let manifest = Manifest::new(SystemTime::now(), self.profile.is_linked(), chrome, self.data.is_some());
        let folder = self.folder();
        let draft = tempfile::Builder::new().prefix(".backup-").tempfile_in(folder);
        let draft = draft.map_err(Failure::io(format!("{} cannot be written in", folder.display())))?;
        let manifest = archive::write(draft.as_file(), &items, manifest, interrupt)?;
        if found()? != items {
            return Err(Failure::refused("files changed during the copy, which is discarded: try again"));
        }
        draft.as_file().sync_all().map_err(Failure::io("the backup does not reach the disk"))?;
        Ok((draft, manifest))
    }

    /// Gives the draft its name, atomically and durably.
    fn keep(&self, draft: NamedTempFile) -> Result<(), Failure> {
        let kept = if self.force { draft.persist(&self.file) } else { draft.persist_noclobber(&self.file) };
        match kept {
            Ok(_) => {}
            Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => return Err(exists(&self.file)),
            Err(refused) => return Err(Failure::io(self.file.display())(refused.error)),
        }
        let synced = std::fs::File::open(self.folder()).and_then(|folder| folder.sync_all());
        synced.map_err(Failure::io(self.file.display()))
    }

    fn folder(&self) -> &Path {
        self.file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }
}

fn report(file: &Path, manifest: &Manifest, begun: Instant) -> Result<(), Failure> {
    let size = HumanBytes(file.metadata().map(|file| file.len()).unwrap_or_default());
    let (bytes, files) = (HumanBytes(manifest.bytes()), manifest.files.len());
    let seconds = begun.elapsed().as_secs_f64();
    let mut out = io::stdout().lock();
    writeln!(out, "Wrote {}: {size}, of {bytes} in {files} files, in {seconds:.1} s.", file.display())?;
    writeln!(out, "It holds {}.", manifest.described())?;
    writeln!(out, "Whoever has it has the account: keep it where nobody else can read it.")?;
    Ok(())
}
