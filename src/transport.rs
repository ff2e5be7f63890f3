//! The ways out to WhatsApp.

pub mod web;
