//! The log that everybody follows: messages, and what happened to them and to the session.

mod reader;
pub mod recorder;
pub mod retention;

pub use reader::{Journal, JournalError};
