//! The PM2 ecosystem file: evaluated by node, as PM2 does it, then compared with what the service needs.

mod contract;

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;

use super::Finding;

const CHECK: &str = "pm2";
/// The file is a few lines of JavaScript; node starts in 50 ms.
const DEADLINE: Duration = Duration::from_secs(10);
/// Functions and other values that JSON cannot hold are left out, as PM2 does it.
const EVALUATE: &str = "process.stdout.write(JSON.stringify(require(process.argv[1])) ?? '')";
/// The service's name in PM2.
const NAME: &str = "session-manager";

pub(super) async fn check(file: &Path) -> Vec<Finding> {
    let shown = file.display();
    let failed = |why: String, remedy: &str| vec![Finding::failure(CHECK, format!("{shown}: {why}"), remedy)];
    let Ok(path) = file.canonicalize() else {
        return failed("there is no such file".to_owned(), "correct the path");
    };
    let ecosystem = match evaluate(&path).await {
        Ok(ecosystem) => ecosystem,
        Err(Refusal::NoNode) => {
            let detail = format!("{shown} could not be checked: node is not here, and PM2 needs it too");
            return vec![Finding::warning(CHECK, detail, "install node and check again")];
        }
        Err(Refusal::Said(words)) => return failed(words, "correct the file: node cannot evaluate it"),
    };
    let Some(app) = find_app(&ecosystem) else {
        return failed(
            format!("it has no app named {NAME:?}"),
            "name the app so: the hub and the scripts know it by that",
        );
    };
    let folder = path.parent().unwrap_or(Path::new("/"));
    let findings = contract::judge(app, program(app, folder));
    if findings.is_empty() {
        return vec![Finding::ok(CHECK, format!("{shown} keeps the contract"))];
    }
    findings
}

fn find_app(ecosystem: &Value) -> Option<&Value> {
    let apps = ecosystem.get("apps").unwrap_or(ecosystem);
    let apps = apps.as_array().map_or_else(|| std::slice::from_ref(apps), Vec::as_slice);
    apps.iter().find(|app| app["name"] == NAME)
}

enum Refusal {
    NoNode,
    Said(String),
}

async fn evaluate(file: &Path) -> Result<Value, Refusal> {
    let mut node = Command::new("node");
    node.args(["-e", EVALUATE]).arg(file).stdin(Stdio::null()).kill_on_drop(true);
    let answer = match tokio::time::timeout(DEADLINE, node.output()).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Err(Refusal::NoNode),
        Ok(Err(error)) => return Err(Refusal::Said(error.to_string())),
        Err(_) => return Err(Refusal::Said(format!("node did not end within {} s", DEADLINE.as_secs()))),
    };
    if !answer.status.success() {
        let words = String::from_utf8_lossy(&answer.stderr);
        let error = words.lines().find(|line| line.contains("Error")).unwrap_or("node gave up on it");
        return Err(Refusal::Said(error.trim().to_owned()));
    }
    serde_json::from_slice(&answer.stdout).map_err(|_| Refusal::Said("it exports no configuration".to_owned()))
}

/// The program that `script` names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Program {
    /// The file exports no `script`.
    Unnamed,
    Absent(PathBuf),
    /// A script with `#!`, which another program runs.
    Script(PathBuf),
    Binary,
}

/// PM2 resolves a relative `script` against `cwd`, and a relative or missing `cwd` against the folder it was called in. That
/// folder is unknown here; the folder of the file is the best guess.
fn program(app: &Value, folder: &Path) -> Program {
    let Some(script) = app["script"].as_str() else { return Program::Unnamed };
    let path = folder.join(app["cwd"].as_str().unwrap_or_default()).join(script);
    match std::fs::read(&path) {
        Ok(bytes) if bytes.starts_with(b"\x7fELF") => Program::Binary,
        Ok(_) => Program::Script(path),
        Err(_) => Program::Absent(path),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn the_app_is_found_by_its_name() {
        let app = json!({ "name": "session-manager" });
        assert!(find_app(&json!({ "apps": [{ "name": "hub" }, app] })).is_some());
        assert!(find_app(&app).is_some(), "PM2 takes a bare app too");
        assert!(find_app(&json!({ "apps": [{ "name": "hub" }] })).is_none());
        assert!(find_app(&json!(null)).is_none());
    }

    #[test]
    fn a_wrapper_is_told_from_a_binary() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("run.sh"), "#!/bin/sh\n").unwrap();
        let named = |script: &str| program(&json!({ "script": script, "cwd": "." }), folder.path());
        assert!(matches!(named("run.sh"), Program::Script(_)));
        assert!(matches!(named("absent"), Program::Absent(_)));
        assert_eq!(named(std::env::current_exe().unwrap().to_str().unwrap()), Program::Binary);
        assert_eq!(program(&json!({}), folder.path()), Program::Unnamed);
    }
}
