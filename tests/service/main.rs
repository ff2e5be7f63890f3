//! Tests of the whole service with a real Chromium and the simulator: in this process if the timings are scaled, and
//! as a process of its own if the process itself is tested.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acts;
mod acts_killed;
mod acts_repeated;
mod acts_routes;
mod acts_send;
mod bodies;
mod cloud;
mod contacts;
mod container;
mod conversation;
mod delivery;
mod directory;
mod disk;
mod docs;
mod edits;
mod events;
mod fetching;
mod files_broken;
mod files_out;
mod forwards;
mod group_failures;
mod groups;
mod http;
mod hub;
mod link;
mod lookups;
/// The small files that the tests of `src/files` make.
#[allow(dead_code)]
#[path = "../../src/files/tests/builders.rs"]
mod made;
mod media;
mod memory;
mod messages;
mod metrics;
mod notices;
mod once;
mod pacing;
mod presence;
mod process;
mod proxy;
mod readme;
mod receipts;
mod receiver;
mod recovery;
mod recycle;
mod refusals;
mod refused_logins;
mod requests;
mod send;
mod slow;
mod soak;
mod torn;
mod true_page;
mod two_accounts;
mod uploads;
mod world;
