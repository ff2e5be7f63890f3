//! Posts JSON to a target within a deadline, without following redirects.

use std::io;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, StatusCode, header};
use reqwest::redirect;

use super::retry_after::retry_after;
use super::target::{Cause, Outcome};
use crate::host::http_client;
use crate::host::telemetry::with_causes;

const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// How long an unused body of an answer may take; after that its connection is given up.
const REST_DEADLINE: Duration = Duration::from_secs(1);
/// An idle connection is kept for the next message of a conversation; servers close theirs after a minute or so.
const IDLE: Duration = Duration::from_secs(30);
/// The longest answer that is read. Only the answer to a login is used.
const ANSWER_MAX: usize = 64 * 1024;

/// Keeps its connections open. Cheap to clone.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    /// From the beginning of a request to the head of its answer; webhook senders give 10 to 30 s.
    timeout: Duration,
}

/// The address of a target. It may contain a token, so it is never logged.
pub(super) type Address = reqwest::Url;

/// The head of a target's answer.
pub(super) struct Answer {
    pub status: StatusCode,
    retry_after: Option<Duration>,
}

/// The target could not be reached or did not answer; `why` says it in words.
pub(super) struct NoAnswer {
    why: String,
    cause: Cause,
}

impl Client {
    /// Reads the system's certificates. Blocking.
    pub(super) fn new(timeout: Duration) -> io::Result<Self> {
        let client = http_client::with_system_certificates()?
            .connect_timeout(CONNECT_DEADLINE)
            .pool_idle_timeout(IDLE)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("session-manager/", env!("CARGO_PKG_VERSION")))
            .build();
        client.map(|http| Self { http, timeout }).map_err(io::Error::other)
    }

    /// Delivers an event. The head of the answer decides; the body is read only so that the connection can be reused.
    pub(super) async fn deliver(
        &self,
        url: &Address,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Vec<u8>,
    ) -> Outcome {
        outcome(self.post(url, headers, body).await)
    }

    /// Like [`Self::deliver`], but returns the answer.
    pub(super) async fn post(
        &self,
        url: &Address,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Vec<u8>,
    ) -> Result<Answer, NoAnswer> {
        let (answer, rest) = self.send(url, headers, body).await?;
        let _ = tokio::time::timeout(REST_DEADLINE, beginning(rest)).await;
        Ok(answer)
    }

    /// Posts a request whose answer's body matters.
    pub(super) async fn ask(&self, url: &Address, body: Vec<u8>) -> Result<(Answer, Bytes), NoAnswer> {
        let (answer, rest) = self.send(url, Vec::new(), body).await?;
        let body = tokio::time::timeout(self.timeout, beginning(rest)).await.map_err(|_| self.late())?;
        Ok((answer, body))
    }

    async fn send(
        &self,
        url: &Address,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Vec<u8>,
    ) -> Result<(Answer, reqwest::Response), NoAnswer> {
        let mut request = self.http.post(url.clone()).header(header::CONTENT_TYPE, "application/json").body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let response = tokio::time::timeout(self.timeout, request.send()).await.map_err(|_| self.late())?;
        let response = response.map_err(|error| {
            // A request that was never sent cannot have failed because of its event.
            let cause = if error.is_connect() { Cause::Target } else { Cause::Unclear };
            NoAnswer { why: with_causes(&error.without_url()), cause }
        })?;
        let after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = after.and_then(|value| retry_after(value, SystemTime::now()));
        Ok((Answer { status: response.status(), retry_after }, response))
    }

    /// A connection that cannot be made is an error before this: the target has had the request.
    fn late(&self) -> NoAnswer {
        let span = humantime::format_duration(self.timeout);
        NoAnswer { why: format!("it did not answer within {span}"), cause: Cause::Timeout }
    }
}

/// The body of an answer, as far as it arrived. A body that is too long or breaks off counts as empty.
async fn beginning(mut answer: reqwest::Response) -> Bytes {
    let mut body = BytesMut::new();
    while let Ok(Some(part)) = answer.chunk().await {
        if body.len() + part.len() > ANSWER_MAX {
            return Bytes::new();
        }
        body.extend_from_slice(&part);
    }
    body.freeze()
}

