//! Everything about the session, as `/status` answers.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Reason, State, Timestamp};
use crate::delivery;
use crate::domain::account;
pub use crate::journal::wire::Limits;
use crate::outbound;
use crate::transport::web::session::{self, LinkCode};

#[derive(Serialize, ToSchema)]
pub struct Status {
    /// The same as `state`.
    pub status: State,
    pub state: State,
    /// Whether the state is READY.
    pub connected: bool,
    /// `admin`: there is one.
    pub session: &'static str,
    pub needs_qr: bool,
    pub can_send_messages: bool,
    /// `NONE`, `WAIT`, `SCAN_QR`, `CONNECT` or `CHECK_SERVER`.
    pub recommended_action: &'static str,
    /// When the session came into this state.
    pub since: Timestamp,
    pub reason: Option<Reason>,
    /// One sentence that says what to do; empty if there is nothing to do.
    pub detail: String,
    pub reconnection_attempts: u32,
    /// The messages of an absence are being fetched.
    pub reconciling: bool,
    /// How far a first sync or the messages of an absence are; in AUTHENTICATED, once something moved.
    pub progress: Option<Progress>,
    pub account: Option<Account>,
    pub whatsapp_web_version: Option<String>,
    /// The page's document comes from the file of `WHATSAPP_WEB_HTML`, which pins its version.
    pub pinned: bool,
    pub browser_version: Option<String>,
    pub cliente_id: Option<String>,
    pub send: Sending,
    pub limits: Limits,
    /// One entry a delivery target.
    pub deliveries: Vec<TargetStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The code to scan, `data:image/png;base64,…`; only while there is one.
    pub qr_code_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qr: Option<Shown>,
}

/// Whether `POST /send` would be taken now.
#[derive(Serialize, ToSchema)]
pub struct Sending {
    /// `live`, `dry-run` or `off`.
    pub mode: &'static str,
    /// `SEND_VIA`: `web`, `cloud` or `auto`.
    pub via: &'static str,
    pub available: bool,
    /// Why `/send` is not available, in words.
    pub reason: Option<String>,
    /// Sends that wait for their turn.
    pub queued: usize,
    /// The files that are being uploaded to WhatsApp's server.
    pub uploads: Vec<Uploading>,
}

/// A file on its way to WhatsApp's server. Its message leaves after that.
#[derive(Serialize, ToSchema)]
pub struct Uploading {
    pub message_id: String,
    /// Bytes that the server has.
    pub loaded: u64,
    /// All bytes; 0 while the upload waits for others.
    pub total: u64,
}

impl From<outbound::Upload> for Uploading {
    fn from(upload: outbound::Upload) -> Self {
        let (loaded, total) = upload.progress();
        Self { message_id: upload.message_id.into_string(), loaded, total }
    }
}

/// The step of a first sync or of a backlog that made progress last.
#[derive(Serialize, ToSchema)]
pub struct Progress {
    /// `offline` (messages of an absence), `history`, `chats`, `app_state` or `critical`.
    pub step: String,
    pub done: Option<u64>,
    pub total: Option<u64>,
    pub moved_at: Timestamp,
}

/// A code without its picture.
#[derive(Serialize, ToSchema)]
pub struct Shown {
    pub attempt: u32,
    pub generated_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The linked account, as far as it is known.
#[derive(Serialize, ToSchema)]
pub struct Account {
    /// The phone number, digits only.
    pub phone: Option<String>,
    /// The account's LID, as `user@lid`.
    pub lid: Option<String>,
    /// The display name that the account's owner chose.
    pub pushname: Option<String>,
    /// The kind of phone, in WhatsApp's words.
    pub platform: Option<String>,
}

/// The state of a target in `/status`.
#[derive(Serialize, ToSchema)]
pub struct TargetStatus {
    pub target: String,
    /// The target's address, without parts that may be secret.
    pub address: String,
    /// Events that the target has not got yet.
    pub backlog: u64,
    /// Since when the oldest of these events waits.
    pub oldest_at: Option<Timestamp>,
    /// Since when the target has taken nothing.
    pub failing_since: Option<Timestamp>,
    /// The last error, in words.
    pub last_error: Option<String>,
    pub next_attempt_at: Option<Timestamp>,
    /// Events that were set aside until somebody asks for a new attempt.
    pub dead_letters: u64,
    /// Deliveries since the service started.
    pub delivered: u64,
    pub failed_attempts: u64,
    /// Attempts that the target did not answer in time.
    pub timeouts: u64,
    pub given_up: u64,
}

impl From<session::Progress> for Progress {
    fn from(progress: session::Progress) -> Self {
        let session::Progress { step, done, total, moved_at } = progress;
        Self { step, done, total, moved_at: moved_at.into() }
    }
}

impl From<&LinkCode> for Shown {
    fn from(code: &LinkCode) -> Self {
        Self { attempt: code.attempt, generated_at: code.generated_at.into(), expires_at: code.expires_at.into() }
    }
}

impl From<account::Account> for Account {
    fn from(account: account::Account) -> Self {
        let account::Account { phone, lid, pushname, platform } = account;
        Self { phone, lid, pushname, platform }
    }
}

impl From<delivery::TargetStatus> for TargetStatus {
    fn from(status: delivery::TargetStatus) -> Self {
        let delivery::TargetStatus {
            target,
            address,
            backlog,
            oldest_at,
            failing_since,
            last_error,
            next_attempt_at,
            dead_letters,
            delivered,
            failed_attempts,
            timeouts,
            given_up,
        } = status;
        Self {
            target,
            address,
            backlog,
            oldest_at: oldest_at.map(Timestamp::from),
            failing_since: failing_since.map(Timestamp::from),
            last_error,
            next_attempt_at: next_attempt_at.map(Timestamp::from),
            dead_letters,
            delivered,
            failed_attempts,
            timeouts,
            given_up,
        }
    }
}
