//! The calls to the Cloud API. A message is posted once; every other call may be repeated.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use reqwest::redirect;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use super::errors;
use super::health::{Health, Known};
use super::pairs::Pairs;
use super::shapes::{GraphError, MediaPlace, Taken};
use crate::domain::address::ChatId;
use crate::domain::message::MessageId;
use crate::host::config::{Cloud, Timings};
use crate::host::http_client;
use crate::transport::{Dispatched, NothingLeft, SendFailure};

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// Meta closes idle connections after a minute or so; a request on a closed one would have an unknown end.
const IDLE: Duration = Duration::from_secs(20);
/// The deadline of a call that is no message.
pub(super) const CALL: Duration = Duration::from_secs(20);
/// The longest answer that is read.
const ANSWER_MAX: usize = 256 << 10;

/// Why a received file was not fetched.
#[derive(Debug)]
pub enum MediaFailure {
    Gone,
    /// Meta names a link, and nothing is there.
    NotAtLink,
    Later(String),
}

/// A received file on its way.
pub struct Download(reqwest::Response);

impl Download {
    /// The bytes that are still to come, where its server announced them.
    pub fn size(&self) -> Option<u64> {
        self.0.content_length()
    }

    /// The next bytes; None at the end.
    ///
    /// # Errors
    /// It broke off, or nothing came for a while.
    pub async fn next(&mut self) -> Result<Option<Bytes>, MediaFailure> {
        let chunk = timeout(CALL, self.0.chunk()).await;
        let chunk = chunk.map_err(|_| MediaFailure::Later("its server fell silent".to_owned()))?;
        chunk.map_err(|error| MediaFailure::Later(words(&error).to_owned()))
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub http: reqwest::Client,
    pub settings: Cloud,
    pub timings: Timings,
    pub known: watch::Sender<Known>,
    pairs: Pairs,
    /// The ids of files that were uploaded for messages that are not dispatched yet, by reference.
    pub uploads: Mutex<HashMap<String, String>>,
}

/// An answer that was read whole.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    pub fn error(&self) -> Option<GraphError> {
        GraphError::read(&self.body)
    }

    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }

    pub fn server_time(&self) -> Option<u64> {
        let date = httpdate::parse_http_date(self.headers.get(header::DATE)?.to_str().ok()?).ok()?;
        Some(date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs())
    }

    fn retry_after(&self) -> Option<Duration> {
        let value = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
        errors::pause(value)
    }
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// The request was not sent.
    NotSent(String),
    Unknown(String),
}

impl NoAnswer {
    pub fn words(self) -> String {
        match self {
            Self::NotSent(why) | Self::Unknown(why) => why,
        }
    }
}

