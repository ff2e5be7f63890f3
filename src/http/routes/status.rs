//! `GET /status`: everything about the session, in one answer.

use axum::Json;
use axum::extract::State;

use crate::domain::state::{SESSION, State as SessionState};
use crate::domain::time::Timestamp;
use crate::host::config::Config;

use crate::http::App;
use crate::http::routes::health::is_without_page;
use crate::http::wire::status::{Account, Limits, Progress, Sending, Shown, Status, TargetStatus, Uploading};
use crate::transport::cloud::{Client, Health};

impl Status {
    /// The answer before there is a session: `detail` says what the start waits for.
    pub(in crate::http) fn without_session(
        config: &Config,
        state: SessionState,
        since: Timestamp,
        detail: String,
    ) -> Self {
        let send = Sending {
            mode: config.send.mode.name(),
            via: config.send.via.name(),
            available: false,
            reason: Some(detail.clone()),
            queued: 0,
            uploads: Vec::new(),
        };
        Self {
            status: state.into(),
            state: state.into(),
            connected: false,
            session: SESSION,
            needs_qr: false,
            can_send_messages: false,
            recommended_action: recommended(state),
            since: since.into(),
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

/// `recommended_action` where nothing but the Cloud API is used.
fn recommended_by_cloud(health: &Health) -> &'static str {
    match health {
        Health::Good(_) => "NONE",
        // A person has to give the service another token, or to see to the number at Meta.
        Health::Unauthorized(_) | Health::Disabled(..) => "CHECK_SERVER",
        Health::Unknown | Health::Unreachable(_) => "WAIT",
    }
}

fn detail_of_cloud(health: &Health) -> String {
    match health {
        Health::Good(_) => "Messages go by the Cloud API; no browser is used.".to_owned(),
        Health::Unauthorized(why) => format!("{why}. Give the service a valid token."),
        Health::Disabled(_, why) => format!("The Cloud API sends nothing for the number: {why}. See WhatsApp Manager."),
        Health::Unknown => "The Cloud API has not answered yet.".to_owned(),
        Health::Unreachable(why) => format!("The Cloud API cannot be used: {why}."),
    }
}

/// `recommended_action` of a state.
fn recommended(state: SessionState) -> &'static str {
    match state {
        SessionState::Ready => "NONE",
        SessionState::QrRequired => "SCAN_QR",
        SessionState::Disconnected => "CONNECT",
        SessionState::Error => "CHECK_SERVER",
        SessionState::Init | SessionState::Authenticated | SessionState::Reconnecting => "WAIT",
    }
}

/// Everything about the session
#[utoipa::path(get, path = "/status", operation_id = "status", tag = "session", responses((status = 200, body = Status)))]
pub async fn status(State(app): State<App>) -> Json<Status> {
    let availability = app.outbound.availability().await;
    let session = app.session.snapshot();
    let trouble = app.outbound.trouble();
    let available = availability.is_open() && trouble.is_none();
    let code = session.code.as_deref();
    // Without a page the Cloud API is all there is to say something about.
    let health = app.cloud.as_ref().filter(|_| is_without_page(&app)).map(Client::health);
    let cloud = health.as_ref();
    Json(Status {
        status: session.state.into(),
        state: session.state.into(),
        connected: session.state == SessionState::Ready,
        session: SESSION,
        needs_qr: session.state == SessionState::QrRequired,
        can_send_messages: available,
        recommended_action: cloud.map_or_else(|| recommended(session.state), recommended_by_cloud),
        since: session.since.into(),
        reason: session.reason.map(Into::into),
        detail: cloud.map_or_else(|| session.detail.clone(), detail_of_cloud),
        reconnection_attempts: session.attempts,
        reconciling: session.state == SessionState::Ready && *app.reconciling.borrow(),
        progress: session.progress.clone().map(Progress::from),
        account: session.account.clone().map(Account::from),
        whatsapp_web_version: session.web_version.clone(),
        pinned: session.pinned,
        browser_version: session.browser_version.clone(),
        cliente_id: app.config.session.cliente_id.clone(),
        send: Sending {
            mode: app.outbound.mode().name(),
            via: app.config.send.via.name(),
            available,
            reason: availability.reason().or(trouble),
            queued: app.outbound.queued(),
            uploads: app.outbound.uploads().into_iter().map(Uploading::from).collect(),
        },
        limits: Limits::new(session.limits.clone().unwrap_or_default(), session.ban.clone()),
        deliveries: app.deliveries.status().into_iter().map(TargetStatus::from).collect(),
        qr_code_base64: code.map(|code| code.data_url.clone()),
        qr: code.map(Shown::from),
    })
}
