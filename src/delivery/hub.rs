//! The central hub's listener: the messages that it stores (persistence) and those that its conversations show.
//!
//! Only text between two people goes to the hub, under phone numbers, never under the digits of a LID.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::client::{Address, Client, outcome};
use super::target::{Cause, Outcome, Target, Wants};
use crate::domain::event::{Event, What};
use crate::domain::log::{Direction, LoggedMessage};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::host::config::{Hub, HubUser};
use crate::store::Store;

/// How long the hub's token is used before a new login; set by the hub's contract.
const TOKEN_LIFE: Duration = Duration::from_secs(20 * 60);

/// The message whose text the event brings to the hub.
fn text(event: &Event) -> Option<&LoggedMessage> {
    match &event.what {
        What::Message(message) if message.has_personal_words() => Some(message),
        _ => None,
    }
}

/// A client id as the hub writes it: a number if it is numeric.
fn cliente_id(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| json!(text), |number| json!(number))
}

/// WhatsApp's time has whole seconds, and the hub distinguishes messages by sender, text and time: the milliseconds are the
/// message's ordinal among its chat's messages of that second. They are the same each time, and rise within the chat.
fn moment(message: &LoggedMessage, ordinal: u16) -> Timestamp {
    message.timestamp.plus(Duration::from_millis(ordinal.into()))
}

/// `POST /api/listener/incoming-message` and `outgoing-message`: every message, including those that this service
/// sent.
pub(super) struct Persistence {
    client: Client,
    store: Store,
    incoming: Address,
    outgoing: Address,
    cliente_id: Value,
    token: Option<HeaderValue>,
}

/// `POST /api/listener/test-message`: messages received, or sent by a person; the hub knows those that this service
/// sent.
pub(super) struct Conversation {
    client: Client,
    messages: Address,
    login: Address,
    user: HubUser,
    cliente_id: Value,
    token: Mutex<Option<(HeaderValue, Instant)>>,
}

