//! The transport to Chrome: the DevTools protocol as JSON messages, each ended by NUL, over two pipes.
//!
//! The types of the protocol come from the chromiumoxide project; the transport is written here. With a pipe Chrome
//! exits by itself, cleanly, however this process dies, and no port is open to other users of the machine. Only this
//! module and its children know the protocol, so that the library's own pipe can replace this one.

mod blobs;
mod files;
mod requests;
mod tab;

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chromiumoxide_cdp::cdp::browser_protocol::browser::{CloseParams, GetVersionParams};
use chromiumoxide_cdp::cdp::browser_protocol::inspector::EventTargetCrashed;
use chromiumoxide_types::{CallId, Command, MethodCall};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, oneshot, watch};

use crate::host::byte_queue;

pub use blobs::BlobReader;
pub use requests::{DOCUMENT_MAX, Handling};
pub(super) use tab::attach;
pub use tab::{Disguise, PageSetup, Tab, TabEvent, TabEvents};

/// A message longer than this is dropped, and the call that it answers fails. The adapter limits its answers to a few
/// MiB.
const MESSAGE_MAX: u64 = 64 << 20;
/// Room for calls while the pipe (64 KiB) is full; there are never more than a few at a time.
const OUTGOING: usize = 64;
/// Bytes of events on their way to the driver. A burst of 100,000 page events of some 400 bytes was handled at
/// 42,000/s, so this covers half a second in which the driver stalls.
const EVENTS: u32 = 8 << 20;

#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the browser is gone")]
    Closed,
    #[error("the page's renderer crashed")]
    Crashed,
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    #[error("the answer is larger than the service takes")]
    TooLarge,
    #[error("the browser refused: {0}")]
    Refused(String),
    #[error("the browser answered something unexpected")]
    Malformed(#[from] serde_json::Error),
    #[error("the page threw: {0}")]
    Threw(String),
}

/// An event as it arrived; `tab` decodes the events that it knows.
pub(super) struct Event {
    method: String,
    session: Option<String>,
    params: Box<RawValue>,
}

/// One connection to one Chrome. Cheap to clone; when the last clone is dropped, this process's end of the pipe
/// closes, and Chrome exits by itself.
#[derive(Clone)]
pub(super) struct Connection {
    next_id: Arc<AtomicUsize>,
    outgoing: mpsc::Sender<Vec<u8>>,
    pending: Pending,
}

/// A connection that does not keep the pipe open.
#[derive(Clone)]
struct WeakConnection {
    next_id: Arc<AtomicUsize>,
    outgoing: mpsc::WeakSender<Vec<u8>>,
    pending: Pending,
}

impl WeakConnection {
    /// The connection, unless its pipe is closed or about to close.
    fn upgrade(&self) -> Option<Connection> {
        let Self { next_id, outgoing, pending } = self.clone();
        Some(Connection { next_id, outgoing: outgoing.upgrade()?, pending })
    }
}

/// The calls in progress. The reader shares this and not the connection, because it must not keep the pipe open.
#[derive(Clone, Default)]
struct Pending(Arc<Mutex<Calls>>);

#[derive(Default)]
struct Calls {
    closed: bool,
    waiting: HashMap<usize, Waiting>,
}

struct Waiting {
    session: Option<String>,
    reply: oneshot::Sender<Result<Box<RawValue>, CallError>>,
}

/// The outer form of every message that arrives.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    id: Option<usize>,
    method: Option<String>,
    session_id: Option<String>,
    params: Option<Box<RawValue>>,
    result: Option<Box<RawValue>>,
    error: Option<ProtocolError>,
}

#[derive(Deserialize)]
struct ProtocolError {
    message: String,
}

/// Counts of events that the reader could not pass on; the reader of the events watches them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Losses {
    /// Events that were dropped because the queue was full: the page's reports are incomplete.
    pub(super) overflowed: u64,
    /// Messages that could not be read.
    pub(super) unreadable: u64,
    /// Paused requests whose report was dropped: nobody would answer them.
    requests: u64,
}

