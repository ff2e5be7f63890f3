//! The command line: one file a command. Commands print for people and scripts, so printing is allowed here.

mod backup;
mod client;
mod completions;
mod config;
mod doctor;
mod interrupt;
mod man;
mod openapi;
mod options;
mod page;
mod progress;
mod qr;
mod replay;
mod restore;
mod status;
mod store;

use std::future::Future;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use crate::host::config::{Config, ConfigError, Source};
use crate::host::disk;
use crate::host::instance::InstanceError;

use options::StoreCommand;
pub use options::{Arguments, Command};

/// The exit code of a command that did its work: 0, or 1 for a bad answer such as a check that failed.
type Outcome = Result<ExitCode, Failure>;

/// Why a command could not do what was asked: a sentence for the person, a code for the script.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    code: u8,
    sentence: String,
}

impl Failure {
    fn new(code: u8, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into() }
    }

    /// The command is refused under the present circumstances; the sentence says what to change.
    fn refused(sentence: impl Into<String>) -> Self {
        Self::new(REFUSED, sentence)
    }

    /// An error of the operating system; `doing` says what the command was doing.
    fn io(doing: impl std::fmt::Display) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::new(INTERNAL, format!("{doing}: {}", disk::told(&error)))
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // The reader closed the pipe because it has seen enough, as `head` does. That is no error.
            io::ErrorKind::BrokenPipe => Self::new(0, String::new()),
            _ => Self::new(INTERNAL, disk::told(&error)),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(CONFIGURATION, format!("session-manager cannot start: {error}"))
    }
}

impl From<InstanceError> for Failure {
    fn from(error: InstanceError) -> Self {
        match &error {
            InstanceError::Held { .. } => Self::new(HELD, error.to_string()),
            InstanceError::Io { .. } => Self::new(INTERNAL, error.to_string()),
        }
    }
}

const REFUSED: u8 = 1;
/// `EX_USAGE`: the command line was wrong.
const USAGE: u8 = 64;
/// `EX_UNAVAILABLE`: no service answers.
const UNAVAILABLE: u8 = 69;
/// `EX_SOFTWARE`.
const INTERNAL: u8 = 70;
/// `EX_TEMPFAIL`: another process has the folders.
const HELD: u8 = 75;
/// `EX_CONFIG`: starting again changes nothing until the settings change.
const CONFIGURATION: u8 = 78;
/// As a shell says it of a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Reads the command line; the error is the exit code after help, version or a mistake was printed.
pub fn parse() -> Result<Arguments, u8> {
    Arguments::try_parse().map_err(|error| {
        // If printing fails, there is nobody to tell.
        let _ = error.print();
        if error.use_stderr() { USAGE } else { 0 }
    })
}

/// Runs a command; prints on standard error why it could not do its work. `serve` runs the service: the caller gives it,
/// because this room may not import `app`.
pub fn run(command: Command, environment: &dyn Source, serve: impl FnOnce(Config) -> ExitCode) -> ExitCode {
    run_one(command, environment, serve).unwrap_or_else(failed)
}

/// Says on standard error what went wrong; gives the exit code.
pub fn failed(failure: impl Into<Failure>) -> ExitCode {
    let failure = failure.into();
    if !failure.sentence.is_empty() {
        // The sentence and its line break in one write: a supervisor that reads between two writes may keep the first only.
        // If printing fails, there is nobody to tell.
        let _ = io::stderr().write_all(format!("{failure}\n").as_bytes());
    }
    ExitCode::from(failure.code)
}

fn run_one(command: Command, environment: &dyn Source, serve: impl FnOnce(Config) -> ExitCode) -> Outcome {
    let config = || Config::read(environment).map_err(Failure::from);
    match command {
        Command::Serve => Ok(serve(config()?)),
        Command::Doctor(options) => wait(doctor::run(options, environment)),
        Command::Config => config::print(&config()?),
        Command::Qr(options) => wait(qr::run(options, &config()?)),
        Command::Page(options) => wait(page::run(options, &config()?)),
        Command::Replay(options) => wait(replay::run(options, &config()?)),
        Command::Status(options) => wait(status::run(options, &config()?)),
        Command::Backup(options) => to_the_end(backup::run(options, &config()?)),
        Command::Restore(options) => to_the_end(restore::run(options, &config()?)),
        Command::Store(StoreCommand::Accept) => store::accept(&config()?.paths.data),
        Command::Openapi => openapi::print(),
        Command::Completions { shell } => completions::print(shell),
        Command::Man { folder } => man::write(&folder),
    }
}

/// Runs a command that may be interrupted at any point by Ctrl-C.
fn wait(command: impl Future<Output = Outcome>) -> Outcome {
    to_the_end(async {
        tokio::select! {
            outcome = command => outcome,
            _ = tokio::signal::ctrl_c() => Err(Failure::new(INTERRUPTED, "interrupted")),
        }
    })
}

/// Runs a command that handles Ctrl-C itself.
fn to_the_end(command: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(command);
    // A thread that still blocks on a slow disk or a name look-up must not delay the exit.
    runtime.shutdown_background();
    outcome
}
