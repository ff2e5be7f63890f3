//! The requests of one page that the service answers itself. Only this file uses the protocol's Fetch domain.
//!
//! Chrome pauses each request that matches one of the patterns and reports it; the task of this file answers every
//! report, because a request without an answer stays paused for ever. All other requests pass without a round trip.
//!
//! ```text
//! patterns (Handling::of_page) ──► Chrome ──paused──► reader of the pipe ──own queue──► task ──fail, continue──► Chrome
//! a proxy that wants a login   ──► Chrome ──authRequired──►      same way               task ──once: user, password──► Chrome
//! ```
//!
//! The login of the proxy is asked for by whatever loads something first: the page, its service worker, Chrome itself. So
//! it is answered for the whole browser, and everything else for the page alone.

use std::collections::VecDeque;
use std::time::Duration;

use chromiumoxide_cdp::cdp::browser_protocol::fetch::{
    AuthChallengeResponse, AuthChallengeResponseResponse, ContinueRequestParams, ContinueWithAuthParams, DisableParams,
    EnableParams, FailRequestParams, RequestPattern,
};
use chromiumoxide_cdp::cdp::browser_protocol::network::{ErrorReason, ResourceType};
use serde::Deserialize;
use tokio::sync::watch;
use url::Url;

use crate::host::byte_queue;
use crate::host::config::ProxyLogin;

use super::tab::Tab;
use super::{CallError, Connection, Event, Losses, WeakConnection};

/// The prefix of the events that this file handles.
pub(super) const DOMAIN: &str = "Fetch.";
/// Bytes of reports on their way to the task: some 2,000 paused requests at once, more than any page makes.
pub(super) const QUEUE: u32 = 4 << 20;
/// The deadline of an answer; Chrome takes each within a millisecond.
const ANSWER: Duration = Duration::from_secs(10);
const PAUSED: &str = "Fetch.requestPaused";
const LOGIN_WANTED: &str = "Fetch.authRequired";
/// So many requests are remembered for which the proxy has got the login; a page asks for fewer at a time.
const TRIED: usize = 512;

/// The parts of the interface that only a person looks at, by host and type. Nothing else is blocked: what the page
/// decrypts itself has `blob:` and `data:` addresses, its encrypted media are no images to Chrome, and its scripts,
/// styles and workers are never among these types.
const FOR_EYES: [(&str, &[ResourceType]); 3] = [
    ("static.whatsapp.net", &[ResourceType::Image, ResourceType::Font, ResourceType::Media]),
    ("static.xx.fbcdn.net", &[ResourceType::Image, ResourceType::Font, ResourceType::Media]),
    // The pictures of people and groups; whoever asks for them by the page's scripts gets them.
    ("pps.whatsapp.net", &[ResourceType::Image]),
];
/// What is blocked of the page's own origin. Its service worker streams decrypted media from there, so media pass.
const FOR_EYES_OF_ORIGIN: [ResourceType; 2] = [ResourceType::Image, ResourceType::Font];

/// What the service does with requests of the page.
#[derive(Clone, Debug, Default)]
pub struct Handling {
    /// The page's origin, if nobody looks at the page: what is only looked at is not loaded.
    pub unseen: Option<String>,
    /// What the proxy is told when it asks for a login.
    pub login: Option<ProxyLogin>,
}

impl Handling {
    /// For the whole browser: Chrome asks for a login only for requests that it pauses, and anything may be the first
    /// that the proxy stops. So a proxy with a login costs a round trip for each request.
    fn of_browser(&self) -> Option<EnableParams> {
        self.login.as_ref()?;
        let all = RequestPattern::builder().url_pattern("*").build();
        Some(EnableParams { patterns: Some(vec![all]), handle_auth_requests: Some(true) })
    }

    /// For the page: what is blocked; None if Chrome has to pause nothing.
    fn of_page(&self) -> Option<EnableParams> {
        // The page's own session comes first for its requests, also when the proxy wants a login.
        let of_browser = self.of_browser();
        if of_browser.is_some() {
            return of_browser;
        }
        let pattern = |kind: &ResourceType, place: String| RequestPattern {
            url_pattern: Some(place),
            resource_type: Some(kind.clone()),
            request_stage: None,
        };
        let origin = self.unseen.as_ref()?;
        let elsewhere =
            FOR_EYES.iter().flat_map(|(host, kinds)| kinds.iter().map(move |kind| (kind, format!("*://{host}/*"))));
        let here = FOR_EYES_OF_ORIGIN.iter().map(|kind| (kind, format!("{origin}/*")));
        let patterns = elsewhere.chain(here).map(|(kind, place)| pattern(kind, place)).collect();
        Some(EnableParams { patterns: Some(patterns), handle_auth_requests: None })
    }

