//! The log of messages, as the rest of the service uses it.

use std::sync::Arc;

use tokio::sync::watch;

use super::changes::LogChange;
use super::entries::Record;
use super::marks::{Place, Relink};
use super::opening::Tables;
use super::{Store, StoreError};
use crate::domain::event::{Event, Happening, What};
use crate::domain::limits::LimitsChange;
use crate::domain::log::{EventPage, LogEntry, LogExtent, LogPage, LogQuery, LoggedMessage, Span, Sum};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

/// How many times missed messages are asked for: once an hour in READY, for two days.
const TRIES_MAX: u64 = 48;
/// How long after a new link the phone may still send history: the history comes in parts.
const HISTORY_ARRIVES_S: u64 = 3600;

/// What the service knows before it reads the page's table of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Up to which row the table is in the log; None if it was never read.
    pub place: Option<Place>,
    /// Rows from before this time, in seconds since the epoch, are not news.
    pub floor: u64,
    /// The last link that replaced another link.
    pub relink: Option<Relink>,
    /// Reactions and votes from before this time, in seconds since the epoch, are known already.
    pub addons_since: u64,
    /// When the account was first linked, in seconds since the epoch: older reactions and votes are not news.
    pub first_link: u64,
}

impl Store {
    /// Returns what a reading of the page's table starts from. If the store knows of no link yet, `now` is the first
    /// link's time: the whole table is news if this store has seen QR_REQUIRED, else only messages from now on are.
    pub async fn begin_reading(&self, now: u64) -> Result<Reading, StoreError> {
        self.write(move |tables| {
            let marks = tables.messages.marks();
            let first_link = match marks.first_link()? {
                Some(first_link) => first_link,
                None => {
                    marks.set_floor(if marks.asked_for_phone()? { 0 } else { now })?;
                    marks.set_first_link(now)?;
                    now
                }
            };
            Ok(Reading {
                place: marks.place()?,
                // A version that did not read the table wrote this store: its log begins with the first link.
                floor: marks.floor()?.unwrap_or(first_link),
                relink: marks.relink()?,
                addons_since: marks.addons_since()?.unwrap_or(first_link),
                first_link,
            })
        })
        .await
    }

    /// Stores that another device was linked than the one whose messages are in the log; durable. A repeated call for
    /// the same device returns the same.
    pub async fn linked_anew(&self, device: String, now: u64) -> Result<Relink, StoreError> {
        self.write(move |tables| {
            let marks = tables.messages.marks();
            if let Some(known) = marks.relink()?.filter(|relink| relink.device == device) {
                return Ok(known);
            }
            let newest = tables.messages.newest_message()?.map(|entry| entry.message.timestamp.as_millis() / 1000);
            let since = newest.or(marks.first_link()?).unwrap_or(now);
            let relink = Relink { device, since, until: now.saturating_add(HISTORY_ARRIVES_S) };
            marks.set_relink(&relink)?;
            Ok(relink)
        })
        .await
    }

    /// Stores that reactions and votes from before this time are known.
    pub async fn addons_known(&self, since: u64) -> Result<(), StoreError> {
        self.write(move |tables| tables.messages.marks().set_addons_since(since)).await
    }

    /// The messages not older than `since` that are not decrypted yet.
    pub async fn sealed_messages(&self, since: Timestamp) -> Result<Vec<MessageId>, StoreError> {
        self.read(move |tables| tables.messages.undecrypted(since)).await
    }

