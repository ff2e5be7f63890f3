//! The requests of one page that the service answers itself. Only this file uses the protocol's Fetch domain.
//!
//! Chrome pauses each request that matches one of the patterns and reports it; the task of this file answers every
//! report, because a request without an answer stays paused for ever. All other requests pass without a round trip.
//!
//! ```text
//! patterns (rules.rs)          ──► Chrome ──paused──► reader of the pipe ──own queue──► task ──fail, fulfil, continue──► Chrome
//! a proxy that wants a login   ──► Chrome ──authRequired──►      same way               task ──once: user, password──► Chrome
//! ```
//!
//! The proxy asks for the login at the first request, which may come from the page, its service worker or Chrome itself. So the
//! login is given for the whole browser; all other answers concern the page alone.

mod rules;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chromiumoxide_cdp::cdp::browser_protocol::fetch::{
    AuthChallengeResponse, AuthChallengeResponseResponse, ContinueRequestParams, ContinueWithAuthParams, DisableParams,
    EnableParams, FailRequestParams, FulfillRequestParams, GetResponseBodyParams, HeaderEntry,
};
use chromiumoxide_cdp::cdp::browser_protocol::network::ErrorReason;
use serde::Deserialize;
use tokio::sync::watch;

use crate::host::byte_queue;

use super::tab::Tab;
use super::{CallError, Connection, Event, Losses, WeakConnection};

pub use rules::Handling;
use rules::{Answer, Paused};

/// The prefix of the events that this file handles.
pub(super) const DOMAIN: &str = "Fetch.";
/// Bytes of reports on their way to the task: some 2,000 paused requests at once, more than any page makes.
pub(super) const QUEUE: u32 = 4 << 20;
/// The deadline of an answer; Chrome takes each within a millisecond.
const ANSWER: Duration = Duration::from_secs(10);
const PAUSED: &str = "Fetch.requestPaused";
const LOGIN_WANTED: &str = "Fetch.authRequired";
/// The longest wait for the end of a document. After it the document is not kept; the page still gets it.
const DOCUMENT: Duration = Duration::from_secs(20);
/// A larger document is not kept: WhatsApp Web's has some hundred KB.
pub const DOCUMENT_MAX: usize = 8 << 20;
/// The most requests that are remembered as answered with the login. A page makes fewer at a time.
const TRIED: usize = 512;

/// The report that a host or the proxy asks for a login.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Challenge {
    request_id: String,
    auth_challenge: Challenger,
}

#[derive(Deserialize)]
struct Challenger {
    source: Option<String>,
}

/// The document of the page that runs now, as it came. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept(Arc<Mutex<Option<Arc<[u8]>>>>);

impl Kept {
    pub(super) fn get(&self) -> Option<Arc<[u8]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, document: Option<Arc<[u8]>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = document;
    }
}

/// Lets Chrome pause what is to be handled, and starts the task that answers. The task ends with the connection.
pub(super) async fn handle(
    tab: &Tab,
    frame: String,
    handling: Handling,
    events: byte_queue::Receiver<Event>,
    losses: watch::Receiver<Losses>,
) -> Result<(), CallError> {
    let (session, kept) = (tab.session.clone(), tab.document.clone());
    let connection = tab.connection.downgrade();
    let task = Task { connection, session, frame, handling, kept, tried: VecDeque::new(), warned: false };
    task.pause(&tab.connection).await?;
    tokio::spawn(task.run(events, losses));
    Ok(())
}

struct Task {
    /// The task must not keep the pipe open.
    connection: WeakConnection,
    /// The page's session; that of the whole browser has no name.
    session: String,
    /// The page's main frame.
    frame: String,
    handling: Handling,
    kept: Kept,
    /// The requests for which the proxy was given the login. A proxy that asks again for the same request refuses the login.
    tried: VecDeque<String>,
    /// Whether the log already says that the proxy refuses the login.
    warned: bool,
}

impl Task {
    async fn run(mut self, mut events: byte_queue::Receiver<Event>, losses: watch::Receiver<Losses>) {
        let mut lost = 0;
        while let Some(event) = events.recv().await {
            let Some(connection) = self.connection.upgrade() else { return };
            if let Err(error) = self.answer(&connection, &event).await {
                // The page may have given the request up meanwhile.
                tracing::debug!(%error, "a paused request of the page could not be answered");
            }
            let known = std::mem::replace(&mut lost, losses.borrow().requests);
            if lost > known {
                self.release(&connection).await;
            }
        }
    }

