//! What can be asked of the page.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::browser::{CallError, Tab};
use crate::domain::address::{ChatId, PhoneNumber};
use crate::domain::message::{Ack, MessageId, PageMessage};
use crate::secret::Secret;

use super::Adapter;

/// The calls of the adapter. Cheap to clone.
#[derive(Clone)]
pub struct Page {
    tab: Tab,
    api: String,
    /// How long a call may take that only asks the page; those that ask WhatsApp get their own.
    deadline: Duration,
}

/// A message with its place and its id, before anything has left.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Prepared {
    pub message_id: MessageId,
    /// WhatsApp's own part of the id, to dispatch under.
    pub raw_id: String,
    /// The chat it goes to, `user@server`: under a LID mostly.
    pub chat_id: String,
    /// Somebody has said something there before.
    #[serde(default)]
    pub talked: bool,
}

/// A part of what the page remembers.
#[derive(Clone, Debug, Deserialize)]
pub struct History {
    pub messages: Vec<PageMessage>,
    /// Where the next part begins, if there is more.
    pub next: usize,
    pub more: bool,
    /// Not all of it could be loaded or told; what is missing may belong before what was told.
    pub partial: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The page has no longer what the call needs; the text names the modules.
    #[error("the page lacks {0}")]
    Missing(String),
    #[error("the number is not on WhatsApp")]
    NotOnWhatsApp,
    #[error("the page is not waiting for a phone")]
    NotWaiting,
    /// The page answered, and said no.
    #[error("the page refused: {0}")]
    Refused(String),
    /// No answer came: whether it happened is not known.
    #[error("the page did not answer: {0}")]
    Lost(#[from] CallError),
}

/// The adapter's answer to a call.
#[derive(Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Page {
    pub fn new(tab: Tab, adapter: &Adapter, deadline: Duration) -> Self {
        Self { tab, api: adapter.api.clone(), deadline }
    }

    /// Resolves the recipient and reserves a message id; nothing leaves.
    pub async fn prepare(&self, chat: &ChatId, deadline: Duration) -> Result<Prepared, PageError> {
        self.call("prepare", json!({ "chat": chat }), deadline).await
    }

    /// Shows the other side that somebody writes.
    pub async fn typing(&self, to: &Prepared) -> Result<(), PageError> {
        self.call("typing", json!({ "chat_id": to.chat_id }), self.deadline).await.map(|_: Value| ())
    }

    /// Sends under the reserved id, at most once however often it is called. The answer says that the page took it;
    /// that WhatsApp has it, only an ack does.
    pub async fn dispatch(&self, to: &Prepared, text: &Secret, deadline: Duration) -> Result<Ack, PageError> {
        #[derive(Deserialize)]
        struct Taken {
            ack: Ack,
        }
        let argument = json!({ "chat_id": to.chat_id, "raw_id": to.raw_id, "text": text.reveal() });
        self.call("dispatch", argument, deadline).await.map(|taken: Taken| taken.ack)
    }

    /// The chat of a number, `user@server`; None where it is not on WhatsApp.
    pub async fn exists(&self, number: &PhoneNumber) -> Result<Option<String>, PageError> {
        #[derive(Deserialize)]
        struct Found {
            chat_id: Option<String>,
        }
        let argument = json!({ "chat": ChatId::of_phone(number) });
        self.call("exists", argument, self.deadline).await.map(|found: Found| found.chat_id)
    }

    /// The phone digits behind a chat with one person; None where the page does not know them.
    pub async fn phone(&self, chat: &ChatId) -> Result<Option<String>, PageError> {
        #[derive(Deserialize)]
        struct Known {
            phone: Option<String>,
        }
        self.call("phone", json!({ "chat": chat }), self.deadline).await.map(|known: Known| known.phone)
    }

    /// How far a message of ours has got; None where the page does not know it.
    pub async fn ack(&self, message: &MessageId) -> Result<Option<Ack>, PageError> {
        #[derive(Deserialize)]
        struct Known {
            ack: Option<Ack>,
        }
        self.call("ack", json!({ "message_id": message }), self.deadline).await.map(|known: Known| known.ack)
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

    /// Eight characters to type on the phone.
    pub async fn pairing_code(&self, phone: &PhoneNumber) -> Result<Secret, PageError> {
        #[derive(Deserialize)]
        struct Given {
            code: Secret,
        }
        self.call("pairing_code", json!({ "phone": phone }), self.deadline).await.map(|given: Given| given.code)
    }

    /// Starts a new series of codes after the last ran out.
    pub async fn refresh_code(&self) -> Result<(), PageError> {
        self.order("refresh_code").await
    }

    /// Asks the page to connect again now.
    pub async fn reconnect(&self) -> Result<(), PageError> {
        self.order("reconnect").await
    }

    /// Takes the session back from the browser that took it.
    pub async fn take_over(&self) -> Result<(), PageError> {
        self.order("takeover").await
    }

    /// Unlinks this device at WhatsApp.
    pub async fn log_out(&self) -> Result<(), PageError> {
        self.order("logout").await
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
        // JSON is an expression of JavaScript.
        let expression = format!("window[{}]({}, {argument})", json!(self.api), json!(name));
        let answer = self.tab.evaluate(expression, deadline).await?;
        read(answer)
    }
}

fn read<T: DeserializeOwned>(answer: Value) -> Result<T, PageError> {
    let answer: Answer = serde_json::from_value(answer).map_err(CallError::from)?;
    if answer.ok {
        return Ok(serde_json::from_value(answer.value).map_err(CallError::from)?);
    }
    Err(match answer.code.as_str() {
        "MISSING" => PageError::Missing(answer.message),
        "NOT_ON_WHATSAPP" => PageError::NotOnWhatsApp,
        "NOT_WAITING" => PageError::NotWaiting,
        _ => PageError::Refused(answer.message),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_keeps_its_kind() {
        let refused = |code: &str| read::<Value>(json!({ "ok": false, "code": code, "message": "why" }));
        assert!(matches!(refused("MISSING"), Err(PageError::Missing(modules)) if modules == "why"));
        assert!(matches!(refused("NOT_ON_WHATSAPP"), Err(PageError::NotOnWhatsApp)));
        assert!(matches!(refused("NOT_WAITING"), Err(PageError::NotWaiting)));
        assert!(matches!(refused("anything"), Err(PageError::Refused(_))));
        assert!(matches!(read::<Value>(json!("rubbish")), Err(PageError::Lost(_))));
    }

    #[test]
    fn a_prepared_send_is_read_whole() {
        let value = json!({ "message_id": "true_1@lid_AB", "raw_id": "AB", "chat_id": "1@lid" });
        let read: Result<Prepared, _> = read(json!({ "ok": true, "value": value }));
        assert_eq!(read.ok().map(|p| p.raw_id), Some("AB".to_owned()));
    }
}
