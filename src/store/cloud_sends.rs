//! Messages that were handed to the Cloud API. Table `cloud_sends`: the service's own reference and a part number (big-endian)
//! → a part of the record as JSON. Until the Cloud API has taken a message, the record alone holds it; afterwards the log
//! does, and the record says which id the message got. Table `cloud_sends_by_age`: see `age`.

use super::age::ByAge;
use super::engine::Engine;
use super::records::StoredCloudSend;
use super::table::{Table, VALUE_LIMIT};
use super::{Store, StoreError};
use crate::domain::log::LoggedMessage;
use crate::domain::message::MessageId;
use crate::domain::time::Timestamp;

const NAME: &str = "cloud_sends";

pub(super) struct CloudSends {
    table: Table,
    by_age: ByAge,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CloudSend {
    /// The message, until the log has it.
    pub message: Option<Box<LoggedMessage>>,
    /// The id that the Cloud API gave the message.
    pub id: Option<MessageId>,
    /// What Meta bills for the message was counted.
    pub billed: bool,
    /// Nothing left of it, for all that is known: should Meta tell of it all the same, it enters the log.
    pub refused: bool,
    /// The day on which it counts as sent, where there is a daily cap.
    pub day: Option<u64>,
    /// The day on which it counts as a first message to somebody, where those have a cap.
    pub first_on: Option<u64>,
}

impl CloudSends {
    pub(super) fn open(engine: &Engine) -> Result<Self, StoreError> {
        Ok(Self { table: engine.table(NAME)?, by_age: ByAge::open(engine, "cloud_sends_by_age")? })
    }

    /// `day` and `first_on` are those of [`CloudSend`].
    pub(super) fn begin(
        &self,
        message: &LoggedMessage,
        (day, first_on): (Option<u64>, Option<u64>),
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.by_age.put(at, message.id.as_str().as_bytes())?;
        let send = CloudSend { message: Some(Box::new(message.clone())), day, first_on, ..CloudSend::default() };
        self.put(&message.id, send)
    }

    pub(super) fn find(&self, reference: &MessageId) -> Result<Option<CloudSend>, StoreError> {
        let mut bytes = Vec::new();
        for part in 0..=u16::MAX {
            match self.table.get(&key(reference.as_str().as_bytes(), part))? {
                Some(value) => bytes.extend(value),
                None => break,
            }
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let stored = serde_json::from_slice::<StoredCloudSend>(&bytes);
        stored.map(|stored| Some(stored.into())).map_err(|source| StoreError::Encoding { table: NAME, source })
    }

    /// Those of the newest messages that the Cloud API has not taken, as far as is known; at most `limit` are looked at.
    pub(super) fn open_ones(&self, limit: usize) -> Result<Vec<LoggedMessage>, StoreError> {
        let mut found = Vec::new();
        for name in self.by_age.newest_first().take(limit) {
            let reference = MessageId::new(String::from_utf8_lossy(&name?));
            let send = self.find(&reference)?.filter(|send| !send.refused);
            found.extend(send.and_then(|send| send.message).map(|message| *message));
        }
        Ok(found)
    }

    pub(super) fn put(&self, reference: &MessageId, send: CloudSend) -> Result<(), StoreError> {
        let bytes = serde_json::to_vec(&StoredCloudSend::from(send))
            .map_err(|source| StoreError::Encoding { table: NAME, source })?;
        let name = reference.as_str().as_bytes();
        let parts = (0..=u16::MAX).zip(bytes.chunks(VALUE_LIMIT)).map(|(part, chunk)| (key(name, part), chunk));
        let count = u16::try_from(bytes.len().div_ceil(VALUE_LIMIT)).unwrap_or(u16::MAX);
        let surplus = self.parts_from(name, count)?;
        self.table.change(parts, surplus.into_iter())
    }

    /// Removes records from before `end`, at most `limit`. Returns how many.
    pub(super) fn sweep(&self, end: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.by_age.sweep(end, limit, |name| {
            let parts = self.parts_from(name, 0)?;
            self.table.change(std::iter::empty(), parts.into_iter())
        })
    }

    fn parts_from(&self, name: &[u8], from: u16) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = Vec::new();
        for part in from..=u16::MAX {
            let key = key(name, part);
            if self.table.get(&key)?.is_none() {
                break;
            }
            found.push(key);
        }
        Ok(found)
    }
}

fn key(name: &[u8], part: u16) -> Vec<u8> {
    [name, &part.to_be_bytes()].concat()
}

impl Store {
    /// A message waits for its file to be uploaded to the Cloud API, maybe for longer than its caller does.
    pub async fn waits_for_upload(&self, message: LoggedMessage, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |tables| tables.messages.cloud_sends().begin(&message, (None, None), at)).await
    }

    /// Nothing left of a message to the Cloud API: nobody waits for a report of it, the same words are a person's, and it does not
    /// count against the daily caps any more. It may be noted twice.
    pub async fn nothing_left_by_cloud(&self, reference: MessageId) -> Result<(), StoreError> {
        self.write(move |tables| {
            tables.messages.departed().forget(&reference);
            let sends = tables.messages.cloud_sends();
            let Some(send) = sends.find(&reference)?.filter(|send| send.message.is_some()) else { return Ok(()) };
            let (day, first_on) = (send.day, send.first_on);
            // The record is written first: a crash between the writes leaves a count too high, and gives none back twice.
            sends.put(&reference, CloudSend { refused: true, day: None, first_on: None, ..send })?;
            day.map_or(Ok(()), |day| tables.daily.take_back(day))?;
            first_on.map_or(Ok(()), |day| tables.first.take_back(day))
        })
        .await
    }

    /// A message that was handed to the Cloud API and is in no log yet: whether the Cloud API took it is not known.
    pub async fn unconfirmed_by_cloud(&self, reference: MessageId) -> Result<Option<LoggedMessage>, StoreError> {
        self.read(move |tables| {
            let send = tables.messages.cloud_sends().find(&reference)?.filter(|send| !send.refused);
            let Some(message) = send.and_then(|send| send.message) else { return Ok(None) };
            let sent_by_us = tables.messages.origins().of(&reference)?;
            Ok(Some(LoggedMessage { sent_by_us, ..*message }))
        })
        .await
    }

    /// Whether what Meta bills for a message is told for the first time. The second answer for the same message is false; so is
    /// that for a message which this service did not send.
    pub async fn is_first_bill(&self, reference: MessageId) -> Result<bool, StoreError> {
        self.write(move |tables| {
            let sends = tables.messages.cloud_sends();
            let Some(send) = sends.find(&reference)?.filter(|send| !send.billed) else { return Ok(false) };
            sends.put(&reference, CloudSend { billed: true, ..send })?;
            Ok(true)
        })
        .await
    }
}
