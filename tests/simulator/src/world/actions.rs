//! The actions of pages: taken, recorded, and passed on to the other accounts that have the message.

use super::{World, unix_ms};
use crate::action::Action;
use crate::error::Error;
use crate::faults::{PictureHost, ServerFault};
use crate::protocol::{Event, ToPage};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// So many seconds after it was sent the server takes an edit that it takes late.
const LATE_S: u64 = 2 * 60 * 60;

impl World {
    /// Takes an action, or refuses it, or says nothing, as the faults want.
    pub(super) fn act(&mut self, number: u64, req: u64, action: Action) {
        match self.faults.server {
            ServerFault::Drop => return,
            ServerFault::NeverAck | ServerFault::None => {}
        }
        let refused = self.faults.nack;
        let is_late = self.faults.late_edits && matches!(action, Action::Edit { .. });
        if refused.is_none() {
            if !is_late {
                self.pass_on(number, &action);
            }
            self.block(&action);
            self.record.actions.push(action);
            self.touch();
        }
        if self.faults.server != ServerFault::NeverAck {
            self.tell(number, &ToPage::Acted { req, code: refused, at: is_late.then(|| unix_ms() / 1000 + LATE_S) });
        }
    }

    /// The account blocks somebody, or ends it.
    fn block(&mut self, action: &Action) {
        let Action::Block { lid, on } = action else { return };
        let Some(person) = self.directory.by_lid(lid) else { return };
        let phone = person.phone.trim_end_matches(super::people::PHONE).to_owned();
        let mut faults = self.faults.clone();
        faults.blocked.retain(|blocked| *blocked != phone);
        if *on {
            faults.blocked.push(phone);
        }
        self.set_faults(faults);
    }

    /// Answers a page that asks about a person.
    pub(super) fn person(&mut self, number: u64, req: u64, wid: &str) {
        let phone = match self.directory.by_lid(wid) {
            Some(person) => person.phone.trim_end_matches(super::people::PHONE).to_owned(),
            None => String::new(),
        };
        let about = self.faults.abouts.get(&phone).map(String::as_str);
        let found = self.faults.pictures.get(&phone);
        let picture = found.map(|picture| format!("/pps/{phone}?tag={}", picture.jpeg.len()));
        let hidden = found.is_some_and(|picture| picture.hidden);
        let business = self.faults.businesses.get(&phone);
        self.tell(number, &ToPage::Person { req, about, picture, hidden, business });
    }

    /// The bytes of somebody's picture.
    pub(crate) fn picture(&self, phone: &str) -> Option<(Vec<u8>, PictureHost)> {
        let picture = self.faults.pictures.get(phone)?;
        STANDARD.decode(&picture.jpeg).ok().map(|bytes| (bytes, picture.host))
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

    /// Passes an action with a message on to the other accounts that have it, and keeps what it makes of the message.
    fn pass_on(&mut self, number: u64, action: &Action) {
        let Some(actor) = self.account_of(number) else { return };
        let Some(sender) = self.accounts.get(&actor).map(|account| account.me.lid.clone()) else { return };
        let (message, event) = match action {
            Action::Reaction { message, emoji } => {
                (message, Event::Reaction { id: message.clone(), sender, emoji: emoji.clone(), t_ms: unix_ms() })
            }
            Action::Vote { message, options } => {
                (message, Event::Vote { id: message.clone(), sender, options: options.clone(), t_ms: unix_ms() })
            }
            Action::Edit { message, text } => (message, Event::Edit { id: message.clone(), body: text.clone() }),
            Action::Revoke { message } => (message, Event::Revoke { id: message.clone() }),
            Action::DeleteForMe { .. }
            | Action::RejectCall { .. }
            | Action::Archive { .. }
            | Action::Block { .. }
            | Action::Pin { .. }
            | Action::Mute { .. }
            | Action::Unread { .. } => return,
        };
        // Messages of earlier runs have no copies.
        for phone in self.copies(message).unwrap_or_default() {
            self.apply(&phone, message, &event);
            if phone != actor {
                self.enqueue(&phone, &event, None);
            }
        }
    }
}
