//! The world, with its clock and its stop signal.

use crate::error::Error;
use crate::options::Options;
use crate::world::{Later, World};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// The state that all tasks of one simulator share.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    runtime: Handle,
    pub(crate) stop: CancellationToken,
}

impl Shared {
    /// Must be called within a tokio runtime, which also runs the delayed effects of the world.
    pub(crate) fn new(options: Options) -> Result<Arc<Self>, Error> {
        let world = Mutex::new(World::new(options)?);
        Ok(Arc::new(Self { world, runtime: Handle::current(), stop: CancellationToken::new() }))
    }

    /// Runs an operation on the world, and schedules its delayed effects.
    pub(crate) fn with<R>(self: &Arc<Self>, work: impl FnOnce(&mut World) -> R) -> R {
        let (result, later) = {
            let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
            (work(&mut world), world.take_later())
        };
        for (wait, what) in later {
            self.runtime.spawn(happen_after(Arc::clone(self), wait, what));
        }
        result
    }
}

async fn happen_after(shared: Arc<Shared>, wait: Duration, what: Later) {
    tokio::select! {
        () = shared.stop.cancelled() => {}
        () = tokio::time::sleep(wait) => shared.with(|world| world.happen(what)),
    }
}
