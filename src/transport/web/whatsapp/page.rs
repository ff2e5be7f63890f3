//! The calls to the page.

mod actions;
mod business;
mod directory;
mod files_in;
mod files_out;
mod groups;
mod presence;
pub(super) use presence::PresenceShape;
mod receipts;
mod refusal;

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::address::{ChatId, PhoneNumber};
use crate::domain::message::{Ack, MessageId};
use crate::domain::secret::Secret;
use crate::transport::web::browser::{CallError, Tab};

use super::answers::{Addons, ById, Found, Head, History, Known, Person, Prepared, Resent, Rows, RowsBack, Table};
use super::{Adapter, Payload, shapes};
pub use crate::domain::act::Typing;
pub use files_out::{UploadProgress, UploadRequest, Uploaded};
pub use refusal::PageError;
use refusal::read;

/// The calls of the adapter. Cheap to clone.
#[derive(Clone)]
pub struct Page {
    tab: Tab,
    api: String,
    /// How long a call may take, unless its caller passes another deadline.
    deadline: Duration,
}

#[derive(Deserialize)]
struct Taken {
    #[serde(deserialize_with = "shapes::one::<_, shapes::AckShape, _>")]
    ack: Ack,
}

/// The milliseconds after which the page gives up a call of this deadline by itself, so that it can still say why.
fn a_little_earlier(deadline: Duration) -> u64 {
    u64::try_from((deadline * 9 / 10).as_millis()).unwrap_or(u64::MAX)
}

impl Page {
    pub fn new(tab: Tab, adapter: &Adapter, deadline: Duration) -> Self {
        Self { tab, api: adapter.api.clone(), deadline }
    }

    /// The page's document, as it came from WhatsApp or from `WHATSAPP_WEB_HTML`.
    pub fn document(&self) -> Option<Arc<[u8]>> {
        self.tab.document()
    }

    /// What the page knows of a recipient from its caches: WhatsApp's server is not asked.
    pub async fn known(&self, chat: &ChatId) -> Result<Known, PageError> {
        self.call("known", json!({ "chat": chat.to_string() }), self.deadline).await
    }

    /// Resolves the recipient and reserves a message id; nothing leaves.
    pub async fn prepare(&self, chat: &ChatId, deadline: Duration) -> Result<Prepared, PageError> {
        self.call("prepare", json!({ "chat": chat.to_string() }), deadline).await
    }

    /// Sends under the reserved id, at most once however often it is called. The answer says that the page took the
    /// message; only an ack says that WhatsApp has it. If the page no longer has the upload of the message's file, and does
    /// not hold the message either, the answer is [`PageError::MediaUploadFailed`]: nothing has left, and the file may be
    /// uploaded again.
    pub async fn dispatch(
        &self,
        chat_id: &str,
        raw_id: &str,
        payload: &Payload,
        deadline: Duration,
    ) -> Result<Ack, PageError> {
        let argument = json!({ "chat_id": chat_id, "raw_id": raw_id, "content": payload });
        self.call("dispatch", argument, deadline).await.map(|taken: Taken| taken.ack)
    }

    /// Makes the page send again, under the same id, a message that it holds and WhatsApp's server has not
    /// acknowledged.
    pub async fn resend(&self, message: &MessageId, deadline: Duration) -> Result<(Resent, Ack), PageError> {
        #[derive(Deserialize)]
        struct Answer {
            outcome: Resent,
            #[serde(default, deserialize_with = "shapes::maybe::<_, shapes::AckShape, _>")]
            ack: Option<Ack>,
        }
        let answer: Answer = self.call("resend", json!({ "message_id": message.as_str() }), deadline).await?;
        Ok((answer.outcome, answer.ack.unwrap_or(Ack::PENDING)))
    }

    /// Asks WhatsApp's server for the chat of a number.
    pub async fn exists(&self, number: &PhoneNumber) -> Result<Found, PageError> {
        self.call("exists", json!({ "chat": ChatId::of_phone(number).to_string() }), self.deadline).await
    }

    /// The phone digits behind a chat with one person; None if the page does not know them.
    pub async fn phone(&self, chat: &ChatId) -> Result<Option<String>, PageError> {
        #[derive(Deserialize)]
        struct Digits {
            phone: Option<String>,
        }
        self.call("phone", json!({ "chat": chat.to_string() }), self.deadline).await.map(|known: Digits| known.phone)
    }

    /// A person, by what the page has in memory: WhatsApp's server is not asked.
    pub async fn contact(&self, chat: &ChatId) -> Result<Person, PageError> {
        self.call("contact", json!({ "chat": chat.to_string() }), self.deadline).await
    }

    /// The ack of a sent message; None if the page does not know the message.
    pub async fn ack(&self, message: &MessageId) -> Result<Option<Ack>, PageError> {
        #[derive(Deserialize)]
        struct Got {
            #[serde(default, deserialize_with = "shapes::maybe::<_, shapes::AckShape, _>")]
            ack: Option<Ack>,
        }
        self.call("ack", json!({ "message_id": message.as_str() }), self.deadline).await.map(|got: Got| got.ack)
    }

    /// The newest row of the page's table of messages.
    pub async fn head(&self) -> Result<Head, PageError> {
        self.call("head", Value::Null, self.deadline).await
    }

