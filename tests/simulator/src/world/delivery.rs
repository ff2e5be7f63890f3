//! Messages in both directions, and their changes.

use super::people::{GROUP, LID};
use super::{Later, World, unix_ms};
use crate::error::Error;
use crate::faults::ServerFault;
use crate::message::{ChatView, Incoming, Message, bare_id};
use crate::protocol::{Event, ToPage};
use crate::record::Received;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Seconds until the receiver's phone reports delivery.
const DELIVERY_S: f64 = 0.5;

/// The numbers of the accounts whose pages have not confirmed a message yet, by its bare id.
pub(super) type Unconfirmed = HashMap<String, HashSet<String>>;

impl World {
    /// Somebody writes to an account; returns the full key.
    pub(crate) fn incoming(&mut self, phone: &str, incoming: Incoming) -> Result<String, Error> {
        let sender = self.directory.add(&incoming.from, incoming.name.as_deref())?;
        if let Some(group) = &incoming.group {
            self.presume(group, &incoming.from, phone)?;
        }
        self.directory.hide(&incoming.from, !incoming.phone_known);
        let me = self.account(phone)?.me.phone.clone();
        let message = Message {
            id: self.phone_id(phone),
            from_me: false,
            remote: incoming.group.clone().unwrap_or_else(|| sender.lid.clone()),
            participant: incoming.group.as_ref().map(|_| sender.lid.clone()),
            from: incoming.group.unwrap_or_else(|| sender.lid.clone()),
            to: me,
            kind: incoming.kind,
            body: incoming.body,
            t: incoming.t.unwrap_or_else(|| unix_ms() / 1000),
            ack: 1,
            notify_name: sender.name.clone(),
            known: if incoming.phone_known { vec![sender] } else { Vec::new() },
            known_after_ms: incoming.phone_after_ms,
            ciphertext_ms: incoming.ciphertext_ms,
            fields: incoming.fields,
        };
        let key = message.key();
        self.publish(phone, message, None)?;
        Ok(key)
    }

    /// An id of 32 digits as Android phones make them; the same for the same message of the same account.
    fn phone_id(&mut self, phone: &str) -> String {
        format!("AC{}", self.random.of(&format!("message {phone}")).hex(30))
    }

    /// An account's owner writes on the phone to a number or a group; returns the full key.
    pub(crate) fn write_from_phone(&mut self, phone: &str, to: &str, body: &str) -> Result<String, Error> {
        self.send_from_phone(phone, to, Incoming::text(phone, body))
    }

    /// An account's owner sends this on the phone, whoever it says it is from; returns the full key.
    pub(super) fn send_from_phone(&mut self, phone: &str, to: &str, content: Incoming) -> Result<String, Error> {
        let me = self.account(phone)?.me.clone();
        let group = to.ends_with(GROUP);
        let known = if group { Vec::new() } else { vec![self.directory.add(to, None)?] };
        let remote = known.first().map_or_else(|| to.to_owned(), |person| person.lid.clone());
        let message = Message {
            id: self.phone_id(phone),
            from_me: true,
            remote: remote.clone(),
            participant: group.then(|| me.lid.clone()),
            from: me.lid,
            to: remote,
            kind: content.kind,
            body: content.body,
            t: unix_ms() / 1000,
            ack: 1,
            notify_name: None,
            known,
            known_after_ms: None,
            ciphertext_ms: None,
            fields: content.fields,
        };
        let key = message.key();
        self.publish(phone, message.clone(), None)?;
        self.deliver(phone, &message)?;
        Ok(key)
    }

    /// Delivers a message of an account to its recipient.
    fn deliver(&mut self, phone: &str, message: &Message) -> Result<(), Error> {
        if !self.hand_over(phone, message)? {
            let delivered = Later::Delivered { phone: phone.to_owned(), id: message.id.clone() };
            self.later.push((self.options.scaled(DELIVERY_S), delivered));
        }
        Ok(())
    }

    /// Adds a message to the account's log and to the queues of its devices, except the device it came from.
    pub(super) fn publish(&mut self, phone: &str, message: Message, except: Option<&str>) -> Result<(), Error> {
        self.account(phone)?.log.push(message.clone());
        self.enqueue(phone, &Event::Message { message: Box::new(message) }, except);
        Ok(())
    }

