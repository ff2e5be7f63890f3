//! The API: one file a resource in `routes`. It sees the session through its handle and snapshots, never the browser or the store.

mod body;
mod docs;
mod error;
mod guard;
mod page;
mod query;
mod router;
mod routes;
mod serve;
mod upload;
mod waiting;
mod wire;

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::blobs::Blobs;
use crate::delivery::Deliveries;
use crate::directory::Directory;
use crate::domain::state::State;
use crate::domain::time::Clock;
use crate::host::config::Config;
use crate::host::metrics::Metrics;
use crate::inbound::cloud::CloudInbound;
use crate::inbound::media::Files;
use crate::journal::Journal;
use crate::outbound::Outbound;
use crate::outbound::attach::Attacher;
use crate::outbound::fetch_url::Fetcher;
use crate::outbound::uploads::Uploads;
use crate::transport::cloud;
use crate::transport::web::session::Handle;

pub use docs::document;
pub use router::router;
pub use routes::events::Followers;
pub use routes::qr::Waiters;
pub use serve::{Composers, Connections, Limits, Server};
pub use waiting::Waiting;

/// The name by which the hub knows this service.
pub const SERVICE: &str = "session-manager";
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub session: Handle,
    pub outbound: Outbound,
    pub directory: Directory,
    pub followers: Arc<Followers>,
    pub composers: Arc<Composers>,
    /// Limits how many callers wait for a code at a time.
    pub waiters: Arc<Waiters>,
    pub connections: Connections,
    pub journal: Journal,
    pub files: Files,
    /// Where files are put that callers upload.
    pub blobs: Blobs,
    pub uploads: Uploads,
    pub attacher: Attacher,
    pub fetcher: Fetcher,
    /// Whether the messages of an absence are still being fetched.
    pub reconciling: watch::Receiver<bool>,
    pub deliveries: Deliveries,
    /// None: the Cloud API is not configured.
    pub cloud: Option<cloud::Client>,
    pub cloud_inbound: Option<CloudInbound>,
    pub metrics: Metrics,
    pub clock: Arc<dyn Clock>,
    pub started: Instant,
    /// Cancelled when the service stops; handlers that wait then answer at once.
    pub closing: CancellationToken,
}

/// What the middleware of every route needs from the application.
trait Front: Clone + Send + Sync + 'static {
    fn config(&self) -> &Config;
    /// The session's state, which every error names.
    fn state(&self) -> State;
}

impl Front for App {
    fn config(&self) -> &Config {
        &self.config
    }

    fn state(&self) -> State {
        self.session.snapshot().state
    }
}
