//! `session-manager store accept`: allows sending after a damaged store was set aside.

use std::io::{self, Write};
use std::path::Path;

use crate::store::accept_reset;

pub fn accept(data: &Path) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if accept_reset(data).map_err(io::Error::other)? {
        writeln!(out, "Accepted: sending is allowed again. A running service needs no restart.")
    } else {
        writeln!(out, "Nothing to accept: no store was set aside under {}.", data.display())
    }
}
