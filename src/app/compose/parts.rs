//! The smaller parts of the service, as they are made.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::StartError;
use crate::blobs::Blobs;
use crate::delivery::Codes;
use crate::host::config::Config;
use crate::host::instance::{InstanceError, InstanceLock};
use crate::outbound::fetch_url::Fetcher;
use crate::store::Store;
use crate::transport::cloud;
use crate::transport::web::session::Handle;

/// The pause between two attempts to write to a store that failed; a person has to free a full disk.
const MEND_EVERY: Duration = Duration::from_secs(2);

/// The two folders may be the same through a link, which only the lock shows.
pub(super) fn lock_tokens(config: &Config) -> Result<InstanceLock, StartError> {
    InstanceLock::acquire(&config.paths.tokens).map_err(|error| match error {
        InstanceError::Held { pid: Some(pid), .. } if pid.unsigned_abs() == std::process::id() => StartError::OneFolder,
        error => error.into(),
    })
}

/// Writes to a store that failed now and then, because otherwise nothing might notice that it works again. A damaged
/// store ends this task, and with it the service: the next start reads the whole store and sets it aside.
pub(super) async fn mend(store: Store, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(MEND_EVERY)).await.is_some() {
        if store.is_damaged() {
            return tracing::error!("something of the store cannot be read: the next start checks all of it");
        }
        if store.trouble().is_some() {
            // The store has logged the reason already.
            let _ = store.flush().await;
        }
    }
}

/// Reads the system's certificates, which blocks.
pub(super) async fn cloud_client(config: &Config) -> Result<Option<cloud::Client>, StartError> {
    let Some(settings) = config.cloud.clone() else { return Ok(None) };
    let timings = config.timings.clone();
    let made = tokio::task::spawn_blocking(move || cloud::Client::new(settings, timings));
    Ok(Some(made.await?.map_err(StartError::Cloud)?))
}

/// Reads the system's certificates, which blocks.
pub(super) async fn fetcher(blobs: &Blobs, max: u64, allow_private: bool) -> Result<Fetcher, StartError> {
    let blobs = blobs.clone();
    let made = tokio::task::spawn_blocking(move || Fetcher::new(blobs, max, allow_private));
    made.await?.map_err(StartError::Fetcher)
}

/// The picture of a code, while the code is valid.
pub(super) fn codes(session: Handle) -> Codes {
    Arc::new(move |shown| {
        let code = session.snapshot().code.clone()?;
        (code.generated_at == shown.generated_at).then(|| code.data_url.clone())
    })
}
