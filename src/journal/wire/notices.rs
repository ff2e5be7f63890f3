//! What events tell besides messages: calls, changes of groups, names, chats that were read.

use serde::Serialize;
use utoipa::ToSchema;

use super::values::{MessageId, Timestamp};
use crate::domain::secret::Secret;
use crate::domain::{call, notice, time};

/// A call to or from this account.
#[derive(Debug, Serialize, ToSchema)]
pub struct Call<'a> {
    pub call_id: &'a str,
    /// The chat of the call: the other side, or the group.
    pub chat_id: &'a str,
    /// The other side's phone digits, where WhatsApp knows them. In a call of a group: of who began it.
    pub phone: Option<&'a str>,
    /// The other side's LID, where WhatsApp knows it.
    pub lid: Option<&'a str>,
    /// The group that is called.
    pub group_id: Option<&'a str>,
    /// This account calls.
    pub from_me: bool,
    pub video: bool,
    pub status: CallStatus,
    /// How long they spoke, where WhatsApp says so.
    pub duration_s: Option<u32>,
    /// When the call was offered.
    pub timestamp: Timestamp,
}

/// How far a call is. `rejected` is told by this service when it has refused a call (`CALLS=reject`), and by WhatsApp
/// when another device has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    Offered,
    Ongoing,
    Missed,
    Canceled,
    Failed,
    Unknown,
    Rejected,
    AcceptedElsewhere,
    Completed,
}

impl From<call::CallStatus> for CallStatus {
    fn from(status: call::CallStatus) -> Self {
        match status {
            call::CallStatus::Offered => Self::Offered,
            call::CallStatus::Ongoing => Self::Ongoing,
            call::CallStatus::Missed => Self::Missed,
            call::CallStatus::Canceled => Self::Canceled,
            call::CallStatus::Failed => Self::Failed,
            call::CallStatus::Unknown => Self::Unknown,
            call::CallStatus::Rejected => Self::Rejected,
            call::CallStatus::AcceptedElsewhere => Self::AcceptedElsewhere,
            call::CallStatus::Completed => Self::Completed,
        }
    }
}

impl<'a> From<&'a call::Call> for Call<'a> {
    fn from(call: &'a call::Call) -> Self {
        let call::Call { id, peer, phone, lid, group, from_me, video, status, duration_s, t } = call;
        Self {
            call_id: id,
            chat_id: group.as_deref().unwrap_or(peer),
            phone: phone.as_deref(),
            lid: lid.as_deref(),
            group_id: group.as_deref(),
            from_me: *from_me,
            video: *video,
            status: (*status).into(),
            duration_s: *duration_s,
            timestamp: seconds(*t),
        }
    }
}

/// Somebody in a group.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GroupPerson)]
pub struct Person<'a> {
    /// As the group names the person.
    pub id: &'a str,
    pub phone: Option<&'a str>,
    pub lid: Option<&'a str>,
}

impl<'a> From<&'a notice::Person> for Person<'a> {
    fn from(person: &'a notice::Person) -> Self {
        let notice::Person { id, phone, lid } = person;
        Self { id, phone: phone.as_deref(), lid: lid.as_deref() }
    }
}

/// A change of a group: who did what to whom.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupChange<'a> {
    /// WhatsApp's id of the change.
    pub id: MessageId,
    pub chat_id: &'a str,
    /// `add`, `remove`, `leave`, `join` (by the link), `promote`, `demote`, `subject`, `description`, `picture`, `announce`
    /// (only admins write), `restrict` (only admins change the group), `invite_link` (it is another one now), `create`, or
    /// another of WhatsApp's own words.
    pub change: &'a str,
    /// Who did it; null where WhatsApp does not say.
    pub author: Option<Person<'a>>,
    /// Those to whom it was done.
    pub participants: Vec<Person<'a>>,
    /// The new subject or description, `on` or `off` of a switch, `set` or `remove` of the picture.
    pub value: Option<&'a str>,
    pub timestamp: Timestamp,
}

impl<'a> From<&'a notice::GroupChange> for GroupChange<'a> {
    fn from(change: &'a notice::GroupChange) -> Self {
        let notice::GroupChange { id, group, what, author, people, value, t } = change;
        Self {
            id: id.into(),
            chat_id: group,
            change: what,
            author: author.as_ref().map(Person::from),
            participants: people.iter().map(Person::from).collect(),
            value: value.as_ref().map(Secret::reveal),
            timestamp: seconds(*t),
        }
    }
}

/// Somebody took another name.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactChange<'a> {
    pub id: &'a str,
    pub phone: Option<&'a str>,
    pub lid: Option<&'a str>,
    /// The name that the person chose.
    pub pushname: &'a str,
    pub timestamp: Timestamp,
}

impl<'a> From<&'a notice::ContactChange> for ContactChange<'a> {
    fn from(change: &'a notice::ContactChange) -> Self {
        let notice::ContactChange { id, phone, lid, pushname, t } = change;
        Self { id, phone: phone.as_deref(), lid: lid.as_deref(), pushname, timestamp: seconds(*t) }
    }
}

/// A chat was read on a device of this account: on the phone, on another device, or through this service.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChatRead<'a> {
    pub chat_id: &'a str,
    pub phone: Option<&'a str>,
    pub lid: Option<&'a str>,
    /// How many of its messages are still unread.
    pub unread: u32,
    pub timestamp: Timestamp,
}

impl<'a> From<&'a notice::ChatRead> for ChatRead<'a> {
    fn from(read: &'a notice::ChatRead) -> Self {
        let notice::ChatRead { chat, phone, lid, unread, t } = read;
        Self { chat_id: chat, phone: phone.as_deref(), lid: lid.as_deref(), unread: *unread, timestamp: seconds(*t) }
    }
}

fn seconds(t: u64) -> Timestamp {
    time::Timestamp::from_millis(t.saturating_mul(1000)).into()
}
