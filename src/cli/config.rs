//! `session-manager config`: what is in force, and why.

use std::io::{self, Write};

use crate::config::{Config, ConfigError};

/// Prints the settings as a table.
pub fn print(config: &Config) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for setting in &config.effective {
        let origin = if setting.from_environment { "environment" } else { "default" };
        writeln!(out, "{:<28} {:<40} {origin}", setting.name, setting.shown)?;
    }
    for (found, meant) in &config.lookalikes {
        writeln!(out, "{found} is not a setting; did you mean {meant}?")?;
    }
    out.flush()
}

/// Prints everything that is wrong, for the person who started the service.
#[allow(clippy::print_stderr, reason = "before logging is set up")]
pub fn print_problems(error: &ConfigError) {
    eprintln!("session-manager cannot start: {error}");
}
