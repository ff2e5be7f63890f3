//! What the page tells besides messages.

use serde::{Deserialize, Serialize};

use crate::domain::call::{Call, CallStatus};
use crate::domain::message::MessageId;
use crate::domain::notice::{ChatRead, ContactChange, GroupChange, Notice, Person};
use crate::domain::secret::Secret;

#[derive(Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(in crate::store) enum StoredNotice {
    Call(StoredCall),
    Group(StoredGroupChange),
    Contact { id: String, phone: Option<String>, lid: Option<String>, pushname: String, t: u64 },
    Read { chat: String, phone: Option<String>, lid: Option<String>, unread: u32, t: u64 },
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredCall {
    id: String,
    peer: String,
    phone: Option<String>,
    lid: Option<String>,
    group: Option<String>,
    from_me: bool,
    video: bool,
    status: String,
    duration_s: Option<u32>,
    t: u64,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredGroupChange {
    id: String,
    group: String,
    change: String,
    author: Option<StoredPerson>,
    people: Vec<StoredPerson>,
    value: Option<String>,
    t: u64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredPerson {
    id: String,
    phone: Option<String>,
    lid: Option<String>,
}

impl From<Notice> for StoredNotice {
    fn from(notice: Notice) -> Self {
        match notice {
            Notice::Call(Call { id, peer, phone, lid, group, from_me, video, status, duration_s, t }) => {
                let status = status.name().to_owned();
                Self::Call(StoredCall { id, peer, phone, lid, group, from_me, video, status, duration_s, t })
            }
            Notice::Group(GroupChange { id, group, what, author, people, value, t }) => {
                Self::Group(StoredGroupChange {
                    id: id.into_string(),
                    group,
                    change: what,
                    author: author.map(StoredPerson::from),
                    people: people.into_iter().map(StoredPerson::from).collect(),
                    value: value.map(Secret::into_revealed),
                    t,
                })
            }
            Notice::Contact(ContactChange { id, phone, lid, pushname, t }) => {
                Self::Contact { id, phone, lid, pushname, t }
            }
            Notice::Read(ChatRead { chat, phone, lid, unread, t }) => Self::Read { chat, phone, lid, unread, t },
        }
    }
}

impl From<StoredNotice> for Notice {
    fn from(stored: StoredNotice) -> Self {
        match stored {
            StoredNotice::Call(call) => {
                let StoredCall { id, peer, phone, lid, group, from_me, video, status, duration_s, t } = call;
                let status = CallStatus::from_name(&status).unwrap_or(CallStatus::Unknown);
                Self::Call(Call { id, peer, phone, lid, group, from_me, video, status, duration_s, t })
            }
            StoredNotice::Group(StoredGroupChange { id, group, change, author, people, value, t }) => {
                Self::Group(GroupChange {
                    id: MessageId::new(id),
                    group,
                    what: change,
                    author: author.map(Person::from),
                    people: people.into_iter().map(Person::from).collect(),
                    value: value.map(Secret::new),
                    t,
                })
            }
            StoredNotice::Contact { id, phone, lid, pushname, t } => {
                Self::Contact(ContactChange { id, phone, lid, pushname, t })
            }
            StoredNotice::Read { chat, phone, lid, unread, t } => Self::Read(ChatRead { chat, phone, lid, unread, t }),
        }
    }
}

impl From<Person> for StoredPerson {
    fn from(person: Person) -> Self {
        let Person { id, phone, lid } = person;
        Self { id, phone, lid }
    }
}

impl From<StoredPerson> for Person {
    fn from(stored: StoredPerson) -> Self {
        let StoredPerson { id, phone, lid } = stored;
        Self { id, phone, lid }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    /// What lies on disks must stay readable, and be written as before.
    #[test]
    fn notices_keep_their_stored_form() {
        for stored in [
            json!({ "what": "call", "id": "C", "peer": "1@lid", "phone": "5491", "lid": "1@lid", "group": null,
                    "from_me": false, "video": true, "status": "accepted_elsewhere", "duration_s": 3, "t": 7 }),
            json!({ "what": "group", "id": "false_1@g.us_A_2@lid", "group": "1@g.us", "change": "add",
                    "author": { "id": "1@lid", "phone": null, "lid": "1@lid" },
                    "people": [{ "id": "2@lid", "phone": "5492", "lid": "2@lid" }], "value": "x", "t": 7 }),
            json!({ "what": "contact", "id": "1@lid", "phone": null, "lid": "1@lid", "pushname": "Ana", "t": 7 }),
            json!({ "what": "read", "chat": "1@lid", "phone": null, "lid": "1@lid", "unread": 2, "t": 7 }),
        ] {
            let read: StoredNotice = serde_json::from_value(stored.clone()).unwrap();
            let written: Value = serde_json::to_value(StoredNotice::from(Notice::from(read))).unwrap();
            assert_eq!(written, stored);
        }
    }
}
