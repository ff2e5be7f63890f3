//! session-manager: keeps one WhatsApp Web account logged in behind a small HTTP API.
//!
//! Imports between these modules point down only; `tests/house/main.rs` lists their layers and enforces this.

pub mod app;
pub mod blobs;
pub mod cli;
pub mod delivery;
pub mod directory;
pub mod domain;
pub mod host;
pub mod http;
pub mod inbound;
pub mod journal;
pub mod outbound;
pub mod store;
pub mod transport;
