//! `session-manager config`: every setting, its value in force, and where it came from.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::host::config::Config;

use super::Outcome;

/// Prints the settings as a table.
pub(super) fn print(config: &Config) -> Outcome {
    let mut out = io::stdout().lock();
    for setting in &config.effective {
        writeln!(out, "{:<28} {:<40} {}", setting.name, setting.shown, setting.origin())?;
    }
    for (found, meant) in &config.lookalikes {
        writeln!(out, "{found} is not a setting; did you mean {meant}?")?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
