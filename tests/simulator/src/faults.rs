//! What can be broken. All of it can be changed at any time: live pages hear of it at once, later loads start with it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything that is broken at the moment; `Default` is nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// What the page does when it is told to send.
    pub send: SendFault,
    /// Where the page is held when it sends.
    pub hold: Option<SendStep>,
    /// What the server does with a message it is sent.
    pub server: ServerFault,
    /// Modules that the loader does not know.
    pub missing_modules: Vec<String>,
    /// Modules that go by another name: old name → new name.
    pub renamed_modules: BTreeMap<String, String>,
    /// Milliseconds (not scaled) that the server takes to answer with the document; until then the browser keeps the old one.
    pub slow_document_ms: u64,
    /// Milliseconds (not scaled) added before the page opens its socket.
    pub slow_boot_ms: u64,
    /// Milliseconds (not scaled) added before the first code.
    pub code_delay_ms: u64,
    /// How loading the earlier messages of a chat, beyond those in memory, fails.
    pub earlier: EarlierFault,
    /// A scan is accepted by the phone, and the new login is refused when the page connects with it.
    pub refuse_link: bool,
    /// The server does not hear of a logout that the page tells it.
    pub deaf_logout: bool,
    /// The page's socket goes to this state and stays there, now and on every load, until the fault is cleared.
    pub socket_state: Option<SocketState>,
    /// The server refuses every login, of those who are connected too.
    pub login: Option<LoginRefusal>,
    /// The server refuses pairing codes, by WhatsApp's name for it: `IQErrorRateOverlimit`, `IQErrorFeatureNotAvailable`…
    pub pairing: Option<String>,
    /// The server refuses messages with this number.
    pub nack: Option<u16>,
    /// The phone numbers that the account has blocked.
    pub blocked: Vec<String>,
    /// Groups the account is in that are not as usual, by id (`…@g.us`).
    pub groups: BTreeMap<String, Group>,
    /// The cap on new chats.
    pub new_chats: Option<NewChats>,
    /// No chats may be begun.
    pub timelock: Option<Timelock>,
}

/// How the server refuses a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRefusal {
    /// 401 and 406 unlink, 402 bans for a time, 403 locks, 405 and 409 call the page too old, 503 is out of service.
    pub reason: u16,
    /// Of a ban: its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Of a ban: how many seconds it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire: Option<u64>,
    /// Of a ban: WhatsApp's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Of a lock: WhatsApp's words, in two parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtext: Option<String>,
}

impl LoginRefusal {
    /// With this number and nothing more.
    pub fn of(reason: u16) -> Self {
        Self { reason, code: None, expire: None, message: None, header: None, subtext: None }
    }
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// Its members are named by LID, not by phone number.
    pub by_lid: bool,
    /// Only admins write.
    pub announce: bool,
    /// The account is one.
    pub admin: bool,
    /// The account has left it, or was removed.
    pub read_only: bool,
}

impl Default for Group {
    fn default() -> Self {
        Self { by_lid: true, announce: false, admin: false, read_only: false }
    }
}

/// The cap on new chats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewChats {
    /// `NONE`, `FIRST_WARNING`, `SECOND_WARNING` or `CAPPED`.
    pub status: String,
    pub used: u64,
    pub quota: u64,
    /// The end of the cycle, in Unix seconds.
    pub until_s: u64,
}

/// No chats may be begun for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timelock {
    /// Such as `DEFAULT`.
    pub kind: String,
    /// Its end, in Unix seconds.
    pub until_s: u64,
}

/// How the page fails to send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendFault {
    /// It sends.
    #[default]
    None,
    /// The call throws and nothing is added.
    Throw,
    /// The message is added with ack 0, the result never comes and nothing leaves.
    Hang,
    /// The message is added and fails in the page: its ack stays 0, it is marked as failed, and the result says so.
    Error,
}

/// How the page fails to load earlier messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlierFault {
    /// It loads them.
    #[default]
    None,
    /// It never comes to an end.
    Hang,
    /// The call throws.
    Throw,
}

/// A step of a send at which the page can be held. The mark `held:STEP` of the page's load says that it was reached; the
/// page goes on when it is held there no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendStep {
    /// It is asked whether the number is on WhatsApp.
    Exists,
    /// It is asked for a message id.
    NewId,
    /// It was given the message and has not stored it.
    Add,
    /// The message is stored and shown, and has not left.
    Transmit,
}

impl SendStep {
    /// The mark of a page that has reached it.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Exists => "held:exists",
            Self::NewId => "held:new_id",
            Self::Add => "held:add",
            Self::Transmit => "held:transmit",
        }
    }
}

/// How the server fails a message that has left the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerFault {
    /// It receives and acknowledges.
    #[default]
    None,
    /// It receives and delivers the message, and says nothing.
    NeverAck,
    /// It drops the message silently: it was never received.
    Drop,
}

/// A state that the page's socket can be forced into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SocketState {
    /// The page gave up.
    Unlaunched,
    /// Stays connecting.
    Opening,
    /// The account is blocked.
    TosBlock,
    /// The business account is blocked.
    SmbTosBlock,
    /// The network is blocked.
    #[serde(rename = "PROXYBLOCK")]
    ProxyBlock,
}

/// The network between the page and WhatsApp. The control API works in all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// All is well.
    #[default]
    Up,
    /// The cable is out: `navigator.onLine` false, sockets closed, page loads fail.
    Full,
    /// Only WhatsApp's server is gone: sockets closed and refused, `navigator.onLine` stays true, the page loads.
    ServerOnly,
}
