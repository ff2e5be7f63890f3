//! Reads missed messages from the page's own table of messages, part by part, oldest first, and looks again at rows
//! that change in place.
//!
//! ```text
//! rows after the last one in the log ──► new events may follow ──► rows of the last days
//!   │                                ──► undecrypted messages ──► reactions, votes ──► acks
//!   ├─ another device, or another key in that row: from the first row (after a new link its history before that)
//!   └─ no table: the chats, as far as they load
//! ```

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::domain::backoff::Backoff;
use crate::domain::log::may_open;
use crate::domain::message::{Ack, MessageId, PageMessage};
use crate::domain::time::Timestamp;
use crate::domain::via::Via;
use crate::store::{Place, Reading, Store, StoreError};
use crate::transport::web::session::SessionError;
use crate::transport::web::whatsapp::{Addons, Row, Rows};

use super::Stay;
use super::source::Source;

/// Rows per question: about 300 KB, for which the page takes some 100 ms.
const PART: usize = 300;
/// Messages per question if the table cannot be read.
const CHATS_PART: usize = 1000;
/// How far before the newest known message the chats are read if there is no table: messages do not arrive quite in
/// the order of WhatsApp's times.
pub(super) const OVERLAP_S: u64 = 600;
/// How far back a message may change in place: WhatsApp accepts deletions for 60 h, and a deletion may take 12 h more
/// to arrive.
const CHANGES_S: u64 = 73 * 3600;
/// How far back the regular look goes: edits are accepted for 20 minutes, and most deletions come soon. The page fires
/// no event when it changes the row of a message that it has not loaded.
const LOOK_S: u64 = 3600;
/// The phone is not asked to send messages again that are older than this.
const RESEND_S: u64 = 14 * 24 * 3600;
/// Message ids per question; the adapter's limit.
const IDS: usize = 200;
/// The pause before a page that does not answer, or is not there yet, is asked again; it doubles up to the maximum.
const PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);

pub(super) enum Found {
    /// Messages that the device received, in order, and up to which row the table has been read with them.
    Rows(Vec<PageMessage>, Option<Place>),
    /// The history of a new link that is newer than the log.
    History(Vec<PageMessage>),
    /// The current form of messages that are in the log already.
    Again(Vec<PageMessage>),
    /// Reactions and votes, and up to when they are known now, in seconds since the epoch.
    Addons(Addons, u64),
    Ack(MessageId, Ack),
    /// Every earlier message has been read: new events may follow.
    CaughtUp,
    /// The page's table cannot be read.
    Unreadable,
    End(Scope, Outcome),
}

/// How much of the table is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// After a gap: everything that is new or may have changed.
    Gap,
    /// The regular look: new rows, and recent changes.
    Look,
}

impl Scope {
    /// How far back changed rows are looked for, in seconds.
    fn back_s(self) -> u64 {
        match self {
            Self::Gap => CHANGES_S,
            Self::Look => LOOK_S,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Whole,
    /// The page cannot report everything at the moment.
    Unknown,
    /// The stay ended first; the next stay reads again.
    Interrupted,
}

pub(super) struct Reader<S> {
    pub store: Store,
    pub source: S,
    pub stay: Stay,
    pub scope: Scope,
    /// How long a page that does not answer is asked again.
    pub tries: Duration,
    /// The current time, in seconds since the epoch.
    pub now: u64,
    pub found: mpsc::Sender<(Stay, Found)>,
}

/// Why a reading failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("READY is over, or nobody wants to know any more")]
    Over,
    #[error("some chats did not load")]
    Partial,
    #[error("it has not opened its table of messages yet")]
    Closed,
    #[error("another device's table took the place of the one that was being read")]
    Replaced,
    #[error(transparent)]
    Page(SessionError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotReady(_) | SessionError::Stopped => Self::Over,
            error => Self::Page(error),
        }
    }
}

impl<S: Source> Reader<S> {
    pub(super) async fn run(self) {
        let mut outcome = self.tries().await;
        if outcome != Outcome::Interrupted && self.scope == Scope::Gap && self.acks().await.is_err() {
            outcome = Outcome::Interrupted;
        }
        let _ = self.tell(Found::End(self.scope, outcome)).await;
    }

    async fn tries(&self) -> Outcome {
        let started = Instant::now();
        let (pauses, mut failures) = (Backoff::even(PAUSE, PAUSE_MAX), 0);
        loop {
            let last = started.elapsed() > self.tries;
            match self.all(last).await {
                Ok(()) => return Outcome::Whole,
                Err(Failure::Over) => return Outcome::Interrupted,
                Err(why) if last => {
                    tracing::warn!(%why, "the page did not tell all that was missed");
                    return Outcome::Unknown;
                }
                Err(why) => tracing::debug!(%why, "the page did not tell all that was missed; asking again"),
            }
            failures += 1;
            let pause = pauses.pause(failures, &mut rand::rng());
            tokio::time::sleep(pause).await;
        }
    }

