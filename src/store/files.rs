//! The files of messages. Table `file_fetches`: the place of a message (big-endian) whose file is to be fetched → how
//! often that failed (big-endian, 32 bits) and when it is tried again (milliseconds since the epoch, big-endian). Table
//! `file_users`: the SHA-256 of a file on the disk and the place of a message with this file → nothing.
//!
//! An index entry is written before the message's entry and removed after it. After a crash an index entry without a
//! meaning may be left: readers look at the message itself.

use super::StoreError;
use super::engine::Engine;
use super::table::Table;
use super::{Store, messages::Messages};
use crate::domain::log::LoggedMessage;
use crate::domain::media::{BlobId, Media, MediaStatus};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

/// The most index entries that one read looks at.
const LOOKED_AT: usize = 10_000;

pub(super) struct Files {
    fetches: Table,
    users: Table,
}

/// A file that is to be fetched now.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingFile {
    /// The place of the message in the log.
    pub place: u64,
    pub message: MessageId,
    pub media: Media,
    /// How often the file was tried without success.
    pub attempts: u32,
}

impl Files {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self { fetches: engine.table("file_fetches")?, users: engine.table("file_users")? })
    }

    /// Indexes what a message is about to be stored with.
    pub(super) fn begin(&self, place: u64, after: Option<&Media>) -> Result<(), StoreError> {
        let Some(media) = after else { return Ok(()) };
        match (media.status, media.sha256) {
            (MediaStatus::Pending, _) if self.fetches.get(&place.to_be_bytes())?.is_none() => {
                self.postpone(place, 0, Timestamp::from_millis(0))
            }
            (MediaStatus::Stored, Some(id)) => self.users.put(&user(id, place), &[]),
            _ => Ok(()),
        }
    }

    /// Removes what a message was indexed under; `after` is None if the message itself was removed.
    pub(super) fn end(&self, place: u64, before: Option<&Media>, after: Option<&Media>) -> Result<(), StoreError> {
        let is = |media: Option<&Media>, status| media.is_some_and(|media| media.status == status);
        if is(before, MediaStatus::Pending) && !is(after, MediaStatus::Pending) {
            self.fetches.remove(&place.to_be_bytes())?;
        }
        if is(before, MediaStatus::Stored)
            && !is(after, MediaStatus::Stored)
            && let Some(id) = before.and_then(|media| media.sha256)
        {
            self.users.remove(&user(id, place))?;
        }
        Ok(())
    }

    fn postpone(&self, place: u64, attempts: u32, next: Timestamp) -> Result<(), StoreError> {
        let value = [&attempts.to_be_bytes()[..], &next.as_millis().to_be_bytes()].concat();
        self.fetches.put(&place.to_be_bytes(), &value)
    }

    fn places_of(&self, id: BlobId) -> Result<Vec<u64>, StoreError> {
        let (mut places, mut after) = (Vec::new(), user(id, 0).to_vec());
        while let Some((key, _)) = self.users.next(Some(&after))? {
            let Some(place) = key.strip_prefix(id.as_bytes()).and_then(|place| place.try_into().ok()) else { break };
            places.push(u64::from_be_bytes(place));
            after = key;
        }
        Ok(places)
    }
}

fn user(id: BlobId, place: u64) -> [u8; 40] {
    let mut key = [0; 40];
    let (blob, at) = key.split_at_mut(32);
    blob.copy_from_slice(id.as_bytes());
    at.copy_from_slice(&place.to_be_bytes());
    key
}

/// How often a fetch failed, and when it is tried again.
fn attempts(value: &[u8]) -> (u32, Timestamp) {
    let attempts = value.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let next = value.get(4..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_be_bytes(*bytes));
    (attempts, Timestamp::from_millis(next))
}

impl Messages {
    /// The files that are due, oldest message first and at most `limit`, without those at the places in `busy`; and
    /// when the next of the others is due.
    fn due_files(
        &self,
        now: Timestamp,
        limit: usize,
        busy: &[u64],
        only_cloud: bool,
    ) -> Result<(Vec<PendingFile>, Option<Timestamp>), StoreError> {
        let (mut due, mut next_at, mut after) = (Vec::new(), None::<Timestamp>, None::<Vec<u8>>);
        for _ in 0..LOOKED_AT {
            let Some((key, value)) = self.files().fetches.next(after.as_deref())? else { break };
            after = Some(key.clone());
            if let Some(place) = key.first_chunk().map(|place| u64::from_be_bytes(*place))
                && !busy.contains(&place)
            {
                let (attempts, at) = attempts(&value);
                if at > now {
                    next_at = Some(next_at.map_or(at, |next| next.min(at)));
                } else if due.len() < limit {
                    let LoggedMessage { id, media, .. } = match self.message(place)? {
                        Some(message) => message,
                        None => continue,
                    };
                    if only_cloud && !id.is_wamid() {
                        continue;
                    }
                    let media = media.filter(|media| media.status == MediaStatus::Pending);
                    due.extend(media.map(|media| PendingFile { place, message: id, media, attempts }));
                } else {
                    next_at = Some(now);
                    break;
                }
            }
        }
        Ok((due, next_at))
    }
}

impl Store {
    /// The files that are to be fetched now, oldest message first and at most `limit`, without those of the messages at
    /// the places in `busy`; and when the next of the others is due. `only_cloud`: those of messages of the Cloud API.
    pub async fn due_files(
        &self,
        now: Timestamp,
        limit: usize,
        busy: Vec<u64>,
        only_cloud: bool,
    ) -> Result<(Vec<PendingFile>, Option<Timestamp>), StoreError> {
        self.read(move |tables| tables.messages.due_files(now, limit, &busy, only_cloud)).await
    }

