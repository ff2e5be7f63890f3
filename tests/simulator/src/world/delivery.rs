//! Messages in both directions, and what becomes of them.

use super::people::{GROUP, LID};
use super::{Account, Later, World, unix_ms};
use crate::error::Error;
use crate::faults::ServerFault;
use crate::message::{ChatView, Incoming, Message, bare_id};
use crate::protocol::{Event, ToPage};
use crate::record::Received;
use std::collections::BTreeMap;

/// Seconds until the receiver's phone reports delivery.
const DELIVERY_S: f64 = 0.5;

impl World {
    /// Somebody writes to the account; the answer is the full key.
    pub(crate) fn incoming(&mut self, incoming: Incoming) -> Result<String, Error> {
        let sender = self.directory.add(&incoming.from, incoming.name.as_deref())?;
        self.directory.hide(&incoming.from, !incoming.phone_known);
        let phone = self.default_phone();
        let me = self.account(&phone)?.me.phone.clone();
        let message = Message {
            // Android phones make ids of 32 digits.
            id: format!("AC{}", self.random.hex(30)),
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
        self.publish(&phone, message, None)?;
        Ok(key)
    }

    /// The account's owner writes on the phone to a number or a group; the answer is the full key.
    pub(crate) fn write_from_phone(&mut self, to: &str, body: &str) -> Result<String, Error> {
        let phone = self.default_phone();
        let me = self.account(&phone)?.me.clone();
        let group = to.ends_with(GROUP);
        let known = if group { Vec::new() } else { vec![self.directory.add(to, None)?] };
        let remote = known.first().map_or_else(|| to.to_owned(), |person| person.lid.clone());
        let message = Message {
            id: format!("AC{}", self.random.hex(30)),
            from_me: true,
            remote: remote.clone(),
            participant: group.then(|| me.lid.clone()),
            from: me.lid,
            to: remote,
            kind: "chat".to_owned(),
            body: body.to_owned(),
            t: unix_ms() / 1000,
            ack: 1,
            notify_name: None,
            known,
            known_after_ms: None,
            ciphertext_ms: None,
            fields: serde_json::Map::new(),
        };
        let (key, id) = (message.key(), message.id.clone());
        self.publish(&phone, message, None)?;
        self.deliver_later(phone, id);
        Ok(key)
    }

    fn account(&mut self, phone: &str) -> Result<&mut Account, Error> {
        self.accounts.get_mut(phone).ok_or_else(|| Error::NotFound { what: "account", name: phone.to_owned() })
    }

    /// Adds to the account's log and to the queues of its devices, except the one it came from.
    fn publish(&mut self, phone: &str, message: Message, except: Option<&str>) -> Result<(), Error> {
        self.account(phone)?.log.push(message.clone());
        self.enqueue(phone, &Event::Message { message: Box::new(message) }, except);
        Ok(())
    }

    fn enqueue(&mut self, phone: &str, event: &Event, except: Option<&str>) {
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
        if let Some(device) = self.device(&phone, &id) {
            device.queue.retain(|(queued, _)| *queued > seq);
            self.touch();
        }
    }

    /// A page sends. The same id again is counted and otherwise discarded.
    pub(super) fn receive(&mut self, number: u64, mut message: Message) {
        if self.faults.server == ServerFault::Drop {
            return;
        }
        let Some((phone, device)) = self.peers.get(&number).and_then(|peer| peer.device.clone()) else { return };
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
        let receiver = self.directory.by_lid(&message.remote);
        let place = self.record.received.len();
        self.record.received.push(Received {
            id: id.clone(),
            key: message.key(),
            chat: message.remote.clone(),
            phone: receiver.and_then(|person| person.phone.split('@').next().map(str::to_owned)),
            body: message.body.clone(),
            kind: message.kind.clone(),
            device: device.clone(),
            at: unix_ms(),
            count: 1,
            ack: 0,
        });
        if let Ok(account) = self.account(&phone) {
            account.received.insert(id.clone(), place);
        }
        if self.publish(&phone, message, Some(&device)).is_ok() && self.faults.server != ServerFault::NeverAck {
            self.advance_ack(&phone, &id, 1);
            self.deliver_later(phone, id);
        }
        self.touch();
    }

    fn deliver_later(&mut self, phone: String, id: String) {
        self.later.push((self.options.scaled(DELIVERY_S), Later::Delivered { phone, id }));
    }

    /// Acknowledges a message, to all devices of the account.
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

    /// Sets the ack of a message.
    pub(crate) fn set_ack(&mut self, key: &str, ack: i8) -> Result<(), Error> {
        let (phone, id) = self.find(key)?;
        self.advance_ack(&phone, &id, ack);
        Ok(())
    }

    /// Its writer deletes a message for everyone.
    pub(crate) fn revoke(&mut self, key: &str) -> Result<(), Error> {
        let (phone, id) = self.find(key)?;
        self.change(&phone, &id, |message| {
            message.kind = "revoked".to_owned();
            message.body.clear();
        });
        self.enqueue(&phone, &Event::Revoke { id }, None);
        Ok(())
    }

    /// Its writer edits a message.
    pub(crate) fn edit(&mut self, key: &str, body: &str) -> Result<(), Error> {
        let (phone, id) = self.find(key)?;
        self.change(&phone, &id, |message| message.body = body.to_owned());
        self.enqueue(&phone, &Event::Edit { id, body: body.to_owned() }, None);
        Ok(())
    }

    fn change(&mut self, phone: &str, id: &str, change: impl FnOnce(&mut Message)) {
        let log = self.accounts.get_mut(phone).map(|account| &mut account.log);
        if let Some(message) = log.and_then(|log| log.iter_mut().find(|message| message.id == id)) {
            change(message);
        }
    }

    /// The account and bare id of a message, by full key or bare id.
    fn find(&self, key: &str) -> Result<(String, String), Error> {
        let id = bare_id(key);
        let account = self.accounts.iter().find(|(_, account)| account.log.iter().any(|message| message.id == id));
        account
            .map(|(phone, _)| (phone.clone(), id.to_owned()))
            .ok_or_else(|| Error::NotFound { what: "message", name: key.to_owned() })
    }

    /// The chats of the account as its phone shows them, the latest first.
    pub(crate) fn chats(&self) -> Vec<ChatView> {
        let log = self.accounts.values().flat_map(|account| &account.log);
        let mut chats: BTreeMap<&str, Vec<Message>> = BTreeMap::new();
        for message in log {
            chats.entry(&message.remote).or_default().push(message.clone());
        }
        let mut views: Vec<ChatView> = chats
            .into_iter()
            .map(|(chat, messages)| {
                let person = chat.ends_with(LID).then(|| self.directory.by_lid(chat)).flatten();
                let phone = person.as_ref().and_then(|person| person.phone.split('@').next().map(str::to_owned));
                ChatView { chat: chat.to_owned(), phone, name: person.and_then(|person| person.name), messages }
            })
            .collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.messages.last().map_or(0, |message| message.t)));
        views
    }
}
