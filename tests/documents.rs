//! Compares the documents for people with the program: settings, routes, reasons, commands, files.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use clap::Parser;
use session_manager::cli::Arguments;
use session_manager::host::config::Config;
use session_manager::http::document;

const WRITTEN: [&str; 5] = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "deploy/OPERACION.md"];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The lines from a heading to the next heading of its level.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    text.split(&format!("\n{heading}\n")).nth(1).unwrap().split("\n## ").next().unwrap()
}

fn words(schema: &str) -> Vec<String> {
    let names = document()["components"]["schemas"][schema]["enum"].as_array().unwrap();
    names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// The words between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let outside_blocks = text.split("```").step_by(2);
    outside_blocks.flat_map(|text| text.split('`').skip(1).step_by(2))
}

#[test]
fn the_readmes_table_of_settings_is_what_the_program_reads() {
    let readme = read("README.md");
    let table: Vec<&str> = section(&readme, "## Settings").lines().filter(|line| line.starts_with("| `")).collect();
    let texts: BTreeMap<&str, &str> = table
        .iter()
        .map(|row| {
            let mut cells = row.trim_end_matches(" |").splitn(4, '|').skip(1);
            let name = cells.next().unwrap().trim().trim_matches('`');
            (name, cells.nth(1).unwrap().trim())
        })
        .collect();
    let config = Config::read(&BTreeMap::<String, String>::new()).unwrap();
    let rows: Vec<String> = config
        .effective
        .iter()
        .map(|setting| {
            let default = if setting.shown.is_empty() { String::new() } else { format!("`{}`", setting.shown) };
            let text = texts.get(setting.name).copied().unwrap_or("SAY WHAT IT IS");
            format!("| `{}` | {default} | {text} |", setting.name)
        })
        .collect();
    assert!(table == rows, "the right table is:\n{}\n", rows.join("\n"));
}

#[test]
fn the_readme_names_every_route_and_no_other() {
    let readme = read("README.md");
    let table = section(&readme, "## API").lines().filter(|line| line.starts_with("| `"));
    let mut named = BTreeSet::new();
    for row in table {
        let (method, rest) = row.split('`').nth(1).unwrap().split_once(' ').unwrap();
        let others = quoted(row.split('|').nth(1).unwrap()).filter(|word| word.starts_with('/'));
        named.extend([rest].into_iter().chain(others).map(|path| (path.to_owned(), method.to_lowercase())));
    }
    // Pages for people are not part of the API.
    let page = |path: &str| ["/", "/qr.html", "/docs", "/openapi.json"].contains(&path);
    named.retain(|(path, _)| !page(path));
    let routes = document()["paths"].as_object().unwrap().iter();
    let routes =
        routes.flat_map(|(path, item)| item.as_object().unwrap().keys().map(|method| (path.clone(), method.clone())));
    assert_eq!(named, routes.collect());
}

#[test]
fn the_runbook_has_an_entry_for_every_reason_and_state() {
    let runbook = read("deploy/OPERACION.md");
    let entries: Vec<_> = runbook.lines().filter_map(|line| line.strip_prefix("#### `")?.split('`').next()).collect();
    let reasons = words("Reason");
    for reason in &reasons {
        assert_eq!(entries.iter().filter(|entry| *entry == reason).count(), 1, "an entry `#### `{reason}``");
    }
    assert_eq!(entries.len(), reasons.len(), "an entry is of no reason: {entries:?}");
    for state in words("State") {
        assert!(runbook.contains(&format!("| `{state}` |")), "{state} is not in the table of states");
        assert!(read("README.md").contains(&format!("| `{state}` |")), "{state} is not in the README's table");
    }
}

#[test]
fn codes_in_capitals_are_ones_that_exist() {
    let config = Config::read(&BTreeMap::<String, String>::new()).unwrap();
    let settings: BTreeSet<_> = config.effective.iter().map(|setting| setting.name.to_owned()).collect();
    let document = document().to_string();
    for name in ["README.md", "deploy/OPERACION.md"] {
        let text = read(name);
        let capitals =
            |word: &&str| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        for word in quoted(&text).filter(capitals) {
            let known = settings.contains(word) || document.contains(word) || word == "NODE_OPTIONS";
            assert!(known, "{name} names {word}, which is no setting, state, reason or code");
        }
    }
}

#[test]
fn every_file_that_is_named_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in WRITTEN {
        let text = read(name);
        let folder = root.join(name).parent().unwrap().to_owned();
        let links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            assert!(folder.join(link.split('#').next().unwrap()).exists(), "{name} links to {link}");
        }
        let ours = ["deploy/", "src/", "tests/", ".ci/"];
        let is_path =
            |word: &&str| ours.iter().any(|start| word.starts_with(start)) && !word.contains(['*', '{', ' ', '<']);
        for path in quoted(&text).filter(is_path) {
            assert!(root.join(path).exists(), "{name} names {path}");
        }
    }
}

#[test]
fn every_command_that_is_shown_is_one_that_the_program_takes() {
    let mut shown = 0;
    for name in WRITTEN {
        let text = read(name);
        let blocks = text.split("```sh\n").skip(1).flat_map(|rest| rest.split("```").next().unwrap().lines());
        let inline = quoted(&text).filter(|code| code.starts_with("session-manager "));
        for line in blocks.chain(inline) {
            let line = line.split(['#', '|', '<', '>', '&']).next().unwrap().trim();
            let Some((_, arguments)) = line.split_once("session-manager ") else { continue };
            let ours = line.starts_with("session-manager ") || line.starts_with("target/release/session-manager ");
            if !ours || arguments.contains(['[', '…']) {
                continue;
            }
            let words = std::iter::once("session-manager").chain(arguments.split_whitespace());
            let taken = Arguments::try_parse_from(words);
            let is_help = arguments.contains("--help");
            assert!(taken.is_ok() || is_help, "{name} shows `{line}`: {}", taken.unwrap_err());
            shown += 1;
        }
    }
    assert!(shown > 15, "{shown} commands");
}
