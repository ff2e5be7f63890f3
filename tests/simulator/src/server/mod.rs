//! The listeners: one accepts plain HTTP, the other serves the same over TLS.

mod files;
mod pages;
mod sockets;
mod tls;

pub(crate) use tls::Tls;

use crate::control;
use crate::error::Error;
use crate::faults::Network;
use crate::shared::Shared;
use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, body::Incoming};
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// A listening port and the task that serves it.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) port: u16,
    task: JoinHandle<()>,
}

impl Listener {
    pub(crate) async fn plain(shared: Arc<Shared>, port: u16) -> Result<Self, Error> {
        Self::open(shared, port, None).await
    }

    pub(crate) async fn tls(shared: Arc<Shared>, port: u16, tls: &Tls) -> Result<Self, Error> {
        Self::open(shared, port, Some(tls.acceptor.clone())).await
    }

    async fn open(shared: Arc<Shared>, port: u16, tls: Option<TlsAcceptor>) -> Result<Self, Error> {
        let failed = |source| Error::Listen { port, source };
        let host = shared.with(|world| world.options.host);
        let listener = TcpListener::bind((host, port)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let router = Router::new()
            .merge(pages::router())
            .merge(files::router())
            .merge(sockets::router())
            .merge(control::router())
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(accept(listener, shared, router, tls));
        Ok(Self { port, task })
    }

    /// Waits for the end of the task; then the port is closed.
    pub(crate) async fn ended(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "a listener ended badly");
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, router: Router, tls: Option<TlsAcceptor>) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // Small frames follow each other: Nagle's algorithm would delay each by 40 ms.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection cannot be set to no delay");
                }
                tokio::spawn(connection(stream, Arc::clone(&shared), router.clone(), tls.clone()));
            }
            // A single failed accept (for example too many open files) is no reason to stop serving.
            Err(error) => tracing::warn!(%error, "a connection could not be accepted"),
        }
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, router: Router, tls: Option<TlsAcceptor>) {
    let Some(tls) = tls else { return serve(stream, shared, router).await };
    match tls.accept(stream).await {
        Ok(stream) => serve(stream, shared, router).await,
        Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
    }
}

/// The connection is dropped without an answer, because the network is cut.
#[derive(Debug, thiserror::Error)]
#[error("the simulated network is cut")]
struct Cut;

async fn serve(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, shared: Arc<Shared>, router: Router) {
    let stop = shared.stop.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let cut = is_cut(shared.with(|world| world.network), request.uri().path());
        let router = router.clone();
        async move {
            if cut {
                return Err(Cut);
            }
            match router.oneshot(request.map(Body::new)).await {
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::select! {
        () = stop.cancelled() => {}
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        },
    }
}

/// Whether a cut blocks a path. The paths of the simulation itself always answer.
fn is_cut(network: Network, path: &str) -> bool {
    let simulation = ["/control", "/phone", "/page/wire"].iter().any(|prefix| path.starts_with(prefix));
    match network {
        Network::Up => false,
        Network::ServerOnly => path == "/ws",
        Network::Full => !simulation,
    }
}
