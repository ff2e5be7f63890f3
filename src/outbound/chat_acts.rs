//! Acts on chats: marked as read or unread, and shown typing. By the page, or by the Cloud API, which knows a chat only by the
//! messages that came from there.

use tokio::time::Instant;

use super::acts::unavailable;
use super::people::names_of;
use super::{Outbound, SendError};
use crate::domain::act::{ChatAct, Typing};
use crate::domain::address::{ChatId, Server};
use crate::domain::log::{Direction, LogQuery, LoggedMessage, Span};
use crate::domain::message::MessageId;
use crate::domain::via::Via;
use crate::domain::wamid::Wamid;
use crate::host::config::{SendMode, SendVia};
use crate::transport::{ActFailure, NothingLeft};

const NOTHING: &str =
    "nobody has written in this chat by the Cloud API, so there is no message to mark as read or to answer with typing";
const FORGOTTEN: &str = "Meta does not know the newest message of this chat any more (it forgets them after 30 days), so nothing can be marked";

/// How many of the newest messages of a chat are looked at for one that Meta knows.
const LOOKED_AT: usize = 50;

/// An act on a chat that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActedOnChat {
    pub chat_id: String,
    pub dry_run: bool,
}

/// The newest message of a chat that Meta knows.
struct Newest {
    /// As Meta names it.
    id: MessageId,
    chat_id: String,
}

impl Outbound {
    /// Marks a chat as read or unread, or shows typing there. Nothing of this is a message: it has a limit of its own.
    pub async fn act_on_chat(&self, chat: &ChatId, act: ChatAct, arrived: Instant) -> Result<ActedOnChat, SendError> {
        let newest = match self.for_cloud(chat, act).await {
            // No state of the token makes it possible.
            Err(error @ SendError::NotPossible { .. }) if self.settings.mode != SendMode::Off => return Err(error),
            newest => newest,
        };
        let via = if matches!(newest, Ok(None)) { Via::Web } else { Via::Cloud };
        self.availability_via(via).await.admit()?;
        let newest = newest?;
        if self.settings.mode == SendMode::DryRun {
            let chat_id = newest.map_or_else(|| chat.to_string(), |newest| newest.chat_id);
            return Ok(ActedOnChat { chat_id, dry_run: true });
        }
        self.limit_acts()?;
        let _working = self.ways.sender(via)?.activity.begin();
        let (chat_id, acted) = match (newest, &self.ways.cloud) {
            (Some(Newest { id, chat_id }), Some((client, _))) => {
                let acted = client.mark_read(&id, act != ChatAct::Read, self.left(arrived)).await;
                (chat_id, acted.map_err(of_meta))
            }
            _ => {
                let chat_id = self.known_chat(chat).await?;
                let acted = self.session.act_on_chat(&chat_id, act, self.left(arrived)).await;
                (chat_id, acted.map_err(of_chat))
            }
        };
        acted.map(|()| ActedOnChat { chat_id, dry_run: false })
    }

    /// The message of which Meta is told, where the Cloud API does this; None where the page does.
    async fn for_cloud(&self, chat: &ChatId, act: ChatAct) -> Result<Option<Newest>, SendError> {
        let is_auto = match self.settings.via {
            SendVia::Web => return Ok(None),
            SendVia::Auto if self.ways.cloud.is_none() => return Ok(None),
            SendVia::Auto => true,
            SendVia::Cloud => false,
        };
        let why = match act {
            // It is a mark on the account's own devices.
            ChatAct::Unread => return Ok(None),
            ChatAct::Read | ChatAct::Show(Typing::Text) if chat.server() != Server::Group => None,
            ChatAct::Read | ChatAct::Show(Typing::Text) => Some("it knows no groups"),
            ChatAct::Show(Typing::Voice) => Some("it shows typing, and no recording of a voice note"),
            ChatAct::Show(Typing::Nothing) => Some("typing ends with the message that follows, or after 25 seconds"),
        };
        let Some(why) = why else {
            // What the page alone has seen, it alone can mark.
            let newest = self.newest_known_to_meta(chat, if is_auto { 1 } else { LOOKED_AT }).await?;
            return if newest.is_some() || is_auto { Ok(newest) } else { Err(SendError::NothingToMark(NOTHING)) };
        };
        let why = format!("the Cloud API cannot do this: {why}");
        if is_auto { Ok(None) } else { Err(SendError::NotPossible { via: Via::Cloud, why }) }
    }

    /// The newest message that somebody wrote in the chat and that Meta told of, among the newest `count`.
    async fn newest_known_to_meta(&self, chat: &ChatId, count: usize) -> Result<Option<Newest>, SendError> {
        let query = LogQuery {
            span: Span::Before(u64::MAX),
            limit: count,
            direction: Some(Direction::In),
            chats: names_of(chat),
            cliente_id: None,
        };
        for entry in self.store.logged(query).await.map_err(unavailable)?.items.into_iter().rev() {
            if let Some(id) = self.named_by_meta(&entry.message).await? {
                return Ok(Some(Newest { id, chat_id: entry.message.chat }));
            }
        }
        Ok(None)
    }

    /// Meta's id of a received message; None if Meta did not tell of it. The log may know the message by the page's id.
    async fn named_by_meta(&self, message: &LoggedMessage) -> Result<Option<MessageId>, SendError> {
        if message.id.is_wamid() {
            return Ok(Some(message.id.clone()));
        }
        let (Some(number), Some((from_me, key))) = (message.phone.clone(), message.id.key()) else { return Ok(None) };
        let id = MessageId::new(Wamid { number, from_me, key }.encode());
        let known = self.store.logged_message(id.clone()).await.map_err(unavailable)?;
        Ok(known.map(|_| id))
    }

    /// The chat as the page has it, by any form of its number.
    async fn known_chat(&self, chat: &ChatId) -> Result<String, SendError> {
        for form in [Some(chat.clone()), chat.second_form()].into_iter().flatten() {
            if let Some(chat_id) = self.session.chat(&form).await? {
                return Ok(chat_id);
            }
        }
        Err(SendError::ChatUnknown)
    }
}

fn of_meta(failure: ActFailure) -> SendError {
    match failure {
        ActFailure::NotPossible(_) => SendError::NothingToMark(FORGOTTEN),
        failure => of_chat(failure),
    }
}

fn of_chat(failure: ActFailure) -> SendError {
    match failure {
        // The page has no such chat.
        ActFailure::NothingLeft(NothingLeft::MessageAbsent) => SendError::ChatUnknown,
        ActFailure::NotPossible(why) | ActFailure::NothingLeft(NothingLeft::Refused(why)) => SendError::NotDone(why),
        ActFailure::NothingLeft(why) => why.into(),
        ActFailure::Unknown => SendError::ActUnconfirmed { message_id: None },
    }
}
