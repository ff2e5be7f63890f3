//! The phone of one account, for tests.

use crate::error::Error;
use crate::media::{Media, Sent};
use crate::message::{ChatView, Incoming};
use crate::shared::Shared;
use std::sync::Arc;

/// The phone of one account.
#[derive(Debug)]
pub struct OnAccount<'a> {
    shared: &'a Arc<Shared>,
    phone: String,
}

impl<'a> OnAccount<'a> {
    pub(crate) fn new(shared: &'a Arc<Shared>, phone: String) -> Self {
        Self { shared, phone }
    }

    /// The account's phone number, digits only.
    pub fn phone(&self) -> &str {
        &self.phone
    }

    /// As [`crate::Simulator::scan`].
    ///
    /// # Errors
    /// [`Error::CodeMalformed`], [`Error::CodeExpired`], [`Error::CodeUnknown`].
    pub fn scan(&self, code: &str) -> Result<String, Error> {
        self.shared.with(|world| world.scan(&self.phone, code))
    }

    /// As [`crate::Simulator::incoming`].
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn incoming(&self, incoming: Incoming) -> Result<String, Error> {
        self.shared.with(|world| world.incoming(&self.phone, incoming))
    }

    /// Somebody sends a file to the account.
    ///
    /// # Errors
    /// [`Error::BadNumber`]; [`Error::BadRequest`] for bytes that are not base64.
    pub fn media(&self, media: &Media) -> Result<Sent, Error> {
        self.shared.with(|world| world.media(&self.phone, media))
    }

    /// As [`crate::Simulator::from_phone`]; a message to another account's number arrives there.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn from_phone(&self, to: &str, body: &str) -> Result<String, Error> {
        self.shared.with(|world| world.write_from_phone(&self.phone, to, body))
    }

    /// Somebody calls the account.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn call(&self, from: &str, id: &str, video: bool) -> Result<(), Error> {
        self.shared.with(|world| world.call(&self.phone, from, id, video, None))
    }

    /// The caller hangs up.
    ///
    /// # Errors
    /// [`Error::BadNumber`].
    pub fn hang_up(&self, from: &str, id: &str) -> Result<(), Error> {
        self.shared.with(|world| world.call(&self.phone, from, id, false, Some("Missed")))
    }

    /// As [`crate::Simulator::unlink`].
    pub fn unlink(&self) -> usize {
        self.shared.with(|world| world.unlink(&self.phone, None))
    }

    /// As [`crate::Simulator::conflict`].
    pub fn conflict(&self) -> usize {
        self.shared.with(|world| world.conflict(&self.phone))
    }

    /// As [`crate::Simulator::chats`].
    pub fn chats(&self) -> Vec<ChatView> {
        self.shared.with(|world| world.chats(&self.phone))
    }
}
