//! The fields that the service needs in its PM2 app: how it is started, watched and stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::host::config::{Config, ConfigError};

use super::super::Finding;
use super::super::report::Status;
use super::{CHECK, Program};

/// A field with one right value.
struct Rule {
    field: &'static str,
    wanted: Value,
    /// What PM2 does if the field is missing.
    implied: Value,
    /// How bad another value is.
    severity: Status,
    why: &'static str,
}

fn rule(field: &'static str, wanted: Value, implied: Value, severity: Status, why: &'static str) -> Rule {
    Rule { field, wanted, implied, severity, why }
}

fn rules() -> [Rule; 11] {
    use Status::{Failure, Warning};
    let none = || Value::Null;
    [
        rule("interpreter", json!("none"), none(), Failure, "PM2 would run the program with node or a shell"),
        rule("instances", json!(1), json!(1), Failure, "one process owns the account"),
        rule("exec_mode", json!("fork"), json!("fork"), Failure, "cluster mode is for node programs"),
        rule("watch", json!(false), json!(false), Failure, "every stored message would restart the service"),
        rule("autorestart", json!(true), json!(true), Failure, "a crash would end the service for good"),
        rule("treekill", json!(false), json!(true), Failure, "PM2 would signal Chrome too, which can lose the login"),
        rule("max_restarts", json!(10), json!(16), Warning, "starts that fail are given up after ten"),
        rule("min_uptime", json!("10s"), json!(1000), Warning, "what ends sooner counts as a failed start"),
        rule("restart_delay", json!(5000), json!(0), Warning, "the port and the profile need a moment"),
        rule("exp_backoff_restart_delay", json!(100), json!(0), Warning, "restarts in a row are to become rarer"),
        rule("merge_logs", json!(true), json!(false), Warning, "the log would be split by process number"),
    ]
}

/// The exit codes that a restart does not mend: a wrong command line, another instance, wrong settings.
const STOP_CODES: [i64; 3] = [64, 75, 78];
/// If the file does not set these, the variables of the shell that started PM2 decide.
const SPELLED_OUT: [&str; 5] = ["NODE_ENV", "PORT", "LOGIN_MODE", "TOKENS_DIR", "DATA_DIR"];
/// PM2's default for a file without the field.
const KILL_TIMEOUT_MS: u64 = 1600;

/// Everything in which the app differs from the contract.
pub(super) fn judge(app: &Value, program: Program) -> Vec<Finding> {
    let mut findings: Vec<_> = rules().iter().filter_map(|rule| broken(rule, app)).collect();
    findings.extend(started_directly(app, program));
    findings.extend(rootless(app));
    findings.extend(stops(app));
    findings.extend(logs(app));
    findings.extend(environment(app));
    if is_missing(&app["max_memory_restart"]) {
        findings.push(warning(
            "max_memory_restart is missing",
            "a leak would take the machine",
            "set it, such as '300M'",
        ));
    }
    if app["wait_ready"] == true {
        let why = "the service says ready, but a start that is slow is then taken for dead";
        findings.push(warning("wait_ready is true", why, "take it out, or raise listen_timeout to 15000"));
    }
    findings
}

fn warning(what: &str, why: &str, remedy: impl Into<String>) -> Finding {
    Finding::warning(CHECK, format!("{what}: {why}"), remedy)
}

fn failure(what: &str, why: &str, remedy: impl Into<String>) -> Finding {
    Finding::failure(CHECK, format!("{what}: {why}"), remedy)
}

fn is_missing(value: &Value) -> bool {
    value.is_null() || value == ""
}

fn broken(rule: &Rule, app: &Value) -> Option<Finding> {
    let given = &app[rule.field];
    let in_force = if given.is_null() { &rule.implied } else { given };
    if alike(in_force, &rule.wanted) {
        return None;
    }
    let what =
        if given.is_null() { format!("{} is missing", rule.field) } else { format!("{} is {given}", rule.field) };
    let remedy = format!("{}: {}", rule.field, rule.wanted);
    let finding = if rule.severity == Status::Failure { failure } else { warning };
    Some(finding(&what, rule.why, remedy))
}

/// PM2 takes `1` and `'1'`, `fork` and `fork_mode`, `'10s'` and `10000` for the same.
fn alike(a: &Value, b: &Value) -> bool {
    let plain = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let text = text.trim_end_matches("_mode").to_owned();
        milliseconds(value).map_or(text, |span| span.to_string())
    };
    plain(a) == plain(b)
}

/// A span as PM2 reads it: a number of milliseconds, or `'10s'`.
fn milliseconds(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Number(number) => return number.as_u64(),
        Value::String(text) => text.trim(),
        _ => return None,
    };
    let span = |text: &str| humantime::parse_duration(text).ok().and_then(|span| u64::try_from(span.as_millis()).ok());
    text.parse().ok().or_else(|| span(text))
}

