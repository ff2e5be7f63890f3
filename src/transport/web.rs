//! WhatsApp Web in a browser that this service runs.
//!
//! ```text
//! session    the states of the login, and the driver that acts on them
//! whatsapp   the page: the adapter that runs in it, the calls to it and its reports
//! browser    Chrome: its process, its debugging pipe, its profile
//! ```

pub mod browser;
pub mod session;
pub mod whatsapp;