pub(super) struct OpenedConnection {
    pub(super) connection: Connection,
    pub(super) events: byte_queue::Receiver<Event>,
    /// The events of requests: they have their own queue, because they are answered whatever the reader of the other
    /// events does.
    requests: byte_queue::Receiver<Event>,
    pub(super) losses: watch::Receiver<Losses>,
}

impl Connection {
    /// Opens the connection over this process's ends of the two pipes. The events end when Chrome closes its side.
    pub(super) fn open(read: OwnedFd, write: OwnedFd) -> std::io::Result<OpenedConnection> {
        let read = pipe::Receiver::from_owned_fd(read)?;
        let write = pipe::Sender::from_owned_fd(write)?;
        let (outgoing, to_write) = mpsc::channel(OUTGOING);
        let (event_tx, events) = byte_queue::channel(EVENTS);
        let (request_tx, requests) = byte_queue::channel(requests::QUEUE);
        let (losses_tx, losses) = watch::channel(Losses::default());
        let connection = Self { next_id: Arc::new(AtomicUsize::new(1)), outgoing, pending: Pending::default() };
        tokio::spawn(write_all(write, to_write));
        tokio::spawn(read_all(
            read,
            connection.pending.clone(),
            Outlets { events: event_tx, requests: request_tx },
            losses_tx,
        ));
        Ok(OpenedConnection { connection, events, requests, losses })
    }

    fn downgrade(&self) -> WeakConnection {
        let (next_id, pending) = (Arc::clone(&self.next_id), self.pending.clone());
        WeakConnection { next_id, outgoing: self.outgoing.downgrade(), pending }
    }

    /// Calls a method of the browser (`session` None) or of one page, and waits at most `deadline` for the answer.
    pub(super) async fn call<C: Command>(
        &self,
        session: Option<&str>,
        command: C,
        deadline: Duration,
    ) -> Result<C::Response, CallError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let call = MethodCall {
            id: CallId::new(id),
            method: command.identifier(),
            session_id: session.map(str::to_owned),
            params: serde_json::to_value(&command)?,
        };
        let mut bytes = serde_json::to_vec(&call)?;
        bytes.push(0);
        let (reply, answer) = oneshot::channel();
        let _forget = self.pending.expect(id, session, reply)?;
        let exchange = async {
            self.outgoing.send(bytes).await.map_err(|_| CallError::Closed)?;
            answer.await.map_err(|_| CallError::Closed)?
        };
        let raw = tokio::time::timeout(deadline, exchange).await.map_err(|_| CallError::TimedOut(deadline))??;
        Ok(serde_json::from_str(raw.get())?)
    }

    /// Asks the browser to close; the process exits 0.1-0.3 s later.
    pub(super) async fn close_browser(&self, deadline: Duration) -> Result<(), CallError> {
        self.call(None, CloseParams::default(), deadline).await.map(|_| ())
    }

    /// The running browser's product and version, such as `Chrome/156.0.8078.79`.
    pub(super) async fn version(&self, deadline: Duration) -> Result<String, CallError> {
        self.call(None, GetVersionParams::default(), deadline).await.map(|version| version.product)
    }
}

/// Removes a call from the list however its wait ends, so that no call stays there for ever.
struct Forget<'a> {
    pending: &'a Pending,
    id: usize,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.pending.lock().waiting.remove(&self.id);
    }
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(
        &self,
        id: usize,
        session: Option<&str>,
        reply: oneshot::Sender<Result<Box<RawValue>, CallError>>,
    ) -> Result<Forget<'_>, CallError> {
        let mut calls = self.lock();
        if calls.closed {
            return Err(CallError::Closed);
        }
        calls.waiting.insert(id, Waiting { session: session.map(str::to_owned), reply });
        Ok(Forget { pending: self, id })
    }

    fn answer(&self, id: usize, answer: Result<Box<RawValue>, CallError>) {
        let waiting = self.lock().waiting.remove(&id);
        if let Some(waiting) = waiting {
            // This fails if the caller's deadline has passed.
            let _ = waiting.reply.send(answer);
        }
    }

    /// Fails the calls in progress on one page, because Chrome never answers the calls of a crashed renderer.
    fn fail_session(&self, session: &str) {
        let hit: Vec<_> =
            self.lock().waiting.extract_if(|_, waiting| waiting.session.as_deref() == Some(session)).collect();
        for (_, waiting) in hit {
            let _ = waiting.reply.send(Err(CallError::Crashed));
        }
    }

    fn close(&self) {
        let waiting = {
            let mut calls = self.lock();
            calls.closed = true;
            std::mem::take(&mut calls.waiting)
        };
        for (_, waiting) in waiting {
            let _ = waiting.reply.send(Err(CallError::Closed));
        }
    }
}