    /// The rows after `after`, in the order in which the device received them; all live rows if `after` is None.
    pub async fn rows(&self, after: Option<u64>, limit: usize, deadline: Duration) -> Result<Rows, PageError> {
        self.call("rows", json!({ "after": after, "limit": limit }), deadline).await
    }

    /// Live rows not older than `since_s`, from `before` (or the newest) backwards: this shows rows that changed in
    /// place.
    pub async fn recent(
        &self,
        since_s: u64,
        before: Option<u64>,
        limit: usize,
        deadline: Duration,
    ) -> Result<RowsBack, PageError> {
        self.call("recent", json!({ "since_s": since_s, "before": before, "limit": limit }), deadline).await
    }

    /// Rows of the history that came with a link, if they are newer than a time.
    pub async fn older(
        &self,
        newer_than_s: u64,
        before: Option<u64>,
        limit: usize,
        deadline: Duration,
    ) -> Result<RowsBack, PageError> {
        self.call("older", json!({ "newer_than_s": newer_than_s, "before": before, "limit": limit }), deadline).await
    }

    /// Messages by their ids, including deleted ones; at most 200.
    pub async fn by_id(&self, ids: &[MessageId], deadline: Duration) -> Result<ById, PageError> {
        self.call("by_id", json!({ "ids": texts(ids) }), deadline).await
    }

    /// Reactions and votes not older than a time, from the page's own tables.
    pub async fn addons(&self, since_s: u64, deadline: Duration) -> Result<Addons, PageError> {
        self.call("addons", json!({ "since_s": since_s }), deadline).await
    }

    /// Makes the page ask the phone for messages that could not be decrypted.
    pub async fn ask_resend(&self, ids: &[MessageId]) -> Result<(), PageError> {
        self.call("ask_resend", json!({ "ids": texts(ids) }), self.deadline).await.map(|_: Value| ())
    }

    /// The messages of all chats that are not older than `since` (seconds since the epoch), oldest first and each chat
    /// in its order: at most `limit` after the first `skip`.
    pub async fn history(
        &self,
        since: u64,
        skip: usize,
        limit: usize,
        deadline: Duration,
    ) -> Result<History, PageError> {
        self.call("history", json!({ "since": since, "skip": skip, "limit": limit }), deadline).await
    }

    /// A pairing code: eight characters to type on the phone.
    pub async fn pairing_code(&self, phone: &PhoneNumber) -> Result<Secret, PageError> {
        #[derive(Deserialize)]
        struct Given {
            #[serde(deserialize_with = "shapes::one::<_, shapes::SecretShape, _>")]
            code: Secret,
        }
        self.call("pairing_code", json!({ "phone": phone.digits() }), self.deadline)
            .await
            .map(|given: Given| given.code)
    }

    /// Shows codes to scan again after a pairing code.
    pub async fn qr_again(&self) -> Result<(), PageError> {
        self.order("qr_again").await
    }

    /// Starts a new series of codes after the last series ran out.
    pub async fn refresh_code(&self) -> Result<(), PageError> {
        self.order("refresh_code").await
    }

    /// Asks the page to connect again now.
    pub async fn reconnect(&self) -> Result<(), PageError> {
        self.order("reconnect").await
    }

    /// Unlinks this device at WhatsApp.
    pub async fn log_out(&self) -> Result<(), PageError> {
        self.order("logout").await
    }

    /// The capabilities that the service needs of the page, and where each was found.
    pub async fn table(&self) -> Result<Table, PageError> {
        self.call("table", Value::Null, self.deadline).await
    }

    /// WhatsApp's server time in seconds since the epoch, if the page knows it.
    pub async fn clock(&self) -> Result<Option<u64>, PageError> {
        #[derive(Deserialize)]
        struct Clock {
            server_s: Option<u64>,
        }
        self.call("clock", Value::Null, self.deadline).await.map(|clock: Clock| clock.server_s)
    }

    /// Proves that the renderer answers.
    pub async fn beat(&self, deadline: Duration) -> Result<(), CallError> {
        self.tab.evaluate("1".to_owned(), deadline).await.map(|_| ())
    }

    pub async fn navigate(&self, url: &str, deadline: Duration) -> Result<Result<(), String>, CallError> {
        self.tab.navigate(url, deadline).await
    }

    pub async fn reload(&self) -> Result<(), CallError> {
        self.tab.reload(self.deadline).await
    }

    async fn order(&self, name: &str) -> Result<(), PageError> {
        self.call(name, Value::Null, self.deadline).await.map(|_: Value| ())
    }

    async fn call<T: DeserializeOwned>(&self, name: &str, argument: Value, deadline: Duration) -> Result<T, PageError> {
        let answer = self.tab.evaluate(self.expression(name, &argument), deadline).await?;
        read(answer)
    }

    /// JSON is a valid expression of JavaScript.
    fn expression(&self, name: &str, argument: &Value) -> String {
        format!("window[{}]({}, {argument})", json!(self.api), json!(name))
    }
}

fn texts(ids: &[MessageId]) -> Vec<&str> {
    ids.iter().map(MessageId::as_str).collect()
}
