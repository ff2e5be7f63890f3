//! `session-manager store accept`: allows sending after a damaged store was set aside.

use std::path::Path;
use std::process::ExitCode;

use crate::store::accept_reset;

/// `EX_SOFTWARE`.
const INTERNAL: u8 = 70;

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "the output of a command")]
pub fn accept(data: &Path) -> ExitCode {
    match accept_reset(data) {
        Ok(true) => {
            println!("Accepted: sending is allowed again. A running service needs no restart.");
            ExitCode::SUCCESS
        }
        Ok(false) => {
            println!("Nothing to accept: no store was set aside under {}.", data.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(INTERNAL)
        }
    }
}
