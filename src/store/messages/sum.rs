//! What became of a message, in sum: each person's present reaction and vote.

use super::Messages;
use crate::domain::event::Happening;
use crate::domain::log::Sum;
use crate::domain::message::{MessageId, Reaction, Vote};
use crate::store::StoreError;
use crate::store::addons::Addon;
use crate::store::entries::Record;

impl Messages {
    /// What was taken back is left out. A person whom the page names by number at one time and by LID at another counts
    /// once.
    pub(in crate::store) fn sum(&self, message: &MessageId) -> Result<Sum, StoreError> {
        let (mut reactions, mut votes) = (Vec::<Reaction>::new(), Vec::<Vote>::new());
        let mut reader = self.entries.reader();
        for place in self.addons.places(Addon::Reaction, message)? {
            if let Some(Record::Happening(Happening::Reacted { reaction, .. })) = reader.read(place)? {
                reactions.push(reaction);
            }
        }
        for place in self.addons.places(Addon::Vote, message)? {
            if let Some(Record::Happening(Happening::Voted { vote, .. })) = reader.read(place)? {
                votes.push(vote);
            }
        }
        reactions = latest(reactions, |one| (person(&one.sender, one.sender_phone.as_ref()), one.t_ms));
        votes = latest(votes, |one| (person(&one.sender, one.sender_phone.as_ref()), one.t_ms));
        reactions.retain(|reaction| !reaction.emoji.is_empty());
        votes.retain(|vote| !vote.options.is_empty());
        Ok(Sum { reactions, votes })
    }
}

fn person(sender: &str, phone: Option<&String>) -> String {
    phone.map_or_else(|| sender.trim_end_matches("@c.us").to_owned(), Clone::clone)
}

/// The latest of each person, in the order of time.
fn latest<T>(mut all: Vec<T>, key: impl Fn(&T) -> (String, u64)) -> Vec<T> {
    all.sort_by_cached_key(|one| std::cmp::Reverse(key(one).1));
    let mut seen = std::collections::HashSet::new();
    all.retain(|one| seen.insert(key(one).0));
    all.reverse();
    all
}
