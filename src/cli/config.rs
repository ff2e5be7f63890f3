//! `session-manager config`: what is in force, and why.

use crate::config::{Config, ConfigError};

/// Prints the settings as a table.
#[allow(clippy::print_stdout, reason = "the output of a command")]
pub fn print(config: &Config) {
    for setting in &config.effective {
        let origin = if setting.from_environment { "environment" } else { "default" };
        println!("{:<28} {:<40} {origin}", setting.name, setting.shown);
    }
    for (found, meant) in &config.lookalikes {
        println!("{found} is not a setting; did you mean {meant}?");
    }
}

/// Prints everything that is wrong, for the person who started the service.
#[allow(clippy::print_stderr, reason = "before logging is set up")]
pub fn print_problems(error: &ConfigError) {
    eprintln!("session-manager cannot start: {error}");
}
