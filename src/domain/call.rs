//! Calls to the account.

/// Somebody calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub id: String,
    /// The caller, `user@server`: mostly a LID.
    pub peer: String,
    /// The caller's phone digits, where the page knows them.
    pub phone: Option<String>,
    /// The group that is called.
    pub group: Option<String>,
    pub video: bool,
    /// The call was offered while the device was away: it no longer rings.
    pub offline: bool,
    /// Seconds since the epoch.
    pub t: u64,
}

/// A call is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallEnd {
    pub id: String,
    /// WhatsApp's word: `Missed`, `Completed`, `Rejected`…
    pub outcome: String,
    pub duration_s: Option<u32>,
}