fn started_directly(app: &Value, program: Program) -> Vec<Finding> {
    let mut findings = Vec::new();
    let remedy = "script: the path of the session-manager binary itself";
    match program {
        Program::Binary => {}
        Program::Unnamed => findings.push(failure("script is missing", "PM2 has nothing to start", remedy)),
        Program::Absent(path) => {
            let what = format!("script names {}", path.display());
            findings.push(failure(&what, "which is not there", "build the service, or correct script and cwd"));
        }
        Program::Script(path) => {
            let what = format!("script names {}, which is no binary", path.display());
            findings.push(failure(&what, "PM2's signals would end the wrapper and not the service", remedy));
        }
    }
    for field in ["node_args", "interpreter_args"] {
        if !is_missing(&app[field]) && app[field] != json!([]) {
            findings.push(failure(&format!("{field} is set"), "there is no node to take them", "take it out"));
        }
    }
    let args = &app["args"];
    if !is_missing(args) && *args != json!([]) && *args != json!("serve") && *args != json!(["serve"]) {
        findings.push(failure(&format!("args is {args}"), "the service is run by `serve` or nothing", "take it out"));
    }
    findings
}

/// PM2 resolves a relative path against `cwd`, and `cwd` against the folder in which `pm2 start` was called.
fn rootless(app: &Value) -> Option<Finding> {
    let is_absolute = |path: &Value| path.as_str().is_none_or(|path| path.starts_with(['/', '~']));
    let paths =
        [("script", &app["script"]), ("TOKENS_DIR", &app["env"]["TOKENS_DIR"]), ("DATA_DIR", &app["env"]["DATA_DIR"])];
    let relative: Vec<_> = paths.into_iter().filter(|(_, path)| !is_absolute(path)).map(|(name, _)| name).collect();
    if relative.is_empty() || (!app["cwd"].is_null() && is_absolute(&app["cwd"])) {
        return None;
    }
    let why = format!("{} would depend on the folder in which `pm2 start` is called", relative.join(", "));
    Some(warning("cwd is not absolute", &why, "cwd: path.resolve(__dirname, …)"))
}

