//! The calls that act on messages and chats. Each returns once the page's state shows that the action took, and may be
//! repeated: where the state is there already, nothing is sent. After [`PageError::Lost`] and [`PageError::Unconfirmed`] it is
//! unknown whether the action happened.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Page, PageError};
use crate::domain::act::Typing;
use crate::domain::message::MessageId;
use crate::domain::secret::Secret;

impl Page {
    /// Reacts to a message in place of an earlier reaction of this account; an empty emoji takes the reaction back.
    pub async fn react(&self, message: &MessageId, emoji: &str, deadline: Duration) -> Result<(), PageError> {
        self.act("react", json!({ "message_id": message.as_str(), "emoji": emoji }), deadline).await
    }

    /// Changes the text, or the caption, of a message of this account. [`PageError::NotPossible`] says why WhatsApp takes
    /// no edit.
    pub async fn edit(&self, message: &MessageId, text: &Secret, deadline: Duration) -> Result<(), PageError> {
        self.act("edit", json!({ "message_id": message.as_str(), "text": text.reveal() }), deadline).await
    }

    /// Deletes a message for everyone: one of this account, or as an admin one of somebody else in a group.
    /// [`PageError::NotPossible`] says why WhatsApp does not.
    pub async fn revoke(&self, message: &MessageId, deadline: Duration) -> Result<(), PageError> {
        self.act("revoke", json!({ "message_id": message.as_str() }), deadline).await
    }

    /// Deletes a message on the devices of this account. [`PageError::MessageAbsent`]: the page does not hold it, because
    /// there was none, or because it was deleted before this document was loaded.
    pub async fn delete_for_me(&self, message: &MessageId, deadline: Duration) -> Result<(), PageError> {
        self.act("delete_for_me", json!({ "message_id": message.as_str() }), deadline).await
    }

    /// Marks a chat as read. Whether the others learn of it depends on the account's privacy settings.
    pub async fn seen(&self, chat_id: &str, deadline: Duration) -> Result<(), PageError> {
        self.act("seen", json!({ "chat_id": chat_id }), deadline).await
    }

    /// Marks a chat as unread on the devices of this account.
    pub async fn unread(&self, chat_id: &str, deadline: Duration) -> Result<(), PageError> {
        self.act("unread", json!({ "chat_id": chat_id }), deadline).await
    }

    /// Shows the contact what somebody does here. Only this leaves no state that shows whether it took.
    pub async fn typing(&self, chat_id: &str, kind: Typing) -> Result<(), PageError> {
        self.act("typing", json!({ "chat_id": chat_id, "kind": kind.name() }), self.deadline).await
    }

    /// Refuses a call that rings; `peer` is the caller as [`Call`](crate::domain::call::Call) names it. Nothing shows
    /// whether the refusal arrived, and it may be repeated.
    pub async fn reject_call(&self, call_id: &str, peer: &str) -> Result<(), PageError> {
        self.act("reject_call", json!({ "call_id": call_id, "peer": peer }), self.deadline).await
    }

    async fn act(&self, name: &str, argument: Value, deadline: Duration) -> Result<(), PageError> {
        self.call(name, argument, deadline).await.map(|_: Value| ())
    }
}
