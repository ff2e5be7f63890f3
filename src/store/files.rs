//! The files of messages. Table `file_fetches`: the place of a message (big-endian) whose file is to be fetched → how
//! often that failed (big-endian, 32 bits) and when it is tried again (milliseconds since the epoch, big-endian; 0 until
//! it failed). Table `file_due`: that time and the place → nothing, so that files that were never tried come first. Table
//! `file_users`: the SHA-256 of a file on the disk and the place of a message with this file → nothing.
//!
//! An index entry is written before the message's entry and removed after it, and one of `file_due` before that of
//! `file_fetches`. After a crash an index entry without a meaning may be left: readers look at the message itself, and
//! ignore a time that `file_fetches` does not have.

use super::StoreError;
use super::engine::Engine;
use super::table::Table;
use super::{Store, messages::Messages};
use crate::domain::log::LoggedMessage;
use crate::domain::media::{BlobId, Media, MediaStatus};
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

pub(super) struct Files {
    fetches: Table,
    due: Table,
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
        Ok(Self {
            fetches: engine.table("file_fetches")?,
            due: engine.table("file_due")?,
            users: engine.table("file_users")?,
        })
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
            let known = self.fetches.get(&place.to_be_bytes())?;
            self.fetches.remove(&place.to_be_bytes())?;
            if let Some(value) = known {
                self.due.remove(&due(attempts(&value).1, place))?;
            }
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
        let before = self.fetches.get(&place.to_be_bytes())?.map(|value| self::attempts(&value).1);
        self.due.put(&due(next, place), &[])?;
        let value = [&attempts.to_be_bytes()[..], &next.as_millis().to_be_bytes()].concat();
        self.fetches.put(&place.to_be_bytes(), &value)?;
        match before.filter(|before| *before != next) {
            Some(before) => self.due.remove(&due(before, place)),
            None => Ok(()),
        }
    }
}

fn user(id: BlobId, place: u64) -> [u8; 40] {
    let mut key = [0; 40];
    let (blob, at) = key.split_at_mut(32);
    blob.copy_from_slice(id.as_bytes());
    at.copy_from_slice(&place.to_be_bytes());
    key
}

fn due(at: Timestamp, place: u64) -> [u8; 16] {
    let mut key = [0; 16];
    let (time, message) = key.split_at_mut(8);
    time.copy_from_slice(&at.as_millis().to_be_bytes());
    message.copy_from_slice(&place.to_be_bytes());
    key
}

/// How often a fetch failed, and when it is tried again.
fn attempts(value: &[u8]) -> (u32, Timestamp) {
    let attempts = value.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    let next = value.get(4..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_be_bytes(*bytes));
    (attempts, Timestamp::from_millis(next))
}

impl Messages {
    /// The files that are due, those that were never tried first and at most `limit`, without those at the places in
    /// `busy`; and when the next of the others is due.
    fn due_files(
        &self,
        now: Timestamp,
        limit: usize,
        busy: &[u64],
        only_cloud: bool,
    ) -> Result<(Vec<PendingFile>, Option<Timestamp>), StoreError> {
        let (mut due, mut after) = (Vec::new(), None::<Vec<u8>>);
        while let Some((key, _)) = self.files().due.next(after.as_deref())? {
            let (time, message) = key.split_at_checked(8).unwrap_or_default();
            after = Some(key.clone());
            let (Some(at), Some(place)) = (time.first_chunk(), message.first_chunk()) else { continue };
            let (at, place) = (Timestamp::from_millis(u64::from_be_bytes(*at)), u64::from_be_bytes(*place));
            let known = self.files().fetches.get(&place.to_be_bytes())?.map(|value| attempts(&value));
            let Some((attempts, _)) = known.filter(|(_, known)| *known == at && !busy.contains(&place)) else {
                continue;
            };
            if at > now || due.len() >= limit {
                return Ok((due, Some(at.max(now))));
            }
            let Some(LoggedMessage { id, media, .. }) = self.message(place)? else { continue };
            if only_cloud && !id.is_wamid() {
                continue;
            }
            let media = media.filter(|media| media.status == MediaStatus::Pending);
            due.extend(media.map(|media| PendingFile { place, message: id, media, attempts }));
        }
        Ok((due, None))
    }
}

impl Store {
    /// The files that are to be fetched now, those that were never tried first and at most `limit`, without those of the
    /// messages at the places in `busy`; and when the next of the others is due. `only_cloud`: those of
    /// messages of the Cloud API.
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

    /// The messages whose file this is, at most `limit`.
    pub async fn users_of_file(&self, id: BlobId, limit: usize) -> Result<Vec<MessageId>, StoreError> {
        self.read(move |tables| {
            let (mut users, mut after) = (Vec::new(), user(id, 0).to_vec());
            while users.len() < limit
                && let Some((key, _)) = tables.messages.files().users.next(Some(&after))?
                && let Some(place) = key.strip_prefix(id.as_bytes()).and_then(|place| place.first_chunk())
            {
                let message = tables.messages.message(u64::from_be_bytes(*place))?;
                let has_it = |media: &Media| media.status == MediaStatus::Stored && media.sha256 == Some(id);
                users.extend(message.filter(|message| message.media.as_ref().is_some_and(has_it)).map(|m| m.id));
                after = key;
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
        assert_eq!(store.due_files(at(500), 9, vec![], false).await.unwrap().0[2].attempts, 3);
        let told = |event: Event| (event.kind(), event.message().map(|message| message.id.to_string()));
        let events = store.events(0, 100).await.unwrap().items.into_iter().map(told);
        let told: Vec<_> = events.filter(|(kind, _)| *kind == "message.media").collect();
        assert_eq!(told, [("message.media", Some("b".to_owned()))], "a file that is asked for is no news");
    }

    #[tokio::test]
    async fn a_new_file_does_not_wait_for_those_that_failed() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        log(&store, ["a", "b", "c"].map(|id| picture(id, MediaStatus::Pending)).to_vec()).await;
        let files = store.due_files(at(10), 3, vec![], false).await.unwrap().0;
        for (file, next) in files.iter().zip([9, 8, 20]) {
            store.postpone_file(file.place, 1, at(next)).await.unwrap();
        }
        log(&store, vec![picture("d", MediaStatus::Pending)]).await;
        assert_eq!(due(&store, 10, vec![]).await, (vec!["d".to_owned(), "b".to_owned()], Some(10)));
        log(&store, ["d", "b"].map(|id| became(id, MediaStatus::Gone, None)).to_vec()).await;
        assert_eq!(due(&store, 10, vec![]).await, (vec!["a".to_owned()], Some(20)));
        store.sweep_log(at(100), 100, vec![]).await.unwrap();
        assert_eq!(due(&store, 100, vec![]).await, (vec![], None));
    }

    #[tokio::test]
    async fn a_file_has_the_messages_that_are_in_the_log() {
        let dir = TempDir::new().unwrap();
        let store = Store::open(dir.path()).await.unwrap().store;
        let id = BlobId::from_bytes([7; 32]);
        let users = async |store: &Store| store.users_of_file(id, 10).await.unwrap().len();
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
