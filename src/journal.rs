//! The log that delivery, the API and the event stream follow: messages, and events of messages and of the session.

mod reader;
pub mod recorder;
pub mod retention;
pub mod wire;

pub use reader::{Journal, JournalError};
