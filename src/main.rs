//! Parses the command line, reads the configuration, runs one command.

use std::process::ExitCode;

use session_manager::app;
use session_manager::cli::{self, Command};
use session_manager::host::config::{Config, ProcessEnvironment};
use session_manager::host::supervisor::Supervisor;
use session_manager::host::{pid1, telemetry};

/// `EX_SOFTWARE`.
const INTERNAL: u8 = 70;

fn main() -> ExitCode {
    match pid1::run() {
        Ok(None) => {}
        Ok(Some(code)) => return ExitCode::from(code),
        Err(error) => return cli::failed(error),
    }
    // Must come first, while no thread runs and no file is open: PM2 may have left an open descriptor.
    let supervisor = Supervisor::detect(&ProcessEnvironment);
    let last_output = supervisor.last_output();
    let code = match cli::parse() {
        Err(code) => ExitCode::from(code),
        Ok(arguments) => {
            let command = arguments.command.unwrap_or(Command::Serve);
            cli::run(command, &ProcessEnvironment, |config| serve(config, supervisor))
        }
    };
    last_output.wait_for_pm2();
    code
}

fn serve(config: Config, supervisor: Supervisor) -> ExitCode {
    let _written = telemetry::init(&config.log);
    // Two threads: one may draw a code or read a burst while the other answers requests.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the runtime could not be started");
            return ExitCode::from(INTERNAL);
        }
    };
    let code = runtime.block_on(app::run(config, supervisor));
    // A disk that hangs must not keep the process running.
    runtime.shutdown_background();
    ExitCode::from(code)
}