impl Client {
    /// Reads the system's certificates. Blocking.
    ///
    /// # Errors
    /// The client cannot be made.
    pub fn new(settings: Cloud, timings: Timings) -> io::Result<Self> {
        // Without certificates a stand-in at an http:// address is still reached.
        let client = http_client::with_system_certificates().or_else(|error| {
            if settings.base_url.starts_with("https:") { Err(error) } else { http_client::without_certificates() }
        })?;
        let http = client
            .connect_timeout(CONNECT_DEADLINE)
            .pool_idle_timeout(IDLE)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("session-manager/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(io::Error::other)?;
        let (known, _) = watch::channel(Known::default());
        let (pairs, uploads) = (Pairs::default(), Mutex::default());
        Ok(Self(Arc::new(Inner { http, settings, timings, known, pairs, uploads })))
    }

    pub fn health(&self) -> Health {
        self.0.known.borrow().health.clone()
    }

    pub fn settings(&self) -> &Cloud {
        &self.0.settings
    }

    /// The phone digits of the number that sends, where they are known.
    pub fn own_phone(&self) -> Option<String> {
        match &self.0.known.borrow().health {
            Health::Good(number) | Health::Disabled(number, _) => number.phone.clone(),
            _ => None,
        }
    }

    /// Posts a message, once.
    pub(super) async fn post(&self, to: &str, body: &Value, patience: Duration) -> Result<Dispatched, SendFailure> {
        let answer = self.call(self.to_messages(body), patience).await.map_err(|no_answer| match no_answer {
            NoAnswer::NotSent(why) => {
                tracing::warn!(why, "a message could not be handed to the Cloud API");
                SendFailure::NothingLeft(NothingLeft::NoAnswer)
            }
            NoAnswer::Unknown(why) => {
                tracing::warn!(why, "the Cloud API may have taken a message");
                SendFailure::Unknown
            }
        })?;
        if answer.status.is_success() {
            let Some(taken) = answer.read::<Taken>() else { return Err(SendFailure::Unknown) };
            let phone = taken.phone();
            let Some(message) = taken.messages.into_iter().next() else { return Err(SendFailure::Unknown) };
            self.0.pairs.forget(to);
            self.note_taken();
            return Ok(Dispatched::Accepted { id: MessageId::new(message.id), phone });
        }
        let Some(refusal) = self.refusal(&answer) else {
            tracing::warn!(status = answer.status.as_u16(), "the Cloud API is in trouble and may have taken a message");
            return Err(SendFailure::Unknown);
        };
        let is_pair = answer.error().is_some_and(|error| error.code == errors::PAIR_LIMIT);
        Err(SendFailure::NothingLeft(if is_pair { self.0.pairs.slower(to, refusal) } else { refusal }))
    }

    /// Why Meta did nothing of what a call asked for; None if it may have done it. A token that is refused is noted.
    pub(super) fn refusal(&self, answer: &Answer) -> Option<NothingLeft> {
        let refusal = errors::nothing_left(answer.status.as_u16(), answer.error().as_ref(), answer.retry_after());
        if let Some(NothingLeft::Unauthorized(why)) = &refusal {
            self.note_refused(why, answer.error().is_some());
        }
        refusal
    }

    /// How long Meta takes nothing for this recipient.
    pub(super) fn pair_wait(&self, to: &ChatId) -> Option<Duration> {
        self.0.pairs.wait(to)
    }

    /// Notes what a report of failure says of further messages to the recipient.
    pub fn failed(&self, phone: &str, code: i64) {
        if code == errors::PAIR_LIMIT {
            self.0.pairs.reported(phone);
        }
    }

    /// Begins to fetch a received file: its link lasts minutes, so it is asked for each time.
    ///
    /// # Errors
    /// [`MediaFailure`].
    pub async fn media(&self, id: &str) -> Result<Download, MediaFailure> {
        let later = |why: String| MediaFailure::Later(why);
        let place =
            self.call(self.0.http.get(self.url(id)), CALL).await.map_err(|no_answer| later(no_answer.words()))?;
        match place.status.as_u16() {
            200 => {}
            // Meta keeps a received file for seven days. 100: there is no such thing.
            400 | 404 if place.error().is_none_or(|error| error.code == 100) => return Err(MediaFailure::Gone),
            status => return Err(later(format!("the Cloud API answers {status}"))),
        }
        let MediaPlace { url } = place.read().ok_or_else(|| later("the Cloud API names no link".to_owned()))?;
        // The token goes to Meta only.
        if !url.starts_with("https://") && !url.starts_with(&self.0.settings.base_url) {
            return Err(later("the link is not one of Meta's".to_owned()));
        }
        let request = self.0.http.get(url).bearer_auth(self.0.settings.token.reveal());
        let response =
            timeout(CALL, request.send()).await.map_err(|_| later("its server did not answer".to_owned()))?;
        let response = response.map_err(|error| later(words(&error).to_owned()))?;
        match response.status().as_u16() {
            200 => Ok(Download(response)),
            404 | 410 => Err(MediaFailure::NotAtLink),
            status => Err(later(format!("its server answers {status}"))),
        }
    }

    /// A request that posts this where messages are posted to.
    pub(super) fn to_messages(&self, body: &Value) -> reqwest::RequestBuilder {
        self.0.http.post(self.url(&format!("{}/messages", self.0.settings.phone_number_id))).json(body)
    }

    pub(super) fn url(&self, path: &str) -> String {
        let Cloud { base_url, version, .. } = &self.0.settings;
        format!("{base_url}/{version}/{path}")
    }

    pub(super) async fn call(&self, request: reqwest::RequestBuilder, patience: Duration) -> Result<Answer, NoAnswer> {
        let call = async {
            let mut response = request.bearer_auth(self.0.settings.token.reveal()).send().await.map_err(|error| {
                let why = words(&error).to_owned();
                if error.is_connect() || error.is_builder() { NoAnswer::NotSent(why) } else { NoAnswer::Unknown(why) }
            })?;
            let (status, headers) = (response.status(), response.headers().clone());
            let mut body = BytesMut::new();
            while let Some(part) =
                response.chunk().await.map_err(|error| NoAnswer::Unknown(words(&error).to_owned()))?
            {
                if body.len() + part.len() > ANSWER_MAX {
                    return Err(NoAnswer::Unknown("its answer is too long".to_owned()));
                }
                body.extend_from_slice(&part);
            }
            Ok(Answer { status, headers, body: body.freeze() })
        };
        timeout(patience, call).await.unwrap_or_else(|_| Err(NoAnswer::Unknown("it did not answer in time".to_owned())))
    }
}

/// The causes of an error may quote an address with a token in it, so the words are ours.
fn words(error: &reqwest::Error) -> &'static str {
    match () {
        () if error.is_timeout() => "it did not answer in time",
        () if error.is_connect() => "it cannot be reached",
        () if error.is_body() || error.is_decode() => "its answer broke off",
        () => "the connection broke off",
    }
}
