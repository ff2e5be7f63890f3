//! `GET /status`: everything there is to know about the session, in one answer.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::delivery::TargetStatus;
use crate::domain::account::Account;
use crate::domain::limits;
use crate::domain::state::{self, Reason, SESSION};
use crate::domain::time::Timestamp;
use crate::host::config::Config;
use crate::transport::web::session::{LinkCode, Progress, Snapshot};

use crate::http::App;

#[derive(Serialize, ToSchema)]
pub struct Status {
    /// The same as `state`.
    status: state::State,
    state: state::State,
    /// Whether the state is READY.
    connected: bool,
    /// `admin`: there is one.
    session: &'static str,
    needs_qr: bool,
    can_send_messages: bool,
    /// `NONE`, `WAIT`, `SCAN_QR`, `CONNECT` or `CHECK_SERVER`.
    recommended_action: &'static str,
    /// When the session came into this state.
    since: Timestamp,
    reason: Option<Reason>,
    /// One sentence that says what to do; empty where nothing is.
    detail: String,
    reconnection_attempts: u32,
    /// What was missed is being fetched.
    reconciling: bool,
    /// How far a first sync or the messages of an absence are; in AUTHENTICATED, once something moved.
    progress: Option<Moved>,
    account: Option<Account>,
    whatsapp_web_version: Option<String>,
    /// The page's document comes from the file of `WHATSAPP_WEB_HTML`, which pins its version.
    pinned: bool,
    browser_version: Option<String>,
    cliente_id: Option<String>,
    send: Sending,
    limits: Limits,
    /// One entry a delivery target.
    deliveries: Vec<TargetStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The code to scan, `data:image/png;base64,…`; only while there is one.
    qr_code_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    qr: Option<Shown>,
}

/// Whether `POST /send` would be taken now.
#[derive(Serialize, ToSchema)]
struct Sending {
    /// `live`, `dry-run` or `off`.
    mode: &'static str,
    available: bool,
    /// Why not, in words.
    reason: Option<String>,
    /// Sends that wait for their turn.
    queued: usize,
}

/// What of a first sync, or of a backlog, moved last.
#[derive(Serialize, ToSchema)]
#[schema(as = Progress)]
struct Moved {
    /// `offline` (messages of an absence), `history`, `chats`, `app_state` or `critical`.
    step: String,
    done: Option<u64>,
    total: Option<u64>,
    moved_at: Timestamp,
}

/// WhatsApp's own limits on this account, as WhatsApp Web knows them.
#[derive(Serialize, ToSchema)]
struct Limits {
    /// New chats that may be begun in a cycle.
    new_chats: Option<NewChats>,
    /// No chats may be begun for a time.
    timelock: Option<Timelock>,
    /// The account is banned for a time.
    ban: Option<Banned>,
}

#[derive(Serialize, ToSchema)]
struct NewChats {
    status: limits::NewChatsStatus,
    used: Option<u64>,
    quota: Option<u64>,
    /// When the cycle ends.
    until: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
struct Timelock {
    /// WhatsApp's word for it.
    kind: String,
    until: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
struct Banned {
    /// WhatsApp's number for the reason.
    code: Option<i64>,
    message: Option<String>,
    /// It is not tried before.
    until: Option<Timestamp>,
}

impl Limits {
    fn of(session: &Snapshot) -> Self {
        let at = |seconds: u64| Timestamp::from_millis(seconds.saturating_mul(1000));
        let limits::Limits { new_chats, timelock } = session.limits.clone();
        let new_chats = new_chats.map(|cap| NewChats {
            status: cap.status,
            used: cap.used,
            quota: cap.quota,
            until: cap.until_s.map(at),
        });
        let timelock = timelock.map(|lock| Timelock { kind: lock.kind, until: lock.until_s.map(at) });
        let ban = session.ban.clone().map(|ban| Banned { code: ban.code, message: ban.message, until: ban.until });
        Self { new_chats, timelock, ban }
    }
}

/// A code without its picture.
#[derive(Serialize, ToSchema)]
struct Shown {
    attempt: u32,
    generated_at: Timestamp,
    expires_at: Timestamp,
}

impl From<&LinkCode> for Shown {
    fn from(code: &LinkCode) -> Self {
        Self { attempt: code.attempt, generated_at: code.generated_at, expires_at: code.expires_at }
    }
}

impl Status {
    /// Before there is a session: `detail` says what the start waits for.
    pub(in crate::http) fn without_session(
        config: &Config,
        state: state::State,
        since: Timestamp,
        detail: String,
    ) -> Self {
        let send = Sending { mode: config.send.mode.name(), available: false, reason: Some(detail.clone()), queued: 0 };
        Self {
            status: state,
            state,
            connected: false,
            session: SESSION,
            needs_qr: false,
            can_send_messages: false,
            recommended_action: recommended(state),
            since,
            reason: None,
            detail,
            reconnection_attempts: 0,
            reconciling: false,
            progress: None,
            account: None,
            whatsapp_web_version: None,
            pinned: config.browser.html.is_some(),
            browser_version: None,
            cliente_id: config.session.cliente_id.clone(),
            send,
            limits: Limits { new_chats: None, timelock: None, ban: None },
            deliveries: Vec::new(),
            qr_code_base64: None,
            qr: None,
        }
    }
}

/// What the one who looks should do.
fn recommended(state: state::State) -> &'static str {
    match state {
        state::State::Ready => "NONE",
        state::State::QrRequired => "SCAN_QR",
        state::State::Disconnected => "CONNECT",
        state::State::Error => "CHECK_SERVER",
        state::State::Init | state::State::Authenticated | state::State::Reconnecting => "WAIT",
    }
}

/// Everything there is to know about the session
#[utoipa::path(get, path = "/status", operation_id = "status", tag = "session", responses((status = 200, body = Status)))]
pub async fn status(State(app): State<App>) -> Json<Status> {
    let availability = app.outbound.availability().await;
    let session = app.session.snapshot();
    let trouble = app.outbound.trouble();
    let available = availability.is_open() && trouble.is_none();
    let code = session.code.as_deref();
    Json(Status {
        status: session.state,
        state: session.state,
        connected: session.state == state::State::Ready,
        session: SESSION,
        needs_qr: session.state == state::State::QrRequired,
        can_send_messages: available,
        recommended_action: recommended(session.state),
        since: session.since,
        reason: session.reason,
        detail: session.detail.clone(),
        reconnection_attempts: session.attempts,
        reconciling: session.state == state::State::Ready && *app.reconciling.borrow(),
        progress: session.progress.clone().map(|Progress { step, done, total, moved_at }| Moved {
            step,
            done,
            total,
            moved_at,
        }),
        account: session.account.clone(),
        whatsapp_web_version: session.web_version.clone(),
        pinned: session.pinned,
        browser_version: session.browser_version.clone(),
        cliente_id: app.config.session.cliente_id.clone(),
        send: Sending {
            mode: app.outbound.mode().name(),
            available,
            reason: availability.reason().or(trouble),
            queued: app.outbound.queued(),
        },
        limits: Limits::of(&session),
        deliveries: app.deliveries.status(),
        qr_code_base64: code.map(|code| code.data_url.clone()),
        qr: code.map(Shown::from),
    })
}
