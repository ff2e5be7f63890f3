//! The handle with which other modules use the session: they send requests and get typed answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use crate::domain::address::PhoneNumber;
use crate::domain::group::GroupFailure;
use crate::domain::secret::Secret;
use crate::domain::state::{NotReady, State};
use crate::domain::time::Timestamp;
use crate::host::activity::Activity;
use crate::transport::web::browser::{Size, Usage, usage};
use crate::transport::web::whatsapp::{Page, PageError};

use super::presences::{Board, Following};
use super::snapshot::Snapshot;

/// Room for requests that wait for the driver; it takes each in microseconds, so a full queue means that it is stuck.
pub(super) const REQUESTS: usize = 64;
/// A driver that has not turned for this long is stuck: it turns every few seconds even with nothing to do.
const STUCK: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error("the session has too much to do at the moment; try again in a few seconds")]
    Busy,
    #[error("the service is stopping")]
    Stopped,
    #[error("{}", NotReady(*.0))]
    NotReady(State),
    #[error("the session is {0} and not waiting for a phone; a pairing code can be had in QR_REQUIRED only")]
    NotWaitingForLink(State),
    #[error("the session is not connected; with {{\"force\":true}} the stored login is removed all the same")]
    NotConnected,
    #[error(
        "the stored login could not be removed ({0}): see that the service may write in TOKENS_DIR, then try again with \
         {{\"force\":true}}"
    )]
    NotRemoved(std::io::Error),
    #[error("WhatsApp did not confirm the unlinking; try again, or with {{\"force\":true}}")]
    NotUnlinked,
    /// The text names the modules.
    #[error(
        "WhatsApp Web changed and the page lacks what this needs ({0}): update session-manager or set ADAPTER_PATH"
    )]
    PageLacks(String),
    /// The text names the module.
    #[error("this build of WhatsApp Web does not give what this needs ({0})")]
    NotAvailable(String),
    #[error(transparent)]
    Group(GroupFailure),
    #[error("the number is not on WhatsApp")]
    NotOnWhatsApp,
    #[error("nobody but its admins can write to this chat, or this account is no longer in it: {0}")]
    ChatReadOnly(String),
    #[error("this account has blocked the contact: unblock it on the phone to write to it")]
    ContactBlocked,
    #[error("a pairing code is being asked for already; wait for that answer")]
    PairingBusy,
    #[error("WhatsApp gives no more pairing codes for now; scan the code instead, or try again later")]
    PairingLimited,
    #[error("the phone's WhatsApp is too old for pairing codes: update it, or scan the code instead")]
    PhoneAppTooOld,
    #[error("WhatsApp does not take this number: it must be the phone's own, digits with the country")]
    InvalidNumber,
    /// The page's connection loop has ended: only a new document can connect again.
    #[error("the page has stopped connecting")]
    LoopEnded,
    /// The page answered with a refusal.
    #[error("WhatsApp Web refused: {0}")]
    Refused(String),
    /// It is unknown whether the action happened.
    #[error("WhatsApp Web did not answer: {0}")]
    NoAnswer(String),
}

