//! The accounts on this simulator, and the messages between them.

use super::{Expiring, Peer, World, people};
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
    fn account_behind(&self, chat: &str) -> Option<String> {
        self.accounts.iter().find(|(_, account)| account.me.lid == chat).map(|(phone, _)| phone.clone())
    }

    /// Passes a message of an account to the account it is for. Returns whether the receiver's own page will confirm
    /// it; otherwise only the receiver's phone does.
    pub(super) fn hand_over(&mut self, phone: &str, message: &Message) -> Result<bool, Error> {
        let Some(receiver) = self.account_behind(&message.remote).filter(|receiver| receiver != phone) else {
            return Ok(false);
        };
        let writer = self.account(phone)?.me.clone();
        let account = self.account(&receiver)?;
        let has_page = !account.devices.is_empty();
        let arrived = Message {
            from_me: false,
            remote: writer.lid.clone(),
            participant: None,
            from: writer.lid.clone(),
            to: account.me.phone.clone(),
            ack: 1,
            notify_name: writer.name.clone(),
            known: vec![writer],
            fields: as_received(message),
            ..message.clone()
        };
        self.publish(&receiver, arrived, None)?;
        Ok(has_page)
    }

    /// The page of an account has received messages: their authors get the ack "delivered".
    pub(super) fn got(&mut self, phone: &str, events: &[Event]) {
        for event in events {
            let Event::Message { message } = event else { continue };
            let writer = (!message.from_me).then(|| self.account_behind(&message.remote)).flatten();
            if let Some(writer) = writer.filter(|writer| writer != phone) {
                self.raise_ack(&writer, &message.id, 2);
            }
        }
    }

    /// A page has marked a chat as seen: if the chat is with another account, that account gets the ack "read".
    pub(super) fn seen(&mut self, number: u64, chat: String) {
        let reader = self.peers.get(&number).and_then(|peer| peer.device.clone()).map(|(phone, _)| phone);
        let writer = self.account_behind(&chat).zip(reader).filter(|(writer, reader)| writer != reader);
        self.record.seen.push(chat);
        self.touch();
        let Some((writer, reader)) = writer else { return };
        let lid = self.accounts.get(&reader).map(|account| account.me.lid.clone());
        let Some(account) = self.accounts.get(&writer) else { return };
        let is_unread =
            |message: &&Message| message.from_me && message.ack == 2 && Some(&message.remote) == lid.as_ref();
        let read: Vec<String> = account.log.iter().filter(is_unread).map(|message| message.id.clone()).collect();
        for id in read {
            self.raise_ack(&writer, &id, 3);
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
