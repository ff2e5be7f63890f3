//! The API: one file a resource. It sees the session through its handle and snapshots, never the browser or the store.

mod body;
mod capabilities;
mod connect;
mod deliveries;
mod docs;
mod error;
mod events;
mod guard;
mod health;
mod messages;
mod metrics;
mod numbers;
mod page;
mod qr;
mod router;
mod send;
mod serve;
mod status;

use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::delivery::Deliveries;
use crate::domain::time::Clock;
use crate::inbound::Inbound;
use crate::metrics::Metrics;
use crate::outbound::Outbound;
use crate::session::Handle;

pub use docs::document;
pub use events::Followers;
pub use numbers::Lookups;
pub use router::router;
pub use serve::Server;

/// The name the hub knows the service by.
pub const SERVICE: &str = "session-manager";
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct App {
    pub config: Arc<Config>,
    pub session: Handle,
    pub outbound: Outbound,
    pub lookups: Arc<Lookups>,
    pub followers: Arc<Followers>,
    pub inbound: Inbound,
    pub deliveries: Deliveries,
    pub metrics: Metrics,
    pub clock: Arc<dyn Clock>,
    pub started: Instant,
    /// The service is stopping: nobody is kept waiting any more.
    pub closing: CancellationToken,
}
