//! One request and its answer, as the connection sees them: whether the service works or waits for the caller, and how much
//! memory a body or an answer takes.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use axum::{Extension, Router};
use bytes::Bytes;
use http::Request;
use hyper::body::{Body as Stream, Frame, Incoming, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::ServiceExt;

use super::connections::Connection;
use super::memory::{Held, Memory, SMALL, held};
use crate::http::body::BODY_MAX;

/// The connection is being closed, and the request with it.
#[derive(Debug, thiserror::Error)]
#[error("the connection was closed for another one")]
pub struct Closed;

/// How many answers of unknown length are made at a time. The store reads for one of them at a time anyway.
const COMPOSERS: usize = 8;

/// Bounds the long answers whose memory is not counted yet.
pub struct Composers(Arc<Semaphore>);

/// A place among the composers. The handler puts it into the answer's extensions, so that it lasts until the memory of the
/// answer is counted.
#[derive(Clone)]
pub struct Composing(#[expect(dead_code, reason = "it is held, not used")] Option<Arc<OwnedSemaphorePermit>>);

impl Default for Composers {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(COMPOSERS)))
    }
}

impl Composers {
    pub async fn place(&self) -> Extension<Composing> {
        // The semaphore is never closed.
        Extension(Composing(Arc::clone(&self.0).acquire_owned().await.ok().map(Arc::new)))
    }
}

#[derive(Clone)]
pub struct Exchanges {
    pub router: Router,
    pub peer: SocketAddr,
    pub connection: Arc<Connection>,
    pub memory: Memory,
}

impl Exchanges {
    pub async fn answer(self, mut request: Request<Incoming>) -> Result<Response<Leaving>, Closed> {
        let Self { router, peer, connection, memory } = self;
        if !connection.begin() {
            return Err(Closed);
        }
        request.extensions_mut().insert(ConnectInfo(peer));
        let request = request.map(|body| match body.is_end_stream() {
            true => Body::empty(),
            false => Body::new(Arriving::new(body, Arc::clone(&connection), memory.clone())),
        });
        let answer = router.oneshot(request).await;
        let mut answer = answer.unwrap_or_else(|never| match never {});
        let composing = answer.extensions_mut().remove::<Composing>();
        let held = match answer.body().size_hint().exact().and_then(|size| usize::try_from(size).ok()) {
            Some(size) if size > SMALL => Some(Arc::new(memory.take(size, Arc::clone(&connection)).await)),
            _ => None,
        };
        drop(composing);
        Ok(answer.map(|body| Leaving { body, connection, held }))
    }
}

type Taking = Pin<Box<dyn Future<Output = Held> + Send>>;

/// The body of a request. Memory for a long one is taken before any of it is read.
struct Arriving {
    body: Incoming,
    connection: Arc<Connection>,
    taking: Option<Taking>,
    held: Option<Held>,
    is_awaited: bool,
}

impl Arriving {
    fn new(body: Incoming, connection: Arc<Connection>, memory: Memory) -> Self {
        // A body whose length is not given may have any length; of a longer one, no more is kept.
        let size = body.size_hint().exact().and_then(|size| usize::try_from(size).ok()).unwrap_or(BODY_MAX);
        let taking = (size > SMALL).then(|| {
            let connection = Arc::clone(&connection);
            Box::pin(async move { memory.take(size.min(BODY_MAX), connection).await }) as Taking
        });
        Self { body, connection, taking, held: None, is_awaited: false }
    }

    fn ended(&mut self) {
        self.held = None;
        if self.is_awaited {
            self.is_awaited = false;
            self.connection.body_is_read();
        }
    }
}

impl Stream for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        if let Some(taking) = &mut self.taking {
            self.held = Some(ready!(taking.as_mut().poll(cx)));
            self.taking = None;
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Pending if !self.is_awaited => {
                self.is_awaited = true;
                self.connection.body_is_awaited();
            }
            Poll::Pending | Poll::Ready(Some(Ok(_))) => {}
            Poll::Ready(None | Some(Err(_))) => self.ended(),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.ended();
    }
}

/// The body of an answer. hyper drops it when it has all of it.
pub struct Leaving {
    body: Body,
    connection: Arc<Connection>,
    held: Option<Arc<Held>>,
}

impl Stream for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        Poll::Ready(match (frame, &self.held) {
            (Some(Ok(frame)), Some(memory)) => Some(Ok(frame.map_data(|data| held(data, memory)))),
            (frame, _) => frame,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        self.connection.answered();
    }
}
