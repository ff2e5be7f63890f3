//! The settings, and the configuration that the other checks use if some settings are wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::File;

use crate::cli::Failure;
use crate::host::config::{Config, Source};

use super::Finding;

const CHECK: &str = "settings";
const REMEDY: &str = "correct it; `session-manager config` prints every setting in force";

/// The environment without the wrong settings, so that one mistake does not keep the other checks from running.
struct Without<'a> {
    environment: &'a dyn Source,
    wrong: BTreeSet<&'static str>,
}

impl Source for Without<'_> {
    fn raw(&self, name: &str) -> Option<OsString> {
        if self.wrong.contains(name) { None } else { self.environment.raw(name) }
    }

    fn names(&self) -> Vec<String> {
        self.environment.names()
    }
}

/// The configuration in force, with defaults for what is wrong in it.
pub(super) fn read(environment: &dyn Source) -> Result<(Config, Vec<Finding>), Failure> {
    let mut source = Without { environment, wrong: BTreeSet::new() };
    let mut findings = Vec::new();
    let config = loop {
        let problems = match Config::read(&source) {
            Ok(config) => break config,
            Err(error) => error.0,
        };
        let known = source.wrong.len();
        findings.extend(problems.iter().map(|problem| Finding::failure(CHECK, problem.to_string(), REMEDY)));
        source.wrong.extend(problems.iter().map(|problem| problem.name));
        if source.wrong.len() == known {
            // The default of a setting can contradict the other settings.
            break Config::read(&BTreeMap::new())?;
        }
    };
    for (found, meant) in &config.lookalikes {
        let detail = format!("{found} is not a setting of this service");
        findings.push(Finding::warning(CHECK, detail, format!("did you mean {meant}?")));
    }
    if let Some(path) = config.browser.adapter_path.as_ref()
        && let Err(error) = File::open(path)
    {
        let detail = format!("ADAPTER_PATH names {}, which cannot be read: {error}", path.display());
        findings.push(Finding::failure(CHECK, detail, "correct or unset it"));
    }
    if findings.is_empty() {
        let given = config.effective.iter().filter(|setting| setting.from_environment).count();
        let open = config.server.token.is_none() && config.server.is_loopback();
        let note = if open { "; without API_TOKEN every user of this machine can read and send" } else { "" };
        findings.push(Finding::ok(CHECK, format!("{given} set, the others at their defaults{note}")));
    }
    Ok((config, findings))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::report::Status;
    use super::*;

    fn read_from(pairs: &[(&str, &str)]) -> (Config, Vec<Finding>) {
        let env: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        read(&env).unwrap()
    }

    #[test]
    fn every_mistake_is_found_and_the_rest_stays_in_force() {
        let (config, findings) = read_from(&[("PORT", "x"), ("HOST", "0.0.0.0"), ("TOKENS_DIR", "/t"), ("PROT", "1")]);
        let statuses: Vec<_> = findings.iter().map(|finding| (finding.status, &finding.detail[..4])).collect();
        assert_eq!(statuses, [(Status::Failure, "PORT"), (Status::Failure, "HOST")]);
        assert_eq!((config.server.port, config.paths.tokens.to_str()), (3001, Some("/t")));
    }

    #[test]
    fn a_default_that_does_not_go_with_the_rest_is_no_endless_loop() {
        let (config, findings) = read_from(&[("TOKENS_DIR", "."), ("PORT", "1")]);
        assert!(findings.iter().all(|finding| finding.status == Status::Failure), "{findings:?}");
        assert_eq!(config.paths.tokens.to_str(), Some("tokens"));
    }

    #[test]
    fn a_slip_and_an_adapter_that_is_not_there_are_told() {
        let (_, findings) = read_from(&[("SEND_MOED", "off"), ("ADAPTER_PATH", "/nowhere/adapter.js")]);
        let statuses: Vec<_> = findings.iter().map(|finding| finding.status).collect();
        assert_eq!(statuses, [Status::Warning, Status::Failure]);
        assert_eq!(read_from(&[]).1[0].status, Status::Ok);
    }
}
