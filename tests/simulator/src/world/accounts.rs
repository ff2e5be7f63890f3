//! The accounts on this simulator, and the messages between them.

use super::people::{self, GROUP};
use super::{Expiring, Peer, World};
use crate::error::Error;
use crate::faults::ServerFault;
use crate::media::as_received;
use crate::message::{AccountView, Identity, Message};
use crate::protocol::Event;
use std::collections::{BTreeMap, HashMap, VecDeque};
use tokio::time::Instant;

/// A WhatsApp account: its state, as its phone sees it.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) me: Identity,
    pub(super) devices: BTreeMap<String, LinkedDevice>,
    /// How many devices were ever linked: device ids depend on nothing else.
    pub(super) devices_ever: u64,
    /// All messages, oldest first.
    pub(super) log: Vec<Message>,
    /// Place in `record.received` by bare id.
    pub(super) received: HashMap<String, usize>,
    /// What its page last showed of it, if it showed anything.
    pub(super) online: Option<bool>,
}

#[derive(Debug)]
pub(super) struct LinkedDevice {
    pub(super) secret: String,
    pub(super) next_seq: u64,
    pub(super) queue: VecDeque<(u64, Event)>,
    pub(super) peer: Option<u64>,
}

impl World {
    /// Adds an account, or finds it; returns its identity.
    pub(crate) fn add_account(&mut self, number: &str, name: Option<&str>) -> Result<Identity, Error> {
        let me = self.directory.add(number, name)?;
        let account = self.accounts.entry(people::digits(number)?).or_insert_with(|| Account {
            me: me.clone(),
            devices: BTreeMap::new(),
            devices_ever: 0,
            log: Vec::new(),
            received: HashMap::new(),
            online: None,
        });
        account.me = me.clone();
        self.touch();
        Ok(me)
    }

    /// The phone number of an account: of the first account if `number` is None.
    pub(crate) fn phone_of(&self, number: Option<&str>) -> Result<String, Error> {
        let phone = people::digits(number.unwrap_or(&self.options.phone))?;
        if self.accounts.contains_key(&phone) {
            return Ok(phone);
        }
        Err(Error::NotFound { what: "account", name: phone })
    }

    pub(super) fn account(&mut self, phone: &str) -> Result<&mut Account, Error> {
        self.accounts.get_mut(phone).ok_or_else(|| Error::NotFound { what: "account", name: phone.to_owned() })
    }

    /// All accounts, the first one first, then by number.
    pub(crate) fn accounts(&self) -> Vec<AccountView> {
        let first = self.phone_of(None).ok();
        let mut views: Vec<AccountView> = self
            .accounts
            .iter()
            .map(|(phone, account)| AccountView {
                phone: phone.clone(),
                lid: account.me.lid.clone(),
                name: account.me.name.clone(),
                devices: account.devices.len(),
            })
            .collect();
        views.sort_by_key(|view| Some(&view.phone) != first.as_ref());
        views
    }

    /// The codes that pages show at the moment, the latest page's first.
    pub(crate) fn shown_codes(&self) -> Vec<String> {
        let now = Instant::now();
        let live = |code: &&Expiring| code.until > now;
        let pages = self.peers.values().rev();
        // A page without a secret shows a code that no phone accepts.
        let shown = |page: &Peer| {
            let companion = page.companion.as_ref().filter(|companion| !companion.adv_secret.is_empty())?;
            Some(companion.code(&page.code.as_ref().filter(live)?.value))
        };
        pages.filter_map(shown).collect()
    }

    /// The account that a chat of another account is with.
    pub(super) fn account_behind(&self, chat: &str) -> Option<String> {
        self.accounts.iter().find(|(_, account)| account.me.lid == chat).map(|(phone, _)| phone.clone())
    }

    /// The accounts that a chat of an account leads to: the other one, or the members of the group.
    fn receivers(&self, phone: &str, chat: &str) -> Vec<String> {
        let is_in = |number: &String| self.held(chat).is_some_and(|group| group.has(number));
        let receivers = match self.account_behind(chat) {
            Some(receiver) => vec![receiver],
            None => self.accounts.keys().filter(|number| is_in(number)).cloned().collect(),
        };
        receivers.into_iter().filter(|receiver| receiver != phone).collect()
    }

