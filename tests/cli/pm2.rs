//! `doctor --pm2` on ecosystem files.

use std::fs;

use crate::world::{NOWHERE, Ran, World};

const KEPT: &str = r"
const path = require('node:path');
module.exports = { apps: [
  { name: 'hub', script: 'hub.js' },
  {
    name: 'session-manager', script: process.env.BINARY, cwd: path.resolve(__dirname), interpreter: 'none',
    instances: 1, exec_mode: 'fork', watch: false, autorestart: true, max_restarts: 10, min_uptime: '10s',
    restart_delay: 5000, exp_backoff_restart_delay: 100, max_memory_restart: '300M', kill_timeout: 10000,
    treekill: false, stop_exit_codes: [64, 75, 78], out_file: 'out.log', error_file: 'error.log', merge_logs: true,
    env: { NODE_ENV: 'production', PORT: 3001, LOGIN_MODE: 'server', TOKENS_DIR: 'tokens', DATA_DIR: 'data' },
    env_local: { LOGIN_MODE: 'local' },
  },
] };";

/// The report's lines about the file, as `status detail`.
fn checked(world: &World, text: &str) -> Vec<String> {
    fs::write(world.path("ecosystem.config.js"), text).unwrap();
    lines(&world.run(&["doctor", "--json", "--pm2", "ecosystem.config.js"]))
}

fn lines(ran: &Ran) -> Vec<String> {
    let report = ran.json();
    let lines = report["checks"].as_array().unwrap().iter().filter(|line| line["check"] == "pm2");
    lines.map(|line| format!("{} {}", line["status"].as_str().unwrap(), line["detail"].as_str().unwrap())).collect()
}

fn world() -> World {
    let mut world = World::new();
    world.set("CHROME_PATH", NOWHERE).set("BINARY", env!("CARGO_BIN_EXE_session-manager"));
    world
}

#[test]
fn a_file_that_keeps_the_contract_passes() {
    let found = checked(&world(), KEPT);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("ok ") && found[0].ends_with("keeps the contract"), "{found:?}");
}

#[test]
fn every_breach_is_told_at_once() {
    let world = world();
    fs::write(world.path("run.sh"), "#!/bin/sh\n").unwrap();
    let bad = KEPT.replace("process.env.BINARY", "'run.sh'").replace("interpreter: 'none',", "");
    let bad = bad.replace("treekill: false", "treekill: true").replace("kill_timeout: 10000", "kill_timeout: 3000");
    let bad =
        bad.replace("LOGIN_MODE: 'local'", "LOGIN_MODE: 'window'").replace("max_restarts: 10", "max_restarts: 99");
    let found = checked(&world, &bad);
    for part in [
        "failure interpreter is missing",
        "failure treekill is true",
        "failure script names",
        "failure kill_timeout is 3000 ms",
        "failure env_local: LOGIN_MODE",
        "warning env_local has no LOGIN_MODE 'local'",
        "warning max_restarts is 99",
    ] {
        assert!(found.iter().any(|line| line.starts_with(part)), "{part}: {found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");
}

#[test]
fn what_cannot_be_evaluated_is_said() {
    let mut world = world();
    for (text, part) in [
        ("module.exports = {", "SyntaxError"),
        ("module.exports = { apps: [{ name: 'hub' }] }", "no app named"),
        ("module.exports = () => {}", "exports no configuration"),
        ("throw new Error('not today')", "not today"),
    ] {
        let found = checked(&world, text);
        assert!(found.len() == 1 && found[0].starts_with("failure") && found[0].contains(part), "{part}: {found:?}");
    }
    let absent = lines(&world.run(&["doctor", "--json", "--pm2", "absent.js"]));
    assert!(absent[0].starts_with("failure") && absent[0].contains("no such file"), "{absent:?}");
    let empty = world.path("tmp").display().to_string();
    world.set("PATH", &empty);
    let found = checked(&world, KEPT);
    assert!(found.len() == 1 && found[0].starts_with("warning") && found[0].contains("node is not here"), "{found:?}");
}
