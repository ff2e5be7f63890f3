//! The changes that the rest of the service asks the log for.

use super::marks::Place;
use crate::domain::event::Happening;
use crate::domain::log::LoggedMessage;
use crate::domain::media::{BlobId, MediaStatus};
use crate::domain::message::{Ack, Details, MessageId, PageMessage, Reaction, Vote};
use crate::domain::notice::Notice;
use crate::domain::time::Timestamp;

/// One change of a batch.
#[derive(Clone, Debug)]
pub enum LogChange {
    Add(Box<LoggedMessage>),
    Amend(Box<PageMessage>, Timestamp),
    /// With the number of the server's refusal, if there is one.
    Ack(MessageId, Ack, Option<i64>, Timestamp),
    /// The page removed the message: an undecrypted message then counts as no message.
    Withdrawn(MessageId, Timestamp),
    Reacted(Reaction, Timestamp),
    Voted(Vote, Timestamp),
    /// What the page tells besides messages.
    Noticed(Box<Notice>, Timestamp),
    /// What became of a message's file; with its SHA-256 if it is on the disk.
    File(MessageId, MediaStatus, Option<BlobId>, Timestamp),
    /// A message's file has at least so many bytes, which is more than is fetched.
    FileTooLarge(MessageId, u64, Timestamp),
    /// Every row up to this place is in the log once the changes before this one are applied.
    Read(Place),
    /// The phone number behind a message's chat became known.
    Phone(MessageId, String),
    /// The Cloud API took a message that was handed to it.
    Accepted {
        reference: MessageId,
        /// The id that the Cloud API gave the message.
        id: MessageId,
        /// The number under which WhatsApp knows the recipient.
        phone: Option<String>,
        at: Timestamp,
    },
    /// An event that does not concern a message.
    Happened(Happening),
}

impl LogChange {
    /// The approximate size in memory, in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Add(message) => {
                let thumbnail = message.media.as_ref().and_then(|media| media.thumbnail.as_ref());
                message.body.reveal().len()
                    + message.data.as_ref().map_or(0, Details::size)
                    + thumbnail.map_or(0, |picture| picture.reveal().len())
                    + CHANGE_SIZE
            }
            Self::Amend(message, _) => message.size(),
            Self::Noticed(notice, _) => notice.size() + CHANGE_SIZE,
            _ => CHANGE_SIZE,
        }
    }
}

/// The size of a change beside its text: ids, chats, names.
const CHANGE_SIZE: usize = 1024;
