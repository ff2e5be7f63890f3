//! The walls of the house: which room may import which, and what may be named only in one.
//!
//! ```text
//! 7  main · app          6  cli      5  http      4  session · inbound · outbound · delivery · recorder
//! 3  whatsapp            2  browser · store       1  domain
//! 0  config · init · instance · listen · metrics · secret · shutdown · supervisor · tasks · telemetry
//! ```

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

const ROOMS: [(&str, u8); 23] = [
    ("main", 7),
    ("app", 7),
    ("cli", 6),
    ("http", 5),
    ("session", 4),
    ("inbound", 4),
    ("outbound", 4),
    ("delivery", 4),
    ("recorder", 4),
    ("whatsapp", 3),
    ("browser", 2),
    ("store", 2),
    ("domain", 1),
    ("config", 0),
    ("init", 0),
    ("instance", 0),
    ("listen", 0),
    ("metrics", 0),
    ("secret", 0),
    ("shutdown", 0),
    ("supervisor", 0),
    ("tasks", 0),
    ("telemetry", 0),
];

/// Doors between rooms of one floor: what is offered there is meant for the neighbour.
const DOORS: [(&str, &str); 7] = [
    ("main", "app"),
    // Through its handle and snapshots.
    ("outbound", "session"),
    ("inbound", "session"),
    ("recorder", "session"),
    ("supervisor", "config"),
    ("telemetry", "config"),
    ("config", "secret"),
];

/// Rooms that may not see others, though those are below them.
const BLIND: [(&str, &str); 4] = [("http", "browser"), ("http", "whatsapp"), ("http", "store"), ("session", "store")];

/// Names that may stand in one place only, and why it is that one.
const CONFINED: [(&str, &str); 4] = [
    ("sled", "src/store"),
    ("chromiumoxide_", "src/browser/cdp"),
    ("axum", "src/http"),
    ("unsafe_code", "src/supervisor.rs"),
];

fn level(room: &str) -> u8 {
    ROOMS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| unknown(room)).1
}

fn unknown(room: &str) -> ! {
    panic!("`{room}` is not in the plan of the house: say in tests/house.rs on which floor it is")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn files() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = sources(&root.join("src")).into_iter();
    files.map(|path| (path.strip_prefix(root).unwrap().to_owned(), fs::read_to_string(&path).unwrap())).collect()
}

/// `src/http/qr.rs` and `src/http.rs` are both of the room `http`.
fn room_of(file: &Path) -> String {
    let first = file.components().nth(1).unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The rooms a file names, comments left aside. Only the binary names the crate from outside.
fn imports(room: &str, text: &str) -> Vec<String> {
    let root = if room == "main" { "session_manager::" } else { "crate::" };
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let named = code.match_indices(root).map(|(at, root)| &code[at + root.len()..]);
    named
        .flat_map(|rest| match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap().split(',').map(|one| first_word(one.trim())).collect(),
            None => vec![first_word(rest)],
        })
        .filter(|word| !word.is_empty() && word != "self")
        .collect()
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn imports_point_down() {
    let mut wrong = Vec::new();
    for (file, text) in files() {
        let room = room_of(&file);
        if room == "lib" {
            continue;
        }
        for other in imports(&room, &text) {
            let door = DOORS.contains(&(room.as_str(), other.as_str()));
            let blind = BLIND.contains(&(room.as_str(), other.as_str()));
            if other != room && (blind || (level(&other) >= level(&room) && !door)) {
                wrong.push(format!("{} ({room}) imports {other}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_confined_stays_in_its_room() {
    let mut wrong = Vec::new();
    for (file, text) in files() {
        for (name, home) in CONFINED {
            let used = text.lines().any(|line| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && (line.contains(&format!("{name}::")) || line.contains(&format!("use {name}")))
                    || line.starts_with(&format!("#![allow({name}"))
            });
            if used && !file.to_str().unwrap().starts_with(home) {
                wrong.push(format!("{} names {name}, which belongs to {home}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_room_is_a_module_of_the_crate() {
    let lib = files().into_iter().find(|(file, _)| file.ends_with("src/lib.rs")).unwrap().1;
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in modules {
        level(module);
    }
}

#[test]
fn no_file_has_two_jobs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ours = ["src", "migrations/src", "tests"];
    let long: Vec<_> = ours
        .iter()
        .flat_map(|folder| sources(&root.join(folder)))
        .map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > 400)
        .collect();
    assert!(long.is_empty(), "over 400 lines: {long:#?}");
}
