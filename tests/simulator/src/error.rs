//! The errors of the simulator's operations.

use std::time::Duration;

/// Why an operation of the simulator failed. Every variant is caused by the caller or the machine; the page's own
/// failures show in the page.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The listening socket could not be opened.
    #[error("the simulator could not listen on port {port}")]
    Listen {
        /// The requested port (0 = any).
        port: u16,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// The certificate for the TLS listener could not be created.
    #[error("the simulator could not make its certificate: {0}")]
    Certificate(String),
    /// A code that is not five comma-separated fields, or has an empty or `undefined` one.
    #[error("the code is malformed: {0}")]
    CodeMalformed(&'static str),
    /// A code that was valid once and has expired.
    #[error("the code has expired")]
    CodeExpired,
    /// A code whose ref no page ever showed, or whose keys are not those of the page that shows it.
    #[error("no page shows this code: {0}")]
    CodeUnknown(&'static str),
    /// No page is waiting for a phone, or its code has not arrived yet.
    #[error("no page shows a code")]
    NoCode,
    /// There is no live device, page or message of that name.
    #[error("no such {what}: {name}")]
    NotFound {
        /// The kind of thing that was searched.
        what: &'static str,
        /// The name that was searched.
        name: String,
    },
    /// A number that is not 6 to 15 digits.
    #[error("not a phone number (6 to 15 digits): {0}")]
    BadNumber(String),
    /// A request to the control API that cannot be read.
    #[error("the request cannot be read: {0}")]
    BadRequest(String),
    /// A wait that reached its deadline.
    #[error("waited {waited:?} in vain for {what}; the record then: {record}")]
    Timeout {
        /// The awaited condition, in the caller's words.
        what: String,
        /// How long the wait took.
        waited: Duration,
        /// The record at the deadline, as JSON.
        record: String,
    },
    /// The simulator was stopped while waiting.
    #[error("the simulator has stopped")]
    Stopped,
}
