//! What the service needs of the disks before anything else: the store, the profile and the folder of files. Where a disk is full at the
//! start, the service answers that it waits, receives nothing, and goes on by itself when there is room.

use std::path::Path;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::blobs::Blobs;
use crate::host::config::Config;
use crate::host::trouble::Trouble;
use crate::http::{App, Connections, Server, Waiting, router};
use crate::store::{OpenedStore, Store};
use crate::transport::web::browser::Profile;

use super::compose::StartError;

/// The pause between two looks at a disk that is full: a person has to free some space.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Addresses that are bound and not served yet.
pub(super) struct Closed {
    pub(super) listeners: Vec<TcpListener>,
    pub(super) connections: Connections,
}

/// Where HTTP comes in at the end of the start.
pub(super) enum Entrance {
    Closed(Closed),
    /// The start had to wait, and HTTP is served already.
    Open(Server, Waiting),
}

impl Entrance {
    /// Serves the whole API.
    pub(super) fn serve(self, app: App) -> Server {
        match self {
            Self::Closed(Closed { listeners, connections }) => Server::start(listeners, &router(app), &connections),
            Self::Open(server, waiting) => {
                waiting.end(app);
                server
            }
        }
    }
}

pub(super) struct Ground {
    pub(super) opened: OpenedStore,
    pub(super) profile: Profile,
    pub(super) blobs: Blobs,
}

impl Ground {
    pub(super) async fn take(config: &Config) -> Result<Self, StartError> {
        let profile = open_profile(&config.paths.tokens).await?;
        // The store is last: it is the only one that takes long.
        let blobs = Blobs::open(&config.paths.data, config.media.quota).await?;
        Ok(Self { opened: Store::open(&config.paths.data).await?, profile, blobs })
    }

    /// Takes everything. Where a disk is full, HTTP is served meanwhile, and `waits` is told what is waited for whenever
    /// that changes.
    ///
    /// # Errors
    /// [`StartError::Stopped`] once `stop` is cancelled, and every error but that of a full disk.
    pub(super) async fn take_or_wait(
        config: &Config,
        closed: Closed,
        waiting: Waiting,
        stop: &CancellationToken,
        waits: impl Fn(&str),
    ) -> Result<(Self, Entrance), StartError> {
        let full = match Self::take(config).await {
            Err(error) if error.is_disk_full() => error,
            taken => return Ok((taken?, Entrance::Closed(closed))),
        };
        let Closed { listeners, connections } = closed;
        let server = Server::start(listeners, &waiting.router(), &connections);
        let explain = |why: &str| {
            waiting.explain(why);
            waits(why);
        };
        match Self::wait(config, full, stop, explain).await {
            Ok(ground) => Ok((ground, Entrance::Open(server, waiting))),
            Err(error) => {
                server.stop(Duration::ZERO).await;
                Err(error)
            }
        }
    }

    async fn wait(
        config: &Config,
        first: StartError,
        stop: &CancellationToken,
        explain: impl Fn(&str),
    ) -> Result<Self, StartError> {
        let (mut trouble, mut taken) = (Trouble::default(), Err(first));
        loop {
            match taken {
                Err(error) if error.is_disk_full() => {
                    let sentence = error.to_string();
                    if trouble.note(Some(&format!("the start waits: {sentence}"))) {
                        explain(&sentence);
                    }
                }
                Ok(ground) => {
                    trouble.note(None);
                    return Ok(ground);
                }
                Err(error) => return Err(error),
            }
            stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.ok_or(StartError::Stopped)?;
            taken = Self::take(config).await;
        }
    }
}

async fn open_profile(tokens: &Path) -> Result<Profile, StartError> {
    let tokens = tokens.to_owned();
    Ok(tokio::task::spawn_blocking(move || Profile::open(&tokens)).await??)
}
