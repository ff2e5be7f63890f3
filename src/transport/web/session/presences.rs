//! The changes of people's presence, for those who follow them at that moment. Nothing of it is stored.
//!
//! ```text
//! driver ──change──▶ Board: the newest change of each person ──▶ Following: those that it has not taken yet
//! ```
//!
//! Who takes changes slowly finds the newest of each person, and no more people than the page follows.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::presence::{Presence, PresenceChange};
use crate::domain::time::Timestamp;

/// The page follows no more people.
pub const FOLLOWED_MAX: usize = 256;

/// The newest change of each person, in the order of the changes.
#[derive(Debug, Default)]
pub(super) struct Board {
    n: u64,
    changes: VecDeque<Arc<PresenceChange>>,
}

/// The end at which the driver tells the changes.
#[derive(Debug)]
pub(super) struct Presences {
    run: u32,
    board: watch::Sender<Board>,
}

impl Presences {
    pub(super) fn new(run: u32) -> (Self, watch::Receiver<Board>) {
        let (board, told) = watch::channel(Board::default());
        (Self { run, board }, told)
    }

    pub(super) fn tell(&self, presence: Presence, at: Timestamp) {
        self.board.send_modify(|board| {
            board.n += 1;
            board.changes.retain(|change| change.presence.lid != presence.lid);
            if board.changes.len() >= FOLLOWED_MAX {
                board.changes.pop_front();
            }
            board.changes.push_back(Arc::new(PresenceChange { run: self.run, n: board.n, at, presence }));
        });
    }
}

/// Follows the changes from a moment on.
#[derive(Debug)]
pub struct Following {
    told: watch::Receiver<Board>,
    /// The number of the newest change that was taken.
    taken: u64,
}

impl Following {
    pub(super) fn new(mut told: watch::Receiver<Board>) -> Self {
        let taken = told.borrow_and_update().n;
        Self { told, taken }
    }

    /// The newest change of each person who has changed since the last call.
    pub fn take(&mut self) -> Vec<Arc<PresenceChange>> {
        let board = self.told.borrow_and_update();
        let changes = board.changes.iter().filter(|change| change.n > self.taken).cloned().collect();
        self.taken = board.n;
        changes
    }

    /// Waits for a change; false: there will be none any more.
    pub async fn changed(&mut self) -> bool {
        self.told.changed().await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::presence::PresenceState;

    use super::*;

    fn of(lid: &str, state: PresenceState) -> Presence {
        Presence { phone: None, lid: lid.to_owned(), state: Some(state), last_seen_s: None, hidden: false }
    }

    fn lids(following: &mut Following) -> Vec<(String, Option<PresenceState>)> {
        let taken = following.take();
        taken.iter().map(|change| (change.presence.lid.clone(), change.presence.state)).collect()
    }

    #[tokio::test]
    async fn who_follows_gets_the_newest_of_each_person_from_then_on() {
        use PresenceState::{Available, Typing, Unavailable};
        let (presences, told) = Presences::new(7);
        let tell = |lid: &str, state| presences.tell(of(lid, state), Timestamp::from_millis(1));
        tell("1@lid", Available);
        let mut following = Following::new(told.clone());
        assert_eq!(lids(&mut following), [], "nothing of before");
        tell("1@lid", Typing);
        tell("2@lid", Available);
        tell("1@lid", Unavailable);
        assert!(following.changed().await);
        let expected = [("2@lid".to_owned(), Some(Available)), ("1@lid".to_owned(), Some(Unavailable))];
        assert_eq!(lids(&mut following), expected);
        assert_eq!(lids(&mut following), []);
        tell("1@lid", Available);
        assert_eq!(following.take().first().map(|change| change.id()), Some("prs_00000007_5".to_owned()));
        drop(presences);
        assert!(!following.changed().await);
    }

    #[test]
    fn a_slow_follower_finds_no_more_people_than_are_followed() {
        let (presences, told) = Presences::new(7);
        let mut following = Following::new(told);
        for n in 0..FOLLOWED_MAX + 5 {
            presences.tell(of(&format!("{n}@lid"), PresenceState::Available), Timestamp::from_millis(1));
        }
        let taken = lids(&mut following);
        assert_eq!((taken.len(), taken.first().map(|(lid, _)| lid.as_str())), (FOLLOWED_MAX, Some("5@lid")));
    }
}