    /// Passes a message of an account to the accounts it is for. Returns whether their own pages will confirm it;
    /// otherwise only the receivers' phones do.
    pub(super) fn hand_over(&mut self, phone: &str, message: &Message) -> Result<bool, Error> {
        let receivers = self.receivers(phone, &message.remote);
        let writer = self.account(phone)?.me.clone();
        let is_group = message.remote.ends_with(GROUP);
        let chat = if is_group { message.remote.clone() } else { writer.lid.clone() };
        for receiver in &receivers {
            let account = self.account(receiver)?;
            let arrived = Message {
                from_me: false,
                remote: chat.clone(),
                participant: message.participant.clone().filter(|_| is_group),
                from: chat.clone(),
                to: account.me.phone.clone(),
                ack: 1,
                notify_name: writer.name.clone(),
                known: vec![writer.clone()],
                fields: as_received(message),
                ..message.clone()
            };
            self.publish(receiver, arrived, None)?;
        }
        let has_page =
            |receiver: &String| self.accounts.get(receiver).is_some_and(|account| !account.devices.is_empty());
        if receivers.is_empty() || !receivers.iter().all(has_page) {
            return Ok(false);
        }
        self.unconfirmed.insert(message.id.clone(), receivers.into_iter().collect());
        Ok(true)
    }

    /// The page of an account has received messages: once all receivers have one, its author gets the ack "delivered".
    pub(super) fn got(&mut self, phone: &str, events: &[Event]) {
        for event in events {
            let Event::Message { message } = event else { continue };
            let Some(left) = self.unconfirmed.get_mut(&message.id) else { continue };
            if !left.remove(phone) || !left.is_empty() {
                continue;
            }
            self.unconfirmed.remove(&message.id);
            if let Some(writer) = self.writer_of(&message.id) {
                self.raise_ack(&writer, &message.id, 2);
            }
        }
    }

    /// The account that has written a message.
    fn writer_of(&self, id: &str) -> Option<String> {
        let wrote = |phone: &&String| self.message(phone, id).is_some_and(|message| message.from_me);
        self.accounts.keys().find(wrote).cloned()
    }

    /// A page has marked a chat as seen: the accounts that have written in it get the ack "read". In a group all other
    /// members have to read; here the last one counts.
    pub(super) fn seen(&mut self, number: u64, chat: String) {
        let reader = self.account_of(number);
        self.record.seen.push(chat.clone());
        self.touch();
        let Some(reader) = reader else { return };
        if self.receivers(&reader, &chat).is_empty() {
            return;
        }
        let Some(account) = self.accounts.get(&reader) else { return };
        let theirs = account.log.iter().filter(|message| !message.from_me && message.remote == chat);
        let read: Vec<String> = theirs.map(|message| message.id.clone()).collect();
        for id in read {
            let Some(writer) = self.writer_of(&id).filter(|writer| *writer != reader) else { continue };
            if self.message(&writer, &id).is_some_and(|message| message.ack == 2) {
                self.raise_ack(&writer, &id, 3);
            }
        }
    }

    /// Raises an ack that is lower, unless the server sends no acks, or has not acknowledged this message yet; a read
    /// message does not become "delivered" again.
    pub(super) fn raise_ack(&mut self, phone: &str, id: &str, ack: i8) {
        let account = self.accounts.get(phone);
        let place = account.and_then(|account| account.received.get(id));
        let is_silent = place.is_some_and(|place| self.record.received[*place].ack == 0);
        if self.faults.server == ServerFault::NeverAck || is_silent {
            return;
        }
        let log = account.map(|account| &account.log);
        let is_lower = |message: &&Message| message.id == id && message.from_me && message.ack < ack;
        if log.is_some_and(|log| log.iter().any(|message| is_lower(&message))) {
            self.advance_ack(phone, id, ack);
        }
    }
}
