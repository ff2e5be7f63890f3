//! session-manager: keeps one WhatsApp Web account logged in behind a small HTTP API.
//!
//! The rooms, from the ground up; imports point down only (`tests/house.rs` enforces it).

pub mod app;
pub mod browser;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod domain;
pub mod http;
pub mod inbound;
pub mod init;
pub mod instance;
pub mod listen;
pub mod metrics;
pub mod outbound;
pub mod recorder;
pub mod secret;
pub mod session;
pub mod shutdown;
pub mod store;
pub mod supervisor;
pub mod tasks;
pub mod telemetry;
pub mod whatsapp;