fn header_of(secret: &Secret, before: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("{before}{}", secret.reveal())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Persistence {
    pub(super) fn new(client: Client, store: Store, hub: &Hub) -> Result<Self, url::ParseError> {
        Ok(Self {
            client,
            store,
            incoming: format!("{}/api/listener/incoming-message", hub.base).parse()?,
            outgoing: format!("{}/api/listener/outgoing-message", hub.base).parse()?,
            cliente_id: cliente_id(&hub.cliente_id),
            token: hub.listener_token.as_ref().and_then(|token| header_of(token, "")),
        })
    }

    fn body(&self, message: &LoggedMessage, ordinal: u16) -> Option<(&Address, Value)> {
        let (other, at) = (message.phone.as_deref()?, moment(message, ordinal).to_string());
        let (cliente_id, text) = (&self.cliente_id, message.body.reveal());
        Some(match message.direction {
            Direction::In => {
                (&self.incoming, json!({ "cliente_id": cliente_id, "from": other, "message": text, "timestamp": at }))
            }
            Direction::Out => {
                let own = message.account.as_deref()?;
                let body =
                    json!({ "cliente_id": cliente_id, "from": own, "to": other, "message": text, "timestamp": at });
                (&self.outgoing, body)
            }
        })
    }
}

impl Target for Persistence {
    fn wants(&self, event: &Event, _: Timestamp) -> Wants {
        match text(event) {
            Some(message) if self.body(message, 0).is_some() => Wants::Yes,
            Some(_) => Wants::WithPhone,
            None => Wants::No,
        }
    }

    async fn deliver(&self, event: &Event) -> Outcome {
        let unknown = || Outcome::Refused("its phone number is not known".to_owned());
        let Some(message) = text(event) else { return unknown() };
        let ordinal = match self.store.ordinal(message.id.clone()).await {
            Ok(ordinal) => ordinal,
            Err(error) => {
                let reason = format!("the log cannot be read: {error}");
                return Outcome::Retry { reason, after: None, cause: Cause::Target };
            }
        };
        let Some((url, body)) = self.body(message, ordinal) else { return unknown() };
        let token = self.token.clone().map(|token| (HeaderName::from_static("x-internal-token"), token));
        self.client.deliver(url, token.into_iter().collect(), body.to_string().into_bytes()).await
    }
}

impl Conversation {
    pub(super) fn new(client: Client, hub: &Hub, user: HubUser) -> Result<Self, url::ParseError> {
        Ok(Self {
            client,
            messages: format!("{}/api/listener/test-message", hub.base).parse()?,
            login: format!("{}/api/auth/login", hub.base).parse()?,
            user,
            cliente_id: cliente_id(&hub.cliente_id),
            token: Mutex::default(),
        })
    }

    fn body(&self, message: &LoggedMessage) -> Option<Value> {
        let phone = message.phone.as_deref()?;
        let human = message.direction == Direction::Out;
        let text = message.body.reveal();
        Some(json!({ "cliente_id": self.cliente_id, "telefono": phone, "texto": text, "esHumano": human }))
    }

    fn held(&self) -> MutexGuard<'_, Option<(HeaderValue, Instant)>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn token(&self) -> Result<HeaderValue, Outcome> {
        let held = self.held().clone();
        if let Some((token, until)) = held
            && Instant::now() < until
        {
            return Ok(token);
        }
        #[derive(Deserialize)]
        struct LoggedIn {
            token: String,
        }
        let body = json!({ "username": self.user.name, "password": self.user.password.reveal() });
        let later = |reason: String, after: Option<Duration>| {
            let reason = format!("the hub's login failed: {reason}");
            // A failed login says nothing about the event.
            Outcome::Retry { reason, after, cause: Cause::Target }
        };
        let (answer, body) = match self.client.ask(&self.login, body.to_string().into_bytes()).await {
            Ok((answer, body)) => (Ok(answer), body),
            Err(none) => (Err(none), Bytes::new()),
        };
        match outcome(answer) {
            Outcome::Delivered => {}
            Outcome::Refused(reason) => return Err(later(reason, None)),
            Outcome::Retry { reason, after, .. } => return Err(later(reason, after)),
        }
        let token = serde_json::from_slice::<LoggedIn>(&body)
            .ok()
            .and_then(|login| header_of(&Secret::new(login.token), "Bearer "));
        let token = token.ok_or_else(|| later("its answer has no token".to_owned(), None))?;
        *self.held() = Some((token.clone(), Instant::now() + TOKEN_LIFE));
        Ok(token)
    }

    async fn post(&self, body: &Value) -> Result<(bool, Outcome), Outcome> {
        let token = self.token().await?;
        let headers = vec![(header::AUTHORIZATION, token)];
        let answer = self.client.post(&self.messages, headers, body.to_string().into_bytes()).await;
        let expired = answer.as_ref().is_ok_and(|answer| answer.status == http::StatusCode::UNAUTHORIZED);
        if expired {
            *self.held() = None;
        }
        Ok((expired, outcome(answer)))
    }
}

impl Target for Conversation {
    fn wants(&self, event: &Event, _: Timestamp) -> Wants {
        match text(event) {
            Some(message) if message.sent_by_us.is_some() => Wants::No,
            Some(message) if message.phone.is_some() => Wants::Yes,
            Some(_) => Wants::WithPhone,
            None => Wants::No,
        }
    }