    pub(super) fn enqueue(&mut self, phone: &str, event: &Event, except: Option<&str>) {
        let Some(account) = self.accounts.get_mut(phone) else { return };
        for (_, device) in account.devices.iter_mut().filter(|(id, _)| Some(id.as_str()) != except) {
            let seq = device.next_seq;
            device.next_seq += 1;
            device.queue.push_back((seq, event.clone()));
            if let Some(peer) = device.peer.and_then(|number| self.peers.get(&number)) {
                peer.outbox.push(&ToPage::Event { seq, offline: false, event });
            }
        }
        self.touch();
    }

    pub(super) fn confirm(&mut self, number: u64, seq: u64) {
        let Some((phone, id)) = self.peers.get(&number).and_then(|peer| peer.device.clone()) else { return };
        let Some(device) = self.device(&phone, &id) else { return };
        let left = device.queue.iter().position(|(queued, _)| *queued > seq).unwrap_or(device.queue.len());
        let confirmed: Vec<Event> = device.queue.drain(..left).map(|(_, event)| event).collect();
        self.touch();
        self.got(&phone, &confirmed);
    }

    /// The page sends a message. The same id again is counted and otherwise discarded.
    pub(super) fn receive(&mut self, number: u64, mut message: Message) {
        if self.faults.server == ServerFault::Drop {
            return;
        }
        let Some((phone, device)) = self.peers.get(&number).and_then(|peer| peer.device.clone()) else { return };
        if let Some(code) = self.faults.nack {
            return self.tell(number, &ToPage::Nack { id: &message.id, code });
        }
        let Some(account) = self.accounts.get(&phone) else { return };
        message.ack = 1;
        let id = message.id.clone();
        if let Some(place) = account.received.get(&id) {
            self.record.received[*place].count += 1;
            let ack = self.record.received[*place].ack.max(1);
            self.touch();
            if self.faults.server != ServerFault::NeverAck {
                self.advance_ack(&phone, &id, ack);
            }
            return;
        }
        let file = self.received_file(&message);
        let receiver = self.directory.by_lid(&message.remote);
        let place = self.record.received.len();
        self.record.received.push(Received {
            id: id.clone(),
            key: message.key(),
            chat: message.remote.clone(),
            phone: receiver.and_then(|person| person.phone.split('@').next().map(str::to_owned)),
            body: message.body.clone(),
            kind: message.kind.clone(),
            fields: message.fields.clone(),
            file,
            account: phone.clone(),
            device: device.clone(),
            at: unix_ms(),
            count: 1,
            ack: 0,
        });
        if let Ok(account) = self.account(&phone) {
            account.received.insert(id.clone(), place);
        }
        let kept = self.publish(&phone, message.clone(), Some(&device));
        if self.faults.server != ServerFault::NeverAck {
            self.advance_ack(&phone, &id, 1);
        }
        if let Err(error) = kept.and_then(|()| self.deliver(&phone, &message)) {
            tracing::error!(%error, "a message could not be delivered");
        }
        self.touch();
    }

    /// Acknowledges a message to all devices of the account.
    pub(super) fn advance_ack(&mut self, phone: &str, id: &str, ack: i8) {
        let Some(account) = self.accounts.get_mut(phone) else { return };
        if let Some(message) = account.log.iter_mut().find(|message| message.id == id) {
            message.ack = ack;
        }
        if let Some(place) = account.received.get(id) {
            self.record.received[*place].ack = ack;
        }
        self.enqueue(phone, &Event::Ack { id: id.to_owned(), ack }, None);
    }

    /// Sets the ack of a message for its author.
    pub(crate) fn set_ack(&mut self, key: &str, ack: i8) -> Result<(), Error> {
        let id = bare_id(key);
        let copies = self.copies(key)?;
        let wrote = |phone: &&String| self.message(phone, id).is_some_and(|message| message.from_me);
        let phone = copies.iter().find(wrote).unwrap_or(&copies[0]).clone();
        self.advance_ack(&phone, id, ack);
        Ok(())
    }

    /// A receiver has got a message, read it or played it, since `t`.
    pub(crate) fn person_ack(&mut self, key: &str, of: &str, ack: i8, t: u64) -> Result<(), Error> {
        let sender = self.directory.add(of, None)?.lid;
        let event = Event::PersonAck { id: bare_id(key).to_owned(), sender, ack, t };
        for phone in self.copies(key)? {
            if self.message(&phone, bare_id(key)).is_some_and(|message| message.from_me) {
                self.enqueue(&phone, &event, None);
            }
        }
        Ok(())
    }