    /// Stores that fetching a file failed for the `attempts`th time, and when it is tried again.
    pub async fn postpone_file(&self, place: u64, attempts: u32, next: Timestamp) -> Result<(), StoreError> {
        self.write(move |tables| {
            let files = tables.messages.files();
            // The message may have been removed meanwhile.
            match files.fetches.get(&place.to_be_bytes())? {
                Some(_) => files.postpone(place, attempts, next),
                None => Ok(()),
            }
        })
        .await
    }

    /// The messages whose file this is.
    pub async fn users_of_file(&self, id: BlobId) -> Result<Vec<MessageId>, StoreError> {
        self.read(move |tables| {
            let mut users = Vec::new();
            for place in tables.messages.files().places_of(id)? {
                if let Some(message) = tables.messages.message(place)?
                    && message.media.as_ref().is_some_and(|media| media.sha256 == Some(id))
                {
                    users.push(message.id);
                }
            }
            Ok(users)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use tempfile::TempDir;

    use super::*;
    use crate::domain::event::Event;
    use crate::domain::log::tests::page_message;
    use crate::domain::media::MediaKind;
    use crate::domain::media::tests::media;
    use crate::domain::message::PageMessage;
    use crate::store::LogChange;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn picture(id: &str, status: MediaStatus) -> LogChange {
        let media = Some(Media { status, ..media(MediaKind::Image) });
        let page = PageMessage { kind: "image".to_owned(), media, ..page_message(id, "") };
        LogChange::Add(Box::new(LoggedMessage::from_page(page, at(1), false).unwrap()))
    }

    fn became(id: &str, status: MediaStatus, sha256: Option<BlobId>) -> LogChange {
        LogChange::File(MessageId::new(id), status, sha256, at(2))
    }

    async fn log(store: &Store, changes: Vec<LogChange>) {
        store.log(Arc::new(changes)).await.unwrap();
    }

    async fn due(store: &Store, now: u64, busy: Vec<u64>) -> (Vec<String>, Option<u64>) {
        let (files, next) = store.due_files(at(now), 2, busy, false).await.unwrap();
        (files.into_iter().map(|file| file.message.to_string()).collect(), next.map(Timestamp::as_millis))
    }

    #[tokio::test]
    async fn a_file_is_due_until_it_is_there_also_after_a_restart() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let pending = ["a", "b", "c"].map(|id| picture(id, MediaStatus::Pending));
        log(&store, [pending.to_vec(), vec![picture("d", MediaStatus::OnRequest)]].concat()).await;
        assert_eq!(due(&store, 10, vec![]).await, (vec!["a".to_owned(), "b".to_owned()], Some(10)));
        let first = store.due_files(at(10), 1, vec![], false).await.unwrap().0.remove(0);
        assert_eq!(due(&store, 10, vec![first.place]).await, (vec!["b".to_owned(), "c".to_owned()], None));
        store.postpone_file(first.place, 3, at(500)).await.unwrap();
        log(&store, vec![became("b", MediaStatus::Gone, None), became("d", MediaStatus::Pending, None)]).await;
        store.close().await.unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        assert_eq!(due(&store, 10, vec![]).await, (vec!["c".to_owned(), "d".to_owned()], Some(500)));
        assert_eq!(store.due_files(at(500), 1, vec![], false).await.unwrap().0[0].attempts, 3);
        let told = |event: Event| (event.kind(), event.message().map(|message| message.id.to_string()));
        let events = store.events(0, 100).await.unwrap().items.into_iter().map(told);
        let told: Vec<_> = events.filter(|(kind, _)| *kind == "message.media").collect();
        assert_eq!(told, [("message.media", Some("b".to_owned()))], "a file that is asked for is no news");
    }

    #[tokio::test]
    async fn a_file_has_the_messages_that_are_in_the_log() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let id = BlobId::from_bytes([7; 32]);
        let users = async |store: &Store| store.users_of_file(id).await.unwrap().len();
        log(&store, ["a", "b"].map(|id| picture(id, MediaStatus::Pending)).to_vec()).await;
        log(&store, ["a", "b"].map(|user| became(user, MediaStatus::Stored, Some(id))).to_vec()).await;
        assert_eq!((users(&store).await, due(&store, 10, vec![]).await), (2, (vec![], None)));
        log(&store, vec![became("a", MediaStatus::OnRequest, None)]).await;
        assert_eq!(users(&store).await, 1);
        store.sweep_log(at(100), 100, vec![]).await.unwrap();
        assert_eq!(users(&store).await, 0);
    }

    #[tokio::test]
    async fn a_later_report_of_the_page_does_not_forget_the_file() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let id = BlobId::from_bytes([7; 32]);
        log(&store, vec![picture("a", MediaStatus::Pending), became("a", MediaStatus::Stored, Some(id))]).await;
        let again = PageMessage {
            kind: "image".to_owned(),
            media: Some(media(MediaKind::Image)),
            edited_ms: Some(5),
            ..page_message("a", "otra")
        };
        log(&store, vec![LogChange::Amend(Box::new(again), at(3))]).await;
        let entry = store.logged_message(MessageId::new("a")).await.unwrap().unwrap();
        let file = entry.message.media.unwrap();
        assert_eq!((file.status, file.sha256, entry.message.body.reveal()), (MediaStatus::Stored, Some(id), "otra"));
    }
}