    async fn deliver(&self, event: &Event) -> Outcome {
        let Some(body) = text(event).and_then(|message| self.body(message)) else {
            return Outcome::Refused("its phone number is not known".to_owned());
        };
        // If the hub no longer accepts the token, it is renewed once.
        match self.post(&body).await {
            Ok((true, _)) => self.post(&body).await.map_or_else(|failed| failed, |(_, outcome)| outcome),
            Ok((false, outcome)) | Err(outcome) => outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::event::LogId;
    use crate::domain::log::Origin;
    use crate::domain::log::tests::page_message;
    use crate::domain::message::PageMessage;

    fn hub() -> Hub {
        let user = HubUser { name: "u".to_owned(), password: Secret::new("p") };
        Hub { base: "http://h".to_owned(), user: Some(user), listener_token: None, cliente_id: "51".to_owned() }
    }

    fn event(message: LoggedMessage) -> Event {
        Event { log: LogId(1), cursor: 1, at: message.received_at, what: What::Message(Box::new(message)) }
    }

    fn message(change: impl FnOnce(&mut PageMessage)) -> LoggedMessage {
        let mut page = page_message("false_1@lid_AB", "hola");
        page.phone = Some("5491122334455".to_owned());
        change(&mut page);
        let mut logged = LoggedMessage::from_page(page, Timestamp::from_millis(0), false).unwrap();
        logged.account = Some("5491150000001".to_owned());
        logged
    }

    async fn persistence(folder: &tempfile::TempDir) -> Persistence {
        let store = Store::open(folder.path()).await.unwrap().store;
        Persistence::new(Client::new(Duration::from_secs(15)).unwrap(), store, &hub()).unwrap()
    }

    #[tokio::test]
    async fn each_direction_has_the_hubs_own_form() {
        let folder = tempfile::tempdir().unwrap();
        let persistence = persistence(&folder).await;
        let received = message(|_| {});
        let (url, body) = persistence.body(&received, 0).unwrap();
        assert_eq!(url.as_str(), "http://h/api/listener/incoming-message");
        assert_eq!(
            (&body["cliente_id"], &body["from"], &body["message"]),
            (&51.into(), &"5491122334455".into(), &"hola".into())
        );
        let at: Timestamp = body["timestamp"].as_str().unwrap().parse().unwrap();
        assert_eq!(at.as_millis() / 1000, 1);
        assert_eq!(body, persistence.body(&received, 0).unwrap().1, "the same each time");
        let sent = message(|page| page.from_me = true);
        let (url, body) = persistence.body(&sent, 0).unwrap();
        assert_eq!(url.as_str(), "http://h/api/listener/outgoing-message");
        assert_eq!((&body["from"], &body["to"]), (&"5491150000001".into(), &"5491122334455".into()));
    }

    #[tokio::test]
    async fn only_words_between_two_people_go_there() {
        let (hub, now) = (hub(), Timestamp::from_millis(0));
        let folder = tempfile::tempdir().unwrap();
        let persistence = persistence(&folder).await;
        let conversation =
            Conversation::new(Client::new(Duration::from_secs(15)).unwrap(), &hub, hub.user.clone().unwrap()).unwrap();
        let both = |message: LoggedMessage| {
            let event = event(message);
            (persistence.wants(&event, now), conversation.wants(&event, now))
        };
        assert_eq!(both(message(|_| {})), (Wants::Yes, Wants::Yes));
        assert_eq!(both(message(|page| page.chat = "1@g.us".to_owned())), (Wants::No, Wants::No));
        let caption = message(|page| page.kind = "image".to_owned());
        assert_eq!(both(caption), (Wants::Yes, Wants::Yes), "a caption is words");
        assert_eq!(both(message(|page| page.body = Secret::new(" "))), (Wants::No, Wants::No));
        assert_eq!(both(message(|page| page.phone = None)), (Wants::WithPhone, Wants::WithPhone));
        let mut ours = message(|page| page.from_me = true);
        ours.sent_by_us = Some(Origin::default());
        assert_eq!(both(ours), (Wants::Yes, Wants::No), "the conversation knows what the hub had sent itself");
        let human = message(|page| page.from_me = true);
        assert_eq!(conversation.body(&human).unwrap()["esHumano"], true);
        assert_eq!(conversation.body(&message(|_| {})).unwrap()["esHumano"], false);
    }
}