    async fn answer(&mut self, connection: &Connection, event: &Event) -> Result<(), CallError> {
        match event.method.as_str() {
            PAUSED => self.answer_paused(connection, event).await,
            LOGIN_WANTED => {
                let challenge: Challenge = serde_json::from_str(event.params.get())?;
                let response = self.login(&challenge);
                let answer = ContinueWithAuthParams::new(challenge.request_id, response);
                connection.call(event.session.as_deref(), answer, ANSWER).await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    async fn answer_paused(&self, connection: &Connection, event: &Event) -> Result<(), CallError> {
        let session = event.session.as_deref();
        let paused: Paused = serde_json::from_str(event.params.get())?;
        let frame = (session == Some(&self.session)).then_some(self.frame.as_str());
        let id = paused.request_id.clone();
        match self.handling.answer(&paused, frame) {
            Answer::Continue => go_on(connection, session, id).await,
            Answer::Block => {
                let blocked = FailRequestParams::new(id, ErrorReason::BlockedByClient);
                connection.call(session, blocked, ANSWER).await.map(|_| ())
            }
            Answer::Fulfil(document) => {
                let header = |name: &str, value: &str| HeaderEntry { name: name.to_owned(), value: value.to_owned() };
                let headers = [header("Content-Type", "text/html; charset=utf-8"), header("Cache-Control", "no-store")];
                let mut answer = FulfillRequestParams::new(id, 200);
                answer.response_headers = Some(headers.into());
                answer.body = Some(BASE64_STANDARD.encode(&document).into());
                self.kept.set(Some(document));
                connection.call(session, answer, ANSWER).await.map(|_| ())
            }
            Answer::Keep => {
                // A document takes its time to arrive; other requests do not wait for it.
                let (connection, session, kept) = (connection.clone(), self.session.clone(), self.kept.clone());
                tokio::spawn(async move {
                    kept.set(read(&connection, &session, &id).await);
                    if let Err(error) = go_on(&connection, Some(&session), id).await {
                        tracing::debug!(%error, "the page's document could not be passed on");
                    }
                });
                Ok(())
            }
        }
    }

    /// Gives the login once for each request. Otherwise Chrome and a proxy that refuses the login would go on for ever.
    fn login(&mut self, challenge: &Challenge) -> AuthChallengeResponse {
        let by_proxy = challenge.auth_challenge.source.as_deref() == Some("Proxy");
        let Some(login) = self.handling.login.as_ref().filter(|_| by_proxy) else {
            return AuthChallengeResponse::new(AuthChallengeResponseResponse::Default);
        };
        if self.tried.contains(&challenge.request_id) {
            if !std::mem::replace(&mut self.warned, true) {
                tracing::warn!("the proxy does not take the user and password of PROXY_URL (407)");
            }
            return AuthChallengeResponse::new(self.handling.refusal());
        }
        self.tried.push_back(challenge.request_id.clone());
        if self.tried.len() > TRIED {
            self.tried.pop_front();
        }
        AuthChallengeResponse {
            response: AuthChallengeResponseResponse::ProvideCredentials,
            username: Some(login.user.reveal().to_owned()),
            password: Some(login.password.reveal().to_owned()),
        }
    }

    /// What Chrome pauses, in the session of the whole browser (None) and in the page's.
    fn scopes(&self) -> impl Iterator<Item = (Option<&str>, EnableParams)> {
        let of_browser = self.handling.of_browser().map(|params| (None, params));
        of_browser.into_iter().chain([(Some(self.session.as_str()), self.handling.of_page())])
    }

    async fn pause(&self, connection: &Connection) -> Result<(), CallError> {
        for (session, params) in self.scopes() {
            connection.call(session, params, ANSWER).await?;
        }
        Ok(())
    }

    /// Reports were lost, so requests would stay paused for ever: Chrome lets all of them go when it stops pausing.
    async fn release(&self, connection: &Connection) {
        tracing::warn!("more requests of the page waited than the service keeps: all of them are let go");
        let released = async {
            for (session, _) in self.scopes() {
                connection.call(session, DisableParams::default(), ANSWER).await?;
            }
            self.pause(connection).await
        };
        if let Err(error) = released.await {
            tracing::warn!(%error, "paused requests of the page could not be let go");
        }
    }
}

async fn go_on(connection: &Connection, session: Option<&str>, id: String) -> Result<(), CallError> {
    connection.call(session, ContinueRequestParams::new(id), ANSWER).await.map(|_| ())
}

/// The document whose answer is paused; None if it cannot be read, or is larger than a page's.
async fn read(connection: &Connection, session: &str, id: &str) -> Option<Arc<[u8]>> {
    let body = connection.call(Some(session), GetResponseBodyParams::new(id.to_owned()), DOCUMENT).await;
    let body = body.inspect_err(|error| tracing::info!(%error, "the page's document cannot be kept")).ok()?;
    let bytes = if body.base64_encoded { BASE64_STANDARD.decode(body.body).ok()? } else { body.body.into_bytes() };
    (bytes.len() <= DOCUMENT_MAX).then(|| bytes.into())
}

#[cfg(test)]
mod tests;
