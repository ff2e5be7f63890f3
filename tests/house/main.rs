//! The layers of the crate: which module ("room") may import which, and which names belong to a single room.
//!
//! ```text
//! 9  main · app        8  cli        7  http        6  inbound · outbound · delivery · directory
//! 5  journal · transport::web::sending        4  transport::web::session · transport::cloud        3  transport::web::whatsapp
//! 2  transport::web::browser · store · blobs
//! 1  host · files · transport (what every way to send does)          0  domain
//! ```

#![allow(clippy::unwrap_used, clippy::panic)]

mod imports;

use std::fs;
use std::path::{Path, PathBuf};

use imports::{Named, Place, ReExport};

/// Every room with its layer. A place belongs to the room with the longest matching name.
const ROOMS: [(&str, u8); 20] = [
    ("main", 9),
    ("app", 9),
    ("cli", 8),
    ("http", 7),
    ("inbound", 6),
    ("outbound", 6),
    ("delivery", 6),
    ("directory", 6),
    ("journal", 5),
    ("transport::web::sending", 5),
    ("transport::web::session", 4),
    ("transport::cloud", 4),
    ("transport::web::whatsapp", 3),
    ("transport::web::browser", 2),
    ("store", 2),
    ("blobs", 2),
    ("host", 1),
    ("files", 1),
    ("transport", 1),
    ("domain", 0),
];

/// Pairs of rooms in the same layer, the first of which may import the second.
const SAME_FLOOR: [(&str, &str); 1] = [("main", "app")];

/// Rooms that may not import others although those are below them.
const BLIND: [(&str, &str); 14] = [
    ("http", "transport::web::browser"),
    ("http", "transport::web::whatsapp"),
    ("http", "store"),
    ("transport::web::session", "store"),
    // The ways out do not know each other.
    ("transport::web::sending", "transport::cloud"),
    ("transport::cloud", "transport::web::whatsapp"),
    ("transport::cloud", "transport::web::browser"),
    ("transport::cloud", "store"),
    ("transport::cloud", "blobs"),
    ("outbound", "transport::web::browser"),
    ("outbound", "transport::web::whatsapp"),
    ("delivery", "transport::web::browser"),
    ("delivery", "transport::web::whatsapp"),
    ("directory", "transport::web::browser"),
];

/// Crates that only these places may name.
const CONFINED: [(&str, &[&str]); 6] = [
    ("sled", &["store"]),
    ("chromiumoxide_", &["transport::web::browser::cdp"]),
    ("axum", &["http"]),
    ("utoipa_axum", &["http"]),
    ("multer", &["http::body::multipart"]),
    // Each of these says what it sends to whom. The addresses that a caller names are for `fetch_url` alone.
    ("reqwest", &["host::http_client", "delivery", "outbound::fetch_url", "transport::cloud", "cli"]),
];

/// Crates that a room may not name: the domain has no JSON of its own, so that each shape is written down where it is
/// read or written.
const FOREIGN: [(&str, &str); 2] = [("serde", "domain"), ("utoipa", "domain")];

/// The only file that may allow unsafe code: it takes over the descriptors that PM2 and systemd leave.
const UNSAFE: &str = "src/host/supervisor.rs";

struct Source {
    path: PathBuf,
    module: Place,
    named: Named,
}

impl Source {
    fn room(&self) -> &'static str {
        if self.path.ends_with("src/main.rs") {
            "main"
        } else {
            room_of(&self.module).unwrap_or_else(|| unknown(&self.path))
        }
    }
}

fn unknown(path: &Path) -> ! {
    panic!("{} is in no room: say in tests/house/main.rs on which floor it is", path.display())
}

fn room_of(place: &[String]) -> Option<&'static str> {
    let holds = |room: &str| {
        let names: Vec<&str> = room.split("::").collect();
        place.len() >= names.len() && place.iter().zip(&names).all(|(a, b)| a == b)
    };
    ROOMS.iter().map(|(room, _)| *room).filter(|room| holds(room)).max_by_key(|room| room.len())
}

fn floor(room: &str) -> u8 {
    ROOMS.iter().find(|(name, _)| *name == room).unwrap().1
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the crate, except files that only declare rooms, and test files.
fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    for path in rust_files(&root().join("src")) {
        let path = path.strip_prefix(root()).unwrap().to_owned();
        let module: Place = path
            .with_extension("")
            .components()
            .skip(1)
            .map(|part| part.as_os_str().to_str().unwrap().to_owned())
            .collect();
        let declares_rooms = ["lib", "transport", "transport/web"].contains(&module.join("/").as_str());
        if declares_rooms || module.iter().any(|name| name == "tests") {
            continue;
        }
        let is_main = path.ends_with("src/main.rs");
        let names: Vec<&str> = module.iter().map(String::as_str).filter(|_| !is_main).collect();
        let text = fs::read_to_string(root().join(&path)).unwrap();
        let named = imports::read(&names, if is_main { "session_manager" } else { "crate" }, &text).unwrap();
        sources.push(Source { path, module, named });
    }
    sources
}

