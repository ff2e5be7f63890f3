//! Whether the Cloud API can be used.

/// What is known of the token and the number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nothing was asked yet.
    Unknown,
    Good(Number),
    /// A person has to give the service another token.
    Unauthorized(String),
    /// Meta cannot be reached, or answers nothing of use.
    Unreachable(String),
}

/// The number that sends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// Digits only.
    pub phone: Option<String>,
    pub name: Option<String>,
    /// Meta's word for how people take its messages: GREEN, YELLOW, RED.
    pub quality: Option<String>,
    /// The version in which Meta answered: another than the one asked for, where that has reached its end.
    pub version: Option<String>,
    /// The time at Meta's server when it answered, in seconds since the epoch.
    pub server_time: Option<u64>,
}