fn stops(app: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let codes: Vec<i64> = app["stop_exit_codes"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    if STOP_CODES.iter().any(|code| !codes.contains(code)) {
        let what = format!("stop_exit_codes is {}", app["stop_exit_codes"]);
        let why = "PM2 would restart for ever what a restart does not mend";
        findings.push(failure(&what, why, format!("stop_exit_codes: {STOP_CODES:?}")));
    }
    // PM2 reports a death by signal as exit code 0.
    if codes.contains(&0) {
        let why = "PM2 takes a death by signal for 0, and would leave the service down after a kill -9";
        findings.push(warning("stop_exit_codes has 0", why, format!("stop_exit_codes: {STOP_CODES:?}")));
    }
    let patience = milliseconds(&app["kill_timeout"]).unwrap_or(KILL_TIMEOUT_MS);
    let needed = read(&app["env"]).ok().map_or(Duration::from_secs(8), |config| config.shutdown_timeout);
    if u128::from(patience) <= needed.as_millis() {
        let why = format!("a stop may take {} ms (SHUTDOWN_TIMEOUT), and PM2 kills before", needed.as_millis());
        findings.push(failure(&format!("kill_timeout is {patience} ms"), &why, "kill_timeout: 10000"));
    }
    findings
}

fn logs(app: &Value) -> Vec<Finding> {
    let has = |names: [&str; 2]| names.iter().any(|name| !is_missing(&app[*name]));
    let mut findings = Vec::new();
    if !(has(["out_file", "out"]) || has(["log_file", "log"]))
        || !(has(["error_file", "error"]) || has(["log_file", "log"]))
    {
        let why = "the log is then somewhere under ~/.pm2";
        findings.push(warning(
            "out_file or error_file is missing",
            why,
            "out_file: 'logs/out.log', error_file: 'logs/error.log'",
        ));
    }
    if !is_missing(&app["log_date_format"]) && app["env"]["NODE_ENV"] == "production" {
        let why = "with NODE_ENV=production the lines are JSON, and a date before them is not";
        findings.push(warning("log_date_format is set", why, "take it out: every line has its time"));
    }
    findings
}

fn environment(app: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let missing: Vec<_> = SPELLED_OUT.into_iter().filter(|name| is_missing(&app["env"][*name])).collect();
    if !missing.is_empty() {
        let what = format!("env leaves out {}", missing.join(", "));
        findings.push(warning(&what, "whatever the shell of `pm2 start` has then decides", "spell them out"));
    }
    if app["env_local"]["LOGIN_MODE"] != "local" {
        let why = "`pm2 start --env local` is to open a window";
        findings.push(warning("env_local has no LOGIN_MODE 'local'", why, "env_local: { LOGIN_MODE: 'local', … }"));
    }
    let mut both = app["env"].clone();
    for (name, value) in app["env_local"].as_object().into_iter().flatten() {
        both[name] = value.clone();
    }
    let mut told = Vec::new();
    for (name, variables) in [("env", &app["env"]), ("env_local", &both)] {
        for problem in read(variables).err().into_iter().flat_map(|error| error.0) {
            // What is wrong in env is wrong in env_local too.
            if !told.contains(&problem.to_string()) {
                findings.push(failure(&format!("{name}: {}", problem.name), &problem.sentence, "correct it"));
                told.push(problem.to_string());
            }
        }
    }
    findings
}

/// The settings as the service would get them.
fn read(variables: &Value) -> Result<Config, ConfigError> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let variables: BTreeMap<String, String> =
        variables.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect();
    Config::read(&variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract, kept.
    fn kept() -> Value {
        json!({
            "name": "session-manager", "script": "session-manager", "cwd": "/srv", "interpreter": "none", "instances": 1,
            "exec_mode": "fork", "watch": false, "autorestart": true, "max_restarts": 10, "min_uptime": "10s",
            "restart_delay": 5000, "exp_backoff_restart_delay": 100, "max_memory_restart": "300M",
            "kill_timeout": 10000, "treekill": false, "stop_exit_codes": [64, 75, 78],
            "out_file": "out.log", "error_file": "error.log", "merge_logs": true,
            "env": { "NODE_ENV": "production", "PORT": 3001, "LOGIN_MODE": "server", "TOKENS_DIR": "/t", "DATA_DIR": "/d" },
            "env_local": { "LOGIN_MODE": "local" },
        })
    }

    fn with(field: &str, value: Value) -> Vec<(Status, String)> {
        let mut app = kept();
        app[field] = value;
        judge(&app, Program::Binary).into_iter().map(|finding| (finding.status, finding.detail)).collect()
    }

    #[test]
    fn the_contract_kept_is_nothing_to_speak_of() {
        assert_eq!(judge(&kept(), Program::Binary), []);
        // The same in PM2's other words.
        for (field, value) in
            [("instances", json!("1")), ("exec_mode", json!("fork_mode")), ("min_uptime", json!(10_000))]
        {
            assert_eq!(with(field, value), [], "{field}");
        }
    }

    #[test]
    fn every_breach_is_one_line_of_its_weight() {
        use Status::{Failure, Warning};
        let breaches = [
            ("interpreter", json!("/bin/sh"), Failure),
            ("interpreter", Value::Null, Failure),
            ("node_args", json!("--inspect"), Failure),
            ("args", json!("doctor"), Failure),
            ("instances", json!("max"), Failure),
            ("exec_mode", json!("cluster"), Failure),
            ("watch", json!(["src"]), Failure),
            ("autorestart", json!(false), Failure),
            ("treekill", Value::Null, Failure),
            ("kill_timeout", Value::Null, Failure),
            ("kill_timeout", json!(8000), Failure),
            ("stop_exit_codes", json!([64, 78]), Failure),
            ("stop_exit_codes", json!([0, 64, 75, 78]), Warning),
            ("stop_exit_codes", Value::Null, Failure),
            ("max_restarts", json!(50), Warning),
            ("min_uptime", Value::Null, Warning),
            ("restart_delay", Value::Null, Warning),
            ("exp_backoff_restart_delay", Value::Null, Warning),
            ("max_memory_restart", Value::Null, Warning),
            ("merge_logs", json!(false), Warning),
            ("out_file", Value::Null, Warning),
            ("log_date_format", json!("YYYY"), Warning),
            ("env_local", Value::Null, Warning),
            ("wait_ready", json!(true), Warning),
            ("cwd", Value::Null, Warning),
            ("cwd", json!("../.."), Warning),
        ];
        for (field, value, status) in breaches {
            let found = with(field, value.clone());
            assert!(found.len() == 1 && found[0].0 == status, "{field} {value}: {found:?}");
            assert!(found[0].1.contains(field), "{field} {value}: {found:?}");
        }
    }

    #[test]
    fn what_the_environment_would_do_to_the_service_is_told_once() {
        let mut app = kept();
        app["env"]["PORT"] = json!("many");
        app["env"]["SEND_MODE"] = json!("loud");
        let found = judge(&app, Program::Binary);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].status == Status::Failure && found[0].detail.contains("PORT"));

        app = kept();
        app["env"]["SHUTDOWN_TIMEOUT"] = json!("20s");
        assert!(judge(&app, Program::Binary)[0].detail.starts_with("kill_timeout is 10000 ms"));
        app = kept();
        app["env"] = json!({});
        let found = judge(&app, Program::Binary);
        assert!(found.len() == 1 && found[0].detail.contains("NODE_ENV, PORT"), "{found:?}");
    }

    #[test]
    fn the_binary_itself_is_started() {
        for program in [Program::Unnamed, Program::Absent("/x".into()), Program::Script("/x".into())] {
            let found = judge(&kept(), program);
            assert!(found.len() == 1 && found[0].status == Status::Failure, "{found:?}");
        }
    }
}
