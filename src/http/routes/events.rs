//! `GET /events`: everything that happens, as server-sent events that can be resumed without a gap.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use futures_util::stream::unfold;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::domain::event::{Event, EventCursor};
use crate::domain::presence::PresenceChange;
use crate::journal::Journal;
use crate::transport::web::session::Following;

use crate::http::App;
use crate::http::body::shortened;
use crate::http::error::ApiError;
use crate::http::query::{given, parameters};
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
/// After so many events of the log that a client does not want, it is told the place of the last one: if it comes back, these
/// are not read again.
const PASSED: u32 = 100;

/// Limits how many clients follow at a time.
pub struct Followers(Arc<Semaphore>);

impl Default for Followers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(CLIENTS)))
    }
}

/// The types of events that a client wants.
#[derive(Debug, PartialEq, Eq)]
struct Wanted(Vec<&'static str>);

impl Wanted {
    fn all() -> impl Iterator<Item = &'static str> {
        Event::TYPES.into_iter().chain([PresenceChange::TYPE])
    }

    /// Reads types, separated by commas, each as `type` has it or as the stream names it.
    fn read(list: Option<&str>) -> Result<Self, ApiError> {
        let Some(list) = list else { return Ok(Self(Self::all().collect())) };
        let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
        let types = names.map(|name| {
            let found = Self::all().find(|kind| name == *kind || name == on_stream(kind));
            found.ok_or_else(|| wrong(&format!("{} is no type of event", shortened(name))))
        });
        let types = types.collect::<Result<Vec<_>, _>>()?;
        if types.is_empty() { Err(wrong("no type is named")) } else { Ok(Self(types)) }
    }

    fn holds(&self, kind: &str) -> bool {
        self.0.contains(&kind)
    }
}

fn wrong(why: &str) -> ApiError {
    let all: Vec<_> = Wanted::all().collect();
    ApiError::bad_request("INVALID_PARAMETER", format!("events: {why}; there are {}.", all.join(", ")))
}

/// The name of a type of event on this stream.
fn on_stream(kind: &'static str) -> &'static str {
    match kind {
        "message.edited" => "message_edited",
        "message.revoked" => "message_revoked",
        "message.ack" => "message_ack",
        "message.reaction" => "message_reaction",
        "message.vote" => "message_vote",
        "message.media" => "message_media",
        "session.state" => "state",
        "session.qr" => "qr",
        kind => kind,
    }
}

struct Follower {
    journal: Journal,
    newest: watch::Receiver<u64>,
    wanted: Wanted,
    /// The place in the log up to which the client was told everything.
    after: u64,
    next: VecDeque<Event>,
    /// How many events that the client does not want came since it was told a place.
    passed: u32,
    presences: Following,
    changes: VecDeque<Arc<PresenceChange>>,
    /// The first event of the stream, which comes before those of the log.
    first: Option<Sent>,
    closing: CancellationToken,
    _room: OwnedSemaphorePermit,
}

/// Everything that happens, as it happens
///
/// Server-sent events. `event:` is `message`, `message_edited`, `message_revoked`, `message_ack`,
/// `message_reaction`, `message_vote`, `message_media`, `call`, `group.changed`, `contact.changed`, `chat.read`, `presence`, `limits.changed`, `state`, `qr`, or `reset` where the place that `Last-Event-ID` names is not there any
/// more; `data:` is an Event; `id:` is its place. A comment comes every 15 seconds. At most 64 clients.
///
/// `presence` tells of the people whom `/contacts/{id}/presence` was asked for. It is in no log: it has no `id:`, and a client
/// that comes back is told what changes from then on. A client that reads slowly gets the newest change of each person.
#[utoipa::path(
    get,
    path = "/events",
    operation_id = "events",
    tag = "messages",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "The last `id:` seen: goes on after it, without a gap."),
        ("events" = Option<Vec<String>>, Query, style = Form, explode = false,
            description = "Only these types, separated by commas; `reset` comes in any case. The names that the stream has for \
                them (`message_ack`, `state`, `qr`) are read too."),
    ),
    responses((status = 200, content_type = "text/event-stream", body = String)),
    extensions(("x-errors" = json!(["INVALID_PARAMETER", "CONTRADICTION", "TOO_MANY_CLIENTS", "STORE_UNAVAILABLE"]))),
)]
pub async fn events(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let wanted = Wanted::read(given(&parameters(query.as_deref(), &["events"])?, "events"))?;
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
    let follower = Follower {
        journal,
        newest,
        wanted,
        after,
        next: VecDeque::new(),
        passed: 0,
        presences: app.directory.presences(),
        changes: VecDeque::new(),
        first: Some(first),
        closing,
        _room: room,
    };
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
        let sent = follower.next().await?;
        Some((Ok(sent), follower))
    })
}

impl Follower {
    async fn next(&mut self) -> Option<Sent> {
        loop {
            if let Some(change) = self.changes.pop_front() {
                return told(PresenceChange::TYPE, &wire::Event::presence(&change));
            }
            if let Some(event) = self.next.pop_front() {
                if self.wanted.holds(event.kind()) {
                    self.passed = 0;
                    let sent = told(on_stream(event.kind()), &wire::Event::new(&event, None))?;
                    return Some(sent.id(event.id()));
                }
                self.passed += 1;
                if self.passed < PASSED {
                    continue;
                }
                self.passed = 0;
                return Some(Sent::default().comment("passed").id(event.id()));
            }
            self.look().await?;
        }
    }

    /// Reads what is new; waits for it where nothing is.
    async fn look(&mut self) -> Option<()> {
        let wants_presence = self.wanted.holds(PresenceChange::TYPE);
        if wants_presence {
            self.changes.extend(self.presences.take());
        }
        self.newest.mark_unchanged();
        let page = self.journal.events(self.after, PAGE).await;
        let page = page.inspect_err(|error| tracing::warn!(%error, "a client of /events is sent away")).ok()?;
        self.after = page.next;
        self.next.extend(page.items);
        if self.next.is_empty() && self.changes.is_empty() {
            tokio::select! {
                () = self.closing.cancelled() => return None,
                changed = self.newest.changed() => changed.ok()?,
                there = self.presences.changed(), if wants_presence => there.then_some(())?,
            }
        }
        Some(())
    }
}

fn told(name: &str, event: &wire::Event<'_>) -> Option<Sent> {
    Sent::default().event(name).json_data(event).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn types_are_read_in_both_forms_and_an_unknown_one_is_named() {
        let read = |list: &str| Wanted::read(Some(list)).map(|wanted| wanted.0).map_err(|error| format!("{error:?}"));
        assert_eq!(read("message"), Ok(vec!["message"]));
        assert_eq!(
            read(" message_ack , session.state,presence,"),
            Ok(vec!["message.ack", "session.state", "presence"])
        );
        assert_eq!(Wanted::read(None).unwrap().0.len(), Event::TYPES.len() + 1);
        for (list, named) in [("message,mesage", "mesage"), ("MESSAGE", "MESSAGE"), ("all", "all"), (",", "no type")] {
            assert!(
                read(list).is_err_and(|error| error.contains(named) && error.contains("contact.changed")),
                "{list}"
            );
        }
    }
}