    /// The author deletes a message for everyone.
    pub(crate) fn revoke(&mut self, key: &str) -> Result<(), Error> {
        self.change(key, &Event::Revoke { id: bare_id(key).to_owned() })
    }

    /// The author edits a message.
    pub(crate) fn edit(&mut self, key: &str, body: &str) -> Result<(), Error> {
        self.change(key, &Event::Edit { id: bare_id(key).to_owned(), body: body.to_owned() })
    }

    /// Somebody reacts to a message; an empty reaction takes it back.
    pub(crate) fn react(&mut self, key: &str, from: &str, emoji: &str) -> Result<(), Error> {
        let sender = self.directory.add(from, None)?.lid;
        let (id, emoji) = (bare_id(key).to_owned(), emoji.to_owned());
        let reaction = Event::Reaction { id, sender, emoji, t_ms: unix_ms() };
        self.change(key, &reaction)
    }

    /// Somebody votes in a poll.
    pub(crate) fn vote(&mut self, key: &str, from: &str, options: Vec<String>) -> Result<(), Error> {
        let sender = self.directory.add(from, None)?.lid;
        let vote = Event::Vote { id: bare_id(key).to_owned(), sender, options, t_ms: unix_ms() };
        self.change(key, &vote)
    }

    /// Changes a message in every account that has it, and tells the pages.
    fn change(&mut self, key: &str, event: &Event) -> Result<(), Error> {
        for phone in self.copies(key)? {
            self.apply(&phone, bare_id(key), event);
            self.enqueue(&phone, event, None);
        }
        Ok(())
    }

    /// What an edit or a deletion makes of an account's copy of a message.
    pub(super) fn apply(&mut self, phone: &str, id: &str, event: &Event) {
        let log = self.accounts.get_mut(phone).map(|account| &mut account.log);
        let Some(message) = log.and_then(|log| log.iter_mut().find(|message| message.id == id)) else { return };
        match event {
            Event::Revoke { .. } => {
                message.kind = "revoked".to_owned();
                message.body.clear();
            }
            Event::Edit { body, .. } => message.body.clone_from(body),
            _ => {}
        }
    }

    pub(super) fn message(&self, phone: &str, id: &str) -> Option<&Message> {
        self.accounts.get(phone)?.log.iter().find(|message| message.id == id)
    }

    /// The accounts that have a message, by full key or bare id; at least one.
    pub(super) fn copies(&self, key: &str) -> Result<Vec<String>, Error> {
        let id = bare_id(key);
        let copies: Vec<String> =
            self.accounts.keys().filter(|phone| self.message(phone, id).is_some()).cloned().collect();
        if copies.is_empty() {
            return Err(Error::NotFound { what: "message", name: key.to_owned() });
        }
        Ok(copies)
    }

    /// The full key of the newest message of an account.
    pub(crate) fn newest(&self, phone: &str) -> Option<String> {
        Some(self.accounts.get(phone)?.log.last()?.key())
    }

    /// The chats of an account as its phone shows them, the latest first.
    pub(crate) fn chats(&self, phone: &str) -> Vec<ChatView> {
        let log = self.accounts.get(phone).into_iter().flat_map(|account| &account.log);
        let mut chats: BTreeMap<&str, (usize, Vec<Message>)> = BTreeMap::new();
        for (place, message) in log.enumerate() {
            let (newest, messages) = chats.entry(&message.remote).or_default();
            *newest = place;
            messages.push(message.clone());
        }
        let mut chats: Vec<_> = chats.into_iter().collect();
        // Times have whole seconds: within a second, the latest message comes first.
        let moment = |newest: usize, messages: &[Message]| (messages.last().map_or(0, |message| message.t), newest);
        chats.sort_by_key(|(_, (newest, messages))| std::cmp::Reverse(moment(*newest, messages)));
        let view = |(chat, (_, messages)): (&str, (usize, Vec<Message>))| {
            let person = chat.ends_with(LID).then(|| self.directory.by_lid(chat)).flatten();
            let phone = person.as_ref().and_then(|person| person.phone.split('@').next().map(str::to_owned));
            ChatView { chat: chat.to_owned(), phone, name: person.and_then(|person| person.name), messages }
        };
        chats.into_iter().map(view).collect()
    }
}