async fn write_all(mut pipe: pipe::Sender, mut outgoing: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = outgoing.recv().await {
        if pipe.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// Where the reader puts events.
struct Outlets {
    events: byte_queue::Sender<Event>,
    requests: byte_queue::Sender<Event>,
}

impl Outlets {
    /// Counts the event as lost if its queue is full.
    fn put(&self, event: Event, losses: &watch::Sender<Losses>) {
        let size = event.params.get().len();
        if event.method.starts_with(requests::DOMAIN) {
            if self.requests.try_send(event, size).is_err() {
                losses.send_modify(|losses| losses.requests += 1);
            }
        } else if self.events.try_send(event, size).is_err() {
            losses.send_modify(|losses| losses.overflowed += 1);
        }
    }
}

/// Reads until the pipe closes. It never waits for the reader of the events, because Chrome would wait too.
async fn read_all(pipe: pipe::Receiver, pending: Pending, outlets: Outlets, losses: watch::Sender<Losses>) {
    let mut pipe = BufReader::new(pipe);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let read = (&mut pipe).take(MESSAGE_MAX).read_until(0, &mut buffer).await;
        if !matches!(read, Ok(n) if n > 0) {
            break;
        }
        if buffer.pop() != Some(0) {
            let id = answered_id(&buffer);
            buffer = Vec::new();
            if !skip_message(&mut pipe).await {
                break;
            }
            match id {
                Some(id) => pending.answer(id, Err(CallError::TooLarge)),
                None => losses.send_modify(|losses| losses.unreadable += 1),
            }
            continue;
        }
        match serde_json::from_slice::<Envelope>(&buffer) {
            Ok(Envelope { id: Some(id), error: Some(error), .. }) => {
                pending.answer(id, Err(CallError::Refused(error.message)));
            }
            Ok(Envelope { id: Some(id), result: Some(result), .. }) => pending.answer(id, Ok(result)),
            Ok(Envelope { method: Some(method), session_id: session, params: Some(params), .. }) => {
                if let Some(session) = session.as_deref().filter(|_| method == EventTargetCrashed::IDENTIFIER) {
                    pending.fail_session(session);
                }
                outlets.put(Event { method, session, params }, &losses);
            }
            Ok(_) | Err(_) => losses.send_modify(|losses| losses.unreadable += 1),
        }
        // The buffer must not keep the memory of a large message (a page's whole history).
        buffer.shrink_to(1 << 20);
    }
    pending.close();
}

/// The id of an answer, which Chrome writes first; None for an event.
fn answered_id(message: &[u8]) -> Option<usize> {
    let number = message.strip_prefix(br#"{"id":"#)?;
    let digits = number.split(|byte| !byte.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Skips the rest of a message without storing it; false if the pipe ended.
async fn skip_message(pipe: &mut (impl AsyncBufRead + Unpin)) -> bool {
    loop {
        let (end, count) = match pipe.fill_buf().await {
            Ok(bytes) if !bytes.is_empty() => match bytes.iter().position(|byte| *byte == 0) {
                Some(at) => (true, at + 1),
                None => (false, bytes.len()),
            },
            _ => return false,
        };
        pipe.consume(count);
        if end {
            return true;
        }
    }
}

#[cfg(test)]
mod tests;
