//! Messages of the Cloud API: those that it took from this service, and those that WhatsApp Web tells of too.
//!
//! Both ways know a message between two people by the same part of its id. A message of the Cloud API is also found by that
//! part, so that the page's report of it, before or after, makes no second entry.

use super::{LogEntry, Messages};
use crate::domain::log::{Direction, LogQuery, LoggedMessage, Origin, Span, told_by};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;
use crate::domain::via::Via;
use crate::domain::wamid::Wamid;
use crate::store::StoreError;
use crate::store::cloud_sends::CloudSend;

/// How many of somebody's newest messages are compared with a message of the Cloud API.
const COMPARED: usize = 100;

impl Messages {
    /// A message is about to leave. Meta's echo may tell of one that goes by the page before the page does.
    pub(in crate::store) fn departs(
        &self,
        id: &MessageId,
        origin: &Origin,
        message: Option<&LoggedMessage>,
        days: (Option<u64>, Option<u64>),
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.origins.keep(id, origin, at)?;
        if let Some((true, key)) = id.key() {
            self.origins.keep(&key_id(true, &key), origin, at)?;
        }
        let Some(message) = message else { return Ok(()) };
        self.cloud_sends.begin(message, days, at)?;
        self.departed.begin(message);
        Ok(())
    }

    /// Adds a message to the log that the Cloud API took. The same report may come twice.
    pub(super) fn accept(
        &self,
        next: &mut u64,
        reference: &MessageId,
        id: &MessageId,
        phone: Option<&str>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(send) = self.cloud_sends.find(reference)? else { return Ok(()) };
        let Some(mut message) = send.message.clone() else { return Ok(()) };
        message.id = id.clone();
        if let Some(phone) = phone {
            (message.phone, message.chat) = (Some(phone.to_owned()), format!("{phone}@c.us"));
        }
        if let Some(origin) = self.origins.of(reference)? {
            self.origins.keep(id, &origin, at)?;
        }
        self.departed.accepted(reference, id);
        self.add(next, &message)?;
        self.cloud_sends.put(reference, CloudSend { message: None, id: Some(id.clone()), ..send })
    }

    /// Whether the log has the message under the id that the other way has for it. The message is then found by both ids.
    pub(super) fn is_known_otherwise(&self, next: &mut u64, message: &LoggedMessage) -> Result<bool, StoreError> {
        let by = message.source;
        let Some(entry) = self.twin(*next, &message.id, by, message.phone.as_deref())? else { return Ok(false) };
        self.ids.put(&message.id, entry.cursor)?;
        if let Some(origin) = self.origins.of(&message.id)? {
            let at = message.received_at;
            self.change(next, &entry.message.id, at, |known| {
                known.sent_by_us = known.sent_by_us.take().or(Some(origin))
            })?;
        }
        Ok(true)
    }

    /// The message of this id, also where the log knows it by the id that the other way has for it alone.
    pub(super) fn find_by_either_id(&self, next: u64, id: &MessageId) -> Result<Option<LogEntry>, StoreError> {
        match self.find(id)? {
            Some(entry) => Ok(Some(entry)),
            None => self.twin(next, id, told_by(id), None),
        }
    }

    /// Whether the log has the message, by either way.
    pub(in crate::store) fn has(&self, message: &LoggedMessage) -> Result<bool, StoreError> {
        let twin = || self.twin(self.newest() + 1, &message.id, message.source, message.phone.as_deref());
        Ok(self.find(&message.id)?.is_some() || twin()?.is_some())
    }

    /// `by`: the way that has this id for the message. `phone`: the other side's number, where it is known.
    fn twin(&self, next: u64, id: &MessageId, by: Via, phone: Option<&str>) -> Result<Option<LogEntry>, StoreError> {
        let Some((from_me, key)) = id.key() else { return Ok(None) };
        if by == Via::Web {
            for cursor in self.ids.find(&key_id(from_me, &key))? {
                if let Some(known) = self.message(cursor)?.filter(|known| known.id.is_same_message(id)) {
                    return Ok(Some(LogEntry { cursor, message: known }));
                }
            }
            return Ok(None);
        }
        let Some(Wamid { number, .. }) = Wamid::decode(id.as_str()) else { return Ok(None) };
        let direction = if from_me { Direction::Out } else { Direction::In };
        let query = LogQuery {
            span: Span::Before(next),
            limit: COMPARED,
            direction: Some(direction),
            chats: [Some(number), phone.map(str::to_owned)].into_iter().flatten().collect(),
            cliente_id: None,
        };
        let found = self.search(&query, next)?.entries.into_iter();
        Ok(found.into_iter().find(|entry| entry.message.id.is_same_message(id)))
    }

