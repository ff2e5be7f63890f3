//! `session-manager restore`: puts a backup's profile and store back in their places.
//!
//! ```text
//! locks ──► unpacked beside the real folders, hashed on the way ──► checked against the manifest ──► on the disk
//!       ──► sending held (where there is a store) ──► store in its place ──► profile in its place
//! ```
//!
//! Only the last two steps change the present folders. They are renames: a folder that is already there gets another name.

mod swap;
mod unpack;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime};

use indicatif::HumanBytes;

use crate::domain::state::SESSION;
use crate::domain::time::Timestamp;
use crate::host::config::{Config, Paths};
use crate::host::instance::InstanceLock;
use crate::store::announce_restored;
use crate::transport::web::browser::{Chrome, Profile};

use super::backup::{Manifest, PROFILE, STORE};
use super::interrupt::Interrupt;
use super::options::RestoreOptions;
use super::{Failure, HELD, Outcome};

use unpack::Unpacked;

pub(super) async fn run(options: RestoreOptions, config: &Config) -> Outcome {
    let begun = Instant::now();
    let interrupt = Interrupt::listen()?;
    let paths = config.paths.clone();
    let file = options.file.clone();
    let restored = interrupt.beside(move |interrupt| restore(&options, &paths, interrupt)).await?;
    report(&file, &restored, begun)?;
    if let Some(warning) = older_chrome(&restored.manifest, config).await {
        writeln!(io::stdout(), "{warning}")?;
    }
    Ok(ExitCode::SUCCESS)
}

struct Restored {
    manifest: Manifest,
    /// The new names of the folders that were there before.
    set_aside: Vec<PathBuf>,
}

fn restore(options: &RestoreOptions, paths: &Paths, interrupt: &Interrupt) -> Result<Restored, Failure> {
    // This is checked before any folder is created.
    let archive = std::fs::File::open(&options.file).map_err(Failure::io(options.file.display()))?;
    let _locks = [InstanceLock::acquire(&paths.data)?, InstanceLock::acquire(&paths.tokens)?];
    let browser = Profile::existing(&paths.tokens).and_then(|profile| profile.occupants().first().copied());
    if let Some(browser) = browser {
        let sentence = format!("a browser (pid {}) is at work on the profile: close it first", browser.pid);
        return Err(Failure::new(HELD, sentence));
    }
    let Unpacked { manifest, profile, store } = unpack::unpack(archive, paths, interrupt)?;
    let (admin, data_store) = (paths.tokens.join(SESSION), paths.data.join(STORE));
    let places = [(profile.path().join(PROFILE), admin), (store.path().join(STORE), data_store)];
    let [login, messages] = places.map(|(from, to)| from.is_dir().then_some((from, to)));
    if !options.force {
        refuse_to_overwrite([&login, &messages].into_iter().flatten().map(|(_, to)| to.as_path()))?;
    }
    interrupt.check()?;
    let now = Timestamp::from(SystemTime::now()).to_string().replace([':', '-'], "");
    let mut set_aside = Vec::new();
    if let Some((from, to)) = messages {
        // Sending is held before the store is put in place: after a crash between the two, an older store must not send.
        let why = format!("the store was restored from a backup of {}", manifest.made_at);
        announce_restored(&paths.data, &why).map_err(io::Error::other)?;
        let put = swap::put(&from, &to, &now).map_err(|failure| {
            let note = "nothing was restored, and sending stays off until `session-manager store accept`";
            Failure::new(failure.code, format!("{failure}; {note}"))
        });
        set_aside.extend(put?);
    }
    if let Some((from, to)) = login {
        set_aside.extend(swap::put(&from, &to, &now)?);
    }
    Ok(Restored { manifest, set_aside })
}

fn refuse_to_overwrite<'a>(places: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
    let taken: Vec<_> = places.filter(|place| !swap::is_free(place)).map(|place| place.display().to_string()).collect();
    if taken.is_empty() {
        return Ok(());
    }
    let what = taken.join(" and ");
    Err(Failure::refused(format!("{what} would be replaced: with --force what is there is set aside, not deleted")))
}

fn report(file: &Path, restored: &Restored, begun: Instant) -> Result<(), Failure> {
    let Restored { manifest, set_aside } = restored;
    let (bytes, files, seconds) = (HumanBytes(manifest.bytes()), manifest.files.len(), begun.elapsed().as_secs_f64());
    let mut out = io::stdout().lock();
    writeln!(out, "Restored {}: {bytes} in {files} files, in {seconds:.1} s.", file.display())?;
    writeln!(out, "It held {}, as of {}.", manifest.described(), manifest.made_at)?;
    for path in set_aside {
        writeln!(out, "What was there is now {}; delete it when all is well.", path.display())?;
    }
    if manifest.linked {
        writeln!(
            out,
            "If the account was used after that time, WhatsApp may refuse this older login (link the phone again) or \
             leave some messages unreadable. Never run it beside the newer one."
        )?;
    }
    if manifest.has(STORE) {
        writeln!(
            out,
            "Sending stays off until `session-manager store accept`: what was sent since then is forgotten, and a \
             caller that sends it again would double it."
        )?;
    }
    Ok(())
}

/// Chrome does not open a profile that a newer Chrome wrote.
async fn older_chrome(manifest: &Manifest, config: &Config) -> Option<String> {
    let path = std::env::var_os("PATH");
    let chrome = Chrome::find(config.browser.chrome_path.as_deref(), path.as_deref()).await.ok()?;
    let theirs = manifest.chrome.as_ref()?;
    let major = |version: &str| version.split('.').next()?.parse::<u32>().ok();
    (major(&chrome.version)? < major(theirs)?).then(|| {
        let ours = &chrome.version;
        format!(
            "The login was last used by Chrome {theirs} and {ours} is here, which may not read it: install that one."
        )
    })
}
