//! Who is online and who types: what a page shows of its account, other accounts' pages are told.

use super::{World, unix_ms};
use crate::action::Present;
use crate::error::Error;
use crate::protocol::ToPage;
use crate::record::ChatState;

const ONLINE: &str = "available";

impl World {
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

    /// A page shows its account as online, or not.
    pub(super) fn shows(&mut self, number: u64, kind: String) {
        if let Some(account) = self.account_of(number).and_then(|phone| self.accounts.get_mut(&phone)) {
            let lid = account.me.lid.clone();
            account.online = Some(kind == ONLINE);
            let now = (unix_ms() / 1000).to_string();
            let told = presence(&lid, kind == ONLINE, &now);
            let others = self.peers.iter().filter(|(peer, _)| **peer != number);
            others.for_each(|(_, peer)| peer.outbox.push(&told));
        }
        self.record.presences.push(kind);
        self.touch();
    }

    /// A page asks for the presence of a person.
    pub(super) fn subscribe(&mut self, number: u64, lid: String) {
        let account = self.accounts.values().find(|account| account.me.lid == lid);
        if let Some(online) = account.and_then(|account| account.online) {
            let now = (unix_ms() / 1000).to_string();
            self.tell(number, &presence(&lid, online, &now));
        }
        self.record.subscriptions.push(lid);
        self.touch();
    }

    /// A page shows that its account types, or no longer does.
    pub(super) fn typing(&mut self, number: u64, chat: String, state: String) {
        let writer = self.account_of(number).and_then(|phone| self.accounts.get(&phone));
        if let Some(writer) = writer.map(|account| account.me.lid.clone()) {
            let reader = self.account_behind(&chat);
            let is_reader = |phone: &str| reader.as_deref() == Some(phone);
            let pages =
                self.peers.values().filter(|peer| peer.device.as_ref().is_some_and(|(phone, _)| is_reader(phone)));
            let told = ToPage::Presence { lid: &writer, kind: None, last: None, chat: Some(&state) };
            pages.for_each(|peer| peer.outbox.push(&told));
        }
        self.record.chat_states.push(ChatState { chat, state });
        self.touch();
    }

    /// The account whose page has this connection.
    pub(super) fn account_of(&self, number: u64) -> Option<String> {
        self.peers.get(&number)?.device.as_ref().map(|(phone, _)| phone.clone())
    }
}

fn presence<'a>(lid: &'a str, online: bool, now: &'a str) -> ToPage<'a> {
    let last = (!online).then_some(now);
    ToPage::Presence { lid, kind: (!online).then_some("unavailable"), last, chat: None }
}
