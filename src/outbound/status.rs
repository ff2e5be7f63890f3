//! What `/status` says of sending, and whether a send would be accepted.

use super::admission::{self, Readiness};
use super::{Availability, Outbound, Upload};
use crate::domain::via::Via;
use crate::host::config::SendMode;

impl Outbound {
    /// Whether a send that names no way would be accepted now, and if not, why.
    pub async fn availability(&self) -> Availability {
        self.availability_via(self.ways.usual()).await
    }

    pub(super) async fn availability_via(&self, via: Via) -> Availability {
        let is_held = self.store.sending_is_held().await;
        let session = self.session.snapshot();
        let way = match (&self.ways.cloud, via) {
            (Some((client, _)), Via::Cloud) => Readiness::Cloud(client.health()),
            _ => Readiness::Web(&session),
        };
        admission::availability(self.settings.mode, &way, self.stop.is_cancelled(), is_held)
    }

    /// Why messages cannot be stored, in words. A send is tried all the same, because the disk may work again; if it
    /// does not, nothing leaves.
    pub fn trouble(&self) -> Option<String> {
        self.store.trouble()
    }

    pub fn mode(&self) -> SendMode {
        self.settings.mode
    }

    /// How many sends wait in the queue.
    pub fn queued(&self) -> usize {
        self.queue.waiting()
    }

    /// The files that are being uploaded.
    pub fn uploads(&self) -> Vec<Upload> {
        self.ways.web.uploading.list()
    }
}
