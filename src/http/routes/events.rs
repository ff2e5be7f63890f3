//! `GET /events`: everything that happens, as server-sent events that can be resumed without a gap.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use futures_util::stream::unfold;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::domain::event::{Event, EventCursor, What};
use crate::journal::Journal;

use crate::http::App;
use crate::http::error::ApiError;
use crate::http::wire;

/// The most clients at a time: a hub, a few pages, and clients that have not noticed yet that they lost their connection.
const CLIENTS: usize = 64;
/// The interval of comments: proxies close connections that are silent for 30 to 60 s.
const COMMENT_EVERY: Duration = Duration::from_secs(15);
/// The `retry:` of the stream: a client that lost its connection connects again after this time.
const RECONNECT: Duration = Duration::from_secs(2);
/// How many events are read at a time for a client. The longest has 256 KiB, so all clients need at most 64 MiB.
const PAGE: usize = 4;
/// `Retry-After` in seconds for a client that found no room.
const NO_ROOM: u32 = 15;

/// Limits how many clients follow at a time.
pub struct Followers(Arc<Semaphore>);

impl Default for Followers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CLIENTS)))
    }
}

struct Follower {
    journal: Journal,
    newest: watch::Receiver<u64>,
    /// The place in the log up to which the client was told everything.
    after: u64,
    next: VecDeque<Event>,
    /// The first event of the stream, which comes before those of the log.
    first: Option<Sent>,
    closing: CancellationToken,
    _room: OwnedSemaphorePermit,
}

/// Everything that happens, as it happens
///
/// Server-sent events. `event:` is `message`, `message_edited`, `message_revoked`, `message_ack`,
/// `message_reaction`, `message_vote`, `message_media`, `call`, `group.changed`, `contact.changed`, `chat.read`, `state`, `qr`, or `reset` where the place that `Last-Event-ID` names is not there any
/// more; `data:` is an Event; `id:` is its place. A comment comes every 15 seconds. At most 64 clients.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "events",
    tag = "messages",
    params(("Last-Event-ID" = Option<String>, Header, description = "The last `id:` seen: goes on after it, without a gap.")),
    responses((status = 200, content_type = "text/event-stream", body = String)),
    extensions(("x-errors" = json!(["TOO_MANY_CLIENTS", "STORE_UNAVAILABLE"]))),
)]
pub async fn events(State(app): State<App>, headers: HeaderMap) -> Result<Response, ApiError> {
    let room = Arc::clone(&app.followers.0).try_acquire_owned().map_err(|_| {
        let why = format!("{CLIENTS} clients follow the events already; close one and try again.");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "TOO_MANY_CLIENTS", why).retry_after(NO_ROOM)
    })?;
    let newest = app.journal.newest();
    let extent = app.journal.extent().await?;
    let known = headers.get("last-event-id").map(|id| id.to_str().ok().and_then(|id| id.parse().ok()));
    let hello = Sent::default().retry(RECONNECT).comment("following");
    let (after, first) = match known {
        // With this id, a client that is cut off before its first event resumes where it began.
        None => (extent.newest, hello.id(EventCursor { log: extent.log, cursor: extent.newest }.to_string())),
        Some(Some(EventCursor { log, cursor }))
            if log == extent.log && (extent.oldest.saturating_sub(1)..=extent.newest).contains(&cursor) =>
        {
            (cursor, hello)
        }
        // Events after that place are gone from the log. The client is told (`reset`) and begins with the oldest that is left.
        Some(_) => (extent.oldest.saturating_sub(1), hello.event("reset").data("{}")),
    };
    let (journal, closing) = (app.journal.clone(), app.closing.clone());
    let follower = Follower { journal, newest, after, next: VecDeque::new(), first: Some(first), closing, _room: room };
    let stream = Sse::new(follow(follower)).keep_alive(KeepAlive::new().interval(COMMENT_EVERY));
    // Without this header nginx buffers the events.
    let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(([unbuffered], stream).into_response())
}

/// The stream ends when the service stops or the log cannot be read. The client connects again and resumes.
fn follow(follower: Follower) -> impl Stream<Item = Result<Sent, Infallible>> {
    unfold(follower, |mut follower| async move {
        if let Some(first) = follower.first.take() {
            return Some((Ok(first), follower));
        }
        let event = follower.event().await?;
        let sent = Sent::default().event(name(&event)).id(event.id()).json_data(wire::Event::new(&event, None)).ok()?;
        Some((Ok(sent), follower))
    })
}

impl Follower {
    async fn event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.next.pop_front() {
                return Some(event);
            }
            self.newest.mark_unchanged();
            let page = self.journal.events(self.after, PAGE).await;
            let page = page.inspect_err(|error| tracing::warn!(%error, "a client of /events is sent away")).ok()?;
            self.after = page.next;
            self.next.extend(page.items);
            if self.next.is_empty() {
                let changed = self.closing.run_until_cancelled(self.newest.changed()).await?;
                changed.ok()?;
            }
        }
    }
}

/// The names of the events on this stream.
fn name(event: &Event) -> &'static str {
    match event.what {
        What::Message(_) => "message",
        What::Edited(_) => "message_edited",
        What::Revoked(_) => "message_revoked",
        What::Acked(..) => "message_ack",
        What::Reacted(_) => "message_reaction",
        What::Voted(_) => "message_vote",
        What::Noticed(_) => event.kind(),
        What::File(_) => "message_media",
        What::State(_) => "state",
        What::Code(_) => "qr",
    }
}
