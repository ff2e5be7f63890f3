//! The actions of pages: taken, recorded, and passed on to the other accounts that have the message.

use super::{World, unix_ms};
use crate::action::{Action, Present};
use crate::error::Error;
use crate::faults::ServerFault;
use crate::protocol::{Event, ToPage};

impl World {
    /// Takes an action, or refuses it, or says nothing, as the faults want.
    pub(super) fn act(&mut self, number: u64, req: u64, action: Action) {
        match self.faults.server {
            ServerFault::Drop => return,
            ServerFault::NeverAck | ServerFault::None => {}
        }
        let refused = self.faults.nack;
        if refused.is_none() {
            self.pass_on(number, &action);
            self.record.actions.push(action);
            self.touch();
        }
        if self.faults.server != ServerFault::NeverAck {
            self.tell(number, &ToPage::Acted { req, code: refused });
        }
    }

    /// Somebody calls an account; with an outcome, the call is over.
    pub(crate) fn call(
        &mut self,
        phone: &str,
        from: &str,
        id: &str,
        video: bool,
        outcome: Option<&str>,
    ) -> Result<(), Error> {
        let sender = self.directory.add(from, None)?.lid;
        let (id, t) = (id.to_owned(), unix_ms() / 1000);
        let event = match outcome {
            Some(outcome) => Event::CallEnded { id, sender, video, t, outcome: outcome.to_owned() },
            None => Event::Call { id, sender, video, t },
        };
        self.enqueue(phone, &event, None);
        Ok(())
    }

    /// Somebody changes a group: `of` is the number of the member concerned, or a text.
    pub(crate) fn change_group(
        &mut self,
        phone: &str,
        group: &str,
        what: &str,
        by: &str,
        of: Option<&str>,
    ) -> Result<(), Error> {
        let actor = self.directory.add(by, None)?;
        let author = actor.lid.clone();
        let mut known = vec![actor];
        let is_text = matches!(what, "subject" | "description");
        let mut people = Vec::new();
        if let Some(number) = of.filter(|_| !is_text) {
            let own = self.accounts.get(number).map(|account| account.me.clone());
            let person = own.map_or_else(|| self.directory.add(number, None), Ok)?;
            people.push(person.lid.clone());
            known.push(person);
        }
        let value = of.filter(|_| is_text).map(str::to_owned);
        let t = unix_ms() / 1000;
        self.next_number += 1;
        let id = (1000 + self.next_number).to_string();
        let (group, what) = (group.to_owned(), what.to_owned());
        self.enqueue(phone, &Event::GroupChanged { id, group, what, author, people, value, known, t }, None);
        Ok(())
    }

    /// Somebody takes another name.
    pub(crate) fn rename(&mut self, phone: &str, number: &str, name: &str) -> Result<(), Error> {
        let sender = self.directory.add(number, Some(name))?.lid;
        self.enqueue(phone, &Event::Named { sender, name: name.to_owned() }, None);
        Ok(())
    }

    /// The account's owner reads a chat on the phone.
    pub(crate) fn read_on_phone(&mut self, phone: &str, number: &str) -> Result<(), Error> {
        let chat = self.directory.add(number, None)?.lid;
        self.enqueue(phone, &Event::Read { chat }, None);
        Ok(())
    }

    /// The presence of a person, told to every page: `kind` and `last` as in the protocol, or a state of the chat.
    pub(crate) fn present(&mut self, number: &str, told: &Present) -> Result<(), Error> {
        let lid = self.directory.add(number, None)?.lid;
        let Present { kind, last, chat } = told;
        let (kind, last, chat) = (kind.as_deref(), last.as_deref(), chat.as_deref());
        let pages = self.peers.values().filter(|peer| peer.device.is_some());
        pages.for_each(|peer| peer.outbox.push(&ToPage::Presence { lid: &lid, kind, last, chat }));
        self.touch();
        Ok(())
    }

    fn pass_on(&mut self, number: u64, action: &Action) {
        let Some((actor, _)) = self.peers.get(&number).and_then(|peer| peer.device.clone()) else { return };
        let Some(sender) = self.accounts.get(&actor).map(|account| account.me.lid.clone()) else { return };
        let (message, event) = match action {
            Action::Reaction { message, emoji } => {
                (message, Event::Reaction { id: message.clone(), sender, emoji: emoji.clone(), t_ms: unix_ms() })
            }
            Action::Edit { message, text } => (message, Event::Edit { id: message.clone(), body: text.clone() }),
            Action::Revoke { message } => (message, Event::Revoke { id: message.clone() }),
            Action::DeleteForMe { .. } | Action::RejectCall { .. } | Action::Unread { .. } => return,
        };
        // Messages of earlier runs have no copies.
        for phone in self.copies(message).unwrap_or_default() {
            if phone != actor {
                self.enqueue(&phone, &event, None);
            }
        }
    }
}
