//! The whole service against a real Chromium and the simulator: in this process where the timings are scaled, as a
//! process of its own where that is what is tested.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod http;
mod link;
mod messages;
mod once;
mod pacing;
mod process;
mod recovery;
mod refusals;
mod send;
mod soak;
mod two_accounts;
mod world;