/// What an answer means for the event. A redirect is not a delivery either: it may lead to anybody.
pub(super) fn outcome(answer: Result<Answer, NoAnswer>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer { why, cause }) => return Outcome::Retry { reason: why, after: None, cause },
    };
    let (status, after) = (answer.status, answer.retry_after);
    let later = |reason: String, cause: Cause| Outcome::Retry { reason, after, cause };
    match status.as_u16() {
        200..=299 => Outcome::Delivered,
        // These say that the event is at fault. All others may pass: a receiver or its proxy that restarts answers 403,
        // 404 or 410 too.
        400 | 413 | 415 | 422 => Outcome::Refused(format!("it answers {status}")),
        300..=399 => later(format!("it redirects ({status}), which is not followed"), Cause::Target),
        401 => later(format!("it answers {status}: check the token or password"), Cause::Target),
        408 | 425 | 429 => later(format!("it answers {status}"), Cause::Target),
        _ if after.is_some() => later(format!("it answers {status}"), Cause::Target),
        _ => later(format!("it answers {status}"), Cause::Unclear),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(15);

    #[test]
    fn each_status_means_what_the_contract_says() {
        for (status, refused) in [
            (200, None),
            (204, None),
            (301, Some(false)),
            (308, Some(false)),
            (400, Some(true)),
            (401, Some(false)),
            (403, Some(false)),
            (404, Some(false)),
            (408, Some(false)),
            (410, Some(false)),
            (413, Some(true)),
            (415, Some(true)),
            (422, Some(true)),
            (425, Some(false)),
            (429, Some(false)),
            (500, Some(false)),
            (503, Some(false)),
        ] {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            let answer = Answer { status, retry_after: Some(Duration::from_secs(7)) };
            let found = match outcome(Ok(answer)) {
                Outcome::Delivered => None,
                Outcome::Retry { after, .. } => {
                    assert_eq!(after, Some(Duration::from_secs(7)));
                    Some(false)
                }
                Outcome::Refused(_) => Some(true),
            };
            assert_eq!(found, refused, "{status}");
        }
    }

    /// A target that answers every request with this answer, and never closes the connection.
    async fn target(answer: &'static [u8]) -> Address {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(answer).await;
                open.push(stream);
            }
        });
        url
    }

    #[tokio::test]
    async fn the_head_of_an_answer_is_enough_whatever_its_body_does() {
        let client = Client::new(TIMEOUT).unwrap();
        for answer in [
            b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".as_slice(),
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nnot a chunk\r\n",
        ] {
            let began = tokio::time::Instant::now();
            let outcome = client.deliver(&target(answer).await, Vec::new(), b"{}".to_vec()).await;
            assert_eq!(outcome, Outcome::Delivered);
            assert!(began.elapsed() < TIMEOUT, "{:?}", began.elapsed());
        }
    }

    #[tokio::test]
    async fn a_target_that_cannot_be_reached_is_named_without_its_address() {
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/secret-token", gone.local_addr().unwrap()).parse().unwrap();
        drop(gone);
        let outcome = Client::new(TIMEOUT).unwrap().deliver(&url, Vec::new(), Vec::new()).await;
        let Outcome::Retry { reason, cause: Cause::Target, .. } = outcome else { panic!("{outcome:?}") };
        assert!(!reason.contains("secret-token") && reason.contains("refused"), "{reason}");
    }
    #[tokio::test]
    async fn a_target_that_takes_the_request_and_does_not_answer_is_a_timeout() {
        let url = target(b"").await;
        let client = Client::new(Duration::from_millis(50)).unwrap();
        let outcome = client.deliver(&url, Vec::new(), b"{}".to_vec()).await;
        let reason = "it did not answer within 50ms".to_owned();
        assert_eq!(outcome, Outcome::Retry { reason, after: None, cause: Cause::Timeout });
    }
}