/// The rooms behind a place: its own room, and the room of the item if the place only re-exports it.
fn rooms_behind(place: &[String], offers: &[ReExport]) -> Vec<&'static str> {
    let mut rooms: Vec<_> = room_of(place).into_iter().collect();
    for offer in offers {
        let Some((name, within)) =
            place.get(offer.module.len()).zip(Some(&place[..offer.module.len().min(place.len())]))
        else {
            continue;
        };
        // A glob re-exports everything; only an item of another room shows that something came through it.
        if within == offer.module.as_slice() && offer.name == *name && room_of(&offer.item) != room_of(&offer.module) {
            rooms.extend(room_of(&offer.item));
        }
    }
    rooms
}

#[test]
fn imports_point_down() {
    let sources = sources();
    let offers: Vec<ReExport> = sources.iter().flat_map(|source| source.named.re_exports.clone()).collect();
    let mut wrong = Vec::new();
    for source in &sources {
        let room = source.room();
        for place in &source.named.items {
            for other in rooms_behind(place, &offers) {
                let is_door = SAME_FLOOR.contains(&(room, other));
                let is_blind = BLIND.contains(&(room, other));
                if other != room && (is_blind || (floor(other) >= floor(room) && !is_door)) {
                    wrong.push(format!("{} ({room}) imports {} of {other}", source.path.display(), place.join("::")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A glob would hide from the test above which items come through it.
#[test]
fn no_room_offers_all_of_another() {
    let is_foreign = |offer: &ReExport| offer.name == "*" && room_of(&offer.item) != room_of(&offer.module);
    let wrong: Vec<_> = sources().into_iter().flat_map(|source| source.named.re_exports).filter(is_foreign).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_domain_has_no_shapes() {
    let is_wrong = |source: &&Source| {
        let names = |name: &str| source.named.foreign.iter().any(|path| path[0] == name);
        FOREIGN.iter().any(|(name, room)| source.room() == *room && names(name))
    };
    let sources = sources();
    let wrong: Vec<_> = sources.iter().filter(is_wrong).map(|source| &source.path).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn confined_crates_stay_in_their_room() {
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module.join("::");
        for (name, homes) in CONFINED {
            let is_named = source.named.foreign.iter().any(|path| {
                let first = &path[0];
                first == name || (name.ends_with('_') && first.starts_with(name))
            });
            let is_home = |home: &&str| module == *home || module.starts_with(&format!("{home}::"));
            if is_named && !homes.iter().any(is_home) {
                wrong.push(format!("{} names {name}, which belongs to {homes:?}", source.path.display()));
            }
        }
        if source.named.allows.iter().any(|lint| lint == "unsafe_code") && source.path != Path::new(UNSAFE) {
            wrong.push(format!("{} allows unsafe code, which belongs to {UNSAFE}", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// With `..` a conversion between a domain type and its stored or wire shape would drop a new field without an error.
#[test]
fn shapes_name_every_field() {
    let folders = ["src/store/records", "src/journal/wire", "src/http/wire"];
    let files: Vec<_> = folders.iter().flat_map(|folder| rust_files(&root().join(folder))).collect();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    let leaves_out =
        |path: &PathBuf| fs::read_to_string(path).unwrap().lines().filter(is_code).any(|line| line.contains(".."));
    let wrong: Vec<_> = files.iter().filter(|path| leaves_out(path)).collect();
    assert!(!files.is_empty() && wrong.is_empty(), "{wrong:#?}");
}

/// The id of a message holds the number of its chat, so the log gets it masked.
#[test]
fn no_log_line_has_a_whole_id() {
    let whole = |path: &PathBuf| fs::read_to_string(path).unwrap().contains("message_id = %");
    let wrong: Vec<_> = rust_files(&root().join("src")).into_iter().filter(whole).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_file_has_two_jobs() {
    let long: Vec<_> = ["src", "migrations/src", "tests"]
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > 400)
        .collect();
    assert!(long.is_empty(), "over 400 lines: {long:#?}");
}

#[test]
fn an_item_that_is_offered_further_counts_as_its_own_rooms() {
    let place = |text: &str| text.split("::").map(str::to_owned).collect::<Place>();
    let offers = [ReExport { module: place("journal"), name: "Page".to_owned(), item: place("store::log::Page") }];
    assert_eq!(rooms_behind(&place("journal::Page"), &offers), ["journal", "store"]);
    assert_eq!(rooms_behind(&place("journal::Journal"), &offers), ["journal"]);
}
