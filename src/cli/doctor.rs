//! `session-manager doctor`: everything the service needs, checked before it is started, or beside it.
//!
//! One file a subject. Each separates looking from judging: the judgements are pure functions. The command changes nothing. It
//! reports what a running service holds, and leaves it alone.

mod chrome;
mod clock;
mod cloud;
mod folders;
mod machine;
mod page;
mod pm2;
mod port;
mod proxy;
mod report;
mod settings;
mod store;
mod surface;

use std::process::ExitCode;
use std::time::Instant;

use crate::host::config::Source;

use super::options::DoctorOptions;
use super::{Outcome, REFUSED, progress};

use report::{Finding, Report};

pub(super) async fn run(options: DoctorOptions, environment: &dyn Source) -> Outcome {
    let begun = Instant::now();
    let mut report = Report::new(options.json);
    let (config, wrong) = settings::read(environment)?;
    report.add(wrong)?;
    let service = folders::running_service(&config.paths);

    let spinner = progress::spinner("Starting Chrome");
    let trial = chrome::try_out(&config).await;
    spinner.finish_and_clear();
    report.add(trial.findings)?;
    report.add([machine::shm(), machine::fonts(), machine::converter()])?;
    report.add([machine::display(config.browser.login_mode, trial.no_display)])?;
    report.add([port::check(&config.server, service).await])?;
    report.add(folders::check(&config.paths, service))?;
    report.add(machine::disks(&config.paths))?;

    let spinner = progress::spinner("Reading a copy of the store");
    let store = store::check(&config.paths.data, service).await;
    spinner.finish_and_clear();
    report.add([store])?;
    let answer = match trial.page {
        Some(answer) => answer,
        None => page::connect(&config.browser).await,
    };
    report.add(page::document(&config.browser))?;
    report.add(proxy::check(&config.browser).await)?;
    report.add([page::judge(&config.browser, &answer)])?;
    report.add([surface::check(&config, service).await])?;
    report.add([clock::check(answer.ok().and_then(|answer| answer.clock)).await])?;
    if options.cloud || config.cloud.is_some() {
        report.add(cloud::check(config.cloud.as_ref()).await)?;
        report.add(cloud::webhook(config.cloud.as_ref(), config.server.port, service.is_some()).await)?;
    }
    if let Some(file) = &options.pm2 {
        report.add(pm2::check(file).await)?;
    }
    let passed = report.finish(begun)?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
}