    /// A page that was just loaded defines its modules over some time: only the last try concludes that the table is
    /// missing.
    async fn all(&self, last: bool) -> Result<(), Failure> {
        let reading = self.store.begin_reading(self.stay.0.as_millis() / 1000).await?;
        let readable = self.there(self.table(&reading).await)?.is_some();
        if !readable {
            if !last {
                return Err(Failure::Closed);
            }
            self.tell(Found::Unreadable).await?;
            if self.scope == Scope::Look {
                return Ok(());
            }
        }
        let is_partial = !readable && self.chats().await?;
        self.tell(Found::CaughtUp).await?;
        self.there(self.recent(&reading).await)?;
        self.there(self.undecrypted().await)?;
        self.there(self.addons(&reading).await)?;
        if is_partial { Err(Failure::Partial) } else { Ok(()) }
    }

    /// None if the page lacks a module that this call needs: asking again would not help.
    fn there<T>(&self, result: Result<T, Failure>) -> Result<Option<T>, Failure> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Failure::Page(SessionError::PageLacks(_))) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Reads every row after the last row that is in the log.
    async fn table(&self, reading: &Reading) -> Result<(), Failure> {
        let known = reading.place.as_ref().and_then(|place| place.row.as_ref());
        let mut part = self.rows(known.map(|(row, _)| *row)).await?;
        let mut is_new = reading.place.is_none();
        if let Some(place) = &reading.place
            && !self.is_same_table(place, &part).await?
        {
            is_new = true;
            part = self.rows(None).await?;
        }
        if let Some(since) = self.history_wanted(reading, part.device.as_ref(), is_new).await? {
            self.history(since).await?;
        }
        let device = part.device.clone();
        loop {
            let last = part.rows.last().map(|row| (row.row, row.id.clone()));
            let place = Place { device: device.clone(), row: last.clone() };
            let (rows, more) = (part.rows, part.more);
            if last.is_some() || is_new {
                self.tell(Found::Rows(messages(rows, reading.floor), Some(place))).await?;
            }
            let Some((row, _)) = last.filter(|_| more) else { return Ok(()) };
            part = self.rows(Some(row)).await?;
            if part.device != device {
                return Err(Failure::Replaced);
            }
        }
    }

    /// Whether the row that was read last still holds the same message. A deletion gives the row another key.
    async fn is_same_table(&self, place: &Place, part: &Rows) -> Result<bool, Failure> {
        if let (Some(known), Some(device)) = (&place.device, &part.device)
            && known != device
        {
            return Ok(false);
        }
        let Some((row, key)) = &place.row else { return Ok(true) };
        let Some(first) = &part.first else { return Ok(false) };
        if first.row != *row || first.id == *key {
            return Ok(first.row == *row);
        }
        let found = self.source.by_id(vec![key.clone()]).await?;
        Ok(found.messages.iter().any(|message| message.row == Some(*row)))
    }

    /// Since when history is news: after a link that replaced another one, for as long as the history may arrive.
    async fn history_wanted(
        &self,
        reading: &Reading,
        device: Option<&String>,
        is_new: bool,
    ) -> Result<Option<u64>, Failure> {
        let (Some(device), Some(place)) = (device, &reading.place) else { return Ok(None) };
        if is_new && place.device.as_ref().is_some_and(|known| known != device) {
            return Ok(Some(self.store.linked_anew(device.clone(), self.now).await?.since));
        }
        let relink = reading.relink.as_ref().filter(|relink| relink.device == *device && relink.until > self.now);
        Ok(relink.map(|relink| relink.since))
    }

    /// Reads history. The page lists it from the newest backwards, so it is read twice: no more than one part is held
    /// at a time.
    async fn history(&self, since: u64) -> Result<(), Failure> {
        // A message sent in the same second may be news, too.
        let since = since.saturating_sub(1);
        let (mut places, mut before) = (Vec::new(), None);
        loop {
            let part = self.older(since, before).await?;
            if !part.rows.is_empty() {
                places.push(before);
            }
            before = part.next.filter(|_| part.more);
            if before.is_none() {
                break;
            }
        }
        for before in places.into_iter().rev() {
            let mut part = self.older(since, before).await?;
            part.rows.reverse();
            self.tell(Found::History(messages(part.rows, since))).await?;
        }
        Ok(())
    }

    /// Reads rows again that may have changed since they were read.
    async fn recent(&self, reading: &Reading) -> Result<(), Failure> {
        let since = self.now.saturating_sub(self.scope.back_s()).max(reading.floor);
        let mut before = None;
        loop {
            self.check()?;
            let mut part = self.source.recent(since, before, PART).await?;
            part.rows.reverse();
            self.tell(Found::Rows(messages(part.rows, reading.floor), None)).await?;
            before = part.next.filter(|_| part.more);
            if before.is_none() {
                return Ok(());
            }
        }
    }

    /// Looks at messages stored undecrypted: those that can be read now are reported, and the phone is asked to resend
    /// the others.
    async fn undecrypted(&self) -> Result<(), Failure> {
        let since = Timestamp::from_millis(self.now.saturating_sub(RESEND_S) * 1000);
        let ids = self.store.sealed_messages(since).await?;
        for ids in ids.chunks(IDS) {
            self.check()?;
            let found = self.source.by_id(ids.to_vec()).await?;
            let (still, open): (Vec<_>, Vec<_>) = found.messages.into_iter().partition(may_open);
            if !open.is_empty() {
                self.tell(Found::Again(open)).await?;
            }
            let still: Vec<_> = still.into_iter().map(|message| message.id).collect();
            if !still.is_empty() {
                self.source.ask_resend(still).await?;
            }
        }
        Ok(())
    }

    async fn addons(&self, reading: &Reading) -> Result<(), Failure> {
        // A reaction that was made on a phone without a connection arrives days later.
        let since = reading.addons_since.saturating_sub(self.scope.back_s()).max(reading.first_link);
        self.check()?;
        let mut addons = self.source.addons(since).await?;
        addons.reactions.retain(|reaction| reaction.t_ms / 1000 >= since);
        addons.votes.retain(|vote| vote.t_ms / 1000 >= since);
        self.tell(Found::Addons(addons, self.now)).await
    }

    /// Reads the chats that the page remembers, if there is no table. Returns whether some chats did not load.
    async fn chats(&self) -> Result<bool, Failure> {
        let since = self.store.missed_since(self.stay.0.as_millis() / 1000, OVERLAP_S).await?;
        let (mut skip, mut partial) = (0, false);
        loop {
            self.check()?;
            let part = self.source.history(since, skip, CHATS_PART).await?;
            skip = part.next;
            partial |= part.partial;
            self.tell(Found::Rows(part.messages, None)).await?;
            if !part.more {
                return Ok(partial);
            }
        }
    }

    /// Looks up messages by id that were sent under a key and may have left. If the page does not know a message, or
    /// does not answer, that proves nothing: the next READY asks again.
    async fn acks(&self) -> Result<(), Failure> {
        let unsettled = self.store.unsettled_sends().await.unwrap_or_else(|error| {
            tracing::warn!(%error, "sends that are not settled cannot be looked up");
            Vec::new()
        });
        for (_, record) in unsettled.into_iter().filter(|(_, record)| record.via == Via::Web) {
            self.check()?;
            match self.source.ack(record.message_id.clone()).await {
                Ok(Some(ack)) => self.tell(Found::Ack(record.message_id, ack)).await?,
                Ok(None) => {}
                // Asking for this message again would not help.
                Err(SessionError::Refused(why)) => tracing::warn!(why, "the page cannot look up a message by its id"),
                Err(SessionError::NotReady(_) | SessionError::Stopped) => return Err(Failure::Over),
                Err(error) => {
                    tracing::warn!(%error, "the page did not tell whether a message had left");
                    break;
                }
            }
        }
        Ok(())
    }

    async fn rows(&self, after: Option<u64>) -> Result<Rows, Failure> {
        self.check()?;
        Ok(self.source.rows(after, PART).await?)
    }

    async fn older(
        &self,
        since: u64,
        before: Option<u64>,
    ) -> Result<crate::transport::web::whatsapp::RowsBack, Failure> {
        self.check()?;
        Ok(self.source.older(since, before, PART).await?)
    }

    /// A later stay reads for itself.
    fn check(&self) -> Result<(), Failure> {
        if self.source.stay() == self.stay { Ok(()) } else { Err(Failure::Over) }
    }

    async fn tell(&self, found: Found) -> Result<(), Failure> {
        self.found.send((self.stay, found)).await.map_err(|_| Failure::Over)
    }
}

/// The messages of rows that are not from before `floor`; rows with notices or unreadable content have none.
fn messages(rows: Vec<Row>, floor: u64) -> Vec<PageMessage> {
    let message = |row: Row| row.message.map(|message| PageMessage { row: Some(row.row), ..message });
    rows.into_iter().filter_map(message).filter(|message| message.t >= floor).collect()
}
