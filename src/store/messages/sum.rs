//! Reactions and votes: told once, and what became of a message in sum: each person's present reaction and vote.

use std::collections::BTreeSet;

use super::Messages;
use crate::domain::event::Happening;
use crate::domain::log::{LoggedMessage, Sum};
use crate::domain::message::{MessageId, Reaction, Vote};
use crate::domain::time::Timestamp;
use crate::domain::wamid::Wamid;
use crate::store::StoreError;
use crate::store::addons::Addon;
use crate::store::entries::Record;

impl Messages {
    /// A reaction. WhatsApp Web and the Cloud API may both tell of it, with other names for the message and the person: it is
    /// told once, as a reaction to the log's entry.
    pub(super) fn react(&self, next: &mut u64, told: &Reaction, at: Timestamp) -> Result<(), StoreError> {
        let mut reaction = told.clone();
        let mut phone = told.sender_phone.clone();
        if let Some(entry) = self.find_by_either_id(*next, &told.message_id)? {
            phone = phone_of(told, &entry.message);
            reaction.message_id = entry.message.id;
        }
        if self.addons.is_new_reaction(&reaction, phone.as_deref(), &told.message_id, (at, *next))? {
            self.append(next, &Record::Happening(Happening::Reacted { reaction, at }))?;
        }
        Ok(())
    }

    /// What was taken back is left out. A person whom the page names by number at one time and by LID at another counts
    /// once.
    pub(in crate::store) fn sum(&self, message: &MessageId) -> Result<Sum, StoreError> {
        let (mut reactions, mut votes) = (Vec::<Reaction>::new(), Vec::<Vote>::new());
        let mut reader = self.entries.reader();
        let mut places = BTreeSet::new();
        let entry = self.find(message)?.map(|entry| entry.message);
        for id in names_of(message, entry.as_ref()) {
            places.extend(self.addons.places(Addon::Reaction, &id)?);
        }
        for place in places {
            if let Some(Record::Happening(Happening::Reacted { reaction, .. })) = reader.read(place)? {
                reactions.push(reaction);
            }
        }
        for place in self.addons.places(Addon::Vote, message)? {
            if let Some(Record::Happening(Happening::Voted { vote, .. })) = reader.read(place)? {
                votes.push(vote);
            }
        }
        let phone = |one: &Reaction| entry.as_ref().map_or(one.sender_phone.clone(), |entry| phone_of(one, entry));
        reactions = latest(reactions, |one| (person(&one.sender, phone(one).as_ref()), one.t_ms));
        votes = latest(votes, |one| (person(&one.sender, one.sender_phone.as_ref()), one.t_ms));
        reactions.retain(|reaction| !reaction.emoji.is_empty());
        votes.retain(|vote| !vote.options.is_empty());
        Ok(Sum { reactions, votes })
    }
}

/// The ids that either way has for a message. A reaction that came before its message is known by the id that it named.
fn names_of(message: &MessageId, entry: Option<&LoggedMessage>) -> Vec<MessageId> {
    let mut names = vec![message.clone()];
    if let Some(LoggedMessage { id, chat, lid, phone, .. }) = entry
        && let Some((from_me, key)) = id.key()
    {
        let number = phone.as_ref().map(|phone| format!("{phone}@c.us"));
        let chats = [Some(chat), lid.as_ref(), number.as_ref()].into_iter().flatten();
        names.extend(chats.map(|chat| MessageId::new(format!("{from_me}_{chat}_{key}"))));
        names.extend(phone.clone().map(|number| MessageId::new(Wamid { number, from_me, key }.encode())));
    }
    names
}

/// The phone digits of who reacted, also where the log alone knows whose LID it is.
fn phone_of(reaction: &Reaction, entry: &LoggedMessage) -> Option<String> {
    let LoggedMessage { chat, lid, phone, .. } = entry;
    let is_the_other_side = !reaction.from_me && [Some(chat), lid.as_ref()].contains(&Some(&reaction.sender));
    reaction.sender_phone.clone().or_else(|| phone.clone().filter(|_| is_the_other_side))
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
