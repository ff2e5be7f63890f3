//! The chats, people and groups of the account, as they were when the page was read, and how they are searched.
//!
//! A person is one entry here, whatever the page has of them under the LID and under the number.

use std::collections::HashMap;

use tokio::time::Instant;

use crate::domain::time::Timestamp;
use crate::transport::web::whatsapp::directory::{ChatNow, ContactNow, GroupNow, Identity, MemberNow, RoleNow};

use super::search::Wanted;

#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the page's own marks of a chat")]
pub struct Chat {
    pub id: String,
    pub phone: Option<String>,
    pub lid: Option<String>,
    pub name: Option<String>,
    pub unread: u32,
    pub marked_unread: bool,
    pub archived: bool,
    pub pinned: bool,
    pub muted: bool,
    /// None where it is muted for ever, or not at all.
    pub muted_until: Option<Timestamp>,
    pub read_only: bool,
    pub last_at: Option<Timestamp>,
}

/// A person: WhatsApp knows everybody by a LID, and many by a phone number too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The phone's digits.
    pub phone: Option<String>,
    /// `user@lid`.
    pub lid: Option<String>,
    /// The name in the account's address book.
    pub name: Option<String>,
    /// The name that the person chose.
    pub pushname: Option<String>,
    /// The name of a business that WhatsApp has verified.
    pub verified_name: Option<String>,
    pub business: bool,
    /// The account has blocked the person.
    pub blocked: bool,
    /// It is the account itself.
    pub me: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Creator,
    Admin,
    Member,
}

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    pub phone: Option<String>,
    pub lid: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub who: Who,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: String,
    /// False: the page knows the group only from a message.
    pub known: bool,
    pub subject: Option<String>,
    pub description: Option<String>,
    pub owner: Option<Who>,
    pub created_at: Option<Timestamp>,
    pub members: u32,
    /// None: the account is not in the group.
    pub role: Option<Role>,
    pub settings: Settings,
    pub by_lid: bool,
    pub community: bool,
    pub parent: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the settings of a group are switches")]
pub struct Settings {
    /// Only admins write.
    pub announce: bool,
    /// Only admins change subject, description and picture.
    pub restrict: bool,
    /// An admin approves who joins.
    pub approval: bool,
    /// Every member may add members, not only admins.
    pub members_add: bool,
    /// After how many seconds messages vanish; 0: they stay.
    pub ephemeral_s: u32,
}

/// All lists, read together.
#[derive(Debug)]
pub struct Lists {
    pub as_of: Timestamp,
    pub(super) read_at: Instant,
    /// False: there were more entries than are kept.
    pub complete: bool,
    chats: Vec<Chat>,
    contacts: Vec<Contact>,
    groups: Vec<Group>,
}

/// Entries in order, and where the next ones begin.
#[derive(Debug, PartialEq, Eq)]
pub struct Found<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

impl Lists {
    pub(super) fn new(
        (as_of, read_at, complete): (Timestamp, Instant, bool),
        chats: Vec<ChatNow>,
        contacts: Vec<ContactNow>,
        groups: Vec<GroupNow>,
    ) -> Self {
        let mut chats = one_chat_a_person(chats.into_iter().map(Chat::from));
        chats.sort_unstable_by(|a, b| b.place().cmp(&a.place()));
        let mut contacts = one_contact_a_person(contacts.into_iter().map(Contact::from));
        contacts.sort_by_cached_key(Contact::key);
        let mut groups: Vec<Group> = groups.into_iter().map(Group::from).collect();
        groups.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        groups.dedup_by(|a, b| a.id == b.id);
        Self { as_of, read_at, complete, chats, contacts, groups }
    }

    /// Chats, the one with the newest message first.
    pub fn chats(&self, wanted: &Wanted) -> Found<Chat> {
        let begin = match &wanted.after {
            Some(after) => self.chats.partition_point(|chat| chat.cursor_place() >= place_of(after)),
            None => 0,
        };
        let fits = |chat: &&Chat| {
            (!wanted.unread || chat.unread > 0 || chat.marked_unread)
                && wanted.fits([&chat.name, &chat.phone, &chat.lid].into_iter().flatten().chain([&chat.id]))
        };
        taken(self.chats[begin..].iter().filter(fits), wanted.limit, Chat::cursor)
    }

    /// People, by their LIDs.
    pub fn contacts(&self, wanted: &Wanted) -> Found<Contact> {
        let begin = match &wanted.after {
            Some(after) => self.contacts.partition_point(|contact| contact.key() <= *after),
            None => 0,
        };
        let fits = |contact: &&Contact| {
            let Contact { phone, lid, name, pushname, verified_name, business: _, blocked: _, me: _ } = contact;
            wanted.fits([name, pushname, verified_name, phone, lid].into_iter().flatten())
        };
        taken(self.contacts[begin..].iter().filter(fits), wanted.limit, Contact::key)
    }

    /// Groups, by their ids.
    pub fn groups(&self, wanted: &Wanted) -> Found<Group> {
        let begin = match &wanted.after {
            Some(after) => self.groups.partition_point(|group| group.id <= *after),
            None => 0,
        };
        let fits = |group: &&Group| wanted.fits([&group.subject].into_iter().flatten().chain([&group.id]));
        taken(self.groups[begin..].iter().filter(fits), wanted.limit, |group| group.id.clone())
    }

    /// The chat under an id, a LID or phone digits.
    pub(super) fn chat(&self, id: &str, digits: Option<&str>) -> Option<&Chat> {
        self.chats.iter().find(|chat| {
            chat.id == id || chat.lid.as_deref() == Some(id) || digits.is_some() && chat.phone.as_deref() == digits
        })
    }

