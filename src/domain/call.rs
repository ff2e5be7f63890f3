//! Calls to and from the account.

/// What is known of a call now. A call is told again whenever its status is news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub id: String,
    /// The other side, `user@server`: mostly a LID. In a call of a group, who began it.
    pub peer: String,
    /// The other side's phone digits and LID, where the page knows them.
    pub phone: Option<String>,
    pub lid: Option<String>,
    /// The group that is called.
    pub group: Option<String>,
    /// This account calls.
    pub from_me: bool,
    pub video: bool,
    pub status: CallStatus,
    pub duration_s: Option<u32>,
    /// When the call was offered, in seconds since the epoch.
    pub t: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallStatus {
    /// It rings.
    Offered,
    /// A call of a group goes on.
    Ongoing,
    Missed,
    /// The caller gave up.
    Canceled,
    Failed,
    /// The page has no word for how it ended.
    Unknown,
    /// Refused, by this service or on another device.
    Rejected,
    /// Taken on another device of this account.
    AcceptedElsewhere,
    Completed,
}

impl CallStatus {
    pub const ALL: [Self; 9] = [
        Self::Offered,
        Self::Ongoing,
        Self::Missed,
        Self::Canceled,
        Self::Failed,
        Self::Unknown,
        Self::Rejected,
        Self::AcceptedElsewhere,
        Self::Completed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Ongoing => "ongoing",
            Self::Missed => "missed",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
            Self::AcceptedElsewhere => "accepted_elsewhere",
            Self::Completed => "completed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Says of two reports of one call which is the later one: reports arrive in any order. A refused call stays refused
    /// although the page then writes into the chat that it was missed.
    pub fn rank(self) -> u64 {
        match self {
            Self::Offered => 0,
            Self::Ongoing | Self::Missed | Self::Canceled | Self::Failed | Self::Unknown => 1,
            Self::Rejected | Self::AcceptedElsewhere | Self::Completed => 2,
        }
    }
}
