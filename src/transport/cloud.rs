//! Meta's Cloud API: messages by HTTPS calls, and Meta's webhook for what becomes of them and what people write.
//!
//! ```text
//! client     the calls: a message, a file, the number; whether the token is good
//! form       the form of an upload
//! upload     a file is uploaded for a message
//! health     whether the token and the number are good
//! errors     what Meta's numbers mean for a message
//! marks      messages are marked as read, and typing is shown
//! limits     what Meta takes, checked before a call
//! pairs      recipients who got too much for a while
//! sending    sending by the Cloud API, as every transport does it
//! webhook    what Meta tells, verified and parsed
//! shapes     Meta's JSON
//! ```
//!
//! The Cloud API has no id for a message before it takes it, so a message is sent at most once: it carries the service's own
//! reference, which Meta's reports repeat.

mod client;
mod errors;
mod form;
mod health;
mod limits;
mod marks;
mod pairs;
mod sending;
mod shapes;
mod upload;
pub mod webhook;

pub use client::{Client, Download, MediaFailure};
pub use errors::final_refusal;
pub use health::{Health, Number};
