//! WhatsApp Web in a browser that this service runs.
//!
//! ```text
//! sending    sending by the page, as every transport does it
//! session    the states of the login, and the driver that acts on them
//! whatsapp   the page: the adapter that runs in it, the calls to it and its reports
//! browser    Chrome: its process, its debugging pipe, its profile
//! ```

pub mod browser;
mod sending;
pub mod session;
pub mod whatsapp;
