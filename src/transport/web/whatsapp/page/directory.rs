//! What the page has in memory of chats, people and groups. The page's main thread is taken for a few milliseconds a call.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Page, PageError, a_little_earlier};
use crate::domain::address::{ChatId, PhoneNumber};
use crate::transport::web::whatsapp::answers::Found;
use crate::transport::web::whatsapp::answers::directory::{ChatNow, ContactNow, GroupNow, Part, PictureNow};

impl Page {
    /// A part of the page's chats, from the `from`th on.
    pub async fn chats_part(&self, from: usize) -> Result<Part<ChatNow>, PageError> {
        self.part("chats", from).await
    }

    /// A part of the page's contacts: a person has up to two.
    pub async fn contacts_part(&self, from: usize) -> Result<Part<ContactNow>, PageError> {
        self.part("contacts", from).await
    }

    /// A part of the page's groups, without their members.
    pub async fn groups_part(&self, from: usize) -> Result<Part<GroupNow>, PageError> {
        self.part("groups", from).await
    }

    async fn part<T: DeserializeOwned>(&self, kind: &str, from: usize) -> Result<Part<T>, PageError> {
        self.call("directory", json!({ "kind": kind, "from": from }), self.deadline).await
    }

    /// Whether these numbers are on WhatsApp, in their order: one question to WhatsApp's server.
    pub async fn exists_many(&self, numbers: &[PhoneNumber]) -> Result<Vec<Found>, PageError> {
        #[derive(Deserialize)]
        struct Answer {
            found: Vec<Found>,
        }
        let numbers: Vec<_> = numbers.iter().map(PhoneNumber::digits).collect();
        self.call("exists_many", json!({ "numbers": numbers }), self.deadline).await.map(|answer: Answer| answer.found)
    }

    pub async fn chat_now(&self, chat: &ChatId) -> Result<ChatNow, PageError> {
        self.call("chat_now", json!({ "chat": chat.to_string() }), self.deadline).await
    }

    /// Archives a chat, or ends it. As for the next two: the answer is the chat as the page's state then shows it; where it
    /// is so already, nothing is sent; after [`PageError::Lost`] it is unknown whether it happened, and it may be repeated.
    pub async fn archive(&self, chat: &ChatId, on: bool, deadline: Duration) -> Result<ChatNow, PageError> {
        self.mark("archive", json!({ "chat": chat.to_string(), "on": on }), deadline).await
    }

    /// [`PageError::PinLimit`] where as many are pinned as may be.
    pub async fn pin(&self, chat: &ChatId, on: bool, deadline: Duration) -> Result<ChatNow, PageError> {
        self.mark("pin", json!({ "chat": chat.to_string(), "on": on }), deadline).await
    }

    /// Until a time in seconds since the epoch, or for ever; 0 ends it.
    pub async fn mute(&self, chat: &ChatId, until_s: Option<u64>, deadline: Duration) -> Result<ChatNow, PageError> {
        self.mark("mute", json!({ "chat": chat.to_string(), "until_s": until_s }), deadline).await
    }

    async fn mark(&self, name: &str, argument: Value, deadline: Duration) -> Result<ChatNow, PageError> {
        self.call(name, argument, deadline).await
    }

    /// Blocks a person, or ends it. It returns once the page's list of blocked people shows it, and may be repeated.
    pub async fn block(&self, lid: &ChatId, on: bool, deadline: Duration) -> Result<(), PageError> {
        self.call("block", json!({ "chat": lid.to_string(), "on": on }), deadline).await.map(|_: Value| ())
    }

    /// The picture of a person, fetched by the page, unless it is still the one of the tag. [`PageError::NoPicture`]: there
    /// is none, or not for this account.
    pub async fn picture(
        &self,
        lid: &ChatId,
        known_tag: Option<&str>,
        max_bytes: usize,
        deadline: Duration,
    ) -> Result<PictureNow, PageError> {
        let argument = json!({
            "chat": lid.to_string(), "known_tag": known_tag, "max_bytes": max_bytes, "within_ms": a_little_earlier(deadline),
        });
        self.call("picture", argument, deadline).await
    }

    /// What somebody says of themselves, asked of WhatsApp's server; None: nothing, or not to this account.
    pub async fn about(&self, lid: &ChatId) -> Result<Option<String>, PageError> {
        #[derive(Deserialize)]
        struct Said {
            about: Option<String>,
        }
        self.call("about", json!({ "chat": lid.to_string() }), self.deadline).await.map(|said: Said| said.about)
    }

    /// A group with its members. With `ask` the page asks WhatsApp's server where it knows the group only from a message.
    pub async fn group_now(&self, group: &ChatId, ask: bool) -> Result<GroupNow, PageError> {
        self.call("group_now", json!({ "group": group.to_string(), "ask": ask }), self.deadline).await
    }
}
