//! The forms of what the page tells besides messages.

use serde::Deserialize;

use crate::domain::call::{Call, CallStatus};
use crate::domain::message::MessageId;
use crate::domain::notice::{ChatRead, ContactChange, GroupChange, Notice, Person};
use crate::domain::secret::Secret;

#[derive(Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(in super::super) enum NoticeShape {
    Call(CallShape),
    Group(GroupShape),
    Contact(ContactShape),
    Read(ReadShape),
}

#[derive(Deserialize)]
pub(in super::super) struct CallShape {
    id: String,
    peer: String,
    phone: Option<String>,
    lid: Option<String>,
    group: Option<String>,
    from_me: bool,
    video: bool,
    /// WhatsApp's word for the end of a call; `Offered` while it rings.
    outcome: String,
    duration_s: Option<u32>,
    t: u64,
}

#[derive(Deserialize)]
pub(in super::super) struct GroupShape {
    id: String,
    group: String,
    change: String,
    author: Option<PersonShape>,
    people: Vec<PersonShape>,
    value: Option<String>,
    t: u64,
}

#[derive(Deserialize)]
struct PersonShape {
    id: String,
    phone: Option<String>,
    lid: Option<String>,
}

#[derive(Deserialize)]
pub(in super::super) struct ContactShape {
    id: String,
    phone: Option<String>,
    lid: Option<String>,
    pushname: String,
    t: u64,
}

#[derive(Deserialize)]
pub(in super::super) struct ReadShape {
    chat: String,
    phone: Option<String>,
    lid: Option<String>,
    unread: u32,
    t: u64,
}

#[derive(Deserialize)]
pub(super) struct RevokerShape {
    admin: bool,
    person: Option<PersonShape>,
}

impl From<RevokerShape> for (bool, Option<Person>) {
    fn from(shape: RevokerShape) -> Self {
        let RevokerShape { admin, person } = shape;
        (admin, person.map(Person::from))
    }
}

impl From<NoticeShape> for Notice {
    fn from(shape: NoticeShape) -> Self {
        match shape {
            NoticeShape::Call(call) => Self::Call(call.into()),
            NoticeShape::Group(change) => Self::Group(change.into()),
            NoticeShape::Contact(ContactShape { id, phone, lid, pushname, t }) => {
                Self::Contact(ContactChange { id, phone, lid, pushname, t })
            }
            NoticeShape::Read(ReadShape { chat, phone, lid, unread, t }) => {
                Self::Read(ChatRead { chat, phone, lid, unread, t })
            }
        }
    }
}

impl From<CallShape> for Call {
    fn from(shape: CallShape) -> Self {
        let CallShape { id, peer, phone, lid, group, from_me, video, outcome, duration_s, t } = shape;
        let status = match outcome.as_str() {
            "Offered" => CallStatus::Offered,
            "Ongoing" => CallStatus::Ongoing,
            "Missed" => CallStatus::Missed,
            "Canceled" => CallStatus::Canceled,
            "Failed" => CallStatus::Failed,
            "Rejected" => CallStatus::Rejected,
            "AcceptedElsewhere" => CallStatus::AcceptedElsewhere,
            "Completed" => CallStatus::Completed,
            _ => CallStatus::Unknown,
        };
        Self { id, peer, phone, lid, group, from_me, video, status, duration_s, t }
    }
}

impl From<GroupShape> for GroupChange {
    fn from(shape: GroupShape) -> Self {
        let GroupShape { id, group, change, author, people, value, t } = shape;
        let what = match change.as_str() {
            // WhatsApp's notice for somebody who came by the link is called as the link is.
            "invite" => "join".to_owned(),
            "revoke_invite" => "invite_link".to_owned(),
            _ => change,
        };
        Self {
            id: MessageId::new(id),
            group,
            what,
            author: author.map(Person::from),
            people: people.into_iter().map(Person::from).collect(),
            value: value.map(Secret::new),
            t,
        }
    }
}

impl From<PersonShape> for Person {
    fn from(shape: PersonShape) -> Self {
        let PersonShape { id, phone, lid } = shape;
        Self { id, phone, lid }
    }
}
