//! The command line. One file a command; what they print is for people and scripts, so here printing is allowed.

mod config;
mod store;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use config::{print as print_config, print_problems};
pub use store::accept as accept_store;

/// Keeps one WhatsApp Web account logged in behind a small HTTP API.
///
/// Configured by environment variables only; `session-manager config` prints them with the values in force.
#[derive(Debug, Parser)]
#[command(name = "session-manager", version)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the service (also without a command)
    Serve,
    /// Print every setting, its value in force, and where it came from
    Config,
    /// Work on the store
    #[command(subcommand)]
    Store(StoreCommand),
}

#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// After a damaged store was set aside: allow sending again
    ///
    /// With the old store the memory of what was already sent is gone, so a caller that retries a send from before may
    /// double it. Make sure none does, then accept.
    Accept,
}

/// The exit code of a command that prints. Whoever closed the pipe early has seen what they wanted.
#[allow(clippy::print_stderr, reason = "the output of a command")]
pub fn finish(result: io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(INTERNAL)
        }
    }
}

/// `EX_SOFTWARE`.
const INTERNAL: u8 = 70;
/// `EX_USAGE`: the command line was wrong.
const USAGE: u8 = 64;

/// Reads the command line; the error is the exit code after help, version or a mistake was printed.
pub fn parse() -> Result<Arguments, u8> {
    Arguments::try_parse().map_err(|error| {
        // Where it cannot even be printed there is nobody to tell.
        let _ = error.print();
        if error.use_stderr() { USAGE } else { 0 }
    })
}