impl From<PageError> for SessionError {
    fn from(error: PageError) -> Self {
        match error {
            PageError::Missing(modules) => Self::PageLacks(modules),
            PageError::NotOnWhatsApp => Self::NotOnWhatsApp,
            PageError::ChatReadOnly(why) => Self::ChatReadOnly(why),
            PageError::ContactBlocked => Self::ContactBlocked,
            PageError::PairingBusy => Self::PairingBusy,
            PageError::PairingLimited => Self::PairingLimited,
            PageError::PhoneAppTooOld => Self::PhoneAppTooOld,
            PageError::InvalidNumber => Self::InvalidNumber,
            PageError::LoopEnded => Self::LoopEnded,
            PageError::NotWaiting => Self::NotWaitingForLink(State::QrRequired),
            error @ (PageError::MediaTooLarge(_) | PageError::MediaType(_) | PageError::MediaUploadFailed(_)) => {
                Self::Refused(error.to_string())
            }
            PageError::Refused(why) => Self::Refused(why),
            PageError::NotAvailable(module) => Self::NotAvailable(module),
            PageError::Group(failure) => Self::Group(failure),
            PageError::MessageAbsent
            | PageError::ChatAbsent
            | PageError::NoPicture
            | PageError::PinLimit(_)
            | PageError::NotPossible(_)
            | PageError::MentionUnknown(_)
            | PageError::MediaGone(_)
            | PageError::MediaNotHere(_)
            | PageError::MediaBroken(_)
            | PageError::MediaLater(_) => Self::Refused(error.to_string()),
            PageError::Unconfirmed(why) => Self::NoAnswer(why),
            PageError::Lost(error) => Self::NoAnswer(error.to_string()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected {
    /// A browser was already running or starting.
    pub already: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedOut {
    /// The login is removed here, but the phone was not told.
    pub phone_still_lists: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairingCode {
    pub code: Secret,
    pub expires_at: Timestamp,
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, SessionError>>;

pub(super) enum Request {
    Connect(Reply<Connected>),
    Disconnect(Reply<()>),
    LogOut { force: bool, reply: Reply<LoggedOut> },
    PairingCode { phone: PhoneNumber, reply: Reply<PairingCode> },
    DropPairingCode(Reply<()>),
    SendsUnconfirmed,
}

/// Shows that the driver is turning, and whether its browser answers.
#[derive(Debug)]
pub(super) struct Pulse {
    started: Instant,
    last_ms: AtomicU64,
    /// The browser's process id; 0 if none runs.
    browser: AtomicI32,
    /// How many microseconds the renderer's last answer took; 0 before the first.
    heartbeat_us: AtomicU64,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            last_ms: AtomicU64::new(0),
            browser: AtomicI32::new(0),
            heartbeat_us: AtomicU64::new(0),
        }
    }

    pub(super) fn beat(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(now, Ordering::Relaxed);
    }

    pub(super) fn runs(&self, browser: Option<i32>) {
        self.browser.store(browser.unwrap_or(0), Ordering::Relaxed);
        self.heartbeat_us.store(0, Ordering::Relaxed);
    }

    pub(super) fn heartbeat(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.heartbeat_us.store(micros.max(1), Ordering::Relaxed);
    }

    fn is_steady(&self) -> bool {
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(last) < STUCK
    }
}

#[derive(Clone)]
pub struct Handle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    /// The page of the current browser. The driver removes it before it closes the browser.
    pub(super) pages: watch::Receiver<Option<Page>>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) activity: Activity,
    pub(super) profile_size: watch::Receiver<Option<Size>>,
    pub(super) presences: watch::Receiver<Board>,
}

impl Handle {
    /// The session's current state.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// A receiver of all later snapshots.
    pub fn watch(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshots.clone()
    }

    /// Follows the changes of people's presence from now on.
    pub fn presences(&self) -> Following {
        Following::new(self.presences.clone())
    }

    /// False when the driver is stuck or gone.
    pub fn is_alive(&self) -> bool {
        !self.requests.is_closed() && self.pulse.is_steady()
    }

    /// How long the renderer's last answer took; None before the first.
    pub fn heartbeat(&self) -> Option<Duration> {
        let micros = self.pulse.heartbeat_us.load(Ordering::Relaxed);
        (micros > 0).then(|| Duration::from_micros(micros))
    }

    /// The browser's current use of resources; None if none runs.
    pub async fn browser_usage(&self) -> Option<Usage> {
        let pid = self.pulse.browser.load(Ordering::Relaxed);
        if pid == 0 {
            return None;
        }
        tokio::task::spawn_blocking(move || usage(pid)).await.ok().flatten()
    }

    /// The work that needs the browser: a planned restart of the browser waits until there is none.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// What the profile takes on the disk, as it was last measured.
    pub fn profile_size(&self) -> Option<Size> {
        *self.profile_size.borrow()
    }

    /// Starts the session if it is stopped; does not wait for the browser.
    pub async fn connect(&self) -> Result<Connected, SessionError> {
        self.ask(Request::Connect).await
    }

    /// Closes the browser and keeps the login; returns once the browser is closed.
    pub async fn disconnect(&self) -> Result<(), SessionError> {
        self.ask(Request::Disconnect).await
    }

    /// Unlinks the device and removes the stored login; with `force` also if WhatsApp cannot be told.
    pub async fn log_out(&self, force: bool) -> Result<LoggedOut, SessionError> {
        self.ask(|reply| Request::LogOut { force, reply }).await
    }

    /// Reports that WhatsApp's server acknowledged none of the last sends although the connection seemed up.
    pub fn sends_unconfirmed(&self) {
        // A full queue means that the driver is stuck, which has its own alarm.
        let _ = self.requests.try_send(Request::SendsUnconfirmed);
    }

    pub async fn pairing_code(&self, phone: PhoneNumber) -> Result<PairingCode, SessionError> {
        self.ask(|reply| Request::PairingCode { phone, reply }).await
    }

    /// Ends the pairing code, if one is in use: codes to scan come back.
    pub async fn drop_pairing_code(&self) -> Result<(), SessionError> {
        self.ask(Request::DropPairingCode).await
    }

    /// The page, for direct calls in the state that the caller needs. The caller judges the answers; actions that
    /// change the session go through requests.
    pub fn page(&self, needed: State) -> Result<Page, SessionError> {
        if self.requests.is_closed() {
            return Err(SessionError::Stopped);
        }
        let state = self.snapshot().state;
        let page = self.pages.borrow().clone().filter(|_| state == needed);
        page.ok_or(match needed {
            State::QrRequired => SessionError::NotWaitingForLink(state),
            _ => SessionError::NotReady(state),
        })
    }

    /// The page in any state of the session, for questions about the page itself.
    pub fn any_page(&self) -> Result<Page, SessionError> {
        let page = self.pages.borrow().clone();
        page.ok_or_else(|| SessionError::NotReady(self.snapshot().state))
    }

    /// The document of the page that runs now.
    pub fn document(&self) -> Result<Arc<[u8]>, SessionError> {
        let document = self.any_page()?.document();
        document.ok_or_else(|| SessionError::NotReady(self.snapshot().state))
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, SessionError> {
        let (reply, answer) = oneshot::channel();
        self.requests.try_send(request(reply)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => SessionError::Busy,
            mpsc::error::TrySendError::Closed(_) => SessionError::Stopped,
        })?;
        answer.await.map_err(|_| SessionError::Stopped)?
    }
}
