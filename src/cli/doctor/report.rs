//! The results of the checks, one line each.

use std::io::{self, IsTerminal, Write};
use std::time::Instant;

use console::Style;
use serde::Serialize;
use serde_json::json;

use crate::http::VERSION;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Ok,
    /// The service works, but something could be better or safer.
    Warning,
    /// The service would not start or would not do its work.
    Failure,
    /// The check could not be made; the detail says why.
    Skipped,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: &'static str,
    pub(super) status: Status,
    pub(super) detail: String,
    /// What to do about it.
    pub(super) remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, status: Status::Ok, detail: detail.into(), remedy: None }
    }

    pub(super) fn skipped(check: &'static str, why: impl Into<String>) -> Self {
        Self { check, status: Status::Skipped, detail: why.into(), remedy: None }
    }

    pub(super) fn warning(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, status: Status::Warning, detail: detail.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn failure(check: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, status: Status::Failure, detail: detail.into(), remedy: Some(remedy.into()) }
    }
}

/// Prints each line at once for people, or one JSON object at the end for scripts.
pub(super) struct Report {
    json: bool,
    colour: bool,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { json, colour: !plain && io::stdout().is_terminal(), findings: Vec::new() }
    }

    pub(super) fn add(&mut self, findings: impl IntoIterator<Item = Finding>) -> io::Result<()> {
        for finding in findings {
            if !self.json {
                io::stdout().write_all(self.line(&finding).as_bytes())?;
            }
            self.findings.push(finding);
        }
        Ok(())
    }

    fn line(&self, finding: &Finding) -> String {
        let (word, style) = match finding.status {
            Status::Ok => ("ok", Style::new().green()),
            Status::Warning => ("warning", Style::new().yellow()),
            Status::Failure => ("FAILURE", Style::new().red().bold()),
            Status::Skipped => ("skipped", Style::new().dim()),
        };
        let word = style.force_styling(self.colour).apply_to(format!("{word:<8}"));
        let remedy = finding.remedy.as_ref().map(|remedy| format!("{:<19}-> {remedy}\n", "")).unwrap_or_default();
        format!("{word}  {:<9}{}\n{remedy}", finding.check, finding.detail)
    }

    /// Prints the totals; true if nothing failed.
    pub(super) fn finish(self, begun: Instant) -> io::Result<bool> {
        let count = |status| self.findings.iter().filter(|finding| finding.status == status).count();
        let [ok, warnings, failures, skipped] =
            [Status::Ok, Status::Warning, Status::Failure, Status::Skipped].map(count);
        let mut out = io::stdout().lock();
        if self.json {
            let report = json!({
                "ok": failures == 0,
                "version": VERSION,
                "elapsed_ms": u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
                "summary": { "ok": ok, "warning": warnings, "failure": failures, "skipped": skipped },
                "checks": self.findings,
            });
            writeln!(out, "{report:#}")?;
        } else {
            let seconds = begun.elapsed().as_secs_f64();
            writeln!(out, "{ok} ok, {warnings} warning, {failures} failure, {skipped} skipped, in {seconds:.1} s")?;
        }
        out.flush()?;
        Ok(failures == 0)
    }
}
