//! `session-manager man FOLDER`: the manual pages, made from the command line's own description. For packages, which
//! is why the help does not list it.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;

use super::options::Arguments;
use super::{Failure, Outcome};

pub(super) fn write(folder: &Path) -> Outcome {
    let failed = || Failure::io(format!("the manual pages cannot be written in {}", folder.display()));
    fs::create_dir_all(folder).map_err(failed())?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(failed())?;
    Ok(ExitCode::SUCCESS)
}
