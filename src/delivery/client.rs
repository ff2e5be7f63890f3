//! Posts JSON to a target: within a deadline, without following anybody elsewhere.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::backoff::retry_after;
use super::target::{Cause, Outcome};
use crate::host::telemetry::with_causes;

const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// From the first byte of the request to the last of the answer; webhook senders give 10 to 30 s.
const DEADLINE: Duration = Duration::from_secs(15);
/// An idle connection is kept for the next message of a conversation; servers close theirs after a minute or so.
const IDLE: Duration = Duration::from_secs(30);
/// The longest answer that is read. Only a login's is looked at.
const ANSWER_MAX: usize = 64 * 1024;

/// Keeps its connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Client(Pool<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// What a target said.
pub(super) struct Answer {
    pub status: StatusCode,
    retry_after: Option<Duration>,
    pub body: Bytes,
}

/// A target that could not be reached, or did not answer: why, in words.
pub(super) struct NoAnswer {
    why: String,
    cause: Cause,
}

impl Client {
    pub(super) fn new() -> std::io::Result<Self> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT_DEADLINE));
        http.set_nodelay(true);
        let provider = rustls::crypto::ring::default_provider();
        let https = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let pool =
            Pool::builder(TokioExecutor::new()).pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).build(https);
        Ok(Self(pool))
    }

    pub(super) async fn post(
        &self,
        url: &Uri,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Vec<u8>,
    ) -> Result<Answer, NoAnswer> {
        let mut request = Request::post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("session-manager/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let unclear = |why: String| NoAnswer { why, cause: Cause::Unclear };
        let request = request.body(Full::from(body)).map_err(|error| unclear(error.to_string()))?;
        let exchange = async {
            let answer = self.0.request(request).await.map_err(|error| {
                // What was never sent cannot have been too much.
                let cause = if error.is_connect() { Cause::Target } else { Cause::Unclear };
                NoAnswer { why: with_causes(&error), cause }
            })?;
            let (status, after) = (answer.status(), answer.headers().get(header::RETRY_AFTER).cloned());
            let after = after.and_then(|value| retry_after(value.to_str().ok()?, SystemTime::now()));
            // A longer answer is of no interest; what it is to say is in its status.
            let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await.map(|body| body.to_bytes());
            Ok(Answer { status, retry_after: after, body: body.unwrap_or_default() })
        };
        let late = || unclear(format!("it did not answer within {} s", DEADLINE.as_secs()));
        tokio::time::timeout(DEADLINE, exchange).await.unwrap_or_else(|_| Err(late()))
    }
}

/// What an answer means for the message. Also a redirect is no delivery: what follows it may be anybody.
pub(super) fn outcome(answer: Result<Answer, NoAnswer>) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer { why, cause }) => return Outcome::Retry { reason: why, after: None, cause },
    };
    let (status, after) = (answer.status, answer.retry_after);
    let later = |reason: String, cause: Cause| Outcome::Retry { reason, after, cause };
    match status.as_u16() {
        200..=299 => Outcome::Delivered,
        300..=399 => later(format!("it redirects ({status}), which is not followed"), Cause::Target),
        401 => later(format!("it answers {status}: check the token or password"), Cause::Target),
        408 | 425 | 429 => later(format!("it answers {status}"), Cause::Target),
        400..=499 => Outcome::Refused(format!("it answers {status}")),
        _ if after.is_some() => later(format!("it answers {status}"), Cause::Target),
        _ => later(format!("it answers {status}"), Cause::Unclear),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_means_what_the_contract_says() {
        for (status, refused) in [
            (200, None),
            (204, None),
            (301, Some(false)),
            (308, Some(false)),
            (400, Some(true)),
            (401, Some(false)),
            (403, Some(true)),
            (404, Some(true)),
            (408, Some(false)),
            (410, Some(true)),
            (422, Some(true)),
            (425, Some(false)),
            (429, Some(false)),
            (500, Some(false)),
            (503, Some(false)),
        ] {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            let answer = Answer { status, retry_after: Some(Duration::from_secs(7)), body: Bytes::new() };
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
}
