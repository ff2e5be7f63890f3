//! `session-manager completions`: made from the command line's own description, so that it is never out of date.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Outcome;
use super::options::Arguments;

pub(super) fn print(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    // clap panics if it writes to a pipe that the reader closes, so the script is written into memory first.
    generate(shell, &mut Arguments::command(), "session-manager", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