    /// Lets a message of the Cloud API be found by the part of its id that the page knows.
    pub(super) fn put_key(&self, message: &LoggedMessage, place: u64) -> Result<(), StoreError> {
        self.key_of(message).map_or(Ok(()), |key| self.ids.put(&key, place))
    }

    pub(super) fn remove_key(&self, message: &LoggedMessage, place: u64) -> Result<(), StoreError> {
        self.key_of(message).map_or(Ok(()), |key| self.ids.remove(&key, place))
    }

    fn key_of(&self, message: &LoggedMessage) -> Option<MessageId> {
        if message.source == Via::Web {
            return None;
        }
        message.id.key().map(|(from_me, key)| key_id(from_me, &key))
    }
}

pub(super) fn key_id(from_me: bool, key: &str) -> MessageId {
    MessageId::new(format!("key {from_me} {key}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;
    use crate::domain::log::tests::page_message;
    use crate::domain::message::{Ack, PageMessage, Reaction};
    use crate::store::{LogChange, Store};

    const KEY: &str = "3A4A6599AEE03810144F";
    const NUMBER: &str = "5491122334455";

    fn by_page(chat: &str, from_me: bool) -> LogChange {
        let phone = Some(NUMBER.to_owned());
        let id = format!("{from_me}_{chat}_{KEY}");
        let page = PageMessage { chat: chat.to_owned(), from_me, phone, ..page_message(&id, "hola") };
        let message = LoggedMessage::from_page(page, Timestamp::from_millis(1), false).unwrap();
        LogChange::Add(Box::new(message))
    }

    fn by_cloud(from_me: bool) -> LogChange {
        let wamid = Wamid { number: NUMBER.to_owned(), from_me, key: KEY.to_owned() }.encode();
        let (chat, phone) = (format!("{NUMBER}@c.us"), Some(NUMBER.to_owned()));
        let page = PageMessage { chat, from_me, phone, ..page_message(&wamid, "hola") };
        let mut message = LoggedMessage::from_page(page, Timestamp::from_millis(1), false).unwrap();
        message.source = Via::Cloud;
        LogChange::Add(Box::new(message))
    }

    async fn stored(changes: Vec<LogChange>) -> (tempfile::TempDir, Store, usize) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap().store;
        for change in changes {
            store.log(Arc::new(vec![change])).await.unwrap();
        }
        let count = store.logged(LogQuery { limit: 10, ..LogQuery::default() }).await.unwrap().items.len();
        (folder, store, count)
    }

    #[tokio::test]
    async fn a_message_that_both_ways_see_is_one_entry_whichever_sees_it_first() {
        for from_me in [false, true] {
            for chat in ["5491122334455@c.us", "22300000000001@lid"] {
                let page_id = MessageId::new(format!("{from_me}_{chat}_{KEY}"));
                let wamid = Wamid { number: NUMBER.to_owned(), from_me, key: KEY.to_owned() }.encode();
                for changes in [
                    vec![by_page(chat, from_me), by_cloud(from_me), by_page(chat, from_me)],
                    vec![by_cloud(from_me), by_page(chat, from_me), by_cloud(from_me)],
                ] {
                    let (_folder, store, count) = stored(changes).await;
                    assert_eq!(count, 1, "{chat} {from_me}");
                    let ack = LogChange::Ack(page_id.clone(), Ack::new(2), None, Timestamp::from_millis(2));
                    store.log(Arc::new(vec![ack])).await.unwrap();
                    for id in [page_id.clone(), MessageId::new(wamid.clone())] {
                        let entry = store.logged_message(id).await.unwrap().unwrap();
                        assert_eq!(entry.message.ack, Ack::new(2));
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn other_directions_and_opaque_ids_stay_entries_of_their_own() {
        let (_folder, _, count) = stored(vec![by_cloud(true), by_page("22300000000001@lid", false)]).await;
        assert_eq!(count, 2);
        let mut opaque = by_cloud(false);
        if let LogChange::Add(message) = &mut opaque {
            message.id = MessageId::new("wamid.AAAA");
        }
        let (_folder, _, count) = stored(vec![by_page("22300000000001@lid", false), opaque]).await;
        assert_eq!(count, 2);
    }

    fn reaction(message: &str, sender: &str, phone: Option<&str>, emoji: &str, t_ms: u64) -> LogChange {
        let reaction = Reaction {
            id: MessageId::new("r"),
            message_id: MessageId::new(message),
            chat: sender.to_owned(),
            sender: sender.to_owned(),
            sender_phone: phone.map(str::to_owned),
            from_me: false,
            emoji: emoji.to_owned(),
            t_ms,
        };
        LogChange::Reacted(reaction, Timestamp::from_millis(t_ms))
    }

    #[tokio::test]
    async fn a_reaction_that_both_ways_tell_of_is_one_whichever_tells_it_first() {
        let (chat, number) = ("22300000000001@lid", format!("{NUMBER}@c.us"));
        let page_id = format!("true_{chat}_{KEY}");
        let wamid = Wamid { number: NUMBER.to_owned(), from_me: true, key: KEY.to_owned() }.encode();
        for messages in [vec![by_page(chat, true)], vec![by_cloud(true)], vec![by_page(chat, true), by_cloud(true)]] {
            for page_knows_number in [true, false] {
                for order in [[0, 1], [1, 0]] {
                    let (_folder, store, _) = stored(messages.clone()).await;
                    let phone = page_knows_number.then_some(NUMBER);
                    let told = |emoji: &str, t_ms: u64| {
                        let both = [
                            reaction(&page_id, chat, phone, emoji, t_ms + 400),
                            reaction(&wamid, &number, Some(NUMBER), emoji, t_ms),
                        ];
                        order.map(|n| both[n].clone())
                    };
                    // The cloud's entry does not say whose LID it is.
                    if phone.is_none()
                        && messages.len() == 1
                        && matches!(&messages[0], LogChange::Add(one) if one.id.is_wamid())
                    {
                        continue;
                    }
                    for change in told("👍", 1000).into_iter().chain(told("❤️", 3000)) {
                        store.log(Arc::new(vec![change])).await.unwrap();
                    }
                    let events = store.events(0, 10).await.unwrap().items;
                    let reactions: Vec<_> = events.iter().filter(|event| event.kind() == "message.reaction").collect();
                    assert_eq!(reactions.len(), 2, "{order:?} {phone:?} {events:?}");
                    for id in [&page_id, &wamid] {
                        let Some(entry) = store.logged_message(MessageId::new(id)).await.unwrap() else { continue };
                        let sum = store.sum(entry.message.id).await.unwrap();
                        let emoji: Vec<_> = sum.reactions.iter().map(|one| one.emoji.as_str()).collect();
                        assert_eq!(emoji, ["❤️"]);
                    }
                }
            }
        }
    }

    #[tokio::test]
    async fn a_reaction_that_comes_before_its_message_is_in_the_sum() {
        let wamid = Wamid { number: NUMBER.to_owned(), from_me: true, key: KEY.to_owned() }.encode();
        let early = reaction(&wamid, &format!("{NUMBER}@c.us"), Some(NUMBER), "👍", 1000);
        let (_folder, store, _) = stored(vec![early, by_page("22300000000001@lid", true)]).await;
        let id = MessageId::new(format!("true_22300000000001@lid_{KEY}"));
        assert_eq!(store.sum(id).await.unwrap().reactions.len(), 1);
    }

    #[tokio::test]
    async fn what_meta_changes_is_found_where_the_page_alone_told_of_the_message() {
        let chat = "22300000000001@lid";
        let wamid = Wamid { number: NUMBER.to_owned(), from_me: true, key: KEY.to_owned() }.encode();
        let (_folder, store, _) = stored(vec![by_page(chat, true)]).await;
        let at = Timestamp::from_millis;
        let edited = PageMessage { from_me: true, edited_ms: Some(5000), ..page_message(&wamid, "adiós") };
        let gone = PageMessage { kind: "revoked".to_owned(), ..page_message(&wamid, "") };
        let ack = |level: i8| LogChange::Ack(MessageId::new(&wamid), Ack::new(level), None, at(2));
        for change in [
            ack(2),
            ack(-1),
            LogChange::Amend(Box::new(edited), at(3)),
            LogChange::Amend(Box::new(gone.clone()), at(4)),
            LogChange::Amend(Box::new(gone), at(5)),
        ] {
            store.log(Arc::new(vec![change])).await.unwrap();
        }
        let kinds: Vec<_> = store.events(0, 10).await.unwrap().items.iter().map(|event| event.kind()).collect();
        assert_eq!(kinds, ["message", "message.ack", "message.edited", "message.revoked"]);
        let entry = store.logged_message(MessageId::new(format!("true_{chat}_{KEY}"))).await.unwrap().unwrap();
        assert_eq!(
            (entry.message.ack, entry.message.body.reveal()),
            (Ack::new(2), "adiós"),
            "failed undoes no delivery"
        );
    }
}
