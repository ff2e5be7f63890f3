//! Which events a target of delivery is told.

use super::event::Event;

/// The kinds of chats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatKind {
    Direct,
    Group,
    Status,
    Channel,
}

impl ChatKind {
    pub const ALL: [Self; 4] = [Self::Direct, Self::Group, Self::Status, Self::Channel];

    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
            Self::Status => "status",
            Self::Channel => "channel",
        }
    }

    /// The kind of a chat `user@server`.
    fn of(chat: &str) -> Self {
        match chat.rsplit_once('@') {
            Some((_, "g.us")) => Self::Group,
            Some((_, "newsletter")) => Self::Channel,
            Some((_, "broadcast")) => Self::Status,
            _ => Self::Direct,
        }
    }
}

/// The events that a target is told: those of some types, in some kinds of chats. Events without a chat, such as the
/// session's state, are chosen by their type alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub types: Vec<&'static str>,
    pub chats: Vec<ChatKind>,
}

impl Filter {
    pub fn takes(&self, event: &Event) -> bool {
        let chat = event.chat().map(ChatKind::of);
        self.types.contains(&event.kind()) && chat.is_none_or(|chat| self.chats.contains(&chat))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::event::{LogId, What};
    use crate::domain::log::LoggedMessage;
    use crate::domain::log::tests::page_message;
    use crate::domain::message::{Ack, PageMessage};
    use crate::domain::state::{State, Transition};
    use crate::domain::time::Timestamp;

    fn event(what: What) -> Event {
        Event { log: LogId(1), cursor: 1, at: Timestamp::from_millis(0), what }
    }

    #[test]
    fn types_and_chats_are_chosen_together_and_what_has_no_chat_by_its_type() {
        let message = |chat: &str| {
            let page = PageMessage { chat: chat.to_owned(), ..page_message("a", "hola") };
            Box::new(LoggedMessage::from_page(page, Timestamp::from_millis(0), false).unwrap())
        };
        let step = Transition {
            at: Timestamp::from_millis(0),
            from: State::Init,
            to: State::QrRequired,
            reason: None,
            detail: String::new(),
        };
        let groups = Filter { types: vec!["message", "session.state"], chats: vec![ChatKind::Group] };
        for (what, taken) in [
            (What::Message(message("1@g.us")), true),
            (What::Message(message("1@lid")), false),
            (What::Message(message("1@c.us")), false),
            (What::Message(message("1@newsletter")), false),
            (What::Acked(message("1@g.us"), Ack::SERVER), false),
            (What::State(step), true),
        ] {
            assert_eq!(groups.takes(&event(what.clone())), taken, "{what:?}");
        }
    }
}