    /// The place of the newest durable entry, which no crash can take back. A task that follows the log waits for this
    /// value.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.shared.health.follow()
    }

    /// Applies a batch of changes and makes it durable.
    pub async fn log(&self, changes: Arc<Vec<LogChange>>) -> Result<(), StoreError> {
        self.write(move |tables| tables.messages.apply(&changes)).await
    }

    /// The messages that match a query.
    pub async fn logged(&self, mut query: LogQuery) -> Result<LogPage, StoreError> {
        let (start, mut items) = (query.span, Vec::new());
        // In several reads: a query that few messages match looks through many of them.
        let (rest, newest) = loop {
            let piece = query.clone();
            let (found, newest) = self
                .read(move |tables| {
                    let newest = tables.durable();
                    Ok((tables.messages.search(&piece, newest)?, newest))
                })
                .await?;
            query.limit -= found.entries.len();
            items.extend(found.entries);
            match found.rest {
                Some(rest) if query.limit > 0 => query.span = rest,
                rest => break (rest, newest),
            }
        };
        Ok(match start {
            Span::After(after) => {
                let next = if let Some(Span::After(looked)) = rest { looked } else { newest.max(after) };
                LogPage { items, next, previous: Some(after.saturating_add(1)).filter(|_| after > 0) }
            }
            Span::Before(before) => {
                items.reverse();
                let previous = if let Some(Span::Before(looked)) = rest { Some(looked) } else { None };
                LogPage { items, next: before.saturating_sub(1).min(newest), previous }
            }
        })
    }

    pub async fn logged_message(&self, id: MessageId) -> Result<Option<LogEntry>, StoreError> {
        self.read(move |tables| {
            // A message that was handed to the Cloud API may be asked for by the service's own reference.
            let sent = if id.is_reference() { tables.messages.cloud_sends().find(&id)? } else { None };
            tables.messages.find(sent.and_then(|sent| sent.id).as_ref().unwrap_or(&id))
        })
        .await
    }

    /// Whether the log has the message, under any id that WhatsApp Web and the Cloud API have for it.
    pub async fn has_message(&self, message: &LoggedMessage) -> Result<bool, StoreError> {
        let message = message.clone();
        self.read(move |tables| tables.messages.has(&message)).await
    }

    /// Each person's present reaction to a message, and vote in a poll.
    pub async fn sum(&self, message: MessageId) -> Result<Sum, StoreError> {
        self.read(move |tables| tables.messages.sum(&message)).await
    }

    /// The events after a place. Events of a message that is no longer in the log are left out.
    pub async fn events(&self, after: u64, limit: usize) -> Result<EventPage, StoreError> {
        self.read(move |tables| {
            let events = |cursor, record| resolve(tables, cursor, record);
            let (items, next) = tables.messages.after(after, tables.durable(), limit, events)?;
            Ok(EventPage { items, next })
        })
        .await
    }

    /// The event at a place.
    pub async fn event(&self, cursor: u64) -> Result<Option<Event>, StoreError> {
        let page = self.events(cursor.saturating_sub(1), 1).await?;
        Ok(page.items.into_iter().find(|event| event.cursor == cursor))
    }

    /// How many messages of the same chat stand in the log before a message that WhatsApp's server received in the same
    /// second; at most 999. The answer does not change while these messages are in the log.
    pub async fn ordinal(&self, id: MessageId) -> Result<u16, StoreError> {
        self.read(move |tables| tables.messages.ordinal(&id)).await
    }

    pub async fn log_extent(&self) -> Result<LogExtent, StoreError> {
        self.read(|tables| {
            let (log, oldest) = (tables.messages.id(), tables.messages.oldest()?);
            let [received, sent] = tables.messages.added();
            Ok(LogExtent { log, oldest, newest: tables.durable(), received, sent })
        })
        .await
    }

    /// The time, in seconds since the epoch, from which messages may be missing: the newest message's time minus
    /// `overlap`, or an earlier time that is stored from a search without success; never before the first link, which
    /// is `now` if the store knows of none. Stored until [`Store::nothing_missed`].
    pub async fn missed_since(&self, now: u64, overlap: u64) -> Result<u64, StoreError> {
        self.write(move |tables| {
            let (messages, marks) = (&tables.messages, tables.messages.marks());
            let first_link = marks.first_link()?.unwrap_or(now);
            let newest = messages.newest_message()?.map_or(0, |entry| entry.message.timestamp.as_millis() / 1000);
            let since = newest.saturating_sub(overlap);
            let (before, tries) = marks.missed()?.unwrap_or((since, 0));
            let since = since.min(before).max(first_link);
            marks.set_first_link(first_link)?;
            marks.set_missed(Some((since, tries)))?;
            Ok(since)
        })
        .await
    }

    /// Every missed message is in the log.
    pub async fn nothing_missed(&self) -> Result<(), StoreError> {
        self.write(|tables| tables.messages.marks().set_missed(None)).await
    }

    /// One more try has not found every missed message. After `TRIES_MAX` tries the service gives up, because each
    /// try reads everything since then.
    pub async fn still_missing(&self) -> Result<(), StoreError> {
        self.write(|tables| {
            let marks = tables.messages.marks();
            let missed = marks.missed()?.map(|(since, tries)| (since, tries + 1));
            let kept = missed.filter(|(_, tries)| *tries < TRIES_MAX);
            if missed.is_some() && kept.is_none() {
                tracing::warn!("what the page could not tell in {TRIES_MAX} tries is not asked for any more");
            }
            marks.set_missed(kept)
        })
        .await
    }

    /// WhatsApp's limits on the account, as they were told last, by this run of the service or an earlier one.
    pub async fn told_limits(&self) -> Result<Option<LimitsChange>, StoreError> {
        self.read(|tables| tables.messages.marks().limits()).await
    }

    /// The time that was stored last, by this run of the service or an earlier one.
    pub async fn seen(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|tables| tables.messages.marks().seen()).await
    }

    pub async fn set_seen(&self, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |tables| tables.messages.marks().set_seen(now)).await
    }

    /// Removes up to `limit` entries that arrived before `end`, and up to `limit` records of each kind about older
    /// messages; returns the largest count. Entries that a target has not received yet stay.
    pub async fn sweep_log(&self, end: Timestamp, limit: usize, targets: Vec<String>) -> Result<usize, StoreError> {
        self.write(move |tables| {
            let positions = targets.iter().map(|target| tables.targets.position(target));
            let delivered = positions.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().min();
            let swept = tables.messages.sweep(end, delivered.unwrap_or(u64::MAX), limit)?;
            tables.targets.sweep(tables.messages.oldest()?)?;
            Ok(swept)
        })
        .await
    }
}

fn resolve(tables: &Tables, cursor: u64, record: Record) -> Result<Option<Event>, StoreError> {
    let message = |of: u64| Ok::<_, StoreError>(tables.messages.message(of)?.map(Box::new));
    let (at, what) = match record {
        Record::Message(message) => (message.received_at, Some(What::Message(message))),
        Record::Happening(happening) => (
            happening.at(),
            match happening {
                Happening::Opened { of, .. } => message(of)?.map(What::Message),
                Happening::Edited { of, .. } => message(of)?.map(What::Edited),
                Happening::Revoked { of, .. } => message(of)?.map(What::Revoked),
                Happening::Acked { of, ack, .. } => message(of)?.map(|message| What::Acked(message, ack)),
                Happening::Reacted { reaction, .. } => Some(What::Reacted(Box::new(reaction))),
                Happening::Voted { vote, .. } => Some(What::Voted(Box::new(vote))),
                Happening::Noticed { notice, .. } => Some(What::Noticed(Box::new(notice))),
                Happening::File { of, .. } => message(of)?.map(What::File),
                Happening::Limits(change) => Some(What::Limits(Box::new(change))),
                Happening::State(step) => Some(What::State(step)),
                Happening::Code(shown) => Some(What::Code(shown)),
            },
        ),
    };
    Ok(what.map(|what| Event { log: tables.messages.id(), cursor, at, what }))
}

#[cfg(test)]
mod tests;
