//! session-manager: keeps one WhatsApp Web account logged in behind a small HTTP API.
//!
//! Imports between these rooms point down only; `tests/house/main.rs` has the plan and enforces it.

pub mod app;
pub mod cli;
pub mod delivery;
pub mod domain;
pub mod host;
pub mod http;
pub mod inbound;
pub mod journal;
pub mod outbound;
pub mod store;
pub mod transport;
