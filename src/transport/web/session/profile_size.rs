//! What the profile takes on the disk, measured now and then, off the threads of the runtime.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::transport::web::browser::{Profile, Size};

/// The name of the task that measures.
pub(super) const TASK: &str = "size of the profile";

pub(super) async fn run(
    profile: Profile,
    every: Duration,
    measured: watch::Sender<Option<Size>>,
    stop: CancellationToken,
) {
    loop {
        let profile = profile.clone();
        if let Ok(size) = tokio::task::spawn_blocking(move || profile.size()).await {
            measured.send_replace(Some(size));
        }
        if stop.run_until_cancelled(tokio::time::sleep(every)).await.is_none() {
            return;
        }
    }
}
