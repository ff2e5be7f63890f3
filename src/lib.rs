//! session-manager: keeps one WhatsApp Web account logged in behind a small HTTP API.
//!
//! The rooms, from the ground up; imports point down only (`tests/house.rs` enforces it).

pub mod config;
pub mod domain;
