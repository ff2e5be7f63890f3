//! The events as webhooks and `/events` tell them, and the messages as `/messages` lists them: every JSON shape that the log
//! has outside of this service. A rename in the domain or in the store changes none of them.
//!
//! Every conversion names all fields of the domain's type. A field that is new there does not compile until the conversion
//! says what becomes of it; `tests/house` allows no `..` here.

mod items;
mod limits;
mod media;
mod notices;
mod presence;
mod values;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::event;
use crate::domain::event::What;
use crate::domain::notice::Notice;
use crate::domain::presence::PresenceChange;
use crate::domain::state::SESSION;

pub use items::{AckAt, Code, Message, MessageAck, Reaction, StateChange, Vote};
pub use limits::{Banned, Limits, NewChats, NewChatsStatus, Timelock};
pub use media::{Media, MediaKind, MediaStatus};
pub use notices::{Call, CallStatus, ChatRead, ContactChange, GroupChange, Person};
pub use presence::PresenceState;
pub use values::{Ack, Direction, MessageId, Reason, Source, State, Timestamp};

/// An event as webhooks and `/events` tell it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event<'a> {
    /// Its place in the log; of `presence`, which is in no log, an id of its own.
    pub id: String,
    /// `message`, `message.edited`, `message.revoked`, `message.ack`, `message.reaction`, `message.vote`, `message.media`,
    /// `call`, `group.changed`, `contact.changed`, `chat.read`, `presence`, `limits.changed`, `session.state` or `session.qr`.
    pub r#type: &'static str,
    /// When the service learned of the event.
    pub timestamp: Timestamp,
    pub session: &'static str,
    pub data: Data<'a>,
}

/// What an event is about; `type` says which of these it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventData)]
#[serde(untagged)]
pub enum Data<'a> {
    Message(Box<Message<'a>>),
    Ack(MessageAck<'a>),
    Reaction(Reaction<'a>),
    Vote(Vote<'a>),
    Call(Call<'a>),
    Group(GroupChange<'a>),
    Contact(ContactChange<'a>),
    Read(ChatRead<'a>),
    Presence(presence::Presence<'a>),
    Limits(Limits),
    State(StateChange<'a>),
    Code(Code<'a>),
}

impl<'a> Event<'a> {
    /// `code` is the picture to scan, for readers who may have it.
    pub fn new(event: &'a event::Event, code: Option<&'a str>) -> Self {
        let event::Event { log: _, cursor: _, at, what } = event;
        let data = match what {
            What::Message(message) | What::Edited(message) | What::Revoked(message) | What::File(message) => {
                Data::Message(Box::new(Message::from(&**message)))
            }
            What::Acked(message, ack) => Data::Ack(MessageAck::new(message, *ack)),
            What::Reacted(reaction) => Data::Reaction(Reaction::from(&**reaction)),
            What::Voted(vote) => Data::Vote(Vote::from(&**vote)),
            What::Noticed(notice) => match &**notice {
                Notice::Call(call) => Data::Call(call.into()),
                Notice::Group(change) => Data::Group(change.into()),
                Notice::Contact(change) => Data::Contact(change.into()),
                Notice::Read(read) => Data::Read(read.into()),
            },
            What::Limits(change) => Data::Limits(Limits::from(&**change)),
            What::State(step) => Data::State(StateChange::from(step)),
            What::Code(shown) => Data::Code(Code::new(shown, code)),
        };
        Self { id: event.id(), r#type: event.kind(), timestamp: (*at).into(), session: SESSION, data }
    }

    /// A change of somebody's presence.
    pub fn presence(change: &'a PresenceChange) -> Self {
        let PresenceChange { run: _, n: _, at, presence } = change;
        let data = Data::Presence(presence.into());
        Self { id: change.id(), r#type: PresenceChange::TYPE, timestamp: (*at).into(), session: SESSION, data }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use utoipa::PartialSchema;
    use utoipa::openapi::{RefOr, Schema};

    use super::*;
    use crate::domain::event::{CodeShown, LogId};
    use crate::domain::{state, time};

    #[test]
    fn the_code_itself_is_told_to_those_only_who_may_have_it() {
        let at = time::Timestamp::from_millis;
        let shown = CodeShown { attempt: 1, generated_at: at(1000), expires_at: at(2000) };
        let event = event::Event { log: LogId(1), cursor: 2, at: at(1000), what: What::Code(shown) };
        let without = json!(Event::new(&event, None));
        assert_eq!((&without["type"], &without["id"]), (&"session.qr".into(), &"evt_00000001_2".into()));
        assert_eq!(without["data"].get("qr"), None);
        assert_eq!(json!(Event::new(&event, Some("2@x")))["data"]["qr"], "2@x");
    }

    /// The log of the service, its metrics and its sentences use the domain's names.
    #[test]
    fn states_and_reasons_have_one_name_everywhere() {
        for state in state::State::ALL {
            assert_eq!(json!(State::from(state)), json!(state.name()));
        }
        for reason in state::Reason::ALL {
            assert_eq!(json!(Reason::from(reason)), json!(reason.name()));
        }
        let all = |schema: RefOr<Schema>| json!(schema)["enum"].as_array().cloned().unwrap_or_default();
        assert_eq!(all(State::schema()), state::State::ALL.map(|state| json!(state.name())));
        assert_eq!(all(Reason::schema()), state::Reason::ALL.map(|reason| json!(reason.name())));
    }
}
