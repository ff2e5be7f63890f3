//! session-manager: keeps one WhatsApp Web account logged in behind a small HTTP API.
//!
//! The rooms, from the ground up; imports point down only (`tests/house.rs` enforces it).

pub mod browser;
pub mod config;
pub mod domain;
pub mod session;
pub mod store;
pub mod whatsapp;
