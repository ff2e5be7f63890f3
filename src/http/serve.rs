//! Serves connections: as many as are allowed, none of them for ever, and ends them in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A hub, a page and an operator use a handful; beyond this, callers wait to be accepted.
const CONNECTIONS: usize = 512;
/// A connection that does not complete a request's head in this time is closed; so is one that idles this long.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// A caller who does not take its answer for this long does not want it.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// Out of file descriptors: waiting a little is all there is to do.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The listening side, from bind to the last answer.
pub struct Server {
    accepting: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Shared with the accepting tasks only, so that after them it is ours alone.
    graceful: Arc<GracefulShutdown>,
}

impl Server {
    /// Serves on all of the listeners.
    pub fn start(listeners: Vec<TcpListener>, router: &Router) -> Self {
        let accepting = CancellationToken::new();
        let graceful = Arc::new(GracefulShutdown::new());
        let permits = Arc::new(Semaphore::new(CONNECTIONS));
        let tasks = listeners.into_iter().map(|listener| {
            let (router, permits) = (router.clone(), Arc::clone(&permits));
            let accept = accept(listener, router, permits, Arc::clone(&graceful));
            let accepting = accepting.clone();
            tokio::spawn(async move {
                // Ends by being dropped, which closes the listener.
                let _ = accepting.run_until_cancelled(accept).await;
            })
        });
        let tasks = tasks.collect();
        Self { accepting, tasks, graceful }
    }

    /// Accepts nothing more and waits for the answers under way, at most for `patience`. True if all were given.
    pub async fn stop(self, patience: Duration) -> bool {
        self.accepting.cancel();
        for task in self.tasks {
            let _ = task.await;
        }
        match Arc::into_inner(self.graceful) {
            Some(graceful) => tokio::time::timeout(patience, graceful.shutdown()).await.is_ok(),
            None => false,
        }
    }
}

async fn accept(listener: TcpListener, router: Router, permits: Arc<Semaphore>, graceful: Arc<GracefulShutdown>) {
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (router, watcher) = (router.clone(), graceful.watcher());
        tokio::spawn(async move {
            serve(stream, peer, router, watcher).await;
            drop(permit);
        });
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, router: Router, watcher: Watcher) {
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let service = router.map_request(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.map(axum::body::Body::new)
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_DEADLINE));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}
