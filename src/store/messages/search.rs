//! Searches of the log through its lists: the messages of a query, forwards and backwards.

use std::time::Duration;

use super::{LOOKED_AT, Messages, Record};
use crate::domain::log::{LogEntry, LogQuery, LoggedMessage, Span};
use crate::domain::message::MessageId;
use crate::store::StoreError;

/// A second has a thousand milliseconds to tell a chat's messages apart by.
const SECOND_MAX: u16 = 999;
/// A message this much older than another one stands before all messages of the other one's second: what was missed is
/// stored in the page's order, in which times are this close to rising.
const SECONDS_APART: Duration = Duration::from_secs(60);

/// A part of the answer to a query.
pub(in crate::store) struct Found {
    /// In the order of the search: newest first if it goes backwards.
    pub entries: Vec<LogEntry>,
    /// What is left to search; None at the end of the log.
    pub rest: Option<Span>,
}

impl Messages {
    /// The messages of a query, after at most [`LOOKED_AT`] places. `newest` is the last place that may be told.
    pub(in crate::store) fn search(&self, query: &LogQuery, newest: u64) -> Result<Found, StoreError> {
        match query.span {
            Span::After(place) => self.forwards(query, place, newest),
            Span::Before(place) => self.backwards(query, place.min(newest.saturating_add(1))),
        }
    }

    fn forwards(&self, query: &LogQuery, after: u64, newest: u64) -> Result<Found, StoreError> {
        let (mut reader, mut matching) = (self.entries.reader(), self.postings.matching(query));
        let (mut entries, mut looked, mut steps) = (Vec::new(), after, LOOKED_AT);
        while entries.len() < query.limit && looked < newest && steps > 0 {
            match matching.after(looked, &mut steps)? {
                Some(Ok(cursor)) if cursor <= newest => {
                    looked = cursor;
                    steps = steps.saturating_sub(1);
                    if let Some(Record::Message(message)) = reader.read(cursor)?
                        && query.wants(&message)
                    {
                        entries.push(LogEntry { cursor, message: *message });
                    }
                }
                Some(Err(place)) if place < newest => looked = place,
                _ => looked = newest,
            }
        }
        Ok(Found { entries, rest: Some(Span::After(looked)).filter(|_| looked < newest) })
    }

    fn backwards(&self, query: &LogQuery, before: u64) -> Result<Found, StoreError> {
        let (mut reader, mut matching) = (self.entries.reader(), self.postings.matching(query));
        let (mut entries, mut looked, mut steps) = (Vec::new(), before, LOOKED_AT);
        while entries.len() < query.limit && steps > 0 {
            match matching.before(looked, &mut steps)? {
                Some(Ok(cursor)) => {
                    looked = cursor;
                    steps = steps.saturating_sub(1);
                    if let Some(Record::Message(message)) = reader.read(cursor)?
                        && query.wants(&message)
                    {
                        entries.push(LogEntry { cursor, message: *message });
                    }
                }
                Some(Err(place)) => looked = place,
                None => return Ok(Found { entries, rest: None }),
            }
        }
        Ok(Found { entries, rest: Some(Span::Before(looked)) })
    }

    /// How many messages of the same chat stand before a message that WhatsApp's server received in the same second. Looks
    /// at no more than [`SECOND_MAX`] of them: a chat's messages of one second follow each other closely.
    pub(in crate::store) fn ordinal(&self, id: &MessageId) -> Result<u16, StoreError> {
        let Some(LogEntry { cursor, message: LoggedMessage { chat, timestamp, .. } }) = self.find(id)? else {
            return Ok(0);
        };
        let query = LogQuery { chats: vec![chat], ..LogQuery::default() };
        let (mut reader, mut matching) = (self.entries.reader(), self.postings.matching(&query));
        let (mut ordinal, mut at, mut steps) = (0, cursor, LOOKED_AT);
        for _ in 0..SECOND_MAX {
            let Some(Ok(previous)) = matching.before(at, &mut steps)? else { break };
            at = previous;
            let Some(Record::Message(message)) = reader.read(at)? else { continue };
            if message.timestamp == timestamp {
                ordinal += 1;
            } else if message.timestamp.plus(SECONDS_APART) < timestamp {
                break;
            }
        }
        Ok(ordinal)
    }
}
