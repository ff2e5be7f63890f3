//! WhatsApp Web in a browser of ours.
//!
//! ```text
//! session    the states of the login, and the driver that acts on them
//! whatsapp   the page: the adapter that runs in it, what it is asked and what it reports
//! browser    Chrome: its process, its debugging pipe, its profile
//! ```

pub mod browser;
pub mod session;
pub mod whatsapp;
