//! The faults that a test can set. All can be changed at any time: open pages get the change at once, later loads
//! start with it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// All current faults; `Default` is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// How the page fails to send.
    pub send: SendFault,
    /// The step of a send at which the page is held.
    pub hold: Option<SendStep>,
    /// How the server fails a message that it is sent.
    pub server: ServerFault,
    /// The modules that the loader does not know.
    pub missing_modules: Vec<String>,
    /// The modules that have another name: old name → new name.
    pub renamed_modules: BTreeMap<String, String>,
    /// Milliseconds (not scaled) before the server answers with the document; until then the browser keeps the old
    /// one.
    pub slow_document_ms: u64,
    /// Milliseconds (not scaled) added before the page opens its socket.
    pub slow_boot_ms: u64,
    /// Milliseconds (not scaled) added before the first code.
    pub code_delay_ms: u64,
    /// How loading the earlier messages of a chat, beyond those in memory, fails.
    pub earlier: EarlierFault,
    /// The phone accepts a scan, but the server refuses the new login when the page connects with it.
    pub refuse_link: bool,
    /// The server does not receive the page's logout.
    pub deaf_logout: bool,
    /// The page's socket goes to this state and stays there, now and on every load, until the fault is cleared.
    pub socket_state: Option<SocketState>,
    /// The server refuses every login, and ends the connections of those who are connected.
    pub login: Option<LoginRefusal>,
    /// The server refuses pairing codes, with WhatsApp's name for the error: `IQErrorRateOverlimit`,
    /// `IQErrorFeatureNotAvailable`…
    pub pairing: Option<String>,
    /// The server refuses messages with this number.
    pub nack: Option<u16>,
    /// The server takes edits so late that they no longer count: the page says so, and the receivers drop them.
    pub late_edits: bool,
    /// The phone numbers that the account has blocked.
    pub blocked: Vec<String>,
    /// The pictures of people, by number.
    pub pictures: BTreeMap<String, Picture>,
    /// The numbers that the server leaves out of its answer when it is asked for many at once.
    pub unanswered_numbers: Vec<String>,
    /// The numbers for whose sake the server refuses a whole question about many.
    pub refused_numbers: Vec<String>,
    /// What people say of themselves, by number.
    pub abouts: BTreeMap<String, String>,
    /// The profiles of businesses, by number: `address`, `description`, `email`, `latitude`, `longitude`, `websites`,
    /// `categories` (id and name), `timezone`, `hours` (`day`, `mode`, `open`, `close`); or `refuse`, a number.
    pub businesses: BTreeMap<String, Value>,
    /// The people who cannot be added to groups: number → WhatsApp's number of the refusal.
    pub group_refusals: BTreeMap<String, u16>,
    /// The requests about groups that the server answers with an error: what is asked (`create`, `people`, `subject`,
    /// `description`, the name of a setting, `invite`, `reset_invite`, `about`, `join`, `leave`) → the error's number. With
    /// a number of 500 or more, and with 408, it does what it is asked all the same.
    pub group_errors: BTreeMap<String, u16>,
    /// The server answers about the people of a request in the opposite order, under LIDs that no page knows.
    pub group_answers_strange: bool,
    /// How the phone answers when a page asks it to upload a file again.
    pub reupload: Reupload,
    /// How the host of files answers uploads, one after the other; the last answer stays. Empty: it takes them.
    pub uploads: Vec<UploadAnswer>,
    /// Milliseconds (not scaled) before the host answers an upload.
    pub slow_upload_ms: u64,
    /// The cap on new chats.
    pub new_chats: Option<NewChats>,
    /// No chats may be started.
    pub timelock: Option<Timelock>,
}

/// How the server refuses a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRefusal {
    /// 401 and 406 unlink, 402 bans for a time, 403 locks, 405 and 409 call the page too old, 503 is out of service.
    pub reason: u16,
    /// Only of a ban: its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// Only of a ban: how many seconds it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire: Option<u64>,
    /// Only of a ban: WhatsApp's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Only of a lock: WhatsApp's text, in two parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtext: Option<String>,
}

impl LoginRefusal {
    /// A refusal with this number and no other field.
    pub fn of(reason: u16) -> Self {
        Self { reason, code: None, expire: None, message: None, header: None, subtext: None }
    }
}

/// The picture of somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Picture {
    /// The bytes of a JPEG, in base64.
    pub jpeg: String,
    /// They show it to nobody.
    pub hidden: bool,
    /// How the host of files sends it.
    pub host: PictureHost,
}

/// How the host of files sends a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureHost {
    /// All of it.
    #[default]
    Whole,
    /// The first bytes, and then nothing.
    Stalls,
    /// It again and again, without an end, and without saying how long it is.
    Endless,
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

/// For a time no chats may be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timelock {
    /// The kind of lock, such as `DEFAULT`.
    pub kind: String,
    /// The end of the lock, in Unix seconds.
    pub until_s: u64,
}

/// How the page fails to send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendFault {
    /// The page sends.
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
    /// The page loads them.
    #[default]
    None,
    /// The load never ends.
    Hang,
    /// The call throws.
    Throw,
}

/// How the phone answers when a page asks it to upload a file again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reupload {
    /// It uploads the file.
    #[default]
    Success,
    /// It has lost the file.
    NotFound,
    /// It cannot decrypt the request.
    DecryptionError,
    /// It fails.
    GeneralError,
    /// It is off, or does not answer.
    Silent,
}

impl Reupload {
    /// WhatsApp's number of the answer, if there is one.
    pub(crate) const fn result(self) -> Option<u8> {
        match self {
            Self::GeneralError => Some(0),
            Self::Success => Some(1),
            Self::NotFound => Some(2),
            Self::DecryptionError => Some(3),
            Self::Silent => None,
        }
    }
}

/// How the host of files answers an upload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UploadAnswer {
    /// It takes the file.
    #[default]
    Take,
    /// The connection breaks.
    Cut,
    /// It never answers.
    Hang,
    /// It refuses with this status.
    #[serde(untagged)]
    Status(u16),
}

/// A step of a send at which the page can be held. The mark `held:STEP` of the page's load shows that the page reached
/// the step; the page continues once it is no longer held there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendStep {
    /// The page is asked whether the number is on WhatsApp.
    Exists,
    /// The page is asked for a message id.
    NewId,
    /// The page got the message and has not stored it.
    Add,
    /// The message is stored and shown, and has not left.
    Transmit,
}

impl SendStep {
    /// The mark of a page that has reached the step.
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
    /// The server receives and acknowledges messages.
    #[default]
    None,
    /// The server receives and delivers the message, but does not acknowledge it.
    NeverAck,
    /// The server drops the message silently: it was never received.
    Drop,
}

/// A state that a test can force on the page's socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SocketState {
    /// The page gave up.
    Unlaunched,
    /// The page stays in OPENING.
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
    /// The network works.
    #[default]
    Up,
    /// The network is down: `navigator.onLine` false, sockets closed, page loads fail.
    Full,
    /// Only WhatsApp's server is gone: sockets closed and refused, `navigator.onLine` stays true, the page loads.
    ServerOnly,
}
