//! The transports to WhatsApp.

pub mod web;
