//! `session-manager store accept`: allows sending after a damaged store was set aside, or one was restored.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::store::accept_reset;

use super::Outcome;

pub(super) fn accept(data: &Path) -> Outcome {
    let mut out = io::stdout().lock();
    if accept_reset(data).map_err(io::Error::other)? {
        writeln!(out, "Accepted: sending is allowed again. A running service needs no restart.")?;
    } else {
        writeln!(out, "Nothing to accept: no store was set aside or restored under {}.", data.display())?;
    }
    Ok(ExitCode::SUCCESS)
}
