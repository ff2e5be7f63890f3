//! Whose presence is followed. A document of the page forgets them when it ends, so the next one is told of them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::domain::state::State;
use crate::transport::web::session::{FOLLOWED_MAX, Handle, SessionError};

use super::cache::has_no_login;

pub(super) const TASK: &str = "followed people";
/// The page asks WhatsApp's server for one person after the other.
const DEADLINE: Duration = Duration::from_secs(30);

/// The LIDs of those who are followed, in the order in which they were asked for.
#[derive(Debug, Default)]
pub(super) struct Followed(Mutex<VecDeque<String>>);

impl Followed {
    /// Whoever was asked for longest ago makes room, as in the page.
    pub(super) fn add(&self, lid: &str) {
        let mut lids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lids.retain(|other| other != lid);
        if lids.len() >= FOLLOWED_MAX {
            lids.pop_front();
        }
        lids.push_back(lid.to_owned());
    }

    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Tells each document of the page whom to follow, once it is READY; forgets them all when the login has gone, because the
/// next one may be another account's. A page that could not be told is told again after the pause `again`.
pub(super) async fn run(session: Handle, followed: Arc<Followed>, again: Duration, stop: CancellationToken) {
    let mut snapshots = session.watch();
    let mut told = 0;
    loop {
        let (documents, is_ready) = {
            let snapshot = snapshots.borrow_and_update();
            if has_no_login(&snapshot) {
                followed.clear();
            }
            (snapshot.documents, snapshot.state == State::Ready)
        };
        if is_ready && documents != told {
            let lids = followed.all();
            let is_told = async {
                if lids.is_empty() {
                    return Ok(());
                }
                session.page(State::Ready)?.follow_presence(&lids, DEADLINE).await.map_err(SessionError::from)
            };
            match stop.run_until_cancelled(is_told).await {
                None => return,
                Some(Ok(())) => told = documents,
                Some(Err(error)) => {
                    tracing::warn!(%error, people = lids.len(), "the page does not follow the presence of all people yet");
                }
            }
        }
        let changed = async {
            if is_ready && documents != told {
                timeout(again, snapshots.changed()).await.unwrap_or(Ok(()))
            } else {
                snapshots.changed().await
            }
        };
        match stop.run_until_cancelled(changed).await {
            None => return,
            Some(Err(_)) => return stop.cancelled().await,
            Some(Ok(())) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_asked_for_longest_ago_makes_room() {
        let followed = Followed::default();
        for n in 0..FOLLOWED_MAX {
            followed.add(&format!("{n}@lid"));
        }
        followed.add("0@lid");
        followed.add("another@lid");
        let all = followed.all();
        assert_eq!((all.len(), all[0].as_str(), all[FOLLOWED_MAX - 2].as_str()), (FOLLOWED_MAX, "2@lid", "0@lid"));
    }
}
