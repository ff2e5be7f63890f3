//! `session-manager openapi`: the API's document, as the service itself serves it.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::http;

use super::Outcome;

pub(super) fn print() -> Outcome {
    let mut out = io::stdout().lock();
    writeln!(out, "{:#}", http::document())?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
