//! Serves connections: as many as the process may hold, none of them for ever, and ends them in order.
//!
//! ```text
//! accept ─▶ connections   room for each; for that a slow one is closed
//!        ─▶ a task each   waits for the first byte, which takes little memory; then hyper reads heads
//!             └▶ exchange   a request: waits for its body, works, hands over the answer; memory counts the long ones
//! ```

mod connections;
mod exchange;
mod memory;
mod shortage;
mod stream;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use nix::errno::Errno;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

pub use connections::{Connections, Limits};
pub use exchange::Composers;

use connections::GRACE;
use exchange::Exchanges;
use memory::Memory;
use stream::Noted;

/// A connection that does not complete a request's head in this time is closed; so is one that idles this long.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);
/// A caller that takes nothing of its answer for this long is disconnected.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// The longest head of a request: a browser may send the cookies of every other service on localhost. It is also how much
/// hyper reads of a body ahead of the handler, and writes of an answer ahead of the caller.
const BUFFER_MAX: usize = 32 << 10;
/// The pause before the next attempt to accept, if the process has no descriptors or the system no memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The listening side, from bind to the last answer.
pub struct Server {
    accepting: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Shared with the accepting tasks only, so that after them it is ours alone.
    graceful: Arc<GracefulShutdown>,
    connections: Connections,
}

/// What the accepting task of a listener needs.
struct Accepting {
    listener: TcpListener,
    router: Router,
    connections: Connections,
    memory: Memory,
    graceful: Arc<GracefulShutdown>,
}

impl Server {
    /// Serves on all of the listeners.
    pub fn start(listeners: Vec<TcpListener>, router: &Router, connections: &Connections) -> Self {
        let accepting = CancellationToken::new();
        let graceful = Arc::new(GracefulShutdown::new());
        let memory = Memory::new(connections.clone());
        let tasks = listeners.into_iter().map(|listener| {
            let parts = Accepting {
                listener,
                router: router.clone(),
                connections: connections.clone(),
                memory: memory.clone(),
                graceful: Arc::clone(&graceful),
            };
            let accepting = accepting.clone();
            tokio::spawn(async move {
                // Dropping the task closes its listener.
                let _ = accepting.run_until_cancelled(parts.accept()).await;
            })
        });
        let tasks = tasks.collect();
        Self { accepting, tasks, graceful, connections: connections.clone() }
    }

    /// Accepts nothing more and waits for the answers under way, at most for `patience`; for slow callers it does not
    /// wait. True if all answers were given.
    pub async fn stop(self, patience: Duration) -> bool {
        self.accepting.cancel();
        for task in self.tasks {
            let _ = task.await;
        }
        let Some(graceful) = Arc::into_inner(self.graceful) else { return false };
        self.connections.close_waiting(GRACE);
        let all = async {
            let mut ended = std::pin::pin!(graceful.shutdown());
            if tokio::time::timeout(GRACE, &mut ended).await.is_err() {
                self.connections.close_waiting(Duration::ZERO);
                ended.await;
            }
        };
        tokio::time::timeout(patience, all).await.is_ok()
    }
}

impl Accepting {
    async fn accept(self) {
        let Self { listener, router, connections, memory, graceful } = self;
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    not_accepted(&error, &connections).await;
                    continue;
                }
            };
            let (router, memory, watcher) = (router.clone(), memory.clone(), graceful.watcher());
            let start = |connection| {
                let connection = Arc::new(connection);
                tokio::spawn(serve(stream, Exchanges { router, peer, connection, memory }, watcher)).abort_handle()
            };
            if !connections.admit(peer.ip(), start).await {
                tracing::debug!("a connection was refused: the service works for all that its network may have");
            }
        }
    }
}

/// The connection stays in the system's queue unless its caller gave it up.
async fn not_accepted(error: &io::Error, connections: &Connections) {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ECONNABORTED | Errno::EINTR) => return,
        Some(Errno::EMFILE) => connections.close_one("this process has no descriptor left for a connection"),
        Some(Errno::ENFILE) => connections.close_one("this machine has no descriptor left for a connection"),
        Some(Errno::ENOBUFS | Errno::ENOMEM) => connections.close_one("the system has no memory for a connection"),
        _ => tracing::warn!(%error, "a connection could not be accepted"),
    }
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

async fn serve(stream: TcpStream, exchanges: Exchanges, watcher: Watcher) {
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    // hyper allocates 8 KiB to read into, so it is started only when the first byte has arrived.
    if !matches!(tokio::time::timeout(HEAD_DEADLINE, stream.readable()).await, Ok(Ok(()))) {
        return;
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(WRITE_DEADLINE));
    let stream = Noted::new(Box::pin(stream), Arc::clone(&exchanges.connection));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(BUFFER_MAX)
        .serve_connection(TokioIo::new(stream), service_fn(move |request| exchanges.clone().answer(request)));
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests;