    pub(super) fn contact(&self, id: &str, digits: Option<&str>) -> Option<&Contact> {
        self.contacts.iter().find(|contact| {
            contact.lid.as_deref() == Some(id) || digits.is_some() && contact.phone.as_deref() == digits
        })
    }

    pub(super) fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }
}

/// The first entries, and the cursor of the last of them where more follow.
fn taken<'a, T: Clone + 'a>(
    mut entries: impl Iterator<Item = &'a T>,
    limit: usize,
    cursor: impl Fn(&T) -> String,
) -> Found<T> {
    let items: Vec<T> = entries.by_ref().take(limit).cloned().collect();
    let next = items.last().filter(|_| entries.next().is_some()).map(cursor);
    Found { items, next }
}

/// The time in seconds and the id in a cursor of chats.
fn place_of(cursor: &str) -> (u64, &str) {
    let (seconds, id) = cursor.split_once('-').unwrap_or(("0", cursor));
    (seconds.parse().unwrap_or(0), id)
}

impl Chat {
    fn place(&self) -> (u64, &str) {
        (self.last_at.map_or(0, |at| at.as_millis() / 1000), &self.id)
    }

    fn cursor_place(&self) -> (u64, &str) {
        self.place()
    }

    fn cursor(&self) -> String {
        let (seconds, id) = self.place();
        format!("{seconds}-{id}")
    }
}

impl Contact {
    /// The LID, or the number of somebody whose LID is not known.
    fn key(&self) -> String {
        match (&self.lid, &self.phone) {
            (Some(lid), _) => lid.clone(),
            (None, phone) => format!("{}@c.us", phone.as_deref().unwrap_or_default()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        let Self { phone, lid: _, name, pushname, verified_name, business: _, blocked: _, me: _ } = self;
        [phone, name, pushname, verified_name].iter().all(|known| known.is_none())
    }

    fn join(&mut self, other: Self) {
        let Self { phone, lid, name, pushname, verified_name, business, blocked, me } = other;
        self.phone = self.phone.take().or(phone);
        self.lid = self.lid.take().or(lid);
        self.name = self.name.take().or(name);
        self.pushname = self.pushname.take().or(pushname);
        self.verified_name = self.verified_name.take().or(verified_name);
        self.business |= business;
        self.blocked |= blocked;
        self.me |= me;
    }
}

/// The page may have a chat of the same person under the number and under the LID: the one with the newer message counts.
fn one_chat_a_person(chats: impl Iterator<Item = Chat>) -> Vec<Chat> {
    let mut all: HashMap<String, Chat> = HashMap::new();
    for chat in chats {
        let key = chat.lid.clone().unwrap_or_else(|| chat.id.clone());
        match all.get_mut(&key) {
            Some(known) if known.last_at >= chat.last_at => known.unread = known.unread.max(chat.unread),
            Some(known) => {
                let unread = known.unread.max(chat.unread);
                *known = Chat { unread, ..chat };
            }
            None => {
                all.insert(key, chat);
            }
        }
    }
    all.into_values().collect()
}

fn one_contact_a_person(contacts: impl Iterator<Item = Contact>) -> Vec<Contact> {
    let mut all: HashMap<String, Contact> = HashMap::new();
    for contact in contacts.filter(|contact| contact.lid.is_some() || contact.phone.is_some()) {
        match all.get_mut(&contact.key()) {
            Some(known) => known.join(contact),
            None => {
                all.insert(contact.key(), contact);
            }
        }
    }
    all.into_values().collect()
}

fn seconds(at: Option<u64>) -> Option<Timestamp> {
    at.map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000)))
}

impl From<ChatNow> for Chat {
    fn from(chat: ChatNow) -> Self {
        let ChatNow { id, phone, lid, name, unread, marked_unread, archived, pinned, muted, .. } = chat;
        let (muted_until, last_at) = (seconds(chat.muted_until_s), seconds(chat.last_s));
        let muted_until = muted_until.filter(|_| muted);
        let read_only = chat.read_only;
        Self { id, phone, lid, name, unread, marked_unread, archived, pinned, muted, muted_until, read_only, last_at }
    }
}

impl From<ContactNow> for Contact {
    fn from(contact: ContactNow) -> Self {
        let ContactNow { phone, lid, name, pushname, verified_name, business, blocked, me } = contact;
        Self { phone, lid, name, pushname, verified_name, business, blocked, me }
    }
}

impl From<RoleNow> for Role {
    fn from(role: RoleNow) -> Self {
        match role {
            RoleNow::Creator => Self::Creator,
            RoleNow::Admin => Self::Admin,
            RoleNow::Member => Self::Member,
        }
    }
}

impl From<Identity> for Who {
    fn from(Identity { phone, lid }: Identity) -> Self {
        Self { phone, lid }
    }
}

impl From<MemberNow> for Member {
    fn from(MemberNow { phone, lid, role }: MemberNow) -> Self {
        Self { who: Who { phone, lid }, role: role.into() }
    }
}

impl From<GroupNow> for Group {
    fn from(group: GroupNow) -> Self {
        let GroupNow { id, known, subject, description, owner, members, role, by_lid, community, parent, .. } = group;
        let GroupNow { announce, restrict, approval, members_add, ephemeral_s, created_s, .. } = group;
        Self {
            id,
            known,
            subject,
            description,
            owner: owner.map(Who::from),
            created_at: seconds(created_s),
            members,
            role: role.map(Role::from),
            settings: Settings { announce, restrict, approval, members_add, ephemeral_s },
            by_lid,
            community,
            parent,
        }
    }
}

#[cfg(test)]
mod tests;