    /// The answer to a proxy that does not take the login. Chrome itself gives up where there is no window, and then says
    /// why the page did not load; a window would ask the one who sits there.
    fn refusal(&self) -> AuthChallengeResponseResponse {
        match self.unseen {
            Some(_) => AuthChallengeResponseResponse::Default,
            None => AuthChallengeResponseResponse::CancelAuth,
        }
    }

    /// `of_page`: the report came from the page's own session, and not from that of the whole browser, where the page's
    /// service worker asks for what it works with.
    fn answer(&self, paused: &Paused, of_page: bool) -> Answer {
        let is_unseen = of_page && self.unseen.as_ref().is_some_and(|origin| is_for_eyes(paused, origin));
        if is_unseen { Answer::Block } else { Answer::Continue }
    }
}

fn is_for_eyes(Paused { resource_type, request, .. }: &Paused, origin: &str) -> bool {
    let among = |kinds: &[ResourceType]| kinds.iter().any(|kind| kind.as_ref() == resource_type);
    // The address of a blob has the page's origin too.
    let Some(url) = Url::parse(&request.url).ok().filter(|url| matches!(url.scheme(), "http" | "https")) else {
        return false;
    };
    let host = url.host_str().unwrap_or_default();
    FOR_EYES.iter().any(|(place, kinds)| *place == host && among(kinds))
        || (url.origin().ascii_serialization() == origin && among(&FOR_EYES_OF_ORIGIN))
}

/// A paused request. The protocol's own type is not used: a kind of resource that it does not know would make the
/// report unreadable, and the request would stay paused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Paused {
    request_id: String,
    resource_type: String,
    request: Asked,
}

#[derive(Deserialize)]
struct Asked {
    url: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Continue,
    Block,
}

/// Somebody wants a login.
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

/// Lets Chrome pause what is to be handled, and starts the task that answers. The task ends with the connection.
pub(super) async fn handle(
    tab: &Tab,
    handling: Handling,
    events: byte_queue::Receiver<Event>,
    losses: watch::Receiver<Losses>,
) -> Result<(), CallError> {
    let scopes = [(None, handling.of_browser()), (Some(tab.session.clone()), handling.of_page())];
    let scopes: Vec<_> = scopes.into_iter().filter_map(|(session, params)| Some((session, params?))).collect();
    if scopes.is_empty() {
        return Ok(());
    }
    let task = Task { connection: tab.connection.downgrade(), scopes, handling, tried: VecDeque::new(), warned: false };
    task.pause(&tab.connection).await?;
    tokio::spawn(task.run(events, losses));
    Ok(())
}

struct Task {
    /// The task must not keep the pipe open.
    connection: WeakConnection,
    /// Where Chrome pauses what: in the page's session, and in the whole browser (None).
    scopes: Vec<(Option<String>, EnableParams)>,
    handling: Handling,
    /// The requests for which the proxy has got the login. If it wants one again, it did not take that one.
    tried: VecDeque<String>,
    /// The log says that the proxy does not take the login.
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
        let session = event.session.as_deref();
        match event.method.as_str() {
            PAUSED => {
                let paused: Paused = serde_json::from_str(event.params.get())?;
                match self.handling.answer(&paused, session.is_some()) {
                    Answer::Continue => {
                        let passed = ContinueRequestParams::new(paused.request_id);
                        connection.call(session, passed, ANSWER).await.map(|_| ())
                    }
                    Answer::Block => {
                        let blocked = FailRequestParams::new(paused.request_id, ErrorReason::BlockedByClient);
                        connection.call(session, blocked, ANSWER).await.map(|_| ())
                    }
                }
            }
            LOGIN_WANTED => {
                let challenge: Challenge = serde_json::from_str(event.params.get())?;
                let response = self.login(&challenge);
                let answer = ContinueWithAuthParams::new(challenge.request_id, response);
                connection.call(session, answer, ANSWER).await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// The login, once for each request; a proxy that does not take it would otherwise be told it for ever.
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

    async fn pause(&self, connection: &Connection) -> Result<(), CallError> {
        for (session, params) in &self.scopes {
            connection.call(session.as_deref(), params.clone(), ANSWER).await?;
        }
        Ok(())
    }

    /// Reports were lost, so requests would stay paused for ever: Chrome lets all of them go when it stops pausing.
    async fn release(&self, connection: &Connection) {
        tracing::warn!("more requests of the page waited than the service keeps: all of them are let go");
        let released = async {
            for (session, _) in &self.scopes {
                connection.call(session.as_deref(), DisableParams::default(), ANSWER).await?;
            }
            self.pause(connection).await
        };
        if let Err(error) = released.await {
            tracing::warn!(%error, "paused requests of the page could not be let go");
        }
    }
}

#[cfg(test)]
mod tests;
